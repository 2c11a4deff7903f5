"""Taobao theme clicks (Tianchi data set 9716), as MAMDR and MLoRA use them: one domain a theme, clicks and drawn
negatives.

The log has clicks alone. Kept are clicks whose user and item have an embedding, of the first `themes` themes in
order of appearance. Clicks on the same item by the same user in the same theme are one, with the first one's time.
"""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, Literal

from duckdb import DuckDBPyConnection
from pydantic import PositiveInt

from recmtl.artifacts.archive import open_maybe_gzip
from recmtl.data.datasets.base import SourceFile
from recmtl.data.datasets.drawn import DrawnConfig
from recmtl.data.delimited import ColumnType, Delimited, read_delimited
from recmtl.data.layout import Layout, VectorColumn
from recmtl.data.negatives import Ratios
from recmtl.data.references import require_unique
from recmtl.errors import DataError, MissingError
from recmtl.schema import Task

CLICKS = "taobao_clicks"
LOG, PURCHASES = "theme_click_log.csv", "user_item_purchase_log.csv"
TIME = "reach_time"
IDS: dict[str, ColumnType] = {"user_id": "text", "item_id": "text"}


class TaobaoConfig(DrawnConfig):
    """Taobao theme clicks (Tianchi data set 9716), with drawn negatives."""

    name: Literal["taobao"] = "taobao"
    themes: PositiveInt | None = 10
    """The first so many themes; none: all."""
    negatives_per_click: Ratios = (2.0, 5.0)
    """Each domain draws its ratio between these two."""
    purchases: bool = False
    """A second task `purchase`: whether the user bought the item, on any day of the purchase log. Of drawn negatives
    it is 0."""
    pretrained: bool = False
    """The published vectors of users and items as features, `user_vector` and `item_vector`."""
    vector_dim: PositiveInt = 128
    """Numbers in a published vector."""

    licence: ClassVar[str] = "Tianchi, research use"
    how_to_get: ClassVar[str] = (
        "Log in at https://tianchi.aliyun.com/dataset/9716, download theme_click_log.csv, user_embedding.csv, "
        "item_embedding.csv (and user_item_purchase_log.csv, for dataset.purchases) into one folder, and give that "
        "folder with --from."
    )
    files: ClassVar[Sequence[SourceFile]] = (
        SourceFile(LOG),
        SourceFile("user_embedding.csv"),
        SourceFile("item_embedding.csv"),
    )
    optional: ClassVar[Sequence[str]] = (PURCHASES,)

    def layout(self) -> Layout:
        """Three ids; the theme is a feature and the domain."""
        names = ("click", "purchase") if self.purchases else ("click",)
        vectors = tuple(
            VectorColumn(name=f"{kind}_vector", column=f"{kind}_id", dim=self.vector_dim) for kind in ("user", "item")
        )
        return Layout(
            tasks=tuple(Task(name=name, kind="binary") for name in names),
            categorical=("user_id", "item_id", "theme_id"),
            vectors=vectors if self.pretrained else (),
            domain="theme_id",
            keys=MappingProxyType({"user": "user_id", "item": "item_id", "time": TIME}),
        )

    def read(self, raw: Path, connection: DuckDBPyConnection) -> str:
        """Clicks in the log's order, then the negatives domain by domain; the time is missing where the log has no
        `reach_time`.
        """
        bought = ""
        if self.purchases:
            pairs = f"SELECT user_id, item_id FROM ({_purchases(connection, raw)})"
            bought = f", CAST((user_id, item_id) IN ({pairs}) AS DOUBLE) AS purchase"
        timed = TIME in _names(raw / LOG)
        wanted: dict[str, ColumnType] = {**IDS, "theme_id": "text"} | ({TIME: "text"} if timed else {})
        log = read_delimited(connection, raw / LOG, wanted, header=True)
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {CLICKS} AS "
            f"SELECT *, 1.0::DOUBLE AS click{bought} FROM ({_clicks(connection, raw, log, timed, self.themes)})"
        )
        log.drop(connection)
        if not connection.execute(f"SELECT place FROM {CLICKS} LIMIT 1").fetchall():
            raise DataError(f"{raw / LOG} holds no click whose user and item have an embedding.")
        return self.with_negatives(connection, CLICKS, self.layout(), self.negatives_per_click)

    def read_vectors(self, raw: Path, connection: DuckDBPyConnection) -> Mapping[str, str]:
        """The published vectors, each of `vector_dim` finite numbers."""
        if not self.pretrained:
            return {}
        return {f"{kind}_vector": _vectors(connection, raw, kind, self.vector_dim) for kind in ("user", "item")}


def _clicks(connection: DuckDBPyConnection, raw: Path, log: Delimited, timed: bool, themes: int | None) -> str:
    """Query for the distinct clicks of the first themes; the log is `timed` where it has a time."""
    users = read_delimited(connection, raw / "user_embedding.csv", {"user_id": "text"}, header=True)
    items = read_delimited(connection, raw / "item_embedding.csv", {"item_id": "text"}, header=True)
    first = f"""
        SELECT theme_id FROM ({log.query}) WHERE theme_id IS NOT NULL
        GROUP BY theme_id ORDER BY min(place) {f"LIMIT {themes}" if themes else ""}"""
    return f"""
        SELECT min(place) AS place, user_id, item_id, theme_id,
            {f"arg_min_null({TIME}, place)" if timed else "NULL::VARCHAR"} AS {TIME}
        FROM ({log.query})
        WHERE theme_id IN ({first})
            AND user_id IN (SELECT user_id FROM ({users.query})) AND item_id IN (SELECT item_id FROM ({items.query}))
        GROUP BY user_id, item_id, theme_id"""


def _purchases(connection: DuckDBPyConnection, raw: Path) -> str:
    path = raw / PURCHASES
    if not path.is_file():
        raise MissingError(
            f"{path} is not there.",
            hint="Put it beside the other files and run: recmtl download taobao --from DIR. Or set dataset.purchases "
            "to false.",
        )
    return read_delimited(connection, path, IDS, header=True).query


def _vectors(connection: DuckDBPyConnection, raw: Path, kind: str, dim: int) -> str:
    """Query for `value` and `vector` of the published vectors of users or items."""
    column = f"{kind}_id"
    lines = read_delimited(connection, raw / f"{kind}_embedding.csv", {column: "text", "emb": "text"}, header=True)
    require_unique(connection, lines, column)
    numbers = r"list_transform(regexp_split_to_array(emb, '\s+'), lambda one: TRY_CAST(one AS FLOAT))"
    fits = f"len({numbers}) = {dim} AND len(list_filter({numbers}, lambda one: isfinite(one))) = {dim}"
    lines.require(connection, "emb", fits, f"is no vector of {dim} numbers between spaces")
    return f"SELECT {column} AS value, {numbers} AS vector FROM ({lines.query})"


def _names(path: Path) -> list[str]:
    """What a file calls its columns."""
    with open_maybe_gzip(path) as file:
        first = file.readline(1 << 16).decode("utf-8-sig", "replace")
    return [name.strip() for name in next(csv.reader([first]), [])]
