"""Folders of rows in folders that say a column: the same rows as those of one flat table with that column."""

import gzip
import json
import tempfile
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recmtl.config import choose
from recmtl.data.column_profile import profile_columns
from recmtl.data.datasets.base import DatasetConfig
from recmtl.data.table_files import open_table
from recmtl.errors import ConfigError, DataError, MissingError, RecmtlError
from recmtl.testing.tfrecord_writer import write_examples

FORMS = ("csv", "tsv", "jsonl", "parquet", "tfrecord", "csv.gz", "jsonl.gz", "tfrecord.gz")


def write(path: Path, rows):
    """Rows, dicts of texts, in the form that the name tells."""
    path.parent.mkdir(parents=True, exist_ok=True)
    form = path.name.split(".", 1)[1]
    if form == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif form.startswith("tfrecord"):
        write_examples(path, rows)
    else:
        separator = "\t" if form == "tsv" else ","
        names = list(rows[0])
        lines = [separator.join(names), *(separator.join(row[name] for name in names) for row in rows)]
        text = "\n".join(map(json.dumps, rows) if form.startswith("jsonl") else lines) + "\n"
        path.write_bytes(gzip.compress(text.encode()) if form.endswith(".gz") else text.encode())


def rows(source, form=None):
    return [row for piece in open_table(str(source), form).pieces for row in piece.batch.to_pylist()]


def refused(kind: type[RecmtlError], source) -> str:
    with pytest.raises(kind) as error:
        rows(source)
    assert error.value.hint
    return error.value.message


class TestRows:
    @pytest.mark.parametrize("form", FORMS)
    def test_each_folder_is_a_column_behind_those_of_the_file(self, tmp_path, form):
        for day, hour, ids in (("2026-11-21", "07", "c"), ("2026-11-20", "23", "b"), ("2026-11-20", "07", "a")):
            write(tmp_path / f"date={day}/hour={hour}/part-0.{form}", [{"id": ids, "n": "1"}])
        table = open_table(str(tmp_path))
        assert table.columns == ("id", "n", "date", "hour")
        assert [list(row.values()) for piece in table.pieces for row in piece.batch.to_pylist()] == [
            ["a", "1", "2026-11-20", "07"], ["b", "1", "2026-11-20", "23"], ["c", "1", "2026-11-21", "07"],
        ]  # fmt: skip

    @pytest.mark.parametrize("form", FORMS)
    def test_a_folder_s_value_is_a_text_and_a_number_that_is_written_out(self, tmp_path, form):
        write(tmp_path / f"hour=07/part-0.{form}", [{"id": "a"}])
        [piece] = open_table(str(tmp_path)).pieces
        assert piece.text("hour").to_pylist() == ["07"] and piece.number("hour").to_pylist() == [7.0]
        assert piece.texts("hour").to_pylist() == [["07"]]

    def test_folders_called_by_a_date_alone_say_the_date(self, tmp_path):
        write(tmp_path / "country=de/2026-11-20/a.csv", [{"id": "a"}])
        write(tmp_path / "country=at/2026-11-21/a.csv", [{"id": "b"}])
        assert rows(tmp_path) == [
            {"id": "b", "country": "at", "date": "2026-11-21"},
            {"id": "a", "country": "de", "date": "2026-11-20"},
        ]

    def test_values_are_decoded_as_hive_writes_them(self, tmp_path):
        for name in ("city=K%C3%B6ln%2FBonn", "city=__HIVE_DEFAULT_PARTITION__", "city=a=b c+d", "c%69ty=100%25"):
            write(tmp_path / name / "a.csv", [{"id": name[:1]}])
        assert [row["city"] for row in rows(tmp_path)] == ["100%", "Köln/Bonn", None, "a=b c+d"]
        assert [piece.text("city")[0].is_valid for piece in open_table(str(tmp_path)).pieces][2] is False

    def test_marks_and_folders_without_files_are_passed_over(self, tmp_path):
        write(tmp_path / "date=2026-11-20/hour=1/a.csv", [{"id": "a"}])
        write(tmp_path / "_temporary/0/b.csv", [{"id": "x"}])
        write(tmp_path / ".staging/b.csv", [{"id": "x"}])
        (tmp_path / "date=2026-11-21").mkdir()
        (tmp_path / "date=2026-11-22/hour=1").mkdir(parents=True)
        for folder in (tmp_path, *tmp_path.glob("date=*"), *tmp_path.glob("date=*/hour=*")):
            (folder / "_SUCCESS").touch()
            (folder / ".part.crc").write_text("x")
        assert rows(tmp_path) == [{"id": "a", "date": "2026-11-20", "hour": "1"}]

    def test_a_column_may_begin_with_the_mark_of_marks(self, tmp_path):
        write(tmp_path / "_day=1/a.csv", [{"id": "a"}])
        assert rows(tmp_path) == [{"id": "a", "_day": "1"}]

    def test_an_empty_file_of_a_writer_without_rows_is_passed_over(self, tmp_path):
        write(tmp_path / "date=2026-11-21/a.jsonl", [{"id": "a"}])
        for day in (20, 22):
            (tmp_path / f"date=2026-11-{day}").mkdir()
            (tmp_path / f"date=2026-11-{day}/a.jsonl").touch()
        assert rows(tmp_path) == [{"id": "a", "date": "2026-11-21"}]

    def test_links_to_folders_are_followed(self, tmp_path):
        write(tmp_path / "elsewhere/a.csv", [{"id": "a"}])
        (tmp_path / "logs").mkdir()
        (tmp_path / "logs/date=2026-11-20").symlink_to(tmp_path / "elsewhere")
        assert rows(tmp_path / "logs") == [{"id": "a", "date": "2026-11-20"}]

    def test_errors_name_the_file_and_its_line(self, tmp_path):
        write(tmp_path / "date=2026-11-20/a.csv", [{"n": "1"}, {"n": "x"}])
        [piece] = open_table(str(tmp_path)).pieces
        with pytest.raises(DataError, match=r"date=2026-11-20/a\.csv, line 3, column 'n' is 'x'"):
            piece.number("n")
        write(tmp_path / "date=x/a.csv", [{"n": "1"}])
        *_, piece = open_table(str(tmp_path)).pieces
        with pytest.raises(DataError, match=r"date=x/a\.csv, line 2, column 'date' is 'x', which is no number"):
            piece.number("date")


