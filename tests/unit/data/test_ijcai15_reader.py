"""IJCAI-15: actions gathered to days, labels worked out by hand and by pandas, and lines that are not in the format."""

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from recmtl.data.datasets.ijcai15 import Ijcai15Config
from recmtl.data.policies import SplitConfig
from recmtl.data.split import build_split
from recmtl.errors import DataError, MissingError

HEADER = "user_id,item_id,cat_id,seller_id,brand_id,time_stamp,action_type\n"
# made up: user 34 looks at item 323 on two days and buys it on the second
LOG = HEADER + (
    "34,323,833,2882,2661,829,0\n"
    "34,844,1271,2882,,829,3\n"
    "34,323,833,2882,2661,829,0\n"
    "34,323,833,2882,2661,1111,2\n"
    "51,323,833,2882,2661,1111,1\n"
    "34,323,833,2882,2661,1111,0\n"
    "51,844,1271,2882,,0601,0\n"
    "51,844,1271,2882,4,601,2\n"
    "51,844,1271,2882,4,601,3\n"
)
PEOPLE = "user_id,age_range,gender\n34,6,0\n51,,\n76,0,2\n"
HINT = "829 or 1111"


def files(raw: Path, log: str = LOG, people: str = PEOPLE) -> Path:
    (raw / "user_log_format1.csv").write_text(log)
    (raw / "user_info_format1.csv").write_text(people)
    return raw


def read(raw: Path, threads: int = 2) -> pd.DataFrame:
    with duckdb.connect(config={"threads": threads}) as connection:
        query = Ijcai15Config().read(raw, connection)
        return connection.execute(f"SELECT * FROM ({query}) ORDER BY row").df()


def random_log(actions: int) -> pd.DataFrame:
    chance = np.random.default_rng(5)
    items = chance.integers(40, size=actions)
    days = chance.choice(["511", "829", "1111"], size=actions)
    return pd.DataFrame(
        {
            "user_id": chance.choice(["34", "51", "76"], size=actions), "item_id": items, "cat_id": items % 7,
            "seller_id": items % 5, "brand_id": items % 3, "time_stamp": days,
            "action_type": chance.choice(4, p=(0.7, 0.1, 0.1, 0.1), size=actions),
        }
    )  # fmt: skip


def test_a_row_is_a_user_an_item_and_a_day(tmp_path: Path) -> None:
    found = read(files(tmp_path))
    columns = ["row", "user_id", "item_id", "day", "favourite", "purchase"]
    assert found[columns].to_numpy().tolist() == [
        [1, "34", "323", "0829", 0, 0],
        [2, "34", "844", "0829", 1, 0],
        [4, "34", "323", "1111", 0, 1],
        [5, "51", "323", "1111", 0, 0],
        [7, "51", "844", "0601", 1, 1],
    ]


def test_the_features_of_users_and_items(tmp_path: Path) -> None:
    found = read(files(tmp_path))
    assert found["age_range"].tolist() == ["6", "6", "6", "0", "0"]
    assert found["gender"].tolist() == ["0", "0", "0", "2", "2"]
    assert found["merchant_id"].unique().tolist() == ["2882"]
    assert found["cat_id"].tolist() == ["833", "1271", "833", "833", "1271"]
    assert [None if pd.isna(brand) else brand for brand in found["brand_id"]] == ["2661", None, "2661", "2661", "4"]


def test_the_features_are_mmlrec_s_and_no_action_is_among_them(tmp_path: Path) -> None:
    layout = Ijcai15Config().layout()
    assert set(layout.categorical) == {
        "age_range", "gender", "item_id", "cat_id", "brand_id", "user_id", "merchant_id",
    }  # fmt: skip
    assert not layout.numbers and not layout.sequences
    assert set(read(files(tmp_path)).columns) == {*layout.categorical, "day", "row", "favourite", "purchase"}


@pytest.mark.parametrize("threads", [1, 4])
def test_the_labels_are_those_of_pandas(tmp_path: Path, threads: int) -> None:
    log = random_log(2000)
    found = read(files(tmp_path, log=log.to_csv(index=False)), threads)
    log["row"] = range(1, len(log) + 1)
    days = log.groupby(["user_id", "item_id", "time_stamp"])
    expected = days.agg(
        row=("row", "min"),
        favourite=("action_type", lambda actions: float((actions == 3).any())),
        purchase=("action_type", lambda actions: float((actions == 2).any())),
    )
    expected = expected.sort_values("row").reset_index()
    assert 0 < expected["purchase"].mean() < 1 and len(expected) < len(log)
    assert found["item_id"].astype(int).tolist() == expected["item_id"].tolist()
    for name in ("row", "user_id", "favourite", "purchase"):
        assert found[name].tolist() == expected[name].tolist(), name


@pytest.mark.parametrize(
    ("domain", "names"),
    [(None, {"ijcai15"}), ("gender", {"female", "unknown"}), ("age_range", {"40 to 49", "unknown"})],
)
def test_the_split_has_the_domains_that_were_asked_for(tmp_path: Path, domain: Any, names: set[str]) -> None:
    raw, out = tmp_path / "raw", tmp_path / "split"
    raw.mkdir()
    out.mkdir()
    files(raw, log=random_log(2000).to_csv(index=False))
    policy = SplitConfig.kinds["random"].model_validate({"shares": [0.6, 0.2, 0.2]})
    schema = build_split(Ijcai15Config(domain=domain), policy, raw, out)
    assert set(schema.domains) == names and schema.task_names == ("favourite", "purchase")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("34,1,2,3,4,829,4", "line 11, column action_type: '4' is none of 0, 1, 2, 3"),
        ("34,1,2,3,4,829,", "line 11, column action_type: '' is none of"),
        ("34,1,2,3,4,1311,0", f"line 11, column time_stamp: '1311' is no month and day such as {HINT}"),
        ("34,1,2,3,4,832,0", f"line 11, column time_stamp: '832' is no month and day such as {HINT}"),
        ("34,1,2,3,4,2014-08-29,0", "line 11, column time_stamp: '2014-08-29' is no month and day"),
        ("35,1,2,3,4,829,0", "line 11, column user_id: '35' is not in user_info_format1.csv"),
        ("34,,2,3,4,829,0", "line 11, column item_id: '' is no id"),
        ("34,1,2,3,829,0", "line 11 has 6 columns, expected 7"),
    ],
)
def test_a_broken_action_is_named(tmp_path: Path, line: str, problem: str) -> None:
    with pytest.raises(DataError) as caught:
        read(files(tmp_path, log=LOG + line + "\n"))
    assert f"{tmp_path / 'user_log_format1.csv'}: {problem}" in caught.value.message


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("34,6,0", "line 5, column user_id: '34' is there a second time"),
        ("77,9,0", "line 5, column age_range: '9' is none of 0, 1, 2, 3, 4, 5, 6, 7, 8"),
        ("77,6,F", "line 5, column gender: 'F' is none of 0, 1, 2"),
    ],
)
def test_a_broken_person_is_named(tmp_path: Path, line: str, problem: str) -> None:
    with pytest.raises(DataError) as caught:
        read(files(tmp_path, people=PEOPLE + line + "\n"))
    assert f"{tmp_path / 'user_info_format1.csv'}: {problem}" in caught.value.message


@pytest.mark.parametrize("name", ["user_log_format1.csv", "user_info_format1.csv"])
def test_a_file_that_is_not_there_is_missing(tmp_path: Path, name: str) -> None:
    (files(tmp_path) / name).unlink()
    with pytest.raises(MissingError, match=rf"{name} is not there"):
        read(tmp_path)
