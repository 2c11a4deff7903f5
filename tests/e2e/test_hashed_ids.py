"""Ids by hashing and by buckets of numbers, from raw files to predictions: raw rows get the ids that they have in the
split, and the same bits.
"""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recmtl import sample_data
from recmtl.artifacts import manifest
from recmtl.data.datasets.adult import COLUMNS
from recmtl.data.datasets.lt4rec import KINDS
from recmtl.data.loader import load_columns, load_part
from recmtl.data.policies import PARTS
from recmtl.data.table_files import open_table
from recmtl.data.tfrecord import read_examples
from recmtl.pipelines.selection import Asked, select_model
from recmtl.pipelines.trained import Trained, open_trained
from recmtl.pipelines.workspace import Workspace
from recmtl.schema import FIRST_ID, UNSEEN, NumberFeature, SequenceFeature
from recmtl.training.predict import predict_rows

QUICK = ("--set", "train.epochs=1")


def adult(workspace: Path) -> Path:
    """Its raw folder as `download` leaves it, and its rows as a CSV file."""
    raw = workspace / "data/raw/adult"
    raw.mkdir(parents=True)
    for name in ("adult.data", "adult.test"):
        shutil.copyfile(sample_data.folder() / "adult" / name, raw / name)
    manifest.write(
        raw, stage="download", fingerprint="", config={}, inputs={}, seed=None, started="", seconds=0, notes={}
    )
    texts = [(raw / name).read_text().splitlines() for name in ("adult.data", "adult.test")]
    lines = [line for text in texts for line in text if line and not line.startswith("|")]
    (workspace / "rows.csv").write_text("\n".join([",".join(COLUMNS), *lines]) + "\n")
    return workspace / "rows.csv"


def sample(workspace: Path) -> Path:
    """Its rows as a Parquet file: the data set itself is in the package."""
    batches = list(read_examples(sample_data.folder() / "video/part-r-00000.gz", KINDS))
    pq.write_table(pa.Table.from_batches(batches).drop_columns(["label", "cvrlabel"]), workspace / "rows.parquet")
    return workspace / "rows.parquet"


MADE = {
    "sample": (sample, "sample.json", {"hashing": {"FEA_VID": 200, "FEA_UID": 64, "FEA_IXFTAG": 50}}),
    "adult": (
        adult,
        "adult_sex.json",
        {"hashing": {"native-country": 16}, "buckets": {"age": [25, 40, 60], "hours-per-week": 5}},
    ),
}


@pytest.fixture(scope="module", params=MADE)
def made(request, tmp_path_factory, recmtl):
    """A workspace where the commands have run, its rows, the settings of its split, and what predict said."""
    workspace = tmp_path_factory.mktemp(request.param)
    rows, config, split = MADE[request.param]
    source = rows(workspace)
    asked = [word for key, value in split.items() for word in ("--set", f"split.{key}={json.dumps(value)}")]
    for words in (
        ("split-domains", "--config", config, *asked),
        ("train-mtl", *QUICK),
        ("predict", "--input", source.name, "--output", "scored.parquet", "--json"),
    ):
        ran = recmtl(*words, cwd=workspace)
        assert ran.code == 0, ran.err
    return workspace, source, split, ran.json


def trained_at(workspace: Path) -> Trained:
    """The model of the only run."""
    place, names = Workspace(workspace), [path.name for path in workspace.glob("runs/*") if path.is_dir()]
    return open_trained(select_model(Asked(data=names[0], run=names[0]), place), place)


def raw_ids(trained: Trained, source: Path) -> pa.Table:
    """The rows of a file as predict encodes them, with the vocabularies that were saved."""
    schema, scorer = trained.experiment.schema, trained.scorer(trained.checkpoint("best"))
    tables = []
    for piece in open_table(str(source), None).pieces:
        columns = {}
        for feature in schema.features:
            missing = () if feature.name == schema.domain_column else schema.missing
            if isinstance(feature, NumberFeature):
                columns[feature.name] = piece.number(feature.name, missing)
            elif isinstance(feature, SequenceFeature):
                columns[feature.name] = piece.texts(feature.name, missing, schema.separator)
            else:
                columns[feature.name] = piece.text(feature.name, missing)
        tables.append(scorer.encode(pa.RecordBatch.from_pydict(columns)))
    return pa.concat_tables(tables)


