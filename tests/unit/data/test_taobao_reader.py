"""Taobao theme clicks: which clicks are kept, which themes, and the negatives that are drawn for each."""

from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from raw_rows import decoded

from recmtl.data.datasets import drawn
from recmtl.data.datasets.taobao import TaobaoConfig
from recmtl.errors import DataError, MissingError
from recmtl.sample_data import folder

PAIR = ["user_id", "item_id", "theme_id"]


def read(raw: Path, threads: int = 2, **options: Any) -> pd.DataFrame:
    with duckdb.connect(config={"threads": threads}) as connection:
        query = TaobaoConfig(**options).read(raw, connection)
        return connection.execute(f"SELECT * FROM ({decoded(connection, query)}) ORDER BY row").df()


def files(raw: Path, log: str, users: str = "u1 u2 u3", items: str = "i1 i2 i3 i4 i5 i6 i7 i8 i9") -> Path:
    """The log as lines of user, item and theme."""
    lines = [line.split() for line in log.strip().splitlines()]
    text = "user_id,item_id,theme_id,reach_time\n" + "".join(f"{','.join(line)},20190101\n" for line in lines)
    (raw / "theme_click_log.csv").write_text(text)
    (raw / "user_embedding.csv").write_text("user_id,emb\n" + "".join(f"{user},0.1 0.2\n" for user in users.split()))
    (raw / "item_embedding.csv").write_text("item_id,emb\n" + "".join(f"{item},0.1 0.2\n" for item in items.split()))
    return raw


def clicks(found: pd.DataFrame) -> list[tuple[str, ...]]:
    return [tuple(row) for row in found[found["click"] == 1][PAIR].to_numpy()]


@pytest.fixture(scope="module")
def sample() -> pd.DataFrame:
    return read(folder() / "taobao", themes=10)


# the sample, held against pandas


def pandas_clicks(themes: int | None) -> list[tuple[str, ...]]:
    raw = folder() / "taobao"
    log = pd.read_csv(raw / "theme_click_log.csv", dtype=str)
    first = log["theme_id"].drop_duplicates().tolist()[:themes]
    users, items = (pd.read_csv(raw / f"{kind}_embedding.csv", dtype=str)[f"{kind}_id"] for kind in ("user", "item"))
    kept = log[log["user_id"].isin(users) & log["item_id"].isin(items) & log["theme_id"].isin(first)]
    if themes != 1:
        assert len(kept) < len(log[log["theme_id"].isin(first)])
        assert kept.duplicated(PAIR).any()
    return [tuple(row) for row in kept[PAIR].drop_duplicates().to_numpy()]


@pytest.mark.parametrize("themes", [1, 10, None])
def test_the_clicks_are_those_of_pandas_in_the_order_of_the_log(themes: int | None) -> None:
    assert clicks(read(folder() / "taobao", themes=themes)) == pandas_clicks(themes)


def test_rows_are_counted_and_labels_are_0_or_1(sample: pd.DataFrame) -> None:
    assert sample["row"].is_unique
    assert sample["click"].tolist() == sorted(sample["click"].tolist(), reverse=True)
    assert set(sample["click"]) == {0.0, 1.0}
    assert sample["theme_id"].nunique() == 10
    assert not {"place", "theme"} & set(sample.columns)


def test_no_negative_was_clicked_or_comes_twice(sample: pd.DataFrame) -> None:
    assert not sample.duplicated(PAIR).any()


def test_negatives_are_items_and_users_of_their_domain(sample: pd.DataFrame) -> None:
    for _, domain in sample.groupby("theme_id"):
        clicked, drawn = domain[domain["click"] == 1], domain[domain["click"] == 0]
        assert set(drawn["item_id"]) <= set(clicked["item_id"])
        assert set(drawn["user_id"]) <= set(clicked["user_id"])


def test_each_domain_has_its_own_ratio_between_the_two(sample: pd.DataFrame) -> None:
    ratios = []
    for _, domain in sample.groupby("theme_id"):
        items = domain["item_id"].nunique()
        count = domain.groupby("user_id")["click"].agg(["sum", "size"])
        free = count[count["size"] < items]  # the others got all there were
        ratio = (free["size"] - free["sum"]).sum() / free["sum"].sum()
        assert 2.0 <= round(ratio, 1) <= 5.0
        assert ((free["size"] - free["sum"]) - free["sum"] * ratio).abs().max() < 1.5
        ratios.append(ratio)
    assert max(ratios) - min(ratios) > 1


