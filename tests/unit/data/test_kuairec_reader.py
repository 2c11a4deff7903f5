"""KuaiRec: views with their users and videos, labels worked out by hand, and lines that are not in the format."""

from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from recmtl.data.datasets.kuairec import USERS, KuairecConfig
from recmtl.data.policies import SplitConfig
from recmtl.data.split import build_split
from recmtl.errors import DataError, MissingError
from recmtl.schema import Schema

HEADER = "user_id,video_id,play_duration,video_duration,time,date,timestamp,watch_ratio\n"
# made up; the last view is of a pair that the small matrix has too
BIG = HEADER + (
    "0,3,13838,10867,2020-07-05 00:08:23.438,20200705,1593878903.438,1.273397\n"
    "0,4,9999,10000,2020-07-05 00:13:41.297,20200705,1593879221.297,0.9999\n"
    "1,3,20000,10000,2020-07-05 00:16:06.687,20200705,1593879366.687,2.0\n"
    "1,5,10000,10000,2020-07-05 00:20:26.792,20200705,1593879626.792,1.0\n"
    "2,5,730000,10000,2020-07-06 02:01:00.001,20200706,1593972060.001,73.0\n"
    "2,4,0,10000,2020-07-06 02:02:00.001,20200706,1593972120.001,0.0\n"
    "1,4,21000,10000,2020-07-06 02:03:00.001,20200706,1593972180.001,2.1\n"
)
SMALL = HEADER + ("1,4,4381,6067,2020-07-05 05:27:48.378,20200705.0,1593898068.378,0.722103\n0,5,21000,10000,,,,2.1\n")
VIDEOS = 'video_id,feat\n3,[8]\n4,"[27, 9]"\n5,[]\n'


def person(user: str, degree: str, **changes: str) -> str:
    answers = dict.fromkeys(USERS, "0") | {
        "user_id": user, "user_active_degree": degree, "follow_user_num": "5", "follow_user_num_range": '"(0,10]"',
        "register_days": "107", "onehot_feat4": "",
    } | changes  # fmt: skip
    return ",".join(answers.values()) + "\n"


PEOPLE = (
    ",".join(USERS)
    + "\n"
    + person("0", "high_active")
    + person("1", "full_active", follow_user_num="386")
    + person("2", "UNKNOWN", register_days="")
)


def files(raw: Path, big: str = BIG, small: str = SMALL, users: str = PEOPLE, videos: str = VIDEOS) -> Path:
    for name, text in {
        "big_matrix": big,
        "small_matrix": small,
        "user_features": users,
        "item_categories": videos,
    }.items():
        (raw / f"{name}.csv").write_text(text)
    return raw


def read(raw: Path, threads: int = 2, **options: Any) -> pd.DataFrame:
    with duckdb.connect(config={"threads": threads}) as connection:
        query = KuairecConfig(**options).read(raw, connection)
        return connection.execute(f"SELECT * FROM ({query}) ORDER BY row").df()


def split(raw: Path, out: Path, policy: dict[str, Any], **options: Any) -> Schema:
    out.mkdir()
    kind = SplitConfig.kinds[policy.pop("name")]
    return build_split(KuairecConfig(**options), kind.model_validate(policy), raw, out)


def test_the_labels_of_the_big_matrix(tmp_path: Path) -> None:
    found = read(files(tmp_path), matrix="big")
    assert found["finished"].tolist() == [1, 0, 1, 1, 1, 0, 1]
    assert found["liked"].tolist() == [0, 0, 0, 0, 1, 0, 1]
    assert found["row"].tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert "part" not in found and not KuairecConfig(matrix="big").layout().ready_made


@pytest.mark.parametrize(("label", "values"), [("finished", [1, 0, 1, 1, 1, 0, 1]), ("liked", [0, 0, 0, 0, 1, 0, 1])])
def test_one_of_the_two_tasks_alone(tmp_path: Path, label: Any, values: list[int]) -> None:
    found, layout = read(files(tmp_path), labels=label, matrix="big"), KuairecConfig(labels=label).layout()
    assert found[label].tolist() == values and len({"finished", "liked"} & set(found.columns)) == 1
    assert [(task.name, task.kind) for task in layout.tasks] == [(label, "binary")]


def test_a_pair_to_test_on_is_not_trained_on(tmp_path: Path) -> None:
    found = read(files(tmp_path))
    assert found["part"].tolist() == ["train"] * 6 + ["test"] * 2
    assert found["row"].tolist() == [1, 2, 3, 4, 5, 6, 8, 9]
    pairs = {part: set(zip(rows["user_id"], rows["video_id"], strict=True)) for part, rows in found.groupby("part")}
    assert pairs["test"] == {("1", "4"), ("0", "5")} and not pairs["train"] & pairs["test"]
    assert found["liked"].tolist()[-2:] == [0, 1]


def test_days_are_written_one_way_and_a_view_may_have_no_time(tmp_path: Path) -> None:
    found = read(files(tmp_path), matrix="small")
    assert found["date"].tolist()[0] == "20200705" and pd.isna(found["date"][1])
    assert found["timestamp"][0] == "1593898068.378" and pd.isna(found["timestamp"][1])
    assert read(files(tmp_path), matrix="big")["date"].tolist()[4:] == ["20200706"] * 3


