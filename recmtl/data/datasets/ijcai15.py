"""IJCAI-15 repeat buyers (Tianchi data set 42): what shoppers of Tmall did in the half year up to Double 11.

The log has 54,925,330 actions: 0 click, 1 add to cart, 2 purchase, 3 add to favourites. A row is a user, an item and a
day on which the log has any action of this user on this item; its moment in the log is the first of them. Tasks:
`favourite`, whether the user added the item to the favourites on that day, and `purchase`, whether they bought it on
that day. So both are asked of items that the user dealt with, never of those merely shown, which the log does not have.

Features are MMLRec's seven: the user's id, age range and gender, the item's id, category, merchant and brand. How
often and how the user acted is none: the labels are made of it. The competition's own label (`train_format1.csv`,
whether a buyer comes back to a merchant) is of a user and a merchant, not of an item, and is left out.
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
from recmtl.data.sql import quote_text
from recmtl.schema import Task

LOG: dict[str, ColumnType] = dict.fromkeys(
    ("user_id", "item_id", "cat_id", "seller_id", "brand_id", "time_stamp", "action_type"), "text"
)
USERS: dict[str, ColumnType] = dict.fromkeys(("user_id", "age_range", "gender"), "text")
UNKNOWN = {"age_range": "0", "gender": "2"}
"""The documentation's code of what is unknown, as an empty field is."""
GROUPS: Mapping[str, Mapping[str, str]] = {
    "age_range": {
        "0": "unknown", "1": "under 18", "2": "18 to 24", "3": "25 to 29", "4": "30 to 34", "5": "35 to 39",
        "6": "40 to 49", "7": "50 and over", "8": "50 and over",
    },
    "gender": {"0": "female", "1": "male", "2": "unknown"},
}  # fmt: skip
"""Every code of a column -> the name of its domain, from the data set's documentation."""


class Ijcai15Config(DatasetConfig):
    """IJCAI-15 repeat buyers: one row a user, an item and a day."""

    name: Literal["ijcai15"] = "ijcai15"
    domain: Literal["age_range", "gender"] | None = None
    """What tells the domains apart, the unknown among them; none: one domain."""

    licence: ClassVar[str] = "Tianchi, research use"
    how_to_get: ClassVar[str] = (
        "Log in at https://tianchi.aliyun.com/dataset/42, download data_format1.zip, and give it with --from."
    )
    files: ClassVar[Sequence[SourceFile]] = (SourceFile("user_log_format1.csv"), SourceFile("user_info_format1.csv"))

    def layout(self) -> Layout:
        """Seven categories."""
        return Layout(
            tasks=(Task(name="favourite", kind="binary"), Task(name="purchase", kind="binary")),
            categorical=("user_id", "age_range", "gender", "item_id", "cat_id", "merchant_id", "brand_id"),
            domain=self.domain,
            domain_groups=MappingProxyType(GROUPS[self.domain] if self.domain else {}),
            keys=MappingProxyType({"user": "user_id", "item": "item_id", "time": "day"}),
        )

    def read(self, raw: Path, connection: DuckDBPyConnection) -> str:
        """Users with their items, day by day, in the log's order; `day` is month and day."""
        users = _users(connection, raw)
        log = _log(connection, raw, users)
        known = ", ".join(f"coalesce({column}, {quote_text(code)}) AS {column}" for column, code in UNKNOWN.items())
        return f"""
            SELECT row, user_id, item_id, cat_id, merchant_id, brand_id, day, {known}, favourite, purchase
            FROM (
                SELECT min(place) AS row, user_id, item_id, lpad(time_stamp, 4, '0') AS day,
                    arg_min(cat_id, place) AS cat_id, arg_min(seller_id, place) AS merchant_id,
                    arg_min(brand_id, place) AS brand_id,
                    CAST(max(action_type = '3') AS DOUBLE) AS favourite,
                    CAST(max(action_type = '2') AS DOUBLE) AS purchase
                FROM ({log.query}) GROUP BY user_id, item_id, lpad(time_stamp, 4, '0'))
            JOIN (SELECT * EXCLUDE (place) FROM ({users.query})) USING (user_id)"""


def _log(connection: DuckDBPyConnection, raw: Path, users: Delimited) -> Delimited:
    """The published days have no leading zero."""
    log = read_delimited(connection, raw / "user_log_format1.csv", LOG, header=True)
    log.require(connection, "item_id", "item_id IS NOT NULL", "is no id")
    log.require(connection, "action_type", "action_type IN ('0', '1', '2', '3')", "is none of 0, 1, 2, 3")
    day = "regexp_full_match(time_stamp, '(0?[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])')"
    log.require(connection, "time_stamp", day, "is no month and day such as 829 or 1111")
    require_known(connection, log, "user_id", users)
    return log


def _users(connection: DuckDBPyConnection, raw: Path) -> Delimited:
    users = read_delimited(connection, raw / "user_info_format1.csv", USERS, header=True)
    require_unique(connection, users, "user_id")
    for column, names in GROUPS.items():
        codes = ", ".join(map(quote_text, names))
        known = f"{column} IS NULL OR {column} IN ({codes})"
        users.require(connection, column, known, f"is none of {', '.join(names)}")
    return users
