"""Splits that were damaged after they were made."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from bad_input.case import case
from bad_input.spoiling import cut, edit, flip
from recmtl.artifacts import manifest
from recmtl.artifacts.hashing import digest_json

SPLIT = "data/sample"
TRAIN = "train-mtl --set train.epochs=1"


def rows(here: Path) -> Path:
    """A file of training rows."""
    return next((here / SPLIT / "train").rglob("*.parquet"))


def signed(here: Path) -> str:
    """As if split-domains had written it so: with a right manifest."""
    folder = here / SPLIT
    old = manifest.read(folder)
    manifest.write(
        folder, stage=old.stage, fingerprint=old.fingerprint, config=old.config, inputs=old.inputs, seed=old.seed,
        started=old.started, seconds=0, notes=old.notes,
    )  # fmt: skip
    return f"{TRAIN} --tickets none"


def change_schema(here: Path, **parts: Any) -> str:
    path = here / SPLIT / "schema.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | parts))
    return signed(here)


@case()
def rows_are_cut_off(here: Path) -> str:
    cut(rows(here))
    return TRAIN


@case()
def rows_have_one_flipped_bit(here: Path) -> str:
    flip(rows(here))
    return TRAIN


@case()
def rows_are_gone(here: Path) -> str:
    rows(here).unlink()
    return TRAIN


@case()
def a_file_too_many(here: Path) -> str:
    (rows(here).parent / "part-1.parquet").write_bytes(rows(here).read_bytes())
    return TRAIN


@case()
def the_schema_was_edited(here: Path) -> str:
    edit(here / SPLIT / "schema.json", '"click"', '"klick"')
    return TRAIN


@case()
def a_vocabulary_is_gone(here: Path) -> str:
    next((here / SPLIT / "vocabulary").iterdir()).unlink()
    return TRAIN


@case()
def no_manifest(here: Path) -> str:
    (here / SPLIT / "manifest.json").unlink()
    return TRAIN


@case()
def a_manifest_of_a_later_version(here: Path) -> str:
    edit(here / SPLIT / "manifest.json", '"format": 1', '"format": 2')
    return TRAIN


@case()
def a_manifest_that_names_a_file_elsewhere(here: Path) -> str:
    path = here / SPLIT / "manifest.json"
    facts = json.loads(path.read_text())
    facts["outputs"]["../../sample.json"] = facts["outputs"].pop("schema.json")
    facts.pop("sha256")
    path.write_text(json.dumps(facts | {"sha256": digest_json(facts)}))
    return TRAIN


@case()
def a_schema_that_is_none(here: Path) -> str:
    (here / SPLIT / "schema.json").write_text("{}")
    return signed(here)


@case()
def a_schema_of_a_later_version(here: Path) -> str:
    return change_schema(here, format=2)


@case()
def a_part_without_rows(here: Path) -> str:
    for path in (here / SPLIT / "valid").rglob("*.parquet"):
        path.unlink()
    return signed(here)


@case()
def rows_without_a_column(here: Path) -> str:
    table = pq.ParquetFile(rows(here)).read().drop_columns(["label:click"])
    pq.write_table(table, rows(here))
    return signed(here)


@case()
def an_id_beyond_its_table(here: Path) -> str:
    table = pq.ParquetFile(rows(here)).read()
    place = table.column_names.index("id:FEA_VID")
    ids = pa.array([10**6] * len(table), pa.int32())
    pq.write_table(table.set_column(place, "id:FEA_VID", ids), rows(here))
    return signed(here)


@case()
def rows_that_are_no_table(here: Path) -> str:
    rows(here).write_text("click,user\n1,2\n")
    return signed(here)


@case()
def the_split_is_a_file(here: Path) -> str:
    (here / "data/other").write_text("")
    return "train-mtl --data other"


@case()
def the_target_of_a_split_is_a_file(here: Path) -> str:
    (here / "data/other").write_text("")
    return "split-domains --config sample.json --data other"