class TestAColumnThatTheFileHoldsToo:
    def test_it_is_there_once_if_it_says_the_same(self, tmp_path):
        write(tmp_path / "2026-11-20/a.csv", [{"date": "2026-11-20", "id": "a"}, {"date": " 2026-11-20", "id": "b"}])
        write(tmp_path / "2026-11-21/a.csv", [{"id": "c"}])
        assert rows(tmp_path) == [
            {"id": "a", "date": "2026-11-20"}, {"id": "b", "date": "2026-11-20"}, {"id": "c", "date": "2026-11-21"},
        ]  # fmt: skip

    def test_dates_of_parquet_are_their_text(self, tmp_path):
        (tmp_path / "date=2026-11-20").mkdir()
        frame = pa.table({"date": pa.array(["2026-11-20"]).cast(pa.date32()), "id": ["a"]})
        pq.write_table(frame, tmp_path / "date=2026-11-20/a.parquet")
        assert rows(tmp_path) == [{"id": "a", "date": "2026-11-20"}]

    @pytest.mark.parametrize("form", ["csv", "jsonl", "parquet", "tfrecord"])
    def test_another_value_is_refused(self, tmp_path, form):
        found = [{"id": "a", "date": "2026-11-20"}, {"id": "b", "date": "2026-11-21"}]
        write(tmp_path / f"date=2026-11-20/a.{form}", found)
        message = refused(DataError, tmp_path)
        place = {"csv": "line 3", "jsonl": "line 2", "parquet": "row 2", "tfrecord": "record 2"}[form]
        assert f"date=2026-11-20/a.{form}, {place}" in message
        assert "column 'date' is '2026-11-21', but the folder says '2026-11-20'." in message

    def test_a_missing_value_is_another_value(self, tmp_path):
        write(tmp_path / "date=2026-11-20/a.csv", [{"id": "a", "date": ""}])
        assert "is missing, but the folder says '2026-11-20'" in refused(DataError, tmp_path)
        write(tmp_path / "b/date=__HIVE_DEFAULT_PARTITION__/a.csv", [{"id": "a", "date": "x"}])
        assert "is 'x', but the folder says that it is missing" in refused(DataError, tmp_path / "b")
        write(tmp_path / "c/date=__HIVE_DEFAULT_PARTITION__/a.csv", [{"id": "a", "date": ""}])
        assert rows(tmp_path / "c") == [{"id": "a", "date": None}]


