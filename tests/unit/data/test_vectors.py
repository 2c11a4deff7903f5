"""Vectors trained elsewhere: found by the text of a column, the same in split, model and prediction."""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import pytest
import torch
from duckdb import DuckDBPyConnection

from recmtl.config import choose
from recmtl.data.datasets.base import DatasetConfig
from recmtl.data.layout import Layout, VectorColumn
from recmtl.data.load_vectors import load_vectors
from recmtl.data.loader import load_part
from recmtl.data.policies import SplitConfig
from recmtl.data.split import build_split
from recmtl.data.vocabulary import load_vocabularies
from recmtl.errors import DamagedError
from recmtl.models.model import Model
from recmtl.models.sharing import SharingConfig
from recmtl.schema import FIRST_ID, MISSING, UNSEEN, Schema, Task

DIM = 3
WITHOUT = "item 7"
"""Is in rows, and has no vector."""


class VectorsConfig(DatasetConfig):
    """Forty rows; item i has the vector (i, 2 i, -1), but one has none. The item is no feature by itself."""

    name: Literal["vectors_test"] = "vectors_test"
    embedded: ClassVar[bool] = True

    def layout(self) -> Layout:
        return Layout(
            tasks=(Task(name="click", kind="binary"),),
            categorical=("tab",),
            vectors=(VectorColumn(name="item_vector", column="item", dim=DIM),),
        )

    def read(self, raw: Path, connection: DuckDBPyConnection) -> str:
        return """
            SELECT row, 'item ' || (row % 10) AS item, 't' || (row % 2) AS tab, CAST(row % 3 = 0 AS DOUBLE) AS click
            FROM (SELECT unnest(range(1, 41)) AS row) UNION ALL SELECT 41, NULL, 't1', 1.0"""

    def read_vectors(self, raw: Path, connection: DuckDBPyConnection) -> Mapping[str, str]:
        return {
            "item_vector": f"""
            SELECT 'item ' || i AS value, [i, 2 * i, -1.0]::FLOAT[] AS vector
            FROM (SELECT unnest(range(0, 100)) AS i) WHERE value <> '{WITHOUT}'"""
        }


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Schema]:
    out = tmp_path_factory.mktemp("split")
    return out, build_split(VectorsConfig(), choose(SplitConfig, "random"), out, out)


def test_each_row_finds_its_items_vector(made: tuple[Path, Schema]) -> None:
    split, schema = made
    vectors, rows = load_vectors(split, schema)["item_vector"], load_part(split, schema, "train").batch
    values = load_vocabularies(split / "vocabulary", schema.vocabulary_rows)["item_vector"].values.to_pylist()
    ids = rows.ids_BF[:, len(schema.embedded)].tolist()
    assert {UNSEEN} < set(ids)
    for found in set(ids) - {UNSEEN, MISSING}:
        item = int(values[found - FIRST_ID].split()[1])
        assert vectors[found].tolist() == [item, 2 * item, -1]


def test_only_items_in_rows_are_kept_and_what_has_no_vector_is_zero(made: tuple[Path, Schema]) -> None:
    split, schema = made
    vectors = load_vectors(split, schema)["item_vector"]
    assert vectors.shape == (FIRST_ID + 9, DIM) and not vectors[:FIRST_ID].any()
    assert schema.vectors[0].rows == len(vectors) and "item_vector" not in schema.tables


def test_the_model_reads_the_vector_and_whether_there_is_one(made: tuple[Path, Schema]) -> None:
    split, schema = made
    vectors, batch = load_vectors(split, schema), load_part(split, schema, "train").batch
    model = Model(choose(SharingConfig, "shared_bottom"), schema, 0, vectors).eval()
    dense_BK, ids_B = model.encoder(batch).dense_BK, batch.ids_BF[:, 1].long()
    known_B = (ids_B >= FIRST_ID).float()
    assert torch.equal(dense_BK[:, 0], known_B) and not known_B.all()
    assert torch.equal(dense_BK[:, 1:], torch.from_numpy(vectors["item_vector"])[ids_B])
    other = {"item_vector": np.roll(vectors["item_vector"], 1, axis=1)}
    assert not torch.equal(model(batch), Model(choose(SharingConfig, "shared_bottom"), schema, 0, other).eval()(batch))
    assert not any("vectors" in name for name in model.state_dict())


def test_a_file_that_is_not_what_the_schema_says_is_refused(made: tuple[Path, Schema]) -> None:
    split, schema = made
    wider = schema.vectors[0].model_copy(update={"dim": DIM + 1})
    changed = schema.model_copy(update={"features": (*schema.features[:-1], wider)})
    with pytest.raises(DamagedError, match=r"holds 9 vectors with 27 numbers; the schema says 9 of 4"):
        load_vectors(split, changed)