def test_the_watch_ratio_itself_ends_at_5(tmp_path: Path) -> None:
    found, layout = (
        read(files(tmp_path), labels="watch_ratio", matrix="big"),
        KuairecConfig(labels="watch_ratio").layout(),
    )
    assert found["watch_ratio"].tolist() == [1.273397, 0.9999, 2.0, 1.0, 5.0, 0.0, 2.1]
    assert [(task.name, task.kind, task.bounds) for task in layout.tasks] == [("watch_ratio", "regression", (0, 5))]


def test_the_features_of_users_and_videos(tmp_path: Path) -> None:
    found = read(files(tmp_path), matrix="big")
    assert found["feat"].map(list).tolist() == [["8"], ["27", "9"], ["8"], [], [], ["27", "9"], ["27", "9"]]
    assert found["user_active_degree"].tolist() == ["high_active"] * 2 + ["full_active"] * 2 + ["UNKNOWN"] * 2 + [
        "full_active"
    ]
    assert found["follow_user_num"].tolist() == [5, 5, 386, 386, 5, 5, 386]
    assert found["follow_user_num_range"].unique().tolist() == ["(0,10]"]
    assert found["register_days"].isna().tolist() == [False] * 4 + [True] * 2 + [False]
    assert found["onehot_feat4"].isna().all()


def test_nothing_of_the_outcome_is_a_feature(tmp_path: Path) -> None:
    layout = KuairecConfig().layout()
    features = {*layout.categorical, *layout.numbers, *layout.sequences}
    assert not features & {"play_duration", "watch_ratio", "time", "timestamp"}
    assert (len(layout.categorical), len(layout.numbers), len(layout.sequences)) == (29, 5, 1)
    assert set(read(files(tmp_path)).columns) == {*features, "timestamp", "row", "part", "finished", "liked"}


def test_the_split_tests_on_the_small_matrix(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    raw = files(tmp_path / "raw", big=BIG + BIG.removeprefix(HEADER) * 9)
    schema = split(raw, tmp_path / "split", {"name": "files", "valid_share": 0.2})
    assert schema.task_names == ("finished", "liked") and schema.domains == ("kuairec",)
    tested = duckdb.sql(f'SELECT "key:user", "label:liked" FROM \'{tmp_path}/split/test/**/*.parquet\' ORDER BY row')
    assert tested.fetchall() == [("1", 0.0), ("0", 1.0)]


def test_the_degrees_of_activity_are_domains(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    raw = files(tmp_path / "raw", big=BIG + BIG.removeprefix(HEADER) * 9)
    policy = {"name": "random", "shares": [0.6, 0.2, 0.2]}
    schema = split(raw, tmp_path / "split", policy, matrix="big", domain="user_active_degree")
    assert set(schema.domains) == {"high_active", "full_active", "UNKNOWN"}


def test_the_order_is_the_files_on_any_number_of_threads(tmp_path: Path) -> None:
    raw = files(tmp_path)
    one, four = (read(raw, threads).drop(columns="feat") for threads in (1, 4))
    assert one.equals(four)


@pytest.mark.parametrize("name", ["big_matrix.csv", "small_matrix.csv"])
@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("0,3,1,2,,,,", "column watch_ratio: '' is no watch ratio"),
        ("0,3,1,2,,,,-0.5", "column watch_ratio: '-0.5' is no watch ratio"),
        ("0,3,1,2,,,,much", "column watch_ratio: 'much' is not a number"),
        ("0,3,1,2,,2020-07-05,,1.0", "column date: '2020-07-05' is no day such as 20200705"),
        ("0,3,1,2,,,noon,1.0", "column timestamp: 'noon' is no time in seconds"),
        ("9,3,1,2,,,,1.0", "column user_id: '9' is not in user_features.csv"),
        ("0,9,1,2,,,,1.0", "column video_id: '9' is not in item_categories.csv"),
        (",3,1,2,,,,1.0", "column user_id: '' is not in user_features.csv"),
    ],
)
def test_a_broken_view_is_named(tmp_path: Path, name: str, line: str, problem: str) -> None:
    path = files(tmp_path) / name
    before = len(path.read_text().splitlines())
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(DataError) as caught:
        read(tmp_path)
    assert caught.value.message.startswith(f"{path}: line {before + 1}, {problem}")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"users": PEOPLE + person("1", "UNKNOWN")},
            "user_features.csv: line 5, column user_id: '1' is there a second",
        ),
        ({"users": PEOPLE + person("", "UNKNOWN")}, "user_features.csv: line 5, column user_id: '' is no id"),
        ({"users": PEOPLE + person("3", "x", register_days="long")}, "column register_days: 'long' is not a number"),
        ({"videos": VIDEOS + "6,8\n"}, "item_categories.csv: line 5, column feat: '8' is no list of categories"),
        ({"videos": VIDEOS + '6,"[8, x]"\n'}, "item_categories.csv: line 5, column feat: '[8, x]' is no list"),
        ({"videos": VIDEOS + "3,[8]\n"}, "item_categories.csv: line 5, column video_id: '3' is there a second time"),
        ({"big": BIG.replace("watch_ratio", "ratio")}, "big_matrix.csv: line 1 names no column 'watch_ratio'"),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, changes: dict[str, str], problem: str) -> None:
    with pytest.raises(DataError) as caught:
        read(files(tmp_path, **changes))
    assert problem in caught.value.message


def test_only_the_matrix_that_is_read_must_be_there(tmp_path: Path) -> None:
    (files(tmp_path) / "small_matrix.csv").unlink()
    assert len(read(tmp_path, matrix="big")) == 7
    with pytest.raises(MissingError, match=r"small_matrix\.csv is not there"):
        read(tmp_path)
