"""Planted leaks are found, what only looks like one is not, and the same rows always give the same findings."""

import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from recmtl.artifacts.progress import SILENT
from recmtl.data.database import database
from recmtl.data.datasets.table import TableConfig
from recmtl.data.layout import Layout, VectorColumn
from recmtl.data.leaks import check_leaks
from recmtl.data.policies import PARTS, RandomSplit
from recmtl.data.split import Source, prepare
from recmtl.data.telling import _area, telling_features
from recmtl.errors import DataError
from recmtl.schema import Task

CLICK = Task(name="click", kind="binary")
SIZE = 6000


class Said(list):
    """A progress that keeps what it is told."""

    def begin(self, what, size, /): ...

    def advance(self, size, /): ...

    def say(self, text, /):
        self.append(text)


def a_log(share=0.1, size=SIZE):
    """A click log: users and items repeat, a number that says a little."""
    chance = np.random.default_rng(7)
    click = (chance.random(size) < share).astype(float)
    frame = pd.DataFrame({"row": np.arange(1, size + 1), "click": click})
    frame["user_id"] = chance.integers(0, size // 10, size).astype(str)
    frame["item_id"] = chance.integers(0, 50, size).astype(str)
    frame["price"] = chance.normal(size=size) + 0.3 * click
    return frame, chance


def layout_of(frame, tasks=(CLICK,), keys=None, **features):
    roles = {"categorical": ("user_id", "item_id"), "numbers": ("price",), **features}
    return Layout(tasks=tasks, keys=keys or {}, **roles)


def check(tmp_path, frame, layout, *, threads=2, strict=False, progress=SILENT):
    """The leaks that are found in rows dealt 60/20/20."""
    with database(tmp_path) as connection:
        connection.execute(f"SET threads = {threads}")
        connection.register("given", pa.Table.from_pandas(frame, preserve_index=False))
        source = Source("log", layout, "SELECT * FROM given", "here")
        schema = prepare(connection, source, RandomSplit(), PARTS).schema
        keys = TableConfig.model_fields
        return check_leaks(connection, layout, schema, keys, progress, strict)["leaks"]


def flipped(label, share, chance):
    return np.where(chance.random(len(label)) < share, 1 - label, label)


def test_an_honest_log_is_quiet(tmp_path):
    frame, _ = a_log()
    said = Said()
    layout = layout_of(frame, keys={"user": "user_id", "item": "item_id"})
    assert check(tmp_path, frame, layout, progress=said, strict=True) == [] and said == []


@pytest.mark.parametrize("sign", [1, -1])
def test_a_number_that_is_the_label_but_for_a_little_noise(tmp_path, sign):
    frame, chance = a_log()
    frame["dwell"] = sign * flipped(frame["click"], 0.002, chance)
    said = Said()
    (leak,) = check(tmp_path, frame, layout_of(frame, numbers=("price", "dwell")), progress=said)
    assert (leak["kind"], leak["what"], leak["task"]) == ("tells", "dwell", "click")
    train_and_valid = roc_auc_score(frame["click"], sign * frame["dwell"])  # test rows too, and so only about alike
    assert leak["value"] == pytest.approx(train_and_valid, abs=0.003) and leak["value"] > 0.99
    assert said == [f"warning: {leak['words']}"]
    assert re.search(r"number feature 'dwell' alone tells 'click'.* drop it from dataset\.numbers", leak["words"])


@pytest.mark.parametrize(("noise", "found"), [(0.002, True), (0.03, False)])  # an AUC of 0.998, and of 0.97
@pytest.mark.parametrize("kind", ["number", "category", "sequence", "missing"])
def test_a_copied_label_tells_and_one_with_an_auc_of_97_does_not(tmp_path, kind, noise, found):
    frame, chance = a_log(share=0.3)
    copy = flipped(frame["click"], noise, chance)
    assert (roc_auc_score(frame["click"], copy) > 0.99) == found  # what is planted is what the name says
    if kind == "number":
        frame["x"], roles = copy * 3 - 1, {"numbers": ("price", "x")}
    elif kind == "missing":  # a dwell time that only clicks have, and that says nothing else
        frame["x"], roles = np.where(copy == 1, chance.normal(size=SIZE), np.nan), {"numbers": ("price", "x")}
    elif kind == "category":  # many values, each of which only one label has
        code = chance.integers(0, 30, SIZE) * 2 + copy
        frame["x"], roles = code.astype(int).astype(str), {"categorical": ("user_id", "item_id", "x")}
    else:
        frame["x"], roles = [["v"] * int(n) for n in copy], {"sequences": ("x",)}
    leaks = check(tmp_path, frame, layout_of(frame, **roles))
    assert [leak["what"] for leak in leaks] == (["x"] if found else [])
    keys = {"number": "numbers", "missing": "numbers", "category": "categorical", "sequence": "sequences"}
    assert all(f"dataset.{keys[kind]}" in leak["words"] for leak in leaks)


def test_a_number_whose_values_tell_in_no_order(tmp_path):
    frame, chance = a_log(share=0.5)
    frame["status"] = np.where(frame["click"] == 1, chance.choice([1, 4], SIZE), chance.choice([0, 3, 6], SIZE)) * 1.0
    assert max(roc_auc_score(frame["click"], sign * frame["status"]) for sign in (1, -1)) < 0.7
    assert [leak["what"] for leak in check(tmp_path, frame, layout_of(frame, numbers=("price", "status")))] == [
        "status"
    ]


def test_ids_of_their_own_tell_nothing(tmp_path):
    """Learnt and measured on the same rows, their AUC would be 1."""
    frame, _ = a_log()
    frame["request"] = frame["row"].astype(str)
    assert check(tmp_path, frame, layout_of(frame, categorical=("user_id", "item_id", "request"))) == []


def test_the_text_that_vectors_are_looked_up_by_is_measured_too(tmp_path):
    frame, _ = a_log()
    frame["title"] = np.where(frame["click"] == 1, "seen", "not")
    layout = layout_of(frame, vectors=(VectorColumn(name="embedded", column="title", dim=2),))
    with database(tmp_path) as connection:
        connection.register("given", pa.Table.from_pandas(frame, preserve_index=False))
        vectors = {
            "embedded": "SELECT * FROM (VALUES ('seen', [1.0::FLOAT, 2]), ('not', [0.0::FLOAT, 1])) t(value, vector)"
        }
        source = Source("log", layout, "SELECT * FROM given", "here", vectors=vectors)
        schema = prepare(connection, source, RandomSplit(), PARTS).schema
        assert set(dict(telling_features(connection, schema))) == {("embedded", "click")}


def test_a_task_is_looked_at_where_it_is_observed(tmp_path):
    """`buy` is known of clicks only: there the feature tells it, though of all rows it says little."""
    frame, chance = a_log(share=0.2)
    bought = chance.integers(0, 2, SIZE).astype(float)
    frame["buy"] = np.where(frame["click"] == 1, bought, np.nan)
    frame["basket"] = bought
    tasks = (CLICK, Task(name="buy", kind="binary", observed_if="click = 1"), Task(name="price", kind="regression"))
    leaks = check(tmp_path, frame, layout_of(frame, tasks=tasks, numbers=("basket",)))
    assert [(leak["what"], leak["task"], leak["value"]) for leak in leaks] == [("basket", "buy", 1.0)]


@pytest.mark.parametrize(("rows", "found"), [(18, False), (200, True)])
def test_a_class_with_a_handful_of_rows_is_no_evidence(tmp_path, rows, found):
    frame, _ = a_log()
    frame["click"] = (frame["row"] % (SIZE // rows) == 0) * 1.0
    frame["dwell"] = frame["click"]
    assert bool(check(tmp_path, frame, layout_of(frame, numbers=("dwell",)))) == found


def test_few_positives_in_valid_are_measured_on_every_second_row(tmp_path):
    frame, _ = a_log()
    frame["click"] = (frame["row"] % (SIZE // 60) == 0) * 1.0  # valid has about 12 of these 60
    frame["state"] = np.where(frame["click"] == 1, "yes", "no")
    leaks = check(tmp_path, frame, layout_of(frame, categorical=("state",)))
    assert [(leak["what"], leak["value"]) for leak in leaks] == [("state", 1.0)]


def test_the_findings_depend_on_neither_threads_nor_the_order_of_rows(tmp_path, monkeypatch):
    monkeypatch.setattr("recmtl.data.telling._DRAWN", 1500)  # fewer than there are: chance decides
    frame, chance = a_log(share=0.3)
    frame["x"] = flipped(frame["click"], 0.004, chance)
    layout = layout_of(frame, numbers=("price", "x"))
    first = check(tmp_path, frame, layout, threads=1)
    assert len(first) == 1
    for shuffled, threads in ((frame, 4), (frame.sample(frac=1, random_state=1), 1), (frame.iloc[::-1], 3)):
        assert check(tmp_path, shuffled, layout, threads=threads) == first
    monkeypatch.undo()
    assert check(tmp_path, frame, layout)[0]["value"] != first[0]["value"]  # of other rows than those 3,000


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=2).filter(lambda v: len({x for x, _ in v}) == 2))
def test_the_auc_is_that_of_scikit_learn(rows):
    label, score = (np.array(values) for values in zip(*rows, strict=True))
    assert _area(label, score) == pytest.approx(roc_auc_score(label, score), abs=1e-12)


@pytest.mark.parametrize(
    ("feature", "task", "found"),
    [
        ("click_label", "click", True), ("is_click", "click", True), ("label-click", "click", True),
        ("isClick", "click", True), ("click", "is_click", True), ("LongView", "long_view", True),
        ("longview", "long_view", True), ("click_count", "click", False), ("user_click_history", "click", False),
        ("clicks", "click", False), ("user_id", "click", False), ("view", "long_view", False),
        ("is_new", "click", False), ("label", "click", False),
    ],
)  # fmt: skip
def test_a_feature_that_is_called_like_a_label(tmp_path, feature, task, found):
    frame, chance = a_log()
    frame = frame.rename(columns={"click": task, "user_id": "person"})
    frame[feature] = chance.integers(0, 9, SIZE).astype(str)
    layout = Layout(tasks=(Task(name=task, kind="binary"),), categorical=(feature, "item_id"))
    leaks = check(tmp_path, frame, layout)
    assert [(leak["kind"], leak["what"], leak["task"]) for leak in leaks] == (
        [("named", feature, task)] if found else []
    )


def repeated(keys):
    """Sixty rows of a log that are there twice, 6,000 rows apart."""
    frame, _ = a_log()
    frame["time"] = frame["row"].astype(str)
    again = frame.iloc[:60].assign(row=range(SIZE + 1, SIZE + 61))
    frame = pd.concat([frame, again])
    return frame, layout_of(frame, keys={key: {"time": "time"}.get(key, f"{key}_id") for key in keys})


def test_the_same_event_in_two_parts_is_a_leak(tmp_path):
    frame, layout = repeated(["user", "item", "time"])
    (leak,) = check(tmp_path, frame, layout)
    assert (leak["kind"], leak["what"], leak["task"]) == ("repeats", "user_id, item_id, time", None)
    assert 0 < leak["value"] <= 60
    row = int(re.search(r"from row (\d+) on", leak["words"])[1])
    first = frame.set_index("row").loc[row]
    assert f"user_id {first['user_id']}, item_id {first['item_id']}, time {row}" in leak["words"]


@pytest.mark.parametrize("keys", [["user", "item"], ["user"], []])
def test_pairs_and_alike_rows_in_two_parts_are_none(tmp_path, keys):
    frame, layout = repeated(keys)
    assert check(tmp_path, frame, layout) == []


def test_strict_refuses_with_the_first_and_how_many_more(tmp_path):
    frame, _ = a_log()
    frame["dwell"], frame["is_click"] = frame["click"], frame["item_id"]
    layout = layout_of(frame, numbers=("dwell",), categorical=("is_click", "item_id"))
    said = Said()
    with pytest.raises(DataError) as refused:
        check(tmp_path, frame, layout, strict=True, progress=said)
    assert "'is_click' is called like the label 'click'" in str(refused.value)
    assert "There is 1 leak more." in str(refused.value) and refused.value.exit_code == 3
    assert len(said) == 2
