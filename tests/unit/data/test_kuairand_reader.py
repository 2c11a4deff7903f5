"""KuaiRand: impressions with their users and videos, tabs as domains, and lines that are not in the format."""

from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from pydantic import ValidationError

from recmtl.data.datasets.base import DatasetConfig
from recmtl.data.datasets.kuairand import Kuairand1kConfig, KuairandConfig
from recmtl.data.datasets.kuairec import USERS
from recmtl.data.policies import SplitConfig
from recmtl.data.split import build_split
from recmtl.errors import DataError, MissingError

# made up, in the published order
SHOWN = {
    "user_id": "3", "video_id": "1071", "date": "20220408", "hourmin": "1600", "time_ms": "1649408076860",
    "is_click": "1", "is_like": "0", "is_follow": "0", "is_comment": "0", "is_forward": "0", "is_hate": "0",
    "long_view": "0", "play_time_ms": "9000", "duration_ms": "87433", "profile_stay_time": "0",
    "comment_stay_time": "0", "is_profile_enter": "0", "is_rand": "0", "tab": "1",
}  # fmt: skip
HEADER = ",".join(SHOWN) + "\n"


def shown(**changes: str) -> str:
    return ",".join({**SHOWN, **changes}.values()) + "\n"


def person(user: str, **changes: str) -> str:
    answers = dict.fromkeys(USERS, "0") | {"follow_user_num_range": '"(0,10]"', "user_id": user} | changes
    return ",".join(answers.values()) + "\n"


EARLY = HEADER + shown() + shown(tab="0", long_view="1", is_like="1") + shown(tab="13", is_click="0")
LATE = HEADER + shown(user_id="5", video_id="8", tab="4", time_ms="1651000000000", is_click="0", is_hate="1")
RANDOM = HEADER + shown(user_id="5", is_rand="1", long_view="1") + shown(tab="9", is_rand="1")
PEOPLE = ",".join(USERS) + "\n" + person("3", register_days="12") + person("5", user_active_degree="full_active")
FILMS = (
    "video_id,author_id,video_type,upload_dt,upload_type,visible_status,video_duration,server_width,server_height,"
    "music_id,music_type,tag\n"
    '1071,123,NORMAL,2022-04-10,LongImport,0.0,87433.0,720.0,1280.0,9155697141,9.0,"12,65"\n'
    "8,456,AD,,Kmovie,3.0,,720.0,1280.0,,,\n"
)


def files(raw: Path, version: str = "pure", **texts: str) -> Path:
    content = {
        "log_standard_4_08_to_4_21": EARLY, "log_standard_4_22_to_5_08": LATE, "log_random_4_22_to_5_08": RANDOM,
        "user_features": PEOPLE, "video_features_basic": FILMS, **texts,
    }  # fmt: skip
    for name, text in content.items():
        (raw / f"{name}_{version}.csv").write_text(text)
    return raw


def read(raw: Path, config: DatasetConfig | None = None) -> pd.DataFrame:
    with duckdb.connect() as connection:
        query = (config or KuairandConfig()).read(raw, connection)
        return connection.execute(f"SELECT * FROM ({query}) ORDER BY row").df()


def test_the_values_of_the_impressions(tmp_path: Path) -> None:
    found = read(files(tmp_path))
    assert found["tab"].tolist() == ["1", "0", "4"] and found["row"].tolist() == [1, 2, 4]
    assert found["click"].tolist() == [1, 1, 0] and found["long_view"].tolist() == [0, 1, 0]
    assert found["tag"].map(list).tolist() == [["12", "65"], ["12", "65"], []]
    assert found["register_days"].tolist() == [12, 12, 0]
    assert found["follow_user_num_range"].unique().tolist() == ["(0,10]"]
    assert found["author_id"].tolist() == ["123", "123", "456"]
    assert found["video_duration"].tolist()[:2] == [87433.0, 87433.0]
    missing = {"upload_dt", "music_id", "music_type", "video_duration"}
    assert {name for name in found if pd.isna(found[name][2]) is True} == missing


def test_no_feature_says_what_became_of_an_impression(tmp_path: Path) -> None:
    layout = KuairandConfig().layout()
    features = {*layout.categorical, *layout.numbers, *layout.sequences}
    assert features & set(SHOWN) == {"user_id", "video_id", "tab"}
    assert "visible_status" not in features and (len(layout.categorical), len(layout.numbers)) == (35, 7)
    assert set(read(files(tmp_path)).columns) == {*features, "time_ms", "row", "click", "long_view"}
    assert dict(layout.keys) == {"user": "user_id", "item": "video_id", "time": "time_ms"}