@pytest.mark.parametrize("compat", [False, True])
@pytest.mark.parametrize("ratio", [0.5, 1.0, 2.5])
def test_a_fixed_ratio_is_kept_for_each_user(ratio: float, compat: bool) -> None:
    found = read(folder() / "taobao", themes=2, negatives_per_click=(ratio, ratio), compat=compat)
    for _, domain in found.groupby("theme_id"):
        items = domain["item_id"].nunique()
        for _, rows in domain.groupby("user_id"):
            positive = int(rows["click"].sum())
            wanted = int(positive / (1 / ratio)) if compat else round(positive * ratio)
            assert len(rows) - positive == min(wanted, items - positive)


def test_the_same_seed_draws_the_same_on_any_number_of_threads(sample: pd.DataFrame) -> None:
    for threads in (1, 4):
        pd.testing.assert_frame_equal(read(folder() / "taobao", threads, themes=10), sample)
    other = read(folder() / "taobao", themes=10, seed=124)
    assert clicks(other) == clicks(sample)
    assert not other.equals(sample)


# what is kept


def test_unknown_users_and_items_are_dropped_and_equal_clicks_are_one(tmp_path: Path) -> None:
    log = "u1 i1 a\nu9 i1 a\nu1 i99 a\nu1 i1 a\nu1 i2 a\nu1 i1 b\nu1 i1 a"
    assert clicks(read(files(tmp_path, log))) == [("u1", "i1", "a"), ("u1", "i2", "a"), ("u1", "i1", "b")]


def test_themes_are_counted_by_first_appearance_in_the_whole_log(tmp_path: Path) -> None:
    raw = files(tmp_path, "u9 i1 z\nu1 i1 m\nu1 i1 a\nu2 i2 m")  # z has no click that is kept, and still counts
    assert clicks(read(raw, themes=2)) == [("u1", "i1", "m"), ("u2", "i2", "m")]
    assert {theme for *_, theme in clicks(read(raw, themes=None))} == {"m", "a"}


def test_a_click_without_a_theme_takes_no_place(tmp_path: Path) -> None:
    files(tmp_path, "u1 i1 a\nu2 i2 b")
    path = tmp_path / "theme_click_log.csv"
    head, *lines = path.read_text().splitlines(keepends=True)
    path.write_text(head + "u3,i3,,20190101\n" + "".join(lines))
    assert clicks(read(tmp_path, themes=2)) == [("u1", "i1", "a"), ("u2", "i2", "b")]


def test_columns_in_any_order_and_number(tmp_path: Path) -> None:
    files(tmp_path, "u1 i1 a\nu1 i2 a")
    expected = read(tmp_path)
    log = "x,theme_id,item_id,x,reach_time,user_id\n1,a,i1,2,20190101,u1\n1,a,i2,2,20190101,u1\n"
    (tmp_path / "theme_click_log.csv").write_text(log)
    (tmp_path / "user_embedding.csv").write_text("emb,user_id\n0.1 0.2,u1\n")
    pd.testing.assert_frame_equal(read(tmp_path), expected)


def test_a_user_who_touched_every_item_gets_no_negative(tmp_path: Path) -> None:
    found = read(files(tmp_path, "u1 i1 a\nu1 i2 a\nu2 i1 a"), negatives_per_click=(5.0, 5.0))
    drawn = found[found["click"] == 0]
    assert [tuple(row) for row in drawn[PAIR].to_numpy()] == [("u2", "i2", "a")]


def test_one_item_alone_gives_no_negatives(tmp_path: Path) -> None:
    assert Counter(read(files(tmp_path, "u1 i1 a\nu2 i1 a"))["click"]) == {1.0: 2}


# what was drawn


def test_a_theme_draws_the_same_whatever_stands_beside_it(tmp_path: Path, sample: pd.DataFrame) -> None:
    columns = [*PAIR, "click"]
    alone = read(folder() / "taobao", themes=1)
    theme = alone["theme_id"][0]

    def rows(found: pd.DataFrame) -> list[tuple[str, ...]]:
        return sorted(map(tuple, found[found["theme_id"] == theme][columns].to_numpy()))

    assert rows(alone) == rows(sample)
    for name in ("user_embedding.csv", "item_embedding.csv"):
        (tmp_path / name).write_bytes((folder() / "taobao" / name).read_bytes())
    head, *lines = (folder() / "taobao/theme_click_log.csv").read_text().splitlines(keepends=True)
    (tmp_path / "theme_click_log.csv").write_text(head + "".join(lines[::-1]))
    assert rows(read(tmp_path, themes=None)) == rows(sample)


