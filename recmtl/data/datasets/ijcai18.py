"""IJCAI-18, the competition on conversions of Alimama's search ads (Tianchi data set 147588): 478,138 clicks.

Task, the competition's own: `trade`, whether the click ended in a trade (`is_trade`). Domains, as in MMLRec:
`user_gender_id`, the gender that the platform predicted (0 female, 1 male, 2 family, -1 unknown). Its features are
MMLRec's as well: 18 categories, of which the item's categories (from the root to the leaf) and its properties are
lists, and four scores of the shop. `instance_id` and `context_id` name the row, and the query's predicted categories
are left out, as there. "-1" means missing. The competition's test files have no labels.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, Literal

from duckdb import DuckDBPyConnection

from recmtl.data.datasets.base import DatasetConfig, SourceFile
from recmtl.data.delimited import ColumnType, Delimited, Format, read_delimited
from recmtl.data.layout import Layout
from recmtl.data.sql import quote_text
from recmtl.schema import Task

FORM = Format(delimiter=" ", quotes=False)
CATEGORIES = (
    "item_id", "item_brand_id", "item_city_id", "item_price_level", "item_sales_level", "item_collected_level",
    "item_pv_level", "user_id", "user_gender_id", "user_age_level", "user_occupation_id", "user_star_level",
    "context_page_id", "shop_id", "shop_review_num_level", "shop_star_level",
)  # fmt: skip
LISTS = ("item_category_list", "item_property_list")
SCORES = ("shop_review_positive_rate", "shop_score_service", "shop_score_delivery", "shop_score_description")
COLUMNS: dict[str, ColumnType] = {
    **dict.fromkeys((*CATEGORIES, *LISTS, "context_timestamp", "is_trade"), "text"),
    **dict.fromkeys(SCORES, "number"),
}
GENDERS: Mapping[str, str] = {"0": "female", "1": "male", "2": "family", "-1": "unknown"}
"""Every value of `user_gender_id` -> the name of its domain."""


class Ijcai18Config(DatasetConfig):
    """IJCAI-18 search advertising: one row a click on an ad."""

    name: Literal["ijcai18"] = "ijcai18"
    domain: Literal["user_gender_id"] | None = "user_gender_id"
    """What tells the domains apart, unknown genders one of them; none: one domain."""

    licence: ClassVar[str] = "Tianchi, research use"
    how_to_get: ClassVar[str] = (
        "Log in at https://tianchi.aliyun.com/dataset/147588, download the training data of round 1, unpack "
        "round1_ijcai_18_train_20180301.txt into a folder, and give that folder with --from."
    )
    files: ClassVar[Sequence[SourceFile]] = (SourceFile("round1_ijcai_18_train_20180301.txt"),)

    def layout(self) -> Layout:
        """16 categories, two lists and four numbers."""
        return Layout(
            tasks=(Task(name="trade", kind="binary"),),
            categorical=CATEGORIES,
            numbers=SCORES,
            sequences=LISTS,
            domain=self.domain,
            domain_groups=MappingProxyType(GENDERS if self.domain else {}),
            keys=MappingProxyType({"user": "user_id", "item": "item_id", "time": "context_timestamp"}),
            missing=("-1",),
            separator=";",
        )

    def read(self, raw: Path, connection: DuckDBPyConnection) -> str:
        """The clicks in the file's order."""
        path = raw / self.files[0].name
        lines = read_delimited(connection, path, COLUMNS, form=FORM, header=True, missing=("", "-1"))
        _check(connection, lines)
        # a domain cannot be missing: there "-1" is one of them
        gender = "REPLACE (coalesce(user_gender_id, '-1') AS user_gender_id)" if self.domain else ""
        lists = ", ".join(
            f"list_filter(string_split(coalesce({name}, ''), ';'), lambda one: one NOT IN ('', '-1')) AS {name}"
            for name in LISTS
        )
        return f"""
            SELECT place AS row, * EXCLUDE (place, is_trade, {", ".join(LISTS)}) {gender}, {lists},
                CAST(is_trade AS DOUBLE) AS trade
            FROM ({lines.query})"""


def _check(connection: DuckDBPyConnection, lines: Delimited) -> None:
    lines.require(connection, "is_trade", "is_trade IN ('0', '1')", "is neither 0 nor 1")
    genders = ", ".join(map(quote_text, GENDERS))
    known = f"coalesce(user_gender_id, '-1') IN ({genders})"
    lines.require(connection, "user_gender_id", known, f"is none of {', '.join(GENDERS)}")
    seconds = "regexp_full_match(context_timestamp, '[0-9]{1,18}')"
    lines.require(connection, "context_timestamp", seconds, "is no time in seconds")
    for name in LISTS:
        codes = f"{name} IS NULL OR regexp_full_match({name}, '-?[0-9]+(;-?[0-9]+)*')"
        lines.require(connection, name, codes, "is no list of numbers such as 7908;8277")
