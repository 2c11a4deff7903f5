"""MovieLens latest-small (Harper and Konstan 2015, doi 10.1145/2827872): about 100,000 ratings of 9,700 films by 610
people, half stars among them.

Its publisher renews it from time to time, so no sum is pinned; nothing is known of the people, so there is one domain.
Tasks as in MovieLens 1M: three and a half stars are `liked`, four and a half `loved`.
"""

from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, Literal

from duckdb import DuckDBPyConnection

from recmtl.data.datasets.base import DatasetConfig, SourceFile
from recmtl.data.datasets.movielens_stars import (
    ADDRESS,
    GENRES,
    LABELS,
    LICENCE,
    Labels,
    require_ratings,
    star_tasks,
    with_described,
)
from recmtl.data.delimited import ColumnType, read_delimited
from recmtl.data.layout import Layout
from recmtl.data.references import require_unique

RATINGS: dict[str, ColumnType] = {"userId": "text", "movieId": "text", "rating": "number", "timestamp": "text"}
MOVIES: dict[str, ColumnType] = dict.fromkeys(("movieId", "title", "genres"), "text")
NO_GENRES = "(no genres listed)"
STARS = tuple(f"{halves / 2:.1f}" for halves in range(1, 11))


class MovielensLatestSmallConfig(DatasetConfig):
    """MovieLens latest-small."""

    name: Literal["movielens_latest_small"] = "movielens_latest_small"
    labels: Labels = "liked_loved"
    """Two binary tasks, or one of them, or the stars as a regression."""

    licence: ClassVar[str] = LICENCE
    archive: ClassVar[SourceFile | None] = SourceFile(
        "ml-latest-small.zip", ADDRESS + "ml-latest-small.zip", max_bytes=64 * 2**20
    )
    files: ClassVar[Sequence[SourceFile]] = (SourceFile("ratings.csv"), SourceFile("movies.csv"))

    def layout(self) -> Layout:
        """The two ids and the genres."""
        return Layout(
            tasks=star_tasks(self.labels, 0.5),
            categorical=("userId", "movieId"),
            sequences=("genres",),
            keys=MappingProxyType({"user": "userId", "item": "movieId", "time": "timestamp"}),
        )

    def read(self, raw: Path, connection: DuckDBPyConnection) -> str:
        """The ratings in their order, each with its film."""
        movies = read_delimited(connection, raw / "movies.csv", MOVIES, header=True, missing=("", NO_GENRES))
        require_unique(connection, movies, "movieId")
        ratings = read_delimited(connection, raw / "ratings.csv", RATINGS, header=True)
        require_ratings(connection, ratings, STARS, "is no rating of 0.5 to 5.0 stars in half stars")
        return f"""
            SELECT place AS row, userId, movieId, {GENRES}, timestamp, {LABELS[self.labels]}
            FROM {with_described(connection, ratings, {"movieId": movies})}"""
