"""The data set `table`: a user's own files, described in the config."""

import json
import random
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from recmtl.artifacts.progress import Silent
from recmtl.config import choose
from recmtl.data.datasets.base import DatasetConfig
from recmtl.data.datasets.table import TableConfig
from recmtl.data.policies import FilesSplit, RandomSplit
from recmtl.errors import ConfigError, DataError, MissingError
from recmtl.pipelines.selection import Asked
from recmtl.pipelines.split_domains import SplitDomains
from recmtl.pipelines.stage import execute
from recmtl.pipelines.workspace import Workspace
from recmtl.testing.tfrecord_writer import write_examples

ROWS = """user,item,age,tags,click,watched,country,w
u1,1, 30 ,a|b,1,0.5,de,1
u2,2,?,,0,0.9,at,2
u1,3,,?|c,1,,us,0.5
"""
FULL = {
    "name": "table", "train": "rows.csv", "missing": ["?"],
    "tasks": [
        {"name": "click", "kind": "binary"},
        {"name": "watch", "kind": "regression", "column": "watched", "bounds": [0.0, 1.0],
         "observed_if": {"column": "click", "value": 1}},
    ],
    "categorical": ["user", "item"], "numbers": ["age"], "sequences": ["tags"],
    "domain": {"column": "country", "groups": {"de": "europe", "at": "europe", "us": "america"}},
    "keys": {"user": "user"}, "weight": "w",
}  # fmt: skip


def read(folder: Path, config) -> pd.DataFrame:
    dataset = choose(DatasetConfig, config)
    with duckdb.connect() as connection:
        return connection.sql(f"SELECT * FROM ({dataset.read(folder, connection)}) ORDER BY row").df()


def parsed(**changes) -> TableConfig:
    return TableConfig.model_validate({**FULL, **changes})


class TestRows:
    def test_the_raw_relation(self, tmp_path):
        (tmp_path / "rows.csv").write_text(ROWS)
        frame = read(tmp_path, FULL)
        assert frame["row"].tolist() == [1, 2, 3] and set(frame["part"]) == {"train"}
        assert frame["item"].tolist() == ["1", "2", "3"] and frame["country"].tolist() == ["de", "at", "us"]
        assert frame["age"][0] == 30 and frame["age"].isna().tolist() == [False, True, True]
        assert [list(items) for items in frame["tags"]] == [["a", "b"], [], ["c"]]
        # where nobody clicked, nothing was watched; and a missing label was not observed
        assert frame["click"].tolist() == [1, 0, 1]
        assert frame["watch"][0] == 0.5 and frame["watch"].isna().tolist() == [False, True, True]
        assert frame["w"].tolist() == [1, 2, 0.5]

    def test_every_form_gives_the_same_rows(self, tmp_path):
        (tmp_path / "rows.csv").write_text(ROWS)
        expected = read(tmp_path, FULL)
        typed = pd.read_csv(tmp_path / "rows.csv", skipinitialspace=True, na_values=["?"])
        typed["tags"] = [["a", "b"], None, ["c"]]
        typed.to_parquet(tmp_path / "rows.parquet")
        lines = [
            {k: v for k, v in row.items() if v is not None}
            for row in pq.read_table(tmp_path / "rows.parquet").to_pylist()
        ]
        (tmp_path / "rows.txt").write_text("".join(json.dumps(line) + "\n" for line in lines))
        (tmp_path / "folder").mkdir()
        for place in range(3):
            typed[place : place + 1].to_parquet(tmp_path / "folder" / f"{place}.parquet")
        write_examples(tmp_path / "rows.tfrecord.gz", lines)
        for given in (
            {"train": "rows.tfrecord.gz"},
            {"train": "rows.parquet"},
            {"train": "rows.txt", "format": "jsonl"},
            {"train": "folder"},
        ):
            pd.testing.assert_frame_equal(read(tmp_path, {**FULL, **given}), expected)

    def test_a_test_part_of_its_own(self, tmp_path):
        (tmp_path / "rows.csv").write_text(ROWS)
        (tmp_path / "test.csv").write_text(ROWS)
        frame = read(tmp_path, {**FULL, "test": "test.csv"})
        assert frame["row"].tolist() == [1, 2, 3, 4, 5, 6] and frame["part"].tolist() == ["train"] * 3 + ["test"] * 3
        assert parsed(test="test.csv").layout().ready_made and not parsed().layout().ready_made

    def test_a_validation_part_of_its_own(self, tmp_path):
        for name in ("rows.csv", "valid.csv", "test.csv"):
            (tmp_path / name).write_text(ROWS)
        frame = read(tmp_path, {**FULL, "valid": "valid.csv", "test": "test.csv"})
        assert frame["part"].tolist() == ["train"] * 3 + ["valid"] * 3 + ["test"] * 3
        layout = parsed(valid="valid.csv", test="test.csv").layout()
        assert layout.ready_made and layout.ready_made_valid and not parsed(test="test.csv").layout().ready_made_valid

    def test_a_policy_that_would_deal_the_test_rows_to_train_is_refused(self, tmp_path):
        for name in ("rows.csv", "valid.csv", "test.csv"):
            (tmp_path / name).write_text(ROWS)
        for given in ({"test": "test.csv"}, {"valid": "valid.csv", "test": "test.csv"}):
            with pytest.raises(ConfigError, match=r"dataset.test .* split.name 'random' would deal") as error:
                parsed(**given).within(RandomSplit(), tmp_path)
            assert '"split": "files"' in error.value.hint
            assert parsed(**given).within(FilesSplit(), tmp_path).own_files(tmp_path)
        assert parsed().within(RandomSplit(), tmp_path).own_files(tmp_path)

    def test_a_file_is_in_one_part_only(self, tmp_path):
        (tmp_path / "folder").mkdir()
        for name in ("rows.csv", "folder/a.csv", "folder/b.csv"):
            (tmp_path / name).write_text(ROWS)
        for part, other in (("valid", "test"), ("train", "test"), ("train", "valid")):
            parts = {"train": "rows.csv", "valid": "folder", "test": "folder/b.csv"}
            if {part, other} != {"valid", "test"}:
                parts = {"train": "folder", "valid": "rows.csv", "test": "rows2.csv", other: "folder/a.csv"}
            (tmp_path / "rows2.csv").write_text(ROWS)
            with pytest.raises(DataError, match=f"is a file of {part} and of {other}") as error:
                parsed(**parts).own_files(tmp_path)
            assert error.value.hint

    def test_a_condition_on_text(self, tmp_path):
        (tmp_path / "rows.csv").write_text(ROWS)
        task = {"name": "watch", "kind": "regression", "column": "watched"}
        condition = {"observed_if": {"column": "country", "value": "at"}}
        frame = read(tmp_path, {**FULL, "tasks": [task | condition]})
        assert frame["watch"].isna().tolist() == [True, False, True]
        assert parsed(tasks=[task | condition]).layout().tasks[0].observed_if == "country = at"