class TestRefusals:
    @pytest.mark.parametrize(
        ("files", "kind", "says"),
        [
            (("date=1/a.csv", "b.csv"), DataError, "date=1 is a folder beside files of rows (b.csv)"),
            (("date=1/a.csv", "date=1/hour=2/a.csv"), DataError, "hour=2 is a folder beside files of rows (a.csv)"),
            (
                ("date=1/a.csv", "date=2/hour=2/a.csv"), DataError,
                "date=2/hour=2/a.csv: its folders say date, hour, those of {here}/date=1/a.csv say date.",
            ),
            (("date=1/a.csv", "day=2/a.csv"), DataError, "day=2/a.csv: its folders say day, those of"),
            (("a=1/b=1/a.csv", "a=2/c=1/a.csv"), DataError, "its folders say a, c, those of"),
            (("a=1/b=1/a.csv", "b=1/a=1/a.csv"), DataError, "its folders say b, a, those of"),
            (("a=1/2026-11-20/a.csv", "a=2/day=2026-11-20/a.csv"), DataError, "its folders say a, day, those of"),
            (("date=1/2026-11-20/a.csv",), DataError, "date=1/2026-11-20: a folder above it says 'date' as well"),
            (("november/a.csv",), DataError, "november is a folder whose name is neither column=value nor a date"),
            (("2026-02-30/a.csv",), DataError, "2026-02-30 is a folder whose name is neither"),
            (("20261120/a.csv",), DataError, "20261120 is a folder whose name is neither"),
            (("=x/a.csv",), DataError, "=x is a folder whose name is neither"),
            (("city=%ff/a.csv",), DataError, "city=%ff': the folder's name is not UTF-8"),
            (("city=a%00/a.csv",), DataError, "city=a%00: the folder's name means a text with a NUL"),
            (("date=1/a.csv", "date=2/b.jsonl"), ConfigError, "files of several forms: csv and jsonl"),
        ],
    )  # fmt: skip
    def test_folders_that_are_not_one_table(self, tmp_path, files, kind, says):
        for name in files:
            write(tmp_path / name, [{"id": "a"}])
        assert says.format(here=tmp_path) in refused(kind, tmp_path)

    def test_folders_without_any_file(self, tmp_path):
        (tmp_path / "date=1").mkdir()
        (tmp_path / "date=1/_SUCCESS").touch()
        assert "holds no files" in refused(MissingError, tmp_path)

    def test_other_columns_in_another_folder(self, tmp_path):
        write(tmp_path / "date=1/a.csv", [{"id": "a", "age": "1"}])
        write(tmp_path / "date=2/a.csv", [{"id": "a", "agee": "1"}])
        assert "date=2/a.csv: there is no column 'age' (did you mean 'agee'?)" in refused(DataError, tmp_path)

    def test_a_link_to_a_folder_above_does_not_go_on_for_ever(self, tmp_path):
        (tmp_path / "date=1").mkdir()
        (tmp_path / "date=1/hour=1").symlink_to(tmp_path)
        assert "a folder above it says 'date' as well" in refused(DataError, tmp_path)

    def test_a_link_to_nothing(self, tmp_path):
        (tmp_path / "date=1").mkdir()
        (tmp_path / "date=1/a.csv").symlink_to(tmp_path / "gone.csv")
        assert "date=1/a.csv is not there" in refused(MissingError, tmp_path)


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), min_size=1, max_size=5)
LOGS = st.dictionaries(
    st.tuples(TEXTS, st.none() | TEXTS), st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=3), max_size=2),
    min_size=1, max_size=5,
)  # fmt: skip


class TestProperties:
    @settings(max_examples=60, deadline=None)
    @given(LOGS, st.sampled_from(["csv", "jsonl", "parquet", "tfrecord"]))
    def test_rows_and_columns_are_those_of_one_flat_table(self, log, form):
        """Folders (a, b) -> files, each of numbers."""
        with tempfile.TemporaryDirectory() as name:
            here, expected = Path(name), []
            for (a, b), files in log.items():
                hive = "__HIVE_DEFAULT_PARTITION__" if b is None else quote(b, safe="")
                folder = here / f"a={quote(a, safe='')}" / f"b={hive}"
                folder.mkdir(parents=True)
                for place, numbers in enumerate(files):
                    path = folder / f"{place}.{form}"
                    write(path, [{"n": str(n)} for n in numbers])
                    expected += [(str(path).split("/"), {"n": str(n), "a": a, "b": b}) for n in numbers]
            expected.sort(key=lambda entry: entry[0])
            if expected:
                table = open_table(str(here))
                assert table.columns == ("n", "a", "b")
                assert [row for piece in table.pieces for row in piece.batch.to_pylist()] == [r for _, r in expected]
            else:
                assert "holds no files" in refused(MissingError, here)


