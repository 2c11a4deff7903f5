"""Ali-CCP: the joined files as torch-rechub writes them, purchases without a click, and lines not in the format."""

import shutil
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from recmtl.data.datasets.ali_ccp import AliCcpConfig
from recmtl.data.policies import SplitConfig
from recmtl.data.split import build_split
from recmtl.errors import DataError, MissingError

NAMES = {"train": "ali_ccp_train.csv", "valid": "ali_ccp_val.csv", "test": "ali_ccp_test.csv"}
# made up, in the published order
ROW = {
    "click": "0", "purchase": "0", "101": "7", "121": "1", "122": "2", "124": "3", "125": "1", "126": "0", "127": "1",
    "128": "1", "129": "1", "205": "4", "206": "5", "207": "6", "210": "8", "216": "0", "508": "9", "509": "0",
    "702": "1", "853": "0", "301": "2", "109_14": "3", "110_14": "1", "127_14": "1", "150_14": "1",
    "D109_14": "0.5", "D110_14": "0.25", "D127_14": "0.125", "D150_14": "0.0", "D508": "0.0625", "D509": "0",
    "D702": "1.0", "D853": "0.75",
}  # fmt: skip
HEADER = ",".join(ROW) + "\n"


def line(**changes: str) -> str:
    """Fields are given with an underscore before them: no name begins with a digit."""
    return ",".join({**ROW, **{name.removeprefix("_"): text for name, text in changes.items()}}.values()) + "\n"


CLICK, BUY, ODD = line(click="1"), line(click="1", purchase="1"), line(purchase="1")


def files(raw: Path, train: str = line() + CLICK, valid: str = line() + BUY, test: str = line() + CLICK) -> Path:
    for name, text in zip(NAMES.values(), (train, valid, test), strict=True):
        (raw / name).write_text(HEADER + text)
    return raw


def read(raw: Path, **options: Any) -> pd.DataFrame:
    with duckdb.connect() as connection:
        query = AliCcpConfig(**options).read(raw, connection)
        return connection.execute(f"SELECT * FROM ({query}) ORDER BY row").df()


def published(folder: Path, raw: Path) -> Path:
    for part, name in NAMES.items():
        sample = f"ali_ccp_{'val' if part == 'valid' else part}_sample.csv"
        shutil.copyfile(folder / "ali-ccp" / sample, raw / name)
    return raw


def features() -> set[str]:
    layout = AliCcpConfig().layout()
    return {*layout.categorical, *layout.numbers}


@pytest.mark.realdata
def test_every_value_of_published_rows_is_as_pandas_reads_it(real_data: Any, tmp_path: Path) -> None:
    raw = published(real_data("samples"), tmp_path)
    found = read(raw)
    categories = dict.fromkeys(AliCcpConfig().layout().categorical, str)
    expected = pd.concat([pd.read_csv(raw / name, dtype=categories) for name in NAMES.values()], ignore_index=True)
    assert found["part"].tolist() == ["train"] * 100 + ["valid"] * 50 + ["test"] * 50
    assert (found["click"].mean(), found["purchase"].mean()) == (0.06, 0.015)
    for name in (*features(), "click", "purchase"):
        assert found[name].tolist() == expected[name].tolist(), name


@pytest.mark.realdata
def test_published_rows_become_a_split_with_parts_of_its_own(real_data: Any, tmp_path: Path) -> None:
    raw, out = tmp_path / "raw", tmp_path / "split"
    raw.mkdir()
    out.mkdir()
    published(real_data("samples"), raw)
    schema = build_split(AliCcpConfig(), SplitConfig.kinds["files"].model_validate({}), raw, out)
    assert schema.domains == ("1",) and schema.task_names == ("click", "purchase")
    rows = {part: duckdb.sql(f"SELECT count(*) FROM '{out}/{part}/*/*.parquet'").fetchall()[0][0] for part in NAMES}
    assert rows == {"train": 100, "valid": 50, "test": 50}


def test_the_values_of_a_row(tmp_path: Path) -> None:
    first = read(files(tmp_path)).iloc[0]
    assert features() == set(ROW) - {"click", "purchase"}
    for name in AliCcpConfig().layout().categorical:
        assert first[name] == ROW[name]
    for name in AliCcpConfig().layout().numbers:
        assert first[name] == float(ROW[name])
    assert (first["part"], first["row"], first["user"], first["item"]) == ("train", 1, "7", "4")


