"""KuaiRand (Gao et al., CIKM 2022, doi 10.1145/3511808.3557624; kuairand.com): impressions of videos in 15 tabs of the
Kuaishou app, April and May 2022. Pure has those of 7,583 videos (1,436,609 rows), 1K all of 1,000 users (11,713,045).

Tasks are feedback columns as the log has them, by default the pair of M3oE (Zhang et al., arXiv 2404.18465): `click`
(`is_click`; in the single-column interface it means a play of more than 7 seconds, or of the whole of a shorter video)
and `long_view` (at least 18 seconds, or the whole of a shorter video). Domains are the tabs; those kept by default are
Scenario-Wise-Rec's five.

No feature says what became of an impression: play and stay times and the other feedback are left out, and so are
`video_features_statistic` (means over the whole month, the row's own play among them) and `visible_status` (as of when
the data were published).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal

from duckdb import DuckDBPyConnection
from pydantic import Field, field_validator

from recmtl.data.datasets.base import DatasetConfig, SourceFile
from recmtl.data.datasets.kuairec import USER_CATEGORIES, USER_NUMBERS, USERS
from recmtl.data.delimited import ColumnType, Delimited, read_delimited
from recmtl.data.layout import Layout
from recmtl.data.references import require_known, require_unique
from recmtl.data.sql import quote_text
from recmtl.schema import Task

Feedback = Literal["click", "long_view", "like", "follow", "comment", "forward", "hate", "profile_enter"]
Tab = Annotated[int, Field(ge=0, le=14)]
KEYS: dict[str, ColumnType] = dict.fromkeys(("user_id", "video_id", "time_ms", "tab"), "text")
VIDEO_NUMBERS = ("video_duration", "server_width", "server_height")
VIDEO_CATEGORIES = ("author_id", "video_type", "upload_dt", "upload_type", "music_id", "music_type")
VIDEOS: dict[str, ColumnType] = {
    **dict.fromkeys(("video_id", *VIDEO_CATEGORIES, "tag"), "text"), **dict.fromkeys(VIDEO_NUMBERS, "number"),
}  # fmt: skip
TAGS = "list_filter(string_split(coalesce(videos.tag, ''), ','), lambda one: one <> '')"
ADDRESS = "https://zenodo.org/records/10439422/files/"
GIB = 2**30


def _files(version: str) -> tuple[SourceFile, ...]:
    names = (
        "log_standard_4_08_to_4_21", "log_standard_4_22_to_5_08", "log_random_4_22_to_5_08", "user_features",
        "video_features_basic",
    )  # fmt: skip
    return tuple(SourceFile(f"{name}_{version}.csv", max_bytes=2 * GIB) for name in names)


class KuairandConfig(DatasetConfig):
    """KuaiRand-Pure: one row an impression."""

    name: Literal["kuairand"] = "kuairand"
    tasks: tuple[Feedback, ...] = Field(default=("click", "long_view"), min_length=1)
    """Feedback that is predicted."""
    tabs: tuple[Tab, ...] | None = Field(default=(0, 1, 2, 4, 6), min_length=1)
    """Tabs whose impressions are kept; none: all."""
    domain: Literal["tab"] | None = "tab"
    """What tells the domains apart; none: one domain."""
    test: Literal["random_videos"] | None = None
    """Videos that were shown at random as the test part (the split policy `files`); none: the policy takes it out of
    the others."""

    licence: ClassVar[str] = "CC BY-SA 4.0"
    archive: ClassVar[SourceFile | None] = SourceFile(
        "KuaiRand-Pure.tar.gz", ADDRESS + "KuaiRand-Pure.tar.gz", max_bytes=GIB
    )
    files: ClassVar[Sequence[SourceFile]] = _files("pure")

    @field_validator("tasks", "tabs")
    @classmethod
    def _each_once(cls, values: tuple[str | int, ...] | None) -> tuple[str | int, ...] | None:
        twice = [value for value, count in Counter(values or ()).items() if count > 1]
        if twice:
            raise ValueError(f"{twice[0]!r} is there twice")
        return values

    @property
    def feedback(self) -> Mapping[str, str]:
        """Task -> its column of the log."""
        return {task: task if task == "long_view" else f"is_{task}" for task in self.tasks}

    def layout(self) -> Layout:
        """The tab, the user's features and the video's."""
        return Layout(
            tasks=tuple(Task(name=name, kind="binary") for name in self.tasks),
            categorical=("user_id", "video_id", "tab", *USER_CATEGORIES, *VIDEO_CATEGORIES),
            numbers=(*USER_NUMBERS, *VIDEO_NUMBERS),
            sequences=("tag",),
            domain=self.domain,
            keys=MappingProxyType({"user": "user_id", "item": "video_id", "time": "time_ms"}),
            separator=",",
            ready_made=self.test is not None,
        )

    def read(self, raw: Path, connection: DuckDBPyConnection) -> str:
        """The impressions in the logs' order, each with its user and its video."""
        early, late, random, people, films = (raw / file.name for file in self.files)
        users = read_delimited(connection, people, USERS, header=True)
        require_unique(connection, users, "user_id")
        videos = read_delimited(connection, films, VIDEOS, header=True)
        require_unique(connection, videos, "video_id")
        logs = [self._log(connection, path, users, videos) for path in (early, late, random)[: 3 if self.test else 2]]
        rows = " UNION ALL ".join(f"SELECT {i} AS file, * FROM ({log.query})" for i, log in enumerate(logs))
        labels = ", ".join(f"CAST({column} AS DOUBLE) AS {task}" for task, column in self.feedback.items())
        part = ", CASE file WHEN 2 THEN 'test' ELSE 'train' END AS part" if self.test else ""
        kept = f"WHERE tab IN ({', '.join(quote_text(str(tab)) for tab in self.tabs)})" if self.tabs else ""
        return f"""
            SELECT row, user_id, video_id, tab, time_ms, users.* EXCLUDE (user_id, place),
                videos.* EXCLUDE (video_id, place, tag), {TAGS} AS tag, {labels} {part}
            FROM (SELECT row_number() OVER (ORDER BY file, place) AS row, * EXCLUDE (place) FROM ({rows}))
            JOIN ({users.query}) AS users USING (user_id)
            JOIN ({videos.query}) AS videos USING (video_id)
            {kept}"""

    def _log(self, connection: DuckDBPyConnection, path: Path, users: Delimited, videos: Delimited) -> Delimited:
        columns: dict[str, ColumnType] = {**KEYS, **dict.fromkeys(self.feedback.values(), "text")}
        log = read_delimited(connection, path, columns, header=True)
        for column in self.feedback.values():
            log.require(connection, column, f"{column} IN ('0', '1')", "is neither 0 nor 1")
        log.require(connection, "tab", "regexp_full_match(tab, '[0-9]|1[0-4]')", "is no tab from 0 to 14")
        moment = "regexp_full_match(time_ms, '[0-9]{1,18}')"
        log.require(connection, "time_ms", moment, "is no time in milliseconds")
        require_known(connection, log, "user_id", users)
        require_known(connection, log, "video_id", videos)
        return log


class Kuairand1kConfig(KuairandConfig):
    """KuaiRand-1K: one row an impression."""

    name: Literal["kuairand_1k"] = "kuairand_1k"  # type: ignore[assignment]

    archive: ClassVar[SourceFile | None] = SourceFile(
        "KuaiRand-1K.tar.gz", ADDRESS + "KuaiRand-1K.tar.gz", max_bytes=8 * GIB
    )
    files: ClassVar[Sequence[SourceFile]] = _files("1k")
