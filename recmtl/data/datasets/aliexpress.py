"""AliExpress searches (Tianchi data set 74690; HMoE, Li et al., CIKM 2020): items shown for searches in four
countries, the Netherlands, Spain, France and the United States, each with its own training and test rows.

Tasks: `click`, and `conversion`, whether the item was bought: asked of every item shown, clicked or not (the entire
space, CTCVR in the literature), and never 1 without a click. Domains: the countries.

Two forms of the files are read. As published, a country's part is a pair without headers: `nl_user_train.csv`, a line
a search, and `nl_item_train.csv`, a line an item shown, whose label is 0, 1 (clicked) or 2 (bought). Joined, as the
public preprocessing of MTReclib writes it, it is one file with a header: `search_id`, `categorical_1` to 16,
`numerical_1` to 63, `click`, `conversion`. Both give the same rows, where the joined file keeps the item file's order.

The number of a search is no feature. It counts anew in each file, so the key `group` is country, part and number.
"""

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, Literal

from duckdb import DuckDBPyConnection
from pydantic import Field, field_validator

from recmtl.data.datasets.base import DatasetConfig
from recmtl.data.delimited import ColumnType, Delimited, read_delimited
from recmtl.data.layout import Layout
from recmtl.data.references import require_known, require_unique
from recmtl.data.sql import quote_text
from recmtl.errors import MissingError
from recmtl.schema import Task

Country = Literal["NL", "ES", "FR", "US"]
Part = Literal["train", "test"]

COUNTRIES: tuple[Country, ...] = ("NL", "ES", "FR", "US")
PARTS: tuple[Part, ...] = ("train", "test")
CATEGORIES = tuple(f"categorical_{i}" for i in range(1, 17))
NUMBERS = tuple(f"numerical_{i}" for i in range(1, 64))
USER_ORDER = ("search_id", *CATEGORIES[:7], *NUMBERS[:23], *CATEGORIES[7:9])
"""The columns of a user file, which has no header."""
ITEM_CATEGORIES: Mapping[int, str] = dict(zip((19, 34, 35, 36, 40, 41, 42), CATEGORIES[9:], strict=True))
"""Where they stand in an item file, from 1."""


def _item_order() -> tuple[str, ...]:
    """The columns of an item file, which has no header."""
    numbers = iter(NUMBERS[23:])
    return ("search_id", *(ITEM_CATEGORIES.get(i) or next(numbers) for i in range(2, 49)), "label")


def _types(names: Sequence[str]) -> dict[str, ColumnType]:
    return {name: "number" if name in NUMBERS else "text" for name in names}


USERS, ITEMS = _types(USER_ORDER), _types(_item_order())
JOINED = _types(("search_id", *CATEGORIES, *NUMBERS, "click", "conversion"))