def test_the_code_of_rare_values_is_a_category_but_no_user_and_no_item(tmp_path: Path) -> None:
    found = read(files(tmp_path, line(_101="0") + line(_205="0"))).iloc[:2]
    assert found["user"].isna().tolist() == [True, False] and found["item"].isna().tolist() == [False, True]
    assert found["101"].tolist() == ["0", "7"] and found["205"].tolist() == ["4", "0"]


@pytest.mark.parametrize(("drop", "rows"), [(True, [1, 3, 5, 7]), (False, [1, 2, 3, 4, 5, 6, 7])])
def test_a_purchase_without_a_click_goes_in_every_part_unless_it_is_wanted(
    tmp_path: Path, drop: bool, rows: list[int]
) -> None:
    found = read(files(tmp_path, CLICK + ODD, BUY + ODD, line() + ODD + BUY), drop_inconsistent=drop)
    assert found["row"].tolist() == rows  # counted over the files, with those that are left out
    labels = {1: (1, 0), 2: (0, 1), 3: (1, 1), 4: (0, 1), 5: (0, 0), 6: (0, 1), 7: (1, 1)}
    assert list(zip(found["click"], found["purchase"], strict=True)) == [labels[row] for row in rows]


def test_columns_may_come_in_any_order_and_with_others(tmp_path: Path) -> None:
    files(tmp_path)
    path = tmp_path / NAMES["valid"]
    frame = pd.read_csv(path, dtype=str)
    frame[sorted(frame.columns)].assign(extra="x").to_csv(path, index=False)
    found = read(tmp_path)
    other = read(files(tmp_path))
    pd.testing.assert_frame_equal(found[other.columns], other)


@pytest.mark.parametrize(("domain", "names"), [(None, {"ali_ccp"}), ("301", {"1", "2", "3"})])
def test_the_scenario_is_the_domain(tmp_path: Path, domain: Any, names: set[str]) -> None:
    raw, out = tmp_path / "raw", tmp_path / "split"
    raw.mkdir()
    out.mkdir()
    lines = [line(_301=s, click=c, purchase=p) for s in "123" for c, p in ("00", "10", "11")]
    files(raw, *["".join(lines)] * 3)
    schema = build_split(AliCcpConfig(domain=domain), SplitConfig.kinds["files"].model_validate({}), raw, out)
    assert set(schema.domains) == names
    assert "301" in {feature.name for feature in schema.features}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"click": "2"}, "column click: '2' is neither 0 nor 1"),
        ({"purchase": ""}, "column purchase: '' is neither 0 nor 1"),
        ({"D508": "much"}, "column D508: 'much' is not a number"),
        ({"D853": "nan"}, "column D853: 'nan' is not a number"),
        ({"_301": ""}, "column 301: '' is no scenario"),
    ],
)
@pytest.mark.parametrize("part", NAMES)
def test_a_broken_line_is_named(tmp_path: Path, part: str, changes: dict[str, str], problem: str) -> None:
    path = files(tmp_path) / NAMES[part]
    path.write_text(HEADER + CLICK + line(**changes) + BUY)
    with pytest.raises(DataError) as caught:
        read(tmp_path)
    assert caught.value.message.startswith(f"{path}: line 3, {problem}")


def test_without_domains_a_missing_scenario_is_a_missing_value(tmp_path: Path) -> None:
    assert read(files(tmp_path, line(_301="")), domain=None)["301"].isna().tolist()[0]


def test_a_line_with_a_value_too_few_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"ali_ccp_test\.csv: line 3 has 32 columns, expected 33"):
        read(files(tmp_path, test=line() + line().replace(",0.75", "")))


def test_the_published_fields_alone_are_not_enough(tmp_path: Path) -> None:
    files(tmp_path)
    (tmp_path / NAMES["train"]).write_text(HEADER.replace(",109_14", ""))
    with pytest.raises(DataError, match=r"ali_ccp_train\.csv: line 1 names no column '109_14'"):
        read(tmp_path)


@pytest.mark.parametrize("name", NAMES.values())
def test_a_file_that_is_not_there_is_missing(tmp_path: Path, name: str) -> None:
    (files(tmp_path) / name).unlink()
    with pytest.raises(MissingError, match=rf"{name} is not there"):
        read(tmp_path)
