"""Day two: a split that adds to what yesterday's fitted, so that what was learnt on its ids stays valid."""

import json

import pandas as pd
import pyarrow.parquet as pq
import pytest

CONFIG = {
    "dataset": {
        "name": "table", "train": "log.csv", "tasks": [{"name": "click", "kind": "binary"}],
        "categorical": ["item", "shop"], "numbers": ["price"], "domain": {"column": "country"},
    },
    "split": {"name": "random", "min_count": 2},
}  # fmt: skip


def day(path, items, countries, rows=400, price=1.0):
    index = range(rows)
    columns = {
        "item": [items[i * 7 % len(items)] for i in index],
        "shop": [f"s{i % 3}" for i in index],
        "price": [price * (i % 50) for i in index],
        "country": [countries[i % len(countries)] for i in index],
        "click": [int(i % 3 == 0) for i in index],
    }
    pd.DataFrame(columns).to_csv(path, index=False)


def ids(workspace, split, table):
    found = pq.read_table(workspace / f"data/{split}/vocabulary/{table}.parquet").to_pandas()
    return dict(zip(found["value"], found["id"], strict=True))


@pytest.fixture
def days(tmp_path, cli):
    (tmp_path / "shop.json").write_text(json.dumps(CONFIG))
    day(tmp_path / "log.csv", ["a", "b", "c"], ["nl", "fr"])
    ran = cli("split-domains", "--config", "shop.json", "--data", "monday", cwd=tmp_path)
    assert ran.code == 0, ran.err
    # an item fewer, two more; a country fewer, one that sorts before both; prices beyond yesterday's
    day(tmp_path / "log.csv", ["z", "b", "A", "c"], ["fr", "be"], price=9.0)
    return tmp_path


def extend(cli, days, *more):
    words = ("--config", "shop.json", "--data", "tuesday", "--extend", "data/monday", "--json", *more)
    return cli("split-domains", *words, cwd=days)


def schema(days, split):
    return json.loads((days / f"data/{split}/schema.json").read_text())


def test_no_old_id_moves_and_new_ones_come_behind(days, cli):
    ran = extend(cli, days)
    assert ran.code == 0, ran.err
    old, new = ids(days, "monday", "item"), ids(days, "tuesday", "item")
    assert set(old) == {"a", "b", "c"} and set(new) == {*old, "z", "A"}
    assert {value: new[value] for value in old} == old
    assert sorted(new[value] for value in ("z", "A")) == [6, 7]
    assert ids(days, "monday", "shop") == ids(days, "tuesday", "shop")


def test_domains_knots_and_label_statistics_stay(days, cli):
    assert extend(cli, days).code == 0
    old, new = schema(days, "monday"), schema(days, "tuesday")
    assert old["domains"] == ["fr", "nl"] and new["domains"] == ["fr", "nl", "be"]
    assert old["features"] == new["features"] and old["tasks"] == new["tasks"]


def test_what_grew_is_told(days, cli):
    ran = extend(cli, days)
    grew = ran.json["grew"]
    assert grew["item"] == {"before": 6, "after": 8} and grew["domains"] == {"before": 2, "after": 3}
    assert "shop" not in grew


def test_the_rows_are_the_new_days(days, cli):
    assert extend(cli, days).code == 0
    known = {place: value for value, place in ids(days, "tuesday", "item").items()}
    raw = pd.read_csv(days / "log.csv")
    for path in (days / "data/tuesday").rglob("part-0.parquet"):
        rows = pq.read_table(path).to_pandas()
        assert [known[i] for i in rows["id:item"]] == raw["item"].iloc[rows["row"] - 1].tolist()


def test_it_is_done_already_until_yesterdays_split_changes(days, cli):
    assert extend(cli, days).json["status"] == "done"
    assert extend(cli, days).json["status"] == "done already"
    log = (days / "log.csv").read_bytes()
    day(days / "log.csv", ["a", "b", "c", "d"], ["nl", "fr"])
    assert cli("split-domains", "--config", "shop.json", "--data", "monday", cwd=days).code == 0
    (days / "log.csv").write_bytes(log)
    assert extend(cli, days).json["status"] == "done"
    assert ids(days, "tuesday", "item")["d"] == ids(days, "monday", "item")["d"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("dataset.categorical=[\"item\"]", "shop is a categorical feature in table 'shop' there and nothing here"),
        ("split.knots=8", "price is a number feature of 32 knots in table 'price' there and a number"),
        ("dataset.domain=null", "is country there and none here"),
    ],
)  # fmt: skip
def test_another_shape_is_refused_and_nothing_is_left(change, words, days, cli):
    ran = extend(cli, days, "--set", change)
    assert ran.code == 2 and words in ran.json["message"], ran.out
    assert not (days / "data/tuesday").exists()


def test_a_split_does_not_extend_itself_or_nothing(days, cli):
    ran = cli("split-domains", "--config", "shop.json", "--data", "monday", "--extend", "monday", cwd=days)
    assert ran.code == 2 and "cannot extend itself" in ran.err and "--data" in ran.err
    ran = cli("split-domains", "--config", "shop.json", "--data", "tuesday", "--extend", "sunday", cwd=days)
    assert ran.code == 5 and "sunday" in ran.err