class TestRefusals:
    @pytest.mark.parametrize(
        ("rows", "says"),
        [
            (ROWS.replace("1,0.5,de", "2,0.5,de"), "rows.csv, line 2, column 'click' is 2; the label of 'click' must"),
            (ROWS.replace("1,0.5,de", "yes,0.5,de"), "rows.csv, line 2, column 'click' is 'yes', which is no number"),
            (ROWS.replace("1,0.5,de", "1,1.5,de"), "line 2, column 'watched' is 1.5; the label of 'watch' must be be"),
            (ROWS.replace(" 30 ", "thirty"), "rows.csv, line 2, column 'age' is 'thirty', which is no number"),
            (ROWS.replace("age,tags", "age,tag"), "there is no column 'tags' (did you mean 'tag'?)"),
            (
                ROWS.replace("user", "usr").replace("country", "x"),
                "(did you mean 'usr'?), 'country'",
            ),
            (ROWS.splitlines()[0] + "\n", "rows.csv holds no rows"),
        ],
    )  # fmt: skip
    def test_rows(self, tmp_path, rows, says):
        (tmp_path / "rows.csv").write_text(rows)
        with pytest.raises(DataError) as error:
            read(tmp_path, FULL)
        assert says in error.value.message and error.value.hint

    def test_a_label_that_means_nothing_is_not_looked_at(self, tmp_path):
        (tmp_path / "rows.csv").write_text(ROWS.replace("0,0.9,at", "0,999,at"))
        assert read(tmp_path, FULL)["watch"].isna()[1]

    @pytest.mark.parametrize(
        ("changes", "says"),
        [
            ({"categorical": [], "numbers": [], "sequences": []}, "there are no features"),
            ({"categorical": ["user", "click"]}, "'click' is a feature and holds the labels of 'click'"),
            ({"numbers": ["age", "watched"]}, "'watched' is a feature and holds the labels of 'watch'"),
            ({"numbers": ["age", "user"]}, "'user' has two roles"),
            ({"numbers": ["age", "USER"]}, "'user' has two roles"),
            ({"numbers": ["age", "country"]}, "'country' has two roles"),
            ({"sequences": ["tags", "w"]}, "'w' has two roles"),
            ({"keys": {"user": "age"}}, "'age' has two roles"),
            ({"domain": {"column": "click"}}, "'click' has two roles"),
            ({"categorical": ["Row"]}, "no column may be called 'row'"),
            ({"categorical": ["a/b"]}, "categorical.0"),
            ({"tasks": []}, "tasks"),
            ({"tasks": [{"name": "click", "kind": "binary", "bounds": [0.0, 1.0]}]}, "bounds"),
            ({"keys": {"session": "user"}}, "keys"),
            ({"format": "xml"}, "format"),
            ({"separator": ""}, "separator"),
            ({"valid": "valid.csv"}, "there are rows for valid and none for test"),
            ({"test": "./rows.csv"}, "train and test are the same rows: the test would measure"),
            ({"valid": "rows.csv", "test": "test.csv"}, "train and valid are the same rows"),
            ({"valid": "test.csv", "test": "test.csv"}, "valid and test are the same rows"),
        ],
    )
    def test_configs(self, changes, says):
        with pytest.raises(ValidationError, match=says):
            parsed(**changes)

    def test_the_domain_may_be_a_category_too(self):
        assert parsed(categorical=["user", "country"]).layout().domain == "country"