class AliexpressConfig(DatasetConfig):
    """AliExpress searches: one row an item shown; tasks `click` and `conversion`, both asked of every row."""

    name: Literal["aliexpress"] = "aliexpress"
    countries: tuple[Country, ...] = Field(default=COUNTRIES, min_length=1)
    """Countries whose rows are read."""
    form: Literal["pairs", "joined"] = "pairs"
    """`pairs`: nl_user_train.csv with nl_item_train.csv, and so on, as published. `joined`: nl_train.csv and so on, as
    MTReclib's preprocessing writes them (there a country's train.csv and test.csv)."""
    tasks: tuple[Literal["click", "conversion"], ...] = Field(default=("click", "conversion"), min_length=1)
    """What is predicted."""
    domain: Literal["country"] | None = "country"
    """What tells the domains apart; none: one domain."""

    licence: ClassVar[str] = "Tianchi, CC BY-NC-SA 4.0"
    how_to_get: ClassVar[str] = (
        "Log in at https://tianchi.aliyun.com/dataset/74690, download aliexpress_NL_datasets.zip and so on, unpack "
        "the zip files in it into one folder (nl_user_train.csv, nl_item_train.csv, nl_user_test.csv, "
        "nl_item_test.csv, ...), and give that folder with --from."
    )
    optional: ClassVar[Sequence[str]] = tuple(
        f"{country.lower()}_{file}{part}.csv"
        for country in COUNTRIES
        for part in PARTS
        for file in ("user_", "item_", "")
    )

    @field_validator("countries", "tasks")
    @classmethod
    def _each_once(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        twice = [name for name, count in Counter(names).items() if count > 1]
        if twice:
            raise ValueError(f"{twice[0]!r} is there twice")
        return names

    def layout(self) -> Layout:
        """16 categories and 63 numbers; the country as well, where there are several."""
        return Layout(
            tasks=tuple(Task(name=name, kind="binary") for name in self.tasks),
            categorical=(*(("country",) if len(self.countries) > 1 else ()), *CATEGORIES),
            numbers=NUMBERS,
            domain=self.domain,
            keys=MappingProxyType({"group": "search"}),
            ready_made=True,
        )

    def needed(self) -> tuple[str, ...]:
        """The names of the files that `read` reads."""
        forms = ("user_", "item_") if self.form == "pairs" else ("",)
        return tuple(
            f"{country.lower()}_{file}{part}.csv" for country in self.countries for part in PARTS for file in forms
        )

    def read(self, raw: Path, connection: DuckDBPyConnection) -> str:
        """Country by country, the training rows before the test rows, in the order of the items' or joined files."""
        missing = next((name for name in self.needed() if not (raw / name).is_file()), None)
        if missing is not None:
            raise MissingError(f"{raw / missing} is not there.", hint=self._mend())
        parts, before = [], 0
        for country, part in itertools.product(self.countries, PARTS):
            rows = _pair if self.form == "pairs" else _joined
            lines, query = rows(connection, raw, country.lower(), part)
            group = quote_text(f"{country} {part} ")
            parts.append(
                f"SELECT place + {before} AS row, {quote_text(country)} AS country, {quote_text(part)} AS part, "
                f"{group} || search_id AS search, * EXCLUDE (place, search_id) FROM ({query})"
            )
            before += lines.count(connection)
        return " UNION ALL BY NAME ".join(parts)

    def _mend(self) -> str:
        other = "pairs" if self.form == "joined" else "joined"
        return (
            "Give a folder that has it: recmtl download aliexpress --from DIR. Or leave the country out of "
            f"dataset.countries, or set dataset.form to {other!r} if your files are of that form."
        )


def _pair(connection: DuckDBPyConnection, raw: Path, country: str, part: Part) -> tuple[Delimited, str]:
    """The items shown, and the query that gives each with the columns of its search."""
    users = read_delimited(connection, raw / f"{country}_user_{part}.csv", USERS)
    require_unique(connection, users, "search_id")
    items = read_delimited(connection, raw / f"{country}_item_{part}.csv", ITEMS)
    items.require(connection, "label", "label IN ('0', '1', '2')", "is none of 0, 1, 2")
    require_known(connection, items, "search_id", users)
    labels = "CAST(label <> '0' AS DOUBLE) AS click, CAST(label = '2' AS DOUBLE) AS conversion"
    return items, (
        f"SELECT items.* EXCLUDE (label), users.* EXCLUDE (place, search_id), {labels} "
        f"FROM ({items.query}) AS items JOIN ({users.query}) AS users USING (search_id)"
    )


def _joined(connection: DuckDBPyConnection, raw: Path, country: str, part: Part) -> tuple[Delimited, str]:
    """The items shown, and the query that gives them."""
    lines = read_delimited(connection, raw / f"{country}_{part}.csv", JOINED, header=True)
    lines.require(connection, "search_id", "search_id IS NOT NULL", "is no id")
    for task in ("click", "conversion"):
        lines.require(connection, task, f"{task} IN ('0', '1')", "is neither 0 nor 1")
    lines.require(connection, "conversion", "conversion = '0' OR click = '1'", "is a conversion without a click")
    labels = "CAST(click AS DOUBLE) AS click, CAST(conversion AS DOUBLE) AS conversion"
    return lines, f"SELECT * REPLACE ({labels}) FROM ({lines.query})"