def test_all_tabs_and_other_feedback(tmp_path: Path) -> None:
    found = read(files(tmp_path), KuairandConfig(tabs=None, tasks=("like", "hate")))
    assert found["tab"].tolist() == ["1", "0", "13", "4"]
    assert found["like"].tolist() == [0, 1, 0, 0] and found["hate"].tolist() == [0, 0, 0, 1]
    assert "click" not in found and "long_view" not in found


def test_videos_shown_at_random_are_the_test_part(tmp_path: Path) -> None:
    config = KuairandConfig(test="random_videos")
    found = read(files(tmp_path), config)
    assert config.layout().ready_made and found["part"].tolist() == ["train"] * 3 + ["test"]
    assert found.iloc[-1][["user_id", "row", "long_view"]].tolist() == ["5", 5, 1]


def test_the_version_of_1000_users_has_files_of_its_own(tmp_path: Path) -> None:
    assert read(files(tmp_path, "1k"), Kuairand1kConfig()).equals(read(files(tmp_path)))
    with pytest.raises(MissingError, match=r"user_features_1k\.csv is not there"):
        (tmp_path / "user_features_1k.csv").unlink()
        read(tmp_path, Kuairand1kConfig())
    assert DatasetConfig.kinds["kuairand_1k"] is Kuairand1kConfig and DatasetConfig.kinds["kuairand"] is KuairandConfig


@pytest.mark.parametrize(("domain", "names"), [("tab", {"0", "1"}), (None, {"kuairand"})])
def test_the_split_has_the_tabs_as_domains(tmp_path: Path, domain: Any, names: set[str]) -> None:
    raw, out = tmp_path / "raw", tmp_path / "split"
    raw.mkdir()
    out.mkdir()
    many = [shown(tab=t, is_click=c, long_view=v) for t in "019" for c in "01" for v in "01" for _ in range(8)]
    files(raw, log_standard_4_08_to_4_21=HEADER + "".join(many), log_standard_4_22_to_5_08=HEADER)
    policy = SplitConfig.kinds["random"].model_validate({"shares": [0.6, 0.2, 0.2]})
    schema = build_split(KuairandConfig(domain=domain, tabs=(0, 1)), policy, raw, out)
    assert set(schema.domains) == names and schema.task_names == ("click", "long_view")


@pytest.mark.parametrize("log", ["log_standard_4_08_to_4_21", "log_standard_4_22_to_5_08", "log_random_4_22_to_5_08"])
@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"is_click": "2"}, "column is_click: '2' is neither 0 nor 1"),
        ({"long_view": ""}, "column long_view: '' is neither 0 nor 1"),
        ({"tab": "15"}, "column tab: '15' is no tab from 0 to 14"),
        ({"time_ms": "1.6e12"}, "column time_ms: '1.6e12' is no time in milliseconds"),
        ({"user_id": "4"}, "column user_id: '4' is not in user_features_pure.csv"),
        ({"video_id": "4"}, "column video_id: '4' is not in video_features_basic_pure.csv"),
    ],
)
def test_a_broken_impression_is_named(tmp_path: Path, log: str, changes: dict[str, str], problem: str) -> None:
    files(tmp_path, **{log: HEADER + shown() + shown(**changes)})
    with pytest.raises(DataError) as caught:
        read(tmp_path, KuairandConfig(test="random_videos"))
    assert caught.value.message.startswith(f"{tmp_path / log}_pure.csv: line 3, {problem}")


@pytest.mark.parametrize(
    ("texts", "problem"),
    [
        (
            {"user_features": PEOPLE + person("5")},
            "user_features_pure.csv: line 4, column user_id: '5' is there a second",
        ),
        (
            {"user_features": PEOPLE + person("6", register_days="x")},
            "line 4, column register_days: 'x' is not a number",
        ),
        (
            {"video_features_basic": FILMS + FILMS.splitlines()[2]},
            "basic_pure.csv: line 4, column video_id: '8' is there",
        ),
        ({"video_features_basic": FILMS.replace(",tag", ",tags")}, "basic_pure.csv: line 1 names no column 'tag'"),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, texts: dict[str, str], problem: str) -> None:
    with pytest.raises(DataError) as caught:
        read(files(tmp_path, **texts))
    assert problem in caught.value.message


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"tasks": ("click", "click")}, "'click' is there twice"),
        ({"tabs": (1, 1)}, "1 is there twice"),
        ({"tabs": (15,)}, "less than or equal to 14"),
        ({"tasks": ()}, "at least 1 item"),
        ({"tabs": ()}, "at least 1 item"),
    ],
)
def test_options_that_mean_nothing_are_refused(options: Any, problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        KuairandConfig(**options)
