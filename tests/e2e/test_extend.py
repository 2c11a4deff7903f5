"""Day two: a split that adds to what yesterday's fitted, so that what was learnt on its ids stays valid."""

import json

import pandas as pd
import pyarrow.parquet as pq
import pytest
import torch

from recmtl.artifacts import manifest, tensors

CONFIG = {
    "dataset": {
        "name": "table", "train": "log.csv", "tasks": [{"name": "click", "kind": "binary"}],
        "categorical": ["item", "shop"], "numbers": ["price"], "domain": {"column": "country"},
    },
    "split": {"name": "random", "min_count": 2},
    "model": {"name": "shared_bottom", "bottom": [8], "tower": []},
    "train": {"epochs": 1, "batch_size": 64},
    "prune": {"iterations": 1},
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
    words = ("--config", "shop.json", "--data", "tuesday", "--extend", "data/monday")
    lines = [line.split() for line in cli("split-domains", *words, cwd=days).out.splitlines()]
    assert lines[lines.index(["grew"]) + 1 :] == [
        ["what", "before", "after"],
        *([name, str(sizes["before"]), str(sizes["after"])] for name, sizes in grew.items()),
    ]


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


class TestTickets:
    @pytest.fixture
    def pruned(self, days, cli):
        """Monday's ticket, in the run `old`."""
        words = ("--config", "shop.json", "--data", "monday", "--run", "old", "--task", "click")
        ran = cli("prune-single", *words, cwd=days)
        assert ran.code == 0, ran.err
        return days

    def trained(self, days, cli, data, *more):
        words = ("--config", "shop.json", "--data", data, "--run", data, "--tickets", "old", "--json", *more)
        return cli("train-mtl", *words, cwd=days)

    def test_one_of_the_split_that_is_extended_holds_on_the_new_one(self, pruned, cli):
        assert extend(cli, pruned).code == 0
        ran = self.trained(pruned, cli, "tuesday")
        assert ran.code == 0, ran.err
        assert ran.json["tickets"]["click"] < 1
        assert ran.err.count("click: the ticket was found on a split that") == 1 and "data/tuesday extends" in ran.err
        kept = tensors.load(pruned / "runs/old/tickets/click/ticket.pt")["mask"]
        used = tensors.load(pruned / "runs/tuesday/model/best.pt")["masks"]["click"]
        assert kept.keys() == used.keys() and all(torch.equal(kept[name], used[name]) for name in kept)
        assert cli("evaluate", "--run", "tuesday", cwd=pruned).code == 0

    def test_it_holds_over_several_days(self, pruned, cli):
        assert extend(cli, pruned).code == 0
        words = ("--config", "shop.json", "--data", "wednesday", "--extend", "tuesday", "--json")
        ran = cli("split-domains", *words, cwd=pruned)
        assert ran.code == 0, ran.err
        manifests = [manifest.read(pruned / "data" / name) for name in ("tuesday", "wednesday")]
        assert ran.json["bases"] == [manifests[1].inputs["extends"], manifests[0].inputs["extends"]]
        assert self.trained(pruned, cli, "wednesday").code == 0

    def test_on_its_own_split_nothing_is_said(self, pruned, cli):
        ran = self.trained(pruned, cli, "monday")
        assert ran.code == 0 and "was found on" not in ran.err

    def test_one_of_a_split_that_is_not_extended_is_refused(self, pruned, cli):
        assert cli("split-domains", "--config", "shop.json", "--data", "alone", cwd=pruned).code == 0
        ran = self.trained(pruned, cli, "alone")
        assert ran.code == 6 and "was found on another split" in ran.json["message"]

    def test_the_new_days_own_is_none_for_the_day_before(self, pruned, cli):
        assert extend(cli, pruned).code == 0
        words = ("--config", "shop.json", "--data", "tuesday", "--run", "new", "--task", "click")
        assert cli("prune-single", *words, cwd=pruned).code == 0
        ran = self.trained(pruned, cli, "monday", "--tickets", "new")
        assert ran.code == 6 and "was found on another split" in ran.json["message"]

    def test_other_initial_weights_are_refused_as_ever(self, pruned, cli):
        assert extend(cli, pruned).code == 0
        ran = self.trained(pruned, cli, "tuesday", "--seed", "9")
        assert ran.code == 6 and "was found on other initial weights" in ran.json["message"]

    def test_a_model_of_the_day_before_is_none_of_the_new_split(self, pruned, cli):
        assert self.trained(pruned, cli, "monday").code == 0
        assert extend(cli, pruned).code == 0
        ran = cli("evaluate", "--run", "monday", "--data", "tuesday", cwd=pruned)
        assert ran.code == 6 and "was trained on another split" in ran.err
