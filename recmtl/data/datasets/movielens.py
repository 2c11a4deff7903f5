"""MovieLens 1M (Harper and Konstan 2015, doi 10.1145/2827872): 1,000,209 ratings of 3,706 films by 6,040 people.

Domains: the person's age in the three groups of M3oE (Zhang et al., arXiv 2404.18465) or in the seven that the files
have, the gender or the occupation.
The film's title is no feature: it is the film's id once more.
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
from recmtl.data.sql import quote_text

FORM = Format(delimiter="::", quotes=False, encoding="latin-1")
RATINGS: dict[str, ColumnType] = {"user_id": "text", "movie_id": "text", "rating": "number", "timestamp": "text"}
USERS: dict[str, ColumnType] = dict.fromkeys(("user_id", "gender", "age", "occupation", "zip"), "text")
MOVIES: dict[str, ColumnType] = dict.fromkeys(("movie_id", "title", "genres"), "text")

GENDERS = {"F": "female", "M": "male"}
AGES = {
    "1": "under 25", "18": "under 25", "25": "25 to 34",
    "35": "35 and over", "45": "35 and over", "50": "35 and over", "56": "35 and over",
}  # fmt: skip
SEVEN_AGES = {
    "1": "under 18", "18": "18 to 24", "25": "25 to 34", "35": "35 to 44", "45": "45 to 49", "50": "50 to 55",
    "56": "56 and over",
}  # fmt: skip
OCCUPATIONS = {
    str(code): name
    for code, name in enumerate(
        (
            "other or not specified", "academic/educator", "artist", "clerical/admin", "college/grad student",
            "customer service", "doctor/health care", "executive/managerial", "farmer", "homemaker", "K-12 student",
            "lawyer", "programmer", "retired", "sales/marketing", "scientist", "self-employed", "technician/engineer",
            "tradesman/craftsman", "unemployed", "writer",
        )
    )
}  # fmt: skip
GROUPS: Mapping[str, Mapping[str, str]] = {
    "gender": GENDERS, "age": AGES, "seven_ages": SEVEN_AGES, "occupation": OCCUPATIONS,
}  # fmt: skip
"""What tells the domains apart -> every code of its column -> the name of the domain, from the data set's README."""


class MovielensConfig(DatasetConfig):
    """MovieLens 1M."""

    name: Literal["movielens_1m"] = "movielens_1m"
    labels: Labels = "liked_loved"
    """Two binary tasks, or one of them, or the stars as a regression."""
    domain: Literal["gender", "occupation", "age", "seven_ages"] | None = None
    """What tells the domains apart (`age`: three groups of ages); none: one domain."""

    licence: ClassVar[str] = LICENCE
    archive: ClassVar[SourceFile | None] = SourceFile("ml-1m.zip", ADDRESS + "ml-1m.zip", max_bytes=64 * 2**20)
    files: ClassVar[Sequence[SourceFile]] = (
        SourceFile("ratings.dat", sha256="506d64ca44484487c11dc2d9a28de5c54948213e6b96285e298afe28d6ea4e0f"),
        SourceFile("users.dat", sha256="1dc3a95300cb19f7c10e027daf29b8cdf1d908dab65b5edfb45950aa389a10a3"),
        SourceFile("movies.dat", sha256="0140fc2356357c1a851d0f52e893a1e4d3696df632c4141cea8d5bc3d621f0b9"),
    )

    def layout(self) -> Layout:
        """Six categories and the genres; every code that a domain can have is known beforehand."""
        return Layout(
            tasks=star_tasks(self.labels, 1.0),
            categorical=("user_id", "movie_id", "gender", "age", "occupation", "zip"),
            sequences=("genres",),
            domain="age" if self.domain == "seven_ages" else self.domain,
            domain_groups=MappingProxyType(GROUPS[self.domain] if self.domain else {}),
            keys=MappingProxyType({"user": "user_id", "item": "movie_id", "time": "timestamp"}),
        )

    def read(self, raw: Path, connection: DuckDBPyConnection) -> str:
        """The ratings in their order, each with its user and its film."""
        users, movies = _users(connection, raw), _movies(connection, raw)
        ratings = read_delimited(connection, raw / "ratings.dat", RATINGS, form=FORM)
        require_ratings(connection, ratings, ("1", "2", "3", "4", "5"), "is no rating of 1 to 5 stars")
        return f"""
            SELECT place AS row, user_id, movie_id, gender, age, occupation, zip, {GENRES}, timestamp,
                {LABELS[self.labels]}
            FROM {with_described(connection, ratings, {"user_id": users, "movie_id": movies})}"""


def _users(connection: DuckDBPyConnection, raw: Path) -> Delimited:
    users = read_delimited(connection, raw / "users.dat", USERS, form=FORM)
    require_unique(connection, users, "user_id")
    for column in ("gender", "age", "occupation"):
        names = GROUPS[column]
        codes = ", ".join(map(quote_text, names))
        users.require(connection, column, f"{column} IN ({codes})", f"is none of {', '.join(names)}")
    return users


def _movies(connection: DuckDBPyConnection, raw: Path) -> Delimited:
    movies = read_delimited(connection, raw / "movies.dat", MOVIES, form=FORM)
    require_unique(connection, movies, "movie_id")
    return movies
