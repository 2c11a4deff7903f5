"""UCI Adult: the published files as they are described, and every way in which a line can be broken."""

from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from recmtl.data.datasets.adult import COLUMNS, AdultConfig
from recmtl.data.layout import Layout
from recmtl.errors import DataError, MissingError
from recmtl.sample_data import folder

LINE = b"39, Private, 77516, Bachelors, 13, Never-married, Sales, Unmarried, White, Male, 2174, 0, 40, Cuba, <=50K\n"
OTHER = LINE.replace(b"Never-married", b"Divorced").replace(b"<=50K", b">50K").replace(b"Cuba", b"?")
REMARK = b"|1x3 Cross validator\n"


def read(raw: Path, **options: Any) -> pd.DataFrame:
    with duckdb.connect() as connection:
        query = AdultConfig(**options).read(raw, connection)
        return connection.execute(f"SELECT * FROM ({query}) ORDER BY row").df()


def files(raw: Path, train: bytes = LINE + OTHER, test: bytes = REMARK + LINE.replace(b"K\n", b"K.\n")) -> Path:
    (raw / "adult.data").write_bytes(train)
    (raw / "adult.test").write_bytes(test)
    return raw


def named(layout: Layout) -> set[str]:
    return {*layout.categorical, *layout.numbers, *(task.name for task in layout.tasks)}


def pandas_reads(path: Path, skip: int) -> pd.DataFrame:
    frame = pd.read_csv(
        path,
        header=None,
        names=list(COLUMNS),
        skiprows=skip,
        skipinitialspace=True,
        na_values="?",
        keep_default_na=False,
    )
    frame["never_married"] = (frame["marital-status"] == "Never-married").astype(float)
    frame["income"] = frame["income"].str.startswith(">50K").astype(float)
    return frame


@pytest.mark.realdata
def test_the_published_files(real_data: Any) -> None:
    found = read(real_data("adult"))
    train, test = found[found["part"] == "train"], found[found["part"] == "test"]
    assert (len(train), len(test)) == (32_561, 16_281)
    assert (train["income"].mean(), test["income"].mean()) == pytest.approx((0.2408, 0.2362), abs=5e-5)
    assert (train["never_married"].mean(), test["never_married"].mean()) == pytest.approx((0.3281, 0.3338), abs=5e-5)
    assert train["sex"].value_counts().to_dict() == {"Male": 21_790, "Female": 10_771}
    assert train["workclass"].isna().sum() == 1836
    assert found["row"].tolist() == list(range(1, 48_843))


def same_as_pandas(found: pd.DataFrame, raw: Path) -> None:
    expected = pd.concat([pandas_reads(raw / "adult.data", 0), pandas_reads(raw / "adult.test", 1)], ignore_index=True)
    for name in named(AdultConfig().layout()):
        left, right = found[name], expected[name]
        assert left.isna().tolist() == right.isna().tolist(), name
        assert left[left.notna()].tolist() == right[right.notna()].tolist(), name


@pytest.mark.realdata
def test_every_value_of_the_published_files_is_as_pandas_reads_it(real_data: Any) -> None:
    same_as_pandas(read(real_data("adult")), real_data("adult"))


def test_the_sample_files() -> None:
    found = read(folder() / "adult")
    assert found["part"].value_counts().to_dict() == {"train": 2000, "test": 1000}
    same_as_pandas(found, folder() / "adult")


def test_a_label_is_no_feature() -> None:
    layout = AdultConfig().layout()
    assert not {"income", "marital-status", "never_married"} & {*layout.categorical, *layout.numbers}
    assert len(layout.categorical) == 7
    assert len(layout.numbers) == 6
    assert layout.ready_made


