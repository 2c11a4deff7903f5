"""What the MovieLens data sets (Harper and Konstan 2015, doi 10.1145/2827872) have in common: tasks made of stars,
times in seconds, films with genres.

Tasks, as in M3oE (Zhang et al., arXiv 2404.18465): `liked` (more than 3 stars) and `loved` (more than 4); or the
`rating` itself.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

from duckdb import DuckDBPyConnection

from recmtl.data.delimited import Delimited
from recmtl.data.references import require_known
from recmtl.data.sql import quote_text
from recmtl.schema import Task

Labels = Literal["liked_loved", "liked", "loved", "rating"]
LICENCE = "GroupLens: research use, no redistribution, no commercial use"
ADDRESS = "https://files.grouplens.org/datasets/movielens/"
MOST = 5.0
"""The greatest rating."""
_LIKED, _LOVED = "CAST(rating > 3 AS DOUBLE) AS liked", "CAST(rating > 4 AS DOUBLE) AS loved"
LABELS: Mapping[Labels, str] = {
    "liked_loved": f"{_LIKED}, {_LOVED}",
    "liked": _LIKED,
    "loved": _LOVED,
    "rating": "rating",
}
"""SQL of each choice's label columns."""
GENRES = "list_filter(string_split(coalesce(genres, ''), '|'), lambda genre: genre <> '') AS genres"
"""SQL of the list of a film's genres, written as one text with bars between them."""


def star_tasks(labels: Labels, least: float) -> tuple[Task, ...]:
    """The tasks of a choice of labels; `least` is the least rating there is."""
    if labels == "rating":
        return (Task(name="rating", kind="regression", bounds=(least, MOST)),)
    return tuple(Task(name=name, kind="binary") for name in labels.split("_"))


def require_ratings(connection: DuckDBPyConnection, ratings: Delimited, known: Sequence[str], problem: str) -> None:
    """Refuse the first line whose `rating` is none of the texts `known`, or whose `timestamp` is no time.

    Raises:
        DataError: names file, line and column.
    """
    ratings.require(connection, "rating", f"rating IN ({', '.join(map(quote_text, known))})", problem)
    ratings.require(connection, "timestamp", "regexp_full_match(timestamp, '[0-9]{1,18}')", "is no time in seconds")


def with_described(connection: DuckDBPyConnection, ratings: Delimited, described: Mapping[str, Delimited]) -> str:
    """SQL of the ratings, each with what other files tell of its ids: id column -> the file that describes it.

    Raises:
        DataError: an id is described nowhere; names file, line and column.
    """
    for column, lines in described.items():
        require_known(connection, ratings, column, lines)
    joins = (
        f"JOIN (SELECT * EXCLUDE (place) FROM ({lines.query})) USING ({column})" for column, lines in described.items()
    )
    return " ".join((f"({ratings.query})", *joins))
