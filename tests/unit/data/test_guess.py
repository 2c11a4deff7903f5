"""What columns may be: names and values decide, what would tell a label is left out, and every guess is a config."""

import json
import random

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from recmtl.config import choose
from recmtl.data.column_profile import ColumnProfile, Kind, profile_columns
from recmtl.data.datasets.base import DatasetConfig
from recmtl.data.datasets.table import TableConfig
from recmtl.data.guess import guess_roles
from recmtl.data.label_leaks import tells
from recmtl.data.name_words import names_category, names_label, names_value, words
from recmtl.data.table_files import open_table
from recmtl.errors import ConfigError, DataError
from recmtl.pipelines.config_init import first_config
from recmtl.testing.tfrecord_writer import write_examples


def clicks(rows=400, seed=0):
    """A log of which every column's role is known."""
    chance = np.random.default_rng(seed)
    click = (chance.random(rows) < 0.4).astype(int)
    return pd.DataFrame(
        {
            "request": [f"r{n}" for n in range(rows)],
            "user_id": chance.integers(0, 60, rows),
            "itemId": [f"i{n}" for n in chance.integers(0, 40, rows)],
            "session": [f"s{n // 4}" for n in range(rows)],
            "timestamp": 1_700_000_000 + np.arange(rows),
            "scene": chance.choice(["home", "search"], rows),
            "age": chance.integers(18, 80, rows),
            "price": np.round(chance.random(rows) * 9, 2),
            "brand": chance.choice(["x", "y", "z"], rows),
            "tags": ["|".join(chance.choice(list("abcd"), 2)) for _ in range(rows)],
            "version": 3,
            "click": click,
            "conversion": click * (chance.random(rows) < 0.3),
            "watch_ratio": np.where(click, np.round(chance.random(rows), 3), 0),
            "clicked_at": np.where(click, "12:00", ""),
        }
    )


ROLES = {
    "request": "left out", "user_id": "user", "itemId": "item", "session": "group", "timestamp": "time",
    "scene": "domain", "age": "number", "price": "number", "brand": "categorical", "tags": "sequence",
    "version": "left out", "click": "label", "conversion": "label", "watch_ratio": "label", "clicked_at": "left out",
}  # fmt: skip


def sample_of(path, most=10_000):
    return profile_columns(open_table(str(path)), most)


def guessed(frame, folder, *labels, domain=None):
    frame.to_parquet(folder / "rows.parquet")
    return guess_roles(sample_of(folder / "rows.parquet"), labels, domain)


def roles(guesses):
    return {name: guess.role.value for name, guess in guesses.found.items()}


class TestRoles:
    def test_of_a_log_in_every_form(self, tmp_path):
        frame = clicks()
        frame.to_csv(tmp_path / "a.csv", index=False)
        frame.to_csv(tmp_path / "a.tsv", index=False, sep="\t")
        frame.to_parquet(tmp_path / "a.parquet")
        frame.to_json(tmp_path / "a.jsonl", orient="records", lines=True)
        records = [row | {"tags": row["tags"].split("|")} for row in frame.to_dict("records")]
        write_examples(tmp_path / "a.tfrecord", records)
        for name in ("a.csv", "a.tsv", "a.parquet", "a.jsonl", "a.tfrecord"):
            assert roles(guess_roles(sample_of(tmp_path / name))) == ROLES, name

    def test_say_why(self, tmp_path):
        found = guessed(clicks(), tmp_path).found
        assert "nearly unique" in found["request"].why and "one value alone" in found["version"].why
        assert found["clicked_at"].why == "suspected leak: alone it tells 'click' (AUC 1.000)"

    def test_a_label_that_is_there_only_after_another_is_told(self, tmp_path):
        notes = guessed(clicks(), tmp_path).notes
        assert [note.split(" is learnt")[0] for note in notes] == [
            "conversion is above 0 only where click is 1: it",
            "watch_ratio is above 0 only where click is 1: it",
        ]
        assert '"observed_if": {"column": "click", "value": 1}' in notes[0]

    def test_a_label_that_is_missing_without_another_needs_no_telling(self, tmp_path):
        frame = clicks()
        frame["conversion"] = frame["conversion"].where(frame["click"] == 1)
        assert [note.split()[0] for note in guessed(frame, tmp_path).notes] == ["watch_ratio"]

    def test_a_rating_of_0_and_1_is_a_label_and_no_feature(self, tmp_path):
        frame = clicks().assign(rating=[row % 2 for row in range(len(clicks()))])
        assert roles(guessed(frame, tmp_path))["rating"] == "label"

    def test_a_label_that_is_named_replaces_the_guesses_which_are_not_learnt_from(self, tmp_path):
        found = roles(guessed(clicks(), tmp_path, "conversion"))
        assert [name for name, role in found.items() if role == "label"] == ["conversion"]
        assert found["click"] == found["watch_ratio"] == "left out"

    def test_dates_are_the_time_or_nothing(self, tmp_path):
        """A category of days has no value of a new day."""
        frame = clicks()
        frame["dt"] = [f"2026-11-{1 + row // 20:02}" for row in range(len(frame))]
        assert roles(guessed(frame, tmp_path)) == {**ROLES, "dt": "left out"}
        assert roles(guessed(frame.drop(columns="timestamp"), tmp_path))["dt"] == "time"

    def test_a_domain_that_is_named(self, tmp_path):
        found = roles(guessed(clicks(), tmp_path, domain="brand"))
        assert found["brand"] == "domain" and found["scene"] == "categorical"

    def test_a_column_with_missing_rows_is_not_guessed_to_be_the_domain(self, tmp_path):
        frame = clicks()
        frame.loc[3, "scene"] = None
        assert roles(guessed(frame, tmp_path))["scene"] == "categorical"

    def test_is_something_is_a_label_only_if_nothing_else_is(self, tmp_path):
        frame = clicks()[["user_id", "age", "click"]].assign(is_weekend=[0, 1] * 200)
        assert roles(guessed(frame, tmp_path))["is_weekend"] == "number"
        assert roles(guessed(frame.drop(columns="click"), tmp_path))["is_weekend"] == "label"

    def test_names_that_no_feature_may_have(self, tmp_path):
        frame = clicks()[["age", "click"]].assign(AGE=[1, 2] * 200, row=[1, 2] * 200)
        frame["a/b"] = [1, 2] * 200
        found = roles(guessed(frame, tmp_path))
        assert found["AGE"] == found["row"] == found["a/b"] == "left out" and found["age"] == "number"

    def test_whole_numbers_are_categories_by_name_or_size(self, tmp_path):
        chance = random.Random(0)
        frame = clicks()[["age", "click"]]
        frame["shop_id"], frame["hashed"] = frame["age"], [chance.randrange(50) * 10**9 + 7 for _ in range(400)]
        found = roles(guessed(frame, tmp_path))
        assert (found["shop_id"], found["hashed"], found["age"]) == ("categorical", "categorical", "number")

    @pytest.mark.parametrize(("times", "is_time"), [
        (pd.date_range("2026-01-01", periods=400, freq="h"), True),
        ([f"2026-01-{day % 28 + 1:02d}" for day in range(400)], True),
        ([20260101 + day % 28 for day in range(400)], True),
        ([hour % 24 for hour in range(400)], False),
        (["morning", "evening"] * 200, False),
    ])  # fmt: skip
    def test_times_are_dates_or_large_numbers(self, tmp_path, times, is_time):
        frame = clicks()[["age", "click"]].assign(time=times)
        assert (roles(guessed(frame, tmp_path))["time"] == "time") == is_time


