"""Taobao's second task, purchases, and the published vectors as features."""

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from raw_rows import decoded

from recmtl.data.datasets.taobao import TaobaoConfig
from recmtl.data.policies import SplitConfig
from recmtl.data.split import build_split
from recmtl.errors import DataError, MissingError
from recmtl.sample_data import folder

PAIR = ["user_id", "item_id", "theme_id"]


def read(raw: Path, purchases: bool) -> pd.DataFrame:
    with duckdb.connect() as connection:
        query = TaobaoConfig(purchases=purchases, negatives_per_click=(5.0, 5.0)).read(raw, connection)
        return connection.execute(f"SELECT * FROM ({decoded(connection, query)}) ORDER BY row").df()


def files(raw: Path, log: str) -> Path:
    """The log as lines of user, item and theme."""
    lines = "".join(f"{','.join(line.split())},20190101\n" for line in log.splitlines())
    (raw / "theme_click_log.csv").write_text(f"user_id,item_id,theme_id,reach_time\n{lines}")
    (raw / "user_embedding.csv").write_text("user_id,emb\nu1,0.1 0.2\nu2,0.1 0.2\n")
    (raw / "item_embedding.csv").write_text("item_id,emb\ni1,0.1 0.2\ni2,0.1 0.2\ni3,0.1 0.2\n")
    return raw


# purchases


def test_a_purchase_is_of_the_user_and_the_item(tmp_path: Path) -> None:
    files(tmp_path, "u1 i1 a\nu1 i2 a\nu2 i3 a\nu2 i1 b\nu1 i1 b")
    log = "paytime,item_id,user_id\n20190102,i1,u1\n20190102,i3,u1\n20190102,i1,u1\n"
    (tmp_path / "user_item_purchase_log.csv").write_text(log)
    found = read(tmp_path, purchases=True)
    bought = {tuple(row) for row in found[found["purchase"] == 1][PAIR].to_numpy()}
    assert bought == {("u1", "i1", "a"), ("u1", "i1", "b")}  # i3 is a negative of u1: never clicked
    assert set(found[found["click"] == 0]["purchase"]) == {0.0} and found["purchase"].isin([0, 1]).all()
    assert ("u1", "i3", "a") in {tuple(row) for row in found[found["click"] == 0][PAIR].to_numpy()}
    assert [task.name for task in TaobaoConfig(purchases=True).layout().tasks] == ["click", "purchase"]


def test_purchases_without_their_file_are_refused(tmp_path: Path) -> None:
    files(tmp_path, "u1 i1 a")
    assert "purchase" not in read(tmp_path, purchases=False)
    with pytest.raises(MissingError, match=r"user_item_purchase_log\.csv is not there") as caught:
        read(tmp_path, purchases=True)
    assert "dataset.purchases" in str(caught.value.hint)


# published vectors


def test_the_published_vectors_are_those_of_numpy() -> None:
    config, raw = TaobaoConfig(pretrained=True), folder() / "taobao"
    assert [(one.name, one.column, one.dim) for one in config.layout().vectors] == [
        ("user_vector", "user_id", 128), ("item_vector", "item_id", 128),
    ]  # fmt: skip
    with duckdb.connect() as connection:
        queries = config.read_vectors(raw, connection)
        for kind in ("user", "item"):
            found = connection.execute(f"SELECT value, vector FROM ({queries[f'{kind}_vector']}) ORDER BY 1").fetchall()
            table = pd.read_csv(raw / f"{kind}_embedding.csv", dtype=str).sort_values(f"{kind}_id")
            assert [value for value, _ in found] == table[f"{kind}_id"].tolist()
            expected = np.array([text.split() for text in table["emb"]], dtype=np.float32)
            np.testing.assert_array_equal(np.array([vector for _, vector in found], dtype=np.float32), expected)


def test_a_split_holds_the_published_vectors(tmp_path: Path) -> None:
    policy = SplitConfig.kinds["random"].model_validate({})
    schema = build_split(TaobaoConfig(pretrained=True, themes=2), policy, folder() / "taobao", tmp_path)
    assert [(one.name, one.dim) for one in schema.vectors] == [("user_vector", 128), ("item_vector", 128)]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("1 2", "is no vector of 3 numbers"),
        ("1 2 3 4", "is no vector of 3 numbers"),
        ("1 2 x", "is no vector of 3 numbers"),
        ("1 2 nan", "is no vector of 3 numbers"),
        ("1 2 1e39", "is no vector of 3 numbers"),
        ("", "is no vector of 3 numbers"),
    ],
)
def test_a_vector_of_another_length_or_not_finite_is_named(tmp_path: Path, text: str, problem: str) -> None:
    config = TaobaoConfig(pretrained=True, vector_dim=3)
    (tmp_path / "user_embedding.csv").write_text(f"user_id,emb\nu1,1 2 3\nu2,{text}\n")
    with (
        duckdb.connect() as connection,
        pytest.raises(DataError, match=rf"user_embedding.csv: line 3, column emb: .* {problem}"),
    ):
        config.read_vectors(tmp_path, connection)


def test_a_second_vector_for_an_id_is_named(tmp_path: Path) -> None:
    (tmp_path / "user_embedding.csv").write_text("user_id,emb\nu1,1 2 3\nu1,1 2 3\n")
    with (
        duckdb.connect() as connection,
        pytest.raises(DataError, match="line 3, column user_id: 'u1' is there a second"),
    ):
        TaobaoConfig(pretrained=True, vector_dim=3).read_vectors(tmp_path, connection)