@pytest.mark.parametrize("ends", [b"\n", b"\r\n"])
@pytest.mark.parametrize("tail", [b"", b"\n", b"\n\n"])
def test_line_ends_and_empty_lines_do_not_matter(tmp_path: Path, ends: bytes, tail: bytes) -> None:
    train, test = LINE + OTHER + tail, REMARK + LINE + tail
    found = read(files(tmp_path, train.replace(b"\n", ends), test.replace(b"\n", ends)))
    assert found["part"].tolist() == ["train", "train", "test"]
    assert found["income"].tolist() == [0, 1, 0]
    assert found["never_married"].tolist() == [1, 0, 1]
    assert found["native-country"].isna().tolist() == [False, True, False]
    assert found["age"].tolist() == [39.0] * 3


def test_a_test_file_without_its_remark_loses_no_row(tmp_path: Path) -> None:
    found = read(files(tmp_path, test=LINE + OTHER))
    assert found["part"].value_counts().to_dict() == {"train": 2, "test": 2}


@pytest.mark.parametrize("domain", ["sex", "workclass", "race"])
def test_a_missing_domain_is_one_of_its_own(tmp_path: Path, domain: str) -> None:
    train = LINE + LINE.replace(b"Male", b"?").replace(b"Private", b"?").replace(b"White", b"?")
    found = read(files(tmp_path, train), domain=domain)
    assert AdultConfig(domain=domain).layout().domain == domain
    assert found[domain].tolist()[1] == "?"
    others = [name for name in ("sex", "workclass", "race") if name != domain]
    assert found[others].iloc[1].isna().all()


def test_a_missing_marital_status_is_no_label(tmp_path: Path) -> None:
    found = read(files(tmp_path, LINE.replace(b"Never-married", b"?")))
    assert found["never_married"].isna().tolist() == [True, False]


@pytest.mark.parametrize(
    ("good", "bad", "problem"),
    [
        (b"39,", b"thirty,", "line 3, column age: 'thirty' is not a number"),
        (b" 40,", b" forty,", "line 3, column hours-per-week: 'forty' is not a number"),
        (b" 40,", b" 1e400,", "line 3, column hours-per-week: '1e400' is not a number"),
        (b", <=50K", b"", "line 3 has 14 columns, expected 15"),
        (b"<=50K", b"<=50K, x", "line 3 has 16 columns, expected 15"),
        (b"<=50K", b"50000", "line 3, column income: '50000' is neither '<=50K' nor '>50K'"),
        (b"<=50K", b"<=50k", "line 3, column income: '<=50k' is neither"),
        (b" Bachelors", b'"Bachelors', "line 3 holds a quote that does not end"),
        (b"White", b"Whi\0te", "line 3, column race: 'Whi\\x00te' holds a NUL byte"),
        (b"White", b"Wei\xdf", "line 3 is not UTF-8 text"),
        (b" White,", b" White\n,", "line 3 has 9 columns, expected 15"),
    ],
)
@pytest.mark.parametrize("name", ["adult.data", "adult.test"])
def test_a_broken_line_is_named(tmp_path: Path, name: str, good: bytes, bad: bytes, problem: str) -> None:
    assert good in LINE
    content = (REMARK if name == "adult.test" else LINE) + OTHER + LINE.replace(good, bad, 1) + OTHER
    (files(tmp_path) / name).write_bytes(content)
    with pytest.raises(DataError) as caught:
        read(tmp_path)
    assert f"{tmp_path / name}: {problem}" in caught.value.message


@pytest.mark.parametrize("income", [b"", b"?"])
def test_an_income_that_is_missing_is_refused(tmp_path: Path, income: bytes) -> None:
    with pytest.raises(DataError, match=r"adult.data: line 2, column income"):
        read(files(tmp_path, LINE + LINE.replace(b"<=50K", income)))


def test_files_that_are_not_there_are_missing(tmp_path: Path) -> None:
    files(tmp_path)
    for name in ("adult.test", "adult.data"):
        (tmp_path / name).unlink()
        with pytest.raises(MissingError, match=rf"{name} is not there"):
            read(tmp_path)


def test_a_file_with_a_header_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"adult.data: line 1, column age: 'age' is not a number"):
        read(files(tmp_path, ",".join(COLUMNS).encode() + b"\n" + LINE))