class TestSplit:
    def test_is_by_time_else_by_session_else_by_user_else_by_row(self, tmp_path):
        frame, found = clicks(), []
        for column in (None, "timestamp", "session", "user_id"):
            frame = frame.drop(columns=column or [])
            frame.to_parquet(tmp_path / "rows.parquet")
            split = first_config(str(tmp_path / "rows.parquet")).document["split"]
            found.append((split["name"], split.get("by")))
        assert found == [("time", None), ("group", "group"), ("group", "user"), ("random", None)]


class TestLeaks:
    @pytest.mark.parametrize("copy", [
        lambda click, chance: click * 5.0 - 1,  # the label in other units
        lambda click, chance: 1 - click,  # turned round
        lambda click, chance: np.where(click, chance.random(len(click)), np.nan),  # there only after a click
        lambda click, chance: np.where(click, chance.choice([1, 5, 9], len(click)), chance.choice([3, 7], len(click))),
    ])  # fmt: skip
    def test_a_column_that_tells_a_label_is_left_out(self, tmp_path, copy):
        frame = clicks()
        frame["aftermath"] = copy(frame["click"].to_numpy(), np.random.default_rng(1))
        guess = guessed(frame, tmp_path).found["aftermath"]
        assert guess.role.value == "left out" and "suspected leak" in guess.why

    def test_a_number_that_orders_the_labels_of_a_regression(self, tmp_path):
        frame = clicks()[["age", "watch_ratio"]].assign(seconds=lambda f: f["watch_ratio"] * 30)
        assert roles(guessed(frame, tmp_path)) == {"age": "number", "watch_ratio": "label", "seconds": "left out"}

    def test_a_good_feature_is_no_leak(self, tmp_path):
        frame = clicks(2000)
        noise = np.random.default_rng(1).normal(size=2000)
        frame["score"] = frame["click"] * 2 + noise  # AUC about 0.92
        assert roles(guessed(frame, tmp_path))["score"] == "number"

    @given(st.integers(0, 2**32))
    @settings(max_examples=30, deadline=None)
    def test_strength_of_a_number_is_its_auc(self, seed):
        chance = np.random.default_rng(seed)
        label, score = chance.integers(0, 2, 200).astype(float), chance.integers(0, 20, 200).astype(float)
        area = roc_auc_score(label, score)
        column = ColumnProfile("x", Kind.NUMBER, 0, 20, None, score)
        assert tells(column, label, binary=True) == pytest.approx(max(area, 1 - area))

    def test_few_labels_show_nothing(self):
        label = np.array([1.0] * 5 + [0.0] * 200)
        assert tells(ColumnProfile("x", Kind.NUMBER, 0, 2, None, label), label, binary=True) == 0


