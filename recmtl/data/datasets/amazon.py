"""Amazon product reviews (Ni, Li and McAuley, EMNLP 2019; the 2014 edition He and McAuley, WWW 2016), the 5-core files
of any categories: one domain a category.

As MAMDR and MLoRA use them, every review is a positive of the task `review`, whatever its stars, and negatives are
drawn. A user's reviews of one item in one category count once, with the time of the first in the file. (The originals
drop only rows that are equal in user, item and stars; so does `compat`, where two reviews of one item with different
stars are two positives.)

With the labels `stars` there is a row for every review, repeated ones too, none are drawn, and the tasks are `liked`
(more than 3 stars, as in Scenario-Wise-Rec) and `loved` (more than 4); with the labels `liked` or `loved`, that task
alone. Features are then, beside user, item and category, the review's `year` and `month` (UTC), and in the edition of
2018 `verified`, `vote` and `style`, as in MMLRec. Votes are other people's and come after the review.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal

from duckdb import DuckDBPyConnection
from pydantic import AfterValidator, Field, field_validator

from recmtl.data.datasets.drawn import DrawnConfig
from recmtl.data.json_lines import JsonLines, read_json_lines
from recmtl.data.layout import Layout
from recmtl.data.negatives import Ratios
from recmtl.data.sql import quote_text
from recmtl.errors import DataError, MissingError
from recmtl.schema import Task

REVIEWS = "amazon_reviews"
KEYS = ("reviewerID", "asin", "overall", "unixReviewTime")
SINCE_2018 = ("verified", "vote", "style")
DATE = ("year", "month")
PREFIX = {2018: "", 2014: "reviews_"}
ADDRESS = "http://deepyeti.ucsd.edu/jianmo/amazon/categoryFilesSmall/"


def _spaced(name: str) -> str:
    """One spelling of the two in use."""
    return name.replace("_", " ")


Category = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 _-]*$", max_length=100), AfterValidator(_spaced)]


class AmazonConfig(DrawnConfig):
    """Amazon product reviews, 5-core files: one domain a category."""

    name: Literal["amazon"] = "amazon"
    categories: tuple[Category, ...] = Field(
        default=(
            "Musical Instruments", "Office Products", "Patio Lawn and Garden", "Prime Pantry", "Toys and Games",
            "Video Games",
        ),
        min_length=1,
    )  # fmt: skip
    """Categories whose reviews are read, spelled with spaces or as their files are."""
    edition: Literal[2018, 2014] = 2018
    """Of the files: `Video_Games_5.json.gz`, or `reviews_Video_Games_5.json.gz` of 2014."""
    labels: Literal["review", "stars", "liked", "loved"] = "review"
    """Reviews against drawn negatives, or two tasks about the `stars`, or one of them; then nothing is drawn."""
    negatives_per_review: Ratios = (2.0, 5.0)
    """Each domain draws its ratio between these two; beside the labels `review`."""

    licence: ClassVar[str] = "none given; research use"
    how_to_get: ClassVar[str] = (
        f"Fetch {ADDRESS}Video_Games_5.json.gz and so on, one file a category, into one folder, and give that folder "
        "with --from."
    )
    optional: ClassVar[Sequence[str]] = ("*_5.json.gz",)

    @field_validator("categories")
    @classmethod
    def _each_once(cls, categories: tuple[str, ...]) -> tuple[str, ...]:
        twice = [category for category, count in Counter(categories).items() if count > 1]
        if twice:
            raise ValueError(f"{twice[0]!r} is there twice")
        return categories

    @property
    def _details(self) -> tuple[str, ...]:
        """Keys of a review that are features beside labels about the stars."""
        return SINCE_2018 if self.labels != "review" and self.edition == 2018 else ()

    def layout(self) -> Layout:
        """The ids; the category as well, where there are several; what else a review says where its stars are asked
        for.
        """
        names = ("liked", "loved") if self.labels == "stars" else (self.labels,)
        category = ("category",) if len(self.categories) > 1 else ()
        date = DATE if self.labels != "review" else ()
        return Layout(
            tasks=tuple(Task(name=name, kind="binary") for name in names),
            categorical=("reviewerID", "asin", *category, *date, *self._details),
            domain="category",
            keys=MappingProxyType({"user": "reviewerID", "item": "asin", "time": "unixReviewTime"}),
        )

    def read(self, raw: Path, connection: DuckDBPyConnection) -> str:
        """The reviews category by category in their files' order; drawn negatives follow."""
        paths = [self._path(raw, category) for category in self.categories]
        chosen = self._positives if self.labels == "review" else self._stars
        before = 0
        for category, path in zip(self.categories, paths, strict=True):
            lines = _reviews(connection, path, (*KEYS, *self._details))
            query = chosen(lines)
            query = f"SELECT * REPLACE (place + {before} AS place), {quote_text(category)} AS category FROM ({query})"
            into = f"INSERT INTO {REVIEWS}" if before else f"CREATE OR REPLACE TEMP TABLE {REVIEWS} AS"
            connection.execute(f"{into} {query}")
            before += lines.count(connection)
            lines.drop(connection)
        if self.labels != "review":
            return f"SELECT place AS row, * EXCLUDE (place) FROM {REVIEWS}"
        return self.with_negatives(connection, REVIEWS, self.layout(), self.negatives_per_review)

    def _path(self, raw: Path, category: str) -> Path:
        path = raw / f"{PREFIX[self.edition]}{category.replace(' ', '_')}_5.json.gz"
        if not path.is_file():
            raise MissingError(
                f"{path} is not there: it has the reviews of the category {category!r}.",
                hint="Put it beside the other categories' files and run: recmtl download amazon --from DIR. Or leave "
                "the category out of dataset.categories.",
            )
        return path

    def _positives(self, lines: JsonLines) -> str:
        stars = ", CAST(overall AS DOUBLE)" if self.compat else ""
        return f"""
            SELECT min(place) AS place, reviewerID, asin, arg_min(unixReviewTime, place) AS unixReviewTime,
                1.0::DOUBLE AS review
            FROM ({lines.query}) GROUP BY reviewerID, asin{stars}"""

    def _stars(self, lines: JsonLines) -> str:
        moment = "make_timestamp(CAST(unixReviewTime AS BIGINT) * 1000000)"
        date = ", ".join(f"CAST({part}({moment}) AS VARCHAR) AS {part}" for part in DATE)
        stars = "CAST(overall AS DOUBLE)"
        return f"""
            SELECT * EXCLUDE (overall), {date},
                CAST({stars} > 3 AS DOUBLE) AS liked, CAST({stars} > 4 AS DOUBLE) AS loved
            FROM ({lines.query})"""


def _reviews(connection: DuckDBPyConnection, path: Path, keys: Sequence[str]) -> JsonLines:
    """The lines of a category's file, each with its ids, one to five stars, and a time."""
    lines = read_json_lines(connection, path, keys)
    if not lines.count(connection):
        raise DataError(f"{path} holds no reviews.", hint="Fetch it again.")
    lines.require(connection, "reviewerID", "reviewerID IS NOT NULL", "is no user")
    lines.require(connection, "asin", "asin IS NOT NULL", "is no item")
    lines.require(connection, "overall", "TRY_CAST(overall AS DOUBLE) BETWEEN 1 AND 5", "is no rating of 1 to 5 stars")
    seconds = "regexp_full_match(unixReviewTime, '[0-9]{1,11}')"
    lines.require(connection, "unixReviewTime", seconds, "is no time in seconds")
    return lines