class TestStage:
    @pytest.fixture
    def workspace(self, tmp_path) -> Workspace:
        chance = random.Random(0)
        rows = [
            f"u{chance.randrange(9)},{chance.random():.3f},{chance.choice('ab')},{chance.randrange(2)}"
            for _ in range(300)
        ]
        (tmp_path / "rows.csv").write_text("\n".join(["user,age,site,click", *rows]) + "\n")
        config = {
            "dataset": {
                "name": "table", "train": "rows.csv", "tasks": [{"name": "click", "kind": "binary"}],
                "categorical": ["user"], "numbers": ["age"], "domain": {"column": "site"},
            },
            "split": "random",
        }  # fmt: skip
        (tmp_path / "own.json").write_text(json.dumps(config))
        return Workspace(tmp_path)

    def split(self, workspace, *settings):
        return execute(SplitDomains(Asked(str(workspace.root / "own.json"), settings)), workspace, Silent())

    def test_the_files_hashes_are_the_split_s_inputs(self, workspace):
        assert self.split(workspace).status == "done"
        assert self.split(workspace).status == "done already"
        with (workspace.root / "rows.csv").open("a") as file:
            file.write("u1,0.5,a,1\n")
        outcome = self.split(workspace)
        assert outcome.status == "done"
        assert sum(cell["train"] + cell["valid"] + cell["test"] for cell in outcome.notes["rows"]) == 301

    def test_a_file_that_is_not_there(self, workspace):
        with pytest.raises(MissingError, match=r"gone\.csv is not there"):
            self.split(workspace, "dataset.train=gone.csv")

    def test_a_domain_that_is_missing(self, workspace):
        with (workspace.root / "rows.csv").open("a") as file:
            file.write("u1,0.5,,1\n")
        with pytest.raises(DataError, match=r"rows\.csv, row 301: the domain column 'site' is missing"):
            self.split(workspace)

    def test_parquet_ids_and_text_ids_make_the_same_split(self, workspace):
        self.split(workspace, 'dataset.categorical=["user"]')
        frame = pd.read_csv(workspace.root / "rows.csv")
        before = (workspace.root / "data/own/train/domain=a/part-0.parquet").read_bytes()
        frame.to_parquet(workspace.root / "rows.parquet")
        assert self.split(workspace, "dataset.train=rows.parquet").status == "done"
        assert (workspace.root / "data/own/train/domain=a/part-0.parquet").read_bytes() == before

    def test_an_unknown_key_is_named(self, workspace):
        with pytest.raises(ConfigError, match=r"dataset.categoricals.* is not a known key \(did you mean 'cate"):
            self.split(workspace, "dataset.categoricals=[]")


def test_floats_that_are_whole_are_the_same_ids(tmp_path):
    """As pandas stores ids as soon as one is missing."""
    pq.write_table(pa.table({"user": [1.0, None], "click": [1, 0]}), tmp_path / "rows.parquet")
    config = {"name": "table", "train": "rows.parquet", "categorical": ["user"],
              "tasks": [{"name": "click", "kind": "binary"}]}  # fmt: skip
    assert read(tmp_path, config)["user"].tolist()[0] == "1"