class TestRefusals:
    @pytest.mark.parametrize(("labels", "domain", "says"), [
        (["clik"], None, r"--label clik: there is no such column \(did you mean 'click'\?\)"),
        (["brand"], None, "--label brand: this column holds text"),
        (["version"], None, "--label version: this column has one value alone"),
        ([], "price", "--domain price: it holds numbers"),
        ([], "nowhere", "--domain nowhere: there is no such column"),
        (["click"], "click", "--domain click: this column is a label"),
    ])  # fmt: skip
    def test_columns_that_cannot_be_that(self, tmp_path, labels, domain, says):
        with pytest.raises(ConfigError, match=says):
            guessed(clicks(), tmp_path, *labels, domain=domain)

    def test_no_label_says_how_to_name_one(self, tmp_path):
        with pytest.raises(ConfigError, match="no column looks like a label") as error:
            guessed(clicks()[["age", "price"]], tmp_path)
        assert error.value.hint == "Name the columns of the labels: --label COLUMN. There are age, price."

    def test_no_feature(self, tmp_path):
        with pytest.raises(ConfigError, match="no column is left that could be a feature"):
            guessed(clicks()[["request", "click"]], tmp_path)

    def test_no_rows(self, tmp_path):
        (tmp_path / "a.csv").write_text("a,b\n")
        with pytest.raises(DataError, match="holds no rows"):
            sample_of(tmp_path / "a.csv")


class TestProfiles:
    def test_counts(self, tmp_path):
        (tmp_path / "a.csv").write_text('n,w,t,l,c\n1,3,x,a|b,"Doe, Jo"\n?,4, y ,,"Roe, Al"\n1.5,3,NA,c,"Poe, Ed"\n')
        sample = sample_of(tmp_path / "a.csv")
        found = {c.name: (c.kind, c.missing, c.distinct, c.separator) for c in sample.columns}
        assert found == {
            "n": (Kind.NUMBER, 1, 2, ""), "w": (Kind.WHOLE, 0, 2, ""), "t": (Kind.TEXT, 0, 3, ""),
            "l": (Kind.LIST, 1, 3, "|"), "c": (Kind.TEXT, 0, 3, ""),
        }  # fmt: skip
        assert sample.missing == ("?",) and sample.rows == 3 and sample.whole

    def test_only_the_first_rows_are_looked_at(self, tmp_path):
        pq.write_table(pa.table({"a": list(range(10))}), tmp_path / "a.parquet")
        for most, rows, whole in ((4, 4, False), (10, 10, True), (11, 10, True)):
            sample = sample_of(tmp_path / "a.parquet", most)
            assert (sample.rows, sample.columns[0].distinct, sample.whole) == (rows, rows, whole)

    def test_what_is_no_feature(self, tmp_path):
        rows = [{"a": {"x": 1}, "click": 1}, {"a": [0.5], "click": 0}]
        (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        assert sample_of(tmp_path / "a.jsonl").columns[0].kind is Kind.OTHER


def test_words_of_names():
    assert words("isClick") == words("is_click") == words("Is Click") == ["is", "click"]
    assert all(map(names_label, ["click", "is_click", "Label", "longView", "buy_flag"]))
    assert not any(map(names_label, ["click_count", "age", "last_click", "clicks_7_days", "unlike"]))
    assert names_value("watchRatio") and names_value("movie_rating") and not names_value("avg_rating")
    assert all(map(names_category, ["shop_id", "videoid", "FEA_UID", "508", "categorical_7"]))
    assert not any(map(names_category, ["paid", "age", "numerical_1"]))


NAMES = st.sampled_from(
    ["click", "Click", "user", "item", "scene", "row", "a b", "x/y", "time", "label", "rating", "n", ""]
)
CELLS = st.one_of(st.none(), st.sampled_from(["", "?", "a", "a|b", "0", "1", "1.5", "all", "1e9", "x;y", "NA"]))


@given(st.lists(NAMES, min_size=1, max_size=6, unique=True), st.data(), st.integers(1, 40))
@settings(max_examples=150, deadline=None)
def test_every_guess_is_a_config_that_reads_the_rows(tmp_path_factory, names, data, rows):
    import duckdb

    folder = tmp_path_factory.mktemp("guess")
    lines = [json.dumps({n: data.draw(CELLS) for n in names} | {"y": row % 2}) for row in range(rows)]
    (folder / "rows.jsonl").write_text("\n".join(lines))
    flat = pd.DataFrame([json.loads(line) for line in lines]).fillna("")
    flat.to_csv(folder / "rows.csv", index=False)
    for name in ("rows.jsonl", "rows.csv"):
        try:
            first = first_config(str(folder / name), labels=("y",))
        except ConfigError as error:
            assert error.hint
            continue
        dataset = choose(DatasetConfig, first.document["dataset"])
        assert isinstance(dataset, TableConfig)
        with duckdb.connect() as connection:
            [(read,)] = connection.sql(f"SELECT count(*) FROM ({dataset.read(folder, connection)})").fetchall()
        assert read == rows