def test_the_time_is_the_first_click_s_and_negatives_take_their_user_s(tmp_path: Path) -> None:
    files(tmp_path, "u1 i1 a\nu1 i2 a\nu2 i3 a\nu2 i4 a\nu2 i5 a\nu1 i1 a")
    path = tmp_path / "theme_click_log.csv"
    head, *lines = path.read_text().splitlines()
    moments = [30, 20, 99, 99, 99, 10]
    lines = [line.replace("20190101", str(moment)) for line, moment in zip(lines, moments, strict=True)]
    path.write_text("\n".join([head, *lines, ""]))
    found = read(tmp_path, negatives_per_click=(1.0, 1.0))
    assert found[found["click"] == 1]["reach_time"].tolist() == ["30", "20", "99", "99", "99"]
    drawn = found[found["click"] == 0]
    assert drawn[drawn["user_id"] == "u1"]["reach_time"].tolist() == ["30", "20"]
    assert set(drawn[drawn["user_id"] == "u2"]["reach_time"]) == {"99"}


@pytest.mark.parametrize("rows", [1, 7, 40])
def test_negatives_are_drawn_for_some_users_at_a_time(tmp_path: Path, monkeypatch: Any, rows: int) -> None:
    """As many for each as when they are drawn together, and as ever none that was clicked."""
    chance = np.random.default_rng(2)
    users, items, themes = (chance.integers(0, many, 300) for many in (12, 30, 3))
    log = "\n".join(f"u{u} i{i} t{t}" for u, i, t in zip(users, items, themes, strict=True))
    files(tmp_path, log, " ".join(f"u{i}" for i in range(12)), " ".join(f"i{i}" for i in range(30)))
    together = read(tmp_path, negatives_per_click=(0.6, 1.4))
    monkeypatch.setattr(drawn, "BLOCK_ROWS", rows)
    found = read(tmp_path, negatives_per_click=(0.6, 1.4))
    key = ["theme_id", "user_id", "click"]
    assert found.groupby(key).size().equals(together.groupby(key).size())
    assert not found.duplicated(PAIR).any() and found["row"].is_unique
    assert not found.equals(together)
    times = found.groupby("user_id")["reach_time"].nunique()
    assert (times == 1).all()


def test_a_log_without_times_is_read_all_the_same(tmp_path: Path) -> None:
    files(tmp_path, "u1 i1 a\nu1 i2 a")
    path = tmp_path / "theme_click_log.csv"
    path.write_text(path.read_text().replace("reach_time", "when"))
    found = read(tmp_path)
    assert len(found) == 2 and found["reach_time"].isna().all()


# what is refused


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("theme_click_log.csv", "user_id"),
        ("theme_click_log.csv", "item_id"),
        ("theme_click_log.csv", "theme_id"),
        ("user_embedding.csv", "user_id"),
        ("item_embedding.csv", "item_id"),
    ],
)
def test_a_missing_column_is_named_with_the_nearest(tmp_path: Path, name: str, column: str) -> None:
    path = files(tmp_path, "u1 i1 a") / name
    path.write_text(path.read_text().replace(column, column.replace("_", "-")))
    nearest = column.replace("_", "-")
    with pytest.raises(DataError, match=rf"{name}: line 1 names no column '{column}' .did you mean '{nearest}'"):
        read(tmp_path)


@pytest.mark.parametrize("name", ["theme_click_log.csv", "user_embedding.csv", "item_embedding.csv"])
def test_a_missing_file_and_an_empty_one_are_named(tmp_path: Path, name: str) -> None:
    path = files(tmp_path, "u1 i1 a") / name
    path.write_text("")
    with pytest.raises(DataError, match=rf"{name} ends before line 1"):
        read(tmp_path)
    path.unlink()
    with pytest.raises(MissingError, match=rf"{name} is not there"):
        read(tmp_path)


def test_a_line_cut_off_is_named(tmp_path: Path) -> None:
    path = files(tmp_path, "u1 i1 a\nu2 i2 b") / "theme_click_log.csv"
    path.write_text(path.read_text()[:-10])
    with pytest.raises(DataError, match=r"theme_click_log.csv: line 3 has 3 columns, expected 4"):
        read(tmp_path)


def test_no_click_that_is_kept_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no click whose user and item have an embedding"):
        read(files(tmp_path, "u9 i1 a"))


@pytest.mark.parametrize(
    "options", [{"themes": 0}, {"negatives_per_click": (0.0, 1.0)}, {"negatives_per_click": (5.0, 2.0)}]
)
def test_options_that_mean_nothing_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TaobaoConfig(**options)
