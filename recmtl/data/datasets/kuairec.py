"""KuaiRec 2.0 (Gao et al., CIKM 2022, doi 10.1145/3511808.3557220; kuairec.com): views of short videos on Kuaishou.

The big matrix has 12,530,806 views by 7,176 users; the small one 4,676,570, nearly every pair of 1,411 of these users
and 3,327 videos, made to evaluate on: train on the big and test on the small one.

Labels, from `watch_ratio` (time played / length of the video): `finished` is `watch_ratio >= 1`, the documentation's
"complete play" (play_duration >= video_duration); `liked` is `watch_ratio > 2`, the rule its README gives for data
without a like button. Or `watch_ratio` itself, as a regression; what is above 5 counts as 5, since a few loops of
hundreds of plays would outweigh all else.

The time played is no feature: with the video's length it is the label. `item_daily_features.csv` is left out: its
counts of plays and likes are of the whole day, the row's own view and those after it among them.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, Literal

from duckdb import DuckDBPyConnection

from recmtl.data.datasets.base import DatasetConfig, SourceFile
from recmtl.data.delimited import ColumnType, Delimited, read_delimited
from recmtl.data.layout import Layout
from recmtl.data.references import require_known, require_unique
from recmtl.schema import Task

VIEWS: dict[str, ColumnType] = {
    "user_id": "text", "video_id": "text", "video_duration": "number", "date": "text", "timestamp": "text",
    "watch_ratio": "number",
}  # fmt: skip
USER_NUMBERS = ("follow_user_num", "fans_user_num", "friend_user_num", "register_days")
USER_CATEGORIES = (
    "user_active_degree", "is_lowactive_period", "is_live_streamer", "is_video_author",
    *(f"{name}_range" for name in USER_NUMBERS), *(f"onehot_feat{i}" for i in range(18)),
)  # fmt: skip
USERS: dict[str, ColumnType] = {
    "user_id": "text", **dict.fromkeys(USER_CATEGORIES, "text"), **dict.fromkeys(USER_NUMBERS, "number"),
}  # fmt: skip
VIDEOS: dict[str, ColumnType] = {"video_id": "text", "feat": "text"}
MOST = 5.0
"""The greatest label of the regression."""
_FINISHED, _LIKED = "CAST(watch_ratio >= 1 AS DOUBLE) AS finished", "CAST(watch_ratio > 2 AS DOUBLE) AS liked"
LABELS: Mapping[str, str] = {
    "finished_liked": f"{_FINISHED}, {_LIKED}",
    "finished": _FINISHED,
    "liked": _LIKED,
    "watch_ratio": f"least(watch_ratio, {MOST!r}) AS watch_ratio",
}
TAGS = "list_filter(list_transform(string_split(trim(feat, '[]'), ','), lambda tag: trim(tag)), lambda tag: tag <> '')"
GIB = 2**30


class KuairecConfig(DatasetConfig):
    """KuaiRec 2.0: one row a view of a video."""

    name: Literal["kuairec"] = "kuairec"
    matrix: Literal["both", "big", "small"] = "both"
    """Whose views: the big matrix's to train and the small one's to test (the split policy `files`); or one's alone."""
    labels: Literal["finished_liked", "finished", "liked", "watch_ratio"] = "finished_liked"
    """Two binary tasks, or one of them, or the watch ratio up to 5 as a regression."""
    domain: Literal["user_active_degree"] | None = None
    """What tells the domains apart; none: one domain."""

    licence: ClassVar[str] = "CC BY-SA 4.0"
    archive: ClassVar[SourceFile | None] = SourceFile(
        "KuaiRec.zip", "https://zenodo.org/records/18164998/files/KuaiRec.zip", max_bytes=2 * GIB
    )
    files: ClassVar[Sequence[SourceFile]] = tuple(
        SourceFile(name, max_bytes=4 * GIB)
        for name in ("big_matrix.csv", "small_matrix.csv", "user_features.csv", "item_categories.csv")
    )

    def layout(self) -> Layout:
        """The user's features, the video's id, length and categories, and the day."""
        tasks = tuple(Task(name=name, kind="binary") for name in self.labels.split("_"))
        ratio = (Task(name="watch_ratio", kind="regression", bounds=(0.0, MOST)),)
        return Layout(
            tasks=ratio if self.labels == "watch_ratio" else tasks,
            categorical=("user_id", "video_id", "date", *USER_CATEGORIES),
            numbers=("video_duration", *USER_NUMBERS),
            sequences=("feat",),
            domain=self.domain,
            keys=MappingProxyType({"user": "user_id", "item": "video_id", "time": "timestamp"}),
            ready_made=self.matrix == "both",
        )

    def read(self, raw: Path, connection: DuckDBPyConnection) -> str:
        """The views in their order, each with its user and its video; a pair to test on is never trained on."""
        users, videos = _users(connection, raw), _videos(connection, raw)
        parts = {"both": ("big", "small"), "big": ("big",), "small": ("small",)}[self.matrix]
        views = [_views(connection, raw / f"{part}_matrix.csv", users, videos) for part in parts]
        rows = " UNION ALL ".join(f"SELECT {i} AS file, * FROM ({lines.query})" for i, lines in enumerate(views))
        tested = f"""WHERE file = 1 OR NOT EXISTS (SELECT 1 FROM {views[-1].table} AS tested
            WHERE tested.user_id = views.user_id AND tested.video_id = views.video_id)"""
        both = self.matrix == "both"
        return f"""
            SELECT row, user_id, video_id, video_duration, regexp_replace(date, '[.]0$', '') AS date, timestamp,
                users.* EXCLUDE (user_id, place), tags AS feat, {LABELS[self.labels]}
                {", CASE file WHEN 0 THEN 'train' ELSE 'test' END AS part" if both else ""}
            FROM (SELECT row_number() OVER (ORDER BY file, place) AS row, * EXCLUDE (place) FROM ({rows})) AS views
            JOIN ({users.query}) AS users USING (user_id)
            JOIN (SELECT video_id, {TAGS} AS tags FROM ({videos.query})) USING (video_id)
            {tested if both else ""}"""


def _views(connection: DuckDBPyConnection, path: Path, users: Delimited, videos: Delimited) -> Delimited:
    """The small matrix has views without a time, and days such as 20200705.0."""
    views = read_delimited(connection, path, VIEWS, header=True)
    views.require(connection, "watch_ratio", "CAST(watch_ratio AS DOUBLE) >= 0", "is no watch ratio")
    day = "date IS NULL OR regexp_full_match(date, '[0-9]{8}([.]0)?')"
    views.require(connection, "date", day, "is no day such as 20200705")
    moment = "timestamp IS NULL OR TRY_CAST(timestamp AS DOUBLE) >= 0"
    views.require(connection, "timestamp", moment, "is no time in seconds")
    require_known(connection, views, "user_id", users)
    require_known(connection, views, "video_id", videos)
    return views


def _users(connection: DuckDBPyConnection, raw: Path) -> Delimited:
    users = read_delimited(connection, raw / "user_features.csv", USERS, header=True)
    require_unique(connection, users, "user_id")
    return users


def _videos(connection: DuckDBPyConnection, raw: Path) -> Delimited:
    videos = read_delimited(connection, raw / "item_categories.csv", VIDEOS, header=True)
    require_unique(connection, videos, "video_id")
    tags = r"regexp_full_match(feat, '\[( *[0-9]+ *(, *[0-9]+ *)*)?\]')"
    videos.require(connection, "feat", tags, "is no list of categories such as [27, 9]")
    return videos