class TestAsADataSet:
    CONFIG: ClassVar = {
        "name": "table", "train": "log", "tasks": [{"name": "click", "kind": "binary"}], "missing": ["?"],
        "categorical": ["item", "shelf"], "numbers": ["hour"], "domain": {"column": "country"},
        "keys": {"time": "date", "user": "item"},
    }  # fmt: skip

    def read(self, folder, **changes) -> pd.DataFrame:
        dataset = choose(DatasetConfig, {**self.CONFIG, **changes})
        with duckdb.connect() as connection:
            return connection.sql(f"SELECT * FROM ({dataset.read(folder, connection)}) ORDER BY row").df()

    @pytest.fixture
    def frame(self) -> pd.DataFrame:
        """In the order of its folders."""
        cells = [
            (date, country, hour, shelf, str(item), str((item + int(hour)) % 2))
            for date in ("2026-11-20", "2026-11-21") for country in ("at", "de") for hour in ("07", "10")
            for shelf in ("?", "x") for item in range(3)
        ]  # fmt: skip
        return pd.DataFrame(cells, columns=["date", "country", "hour", "shelf", "item", "click"])

    def folders(self, frame, root, ending):
        for keys, group in frame.groupby(["date", "country", "hour", "shelf"]):
            folder = "/".join(f"{name}={quote(key)}" for name, key in zip(frame.columns, keys, strict=False))
            found = group[["item", "click"]]
            path = root / folder / f"part-0.{ending}"
            path.parent.mkdir(parents=True)
            if ending == "parquet":
                found.astype({"click": int}).to_parquet(path, index=False)
            else:
                found.to_csv(path, index=False)

    @pytest.mark.parametrize("ending", ["csv", "parquet"])
    def test_folders_are_domains_categories_numbers_and_times(self, tmp_path, frame, ending):
        self.folders(frame, tmp_path / "log", ending)
        frame.to_csv(tmp_path / "flat.csv", index=False)
        read = self.read(tmp_path)
        pd.testing.assert_frame_equal(read, self.read(tmp_path, train="flat.csv"))
        assert read["hour"].tolist() == frame["hour"].astype(float).tolist()
        assert read["country"].tolist() == frame["country"].tolist() and read["date"].tolist() == frame["date"].tolist()
        assert read["shelf"].isna().tolist() == (frame["shelf"] == "?").tolist()

    def test_a_folder_may_be_the_label_and_its_condition(self, tmp_path):
        for shown, click in (("1", "0"), ("1", "1"), ("0", "0")):
            write(tmp_path / f"log/shown={shown}/click={click}/a.parquet", [{"item": f"{shown}{click}"}])
        task = {"name": "click", "kind": "binary", "observed_if": {"column": "shown", "value": 1}}
        read = self.read(tmp_path, tasks=[task], categorical=["item"], numbers=[], domain=None, keys={})
        assert dict(zip(read["item"], read["click"].fillna(-1), strict=True)) == {"00": -1, "10": 0, "11": 1}

    def test_parts_of_their_own_may_be_laid_out_in_other_ways(self, tmp_path, frame):
        self.folders(frame, tmp_path / "log", "parquet")
        self.folders(frame[frame["country"] == "de"], tmp_path / "test", "csv")
        frame.to_csv(tmp_path / "valid.csv", index=False)
        read = self.read(tmp_path, valid="valid.csv", test="test")
        assert read["part"].value_counts().to_dict() == {"train": 48, "valid": 48, "test": 24}
        assert set(read["country"][read["part"] == "test"]) == {"de"}

    def test_a_folder_of_one_part_may_not_hold_the_other(self, tmp_path, frame):
        self.folders(frame, tmp_path / "log", "csv")
        dataset = choose(DatasetConfig, {**self.CONFIG, "test": "log/date=2026-11-20"})
        with pytest.raises(DataError, match="is a file of train and of test"):
            dataset.own_files(tmp_path)

    def test_a_column_that_no_folder_says(self, tmp_path, frame):
        self.folders(frame, tmp_path / "log", "csv")
        with pytest.raises(DataError, match=r"there is no column 'contry' \(did you mean 'country'\?\)"):
            self.read(tmp_path, domain={"column": "contry"})


class TestWhatIsLookedAt:
    def test_the_first_rows_of_folders_from_the_first_to_the_last(self, tmp_path):
        """The first 100 rows of all would be of one day."""
        days = pd.date_range("2026-01-01", periods=100).strftime("%Y-%m-%d").tolist()
        for day in days:
            write(tmp_path / day / "a.csv", [{"id": str(row)} for row in range(100)])
        sample = profile_columns(open_table(str(tmp_path)), 400)
        assert (sample.rows, sample.whole, sample.folders) == (400, False, 40)
        [ids, date] = sample.columns
        assert (ids.distinct, date.distinct) == (10, 40) and date.texts is not None
        assert {days[0], days[-1]} < set(date.texts.to_pylist())

    def test_all_rows_where_they_are_few(self, tmp_path):
        for day in range(3):
            write(tmp_path / f"day={day}/a.csv", [{"id": str(row)} for row in range(day + 1)])
        sample = profile_columns(open_table(str(tmp_path)), 400)
        assert (sample.rows, sample.whole, sample.folders) == (6, True, 0)

    def test_the_first_rows_of_one_folder(self, tmp_path):
        write(tmp_path / "day=1/a.csv", [{"id": str(row)} for row in range(9)])
        sample = profile_columns(open_table(str(tmp_path)), 4)
        assert (sample.rows, sample.whole, sample.folders) == (4, False, 0)
