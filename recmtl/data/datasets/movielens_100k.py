"""MovieLens 100K (Harper and Konstan 2015, doi 10.1145/2827872): 100,000 ratings of 1,682 films by 943 people.

Tasks as in MovieLens 1M. Domains: the gender, the occupation, or the age in the three groups that are used with 1M,
which knows no more than a person's group; here the age is in years. The genre "unknown" is left out: it is none.
"""

from collections.abc import Mapping, Sequence
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
from recmtl.data.delimited import ColumnType, Delimited, Format, read_delimited
from recmtl.data.layout import Layout
from recmtl.data.references import require_unique
from recmtl.data.sql import quote_name, quote_text

TABS = Format(delimiter="\t", quotes=False, encoding="latin-1")
BARS = Format(delimiter="|", quotes=False, encoding="latin-1")
RATINGS: dict[str, ColumnType] = {"user_id": "text", "movie_id": "text", "rating": "number", "timestamp": "text"}
USERS: dict[str, ColumnType] = dict.fromkeys(("user_id", "age", "gender", "occupation", "zip"), "text")
FLAGS = (
    "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama", "Fantasy",
    "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western",
)  # fmt: skip
MOVIES: dict[str, ColumnType] = dict.fromkeys(("movie_id", "title", "released", "video_released", "url"), "text")
COLUMNS: dict[str, ColumnType] = {**MOVIES, **dict.fromkeys(FLAGS, "text")}
OLDEST = 120


def _age_group(age: int) -> str:
    if age < 25:
        return "under 25"
    return "25 to 34" if age < 35 else "35 and over"


GROUPS: Mapping[str, Mapping[str, str]] = {
    "gender": {"F": "female", "M": "male"},
    "age": {str(age): _age_group(age) for age in range(1, OLDEST + 1)},
    "occupation": {},
}
"""Value of a column -> the name of its domain; an occupation is written out, and is a domain of that name."""


class Movielens100kConfig(DatasetConfig):
    """MovieLens 100K."""

    name: Literal["movielens_100k"] = "movielens_100k"
    labels: Labels = "liked_loved"
    """Two binary tasks, or one of them, or the stars as a regression."""
    domain: Literal["gender", "occupation", "age"] | None = None
    """What tells the domains apart; none: one domain."""

    licence: ClassVar[str] = LICENCE
    archive: ClassVar[SourceFile | None] = SourceFile(
        "ml-100k.zip",
        ADDRESS + "ml-100k.zip",
        sha256="50d2a982c66986937beb9ffb3aa76efe955bf3d5c6b761f4e3a7cd717c6a3229",
        max_bytes=64 * 2**20,
    )
    files: ClassVar[Sequence[SourceFile]] = (SourceFile("u.data"), SourceFile("u.user"), SourceFile("u.item"))

    def layout(self) -> Layout:
        """Six categories, the age in years among them, and the genres."""
        return Layout(
            tasks=star_tasks(self.labels, 1.0),
            categorical=("user_id", "movie_id", "gender", "age", "occupation", "zip"),
            sequences=("genres",),
            domain=self.domain,
            domain_groups=MappingProxyType(GROUPS[self.domain] if self.domain else {}),
            keys=MappingProxyType({"user": "user_id", "item": "movie_id", "time": "timestamp"}),
        )

    def read(self, raw: Path, connection: DuckDBPyConnection) -> str:
        """The ratings in their order, each with its user and its film."""
        users, movies = _users(connection, raw), _movies(connection, raw)
        ratings = read_delimited(connection, raw / "u.data", RATINGS, form=TABS)
        require_ratings(connection, ratings, ("1", "2", "3", "4", "5"), "is no rating of 1 to 5 stars")
        flags = ", ".join(f"CASE {quote_name(name)} WHEN '1' THEN {quote_text(name)} END" for name in FLAGS[1:])
        return f"""
            SELECT row, user_id, movie_id, gender, age, occupation, zip, {GENRES}, timestamp, {LABELS[self.labels]}
            FROM (SELECT *, place AS row, concat_ws('|', {flags}) AS genres
                FROM {with_described(connection, ratings, {"user_id": users, "movie_id": movies})})"""


def _users(connection: DuckDBPyConnection, raw: Path) -> Delimited:
    users = read_delimited(connection, raw / "u.user", USERS, form=BARS)
    require_unique(connection, users, "user_id")
    users.require(connection, "gender", "gender IN ('F', 'M')", "is none of F, M")
    ages = ", ".join(map(quote_text, GROUPS["age"]))
    users.require(connection, "age", f"age IN ({ages})", f"is no age of 1 to {OLDEST} years")
    users.require(connection, "occupation", "occupation IS NOT NULL", "is no occupation")
    return users


def _movies(connection: DuckDBPyConnection, raw: Path) -> Delimited:
    movies = read_delimited(connection, raw / "u.item", COLUMNS, form=BARS)
    require_unique(connection, movies, "movie_id")
    for name in FLAGS:
        movies.require(connection, name, f"{quote_name(name)} IN ('0', '1')", "is neither 0 nor 1")
    return movies