def of_the_split(trained: Trained, columns: list[str]) -> pd.DataFrame:
    """Columns of the split's rows, by their place in the raw files."""
    schema = trained.experiment.schema
    parts = [load_columns(trained.experiment.split, schema, part, ["row", *columns]).to_pandas() for part in PARTS]
    return pd.concat(parts).set_index("row").sort_index()


def test_predict_gives_rows_the_ids_that_they_have_in_the_split(made):
    workspace, source, split, _ = made
    trained = trained_at(workspace)
    found = raw_ids(trained, source)
    columns = [feature.column for feature in trained.experiment.schema.features]
    expected = of_the_split(trained, columns)
    assert len(found) == len(expected) and (expected.index == np.arange(1, len(expected) + 1)).all()
    for column in columns:
        assert found[column].to_pylist() == [np.asarray(ids).tolist() for ids in expected[column]], column
    tables = {feature.table: feature.column for feature in trained.experiment.schema.features}
    for table, asked in {**split["hashing"], **split.get("buckets", {})}.items():
        ids = found[tables[table]].combine_chunks()
        known = set((ids.flatten() if pa.types.is_list(ids.type) else ids).to_pylist())
        buckets = len(asked) + 1 if isinstance(asked, list) else asked
        assert UNSEEN not in known and max(known) < FIRST_ID + buckets == trained.experiment.schema.tables[table]
        assert len(known) > 3


def test_predict_gives_rows_the_bits_that_the_model_gives_to_those_of_the_split(made):
    workspace, *_ = made
    trained, scored = trained_at(workspace), pq.read_table(workspace / "scored.parquet").to_pandas()
    schema, model = trained.experiment.schema, trained.load(trained.checkpoint("best"))
    names = [f"score_{task}" for task in schema.task_names]
    parts = []
    for part in PARTS:
        batch = load_part(trained.experiment.split, schema, part).batch
        rows = load_columns(trained.experiment.split, schema, part, ["row"])["row"].to_numpy()
        parts.append(pd.DataFrame(predict_rows(model, batch, range(len(names))), rows, names))
    expected = pd.concat(parts).sort_index()
    for name in names:
        assert scored[name].to_numpy().tobytes() == expected[name].to_numpy().tobytes()


def test_predict_says_of_hashed_features_that_nothing_is_unseen(made):
    workspace, _, split, said = made
    tables = {feature.name: feature.table for feature in trained_at(workspace).experiment.schema.features}
    hashed = [counts for counts in said["features"] if tables[counts["feature"]] in split["hashing"]]
    assert hashed and all(counts["unseen"] == 0 for counts in hashed)


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ('split.hashing={"FEA_VDI": 9}', "split.hashing: 'FEA_VDI' is no embedding table of categories (did you mean"),
        ('split.buckets={"FEA_VID": 9}', "split.buckets: 'FEA_VID' is no number"),
        ('split.buckets={"price": [3, 2]}', "is not valid: bounds are finite numbers that ascend"),
    ],
)
@pytest.mark.parametrize("more", [[], ["--dry-run"]])
def test_what_cannot_be_is_said_before_anything_is_read(setting, says, more, tmp_path, cli):
    ran = cli("split-domains", "--config", "sample.json", "--set", setting, *more, cwd=tmp_path)
    assert ran.code == 2 and says in ran.err and "reading" not in ran.err
    assert not (tmp_path / "data/sample").exists()


def test_another_number_of_buckets_does_not_extend(made, cli):
    workspace, _, split, _ = made
    config, table = ("sample.json", "FEA_VID") if "buckets" not in split else ("adult_sex.json", "native-country")
    asked = [word for key, value in split.items() for word in ("--set", f"split.{key}={json.dumps(value)}")]
    words = ("split-domains", "--config", config, "--data", "next", "--extend", config.removesuffix(".json"), *asked)
    ran = cli(*words, "--set", f"split.hashing.{table}=17", cwd=workspace)
    assert ran.code == 2 and f"the ids of '{table}' are those of" in ran.err and "without --extend" in ran.err
    assert not (workspace / "data/next").exists()
    ran = cli(*words, "--json", cwd=workspace)
    assert ran.code == 0, ran.err
    assert not set(ran.json["grew"]) & {*split["hashing"], *split.get("buckets", {})}
