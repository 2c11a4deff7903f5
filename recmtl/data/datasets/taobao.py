"""Taobao theme clicks (Tianchi data set 9716), as MAMDR and MLoRA use them: one domain a theme, clicks and drawn
negatives.

The log has clicks alone. Kept are clicks whose user and item have an embedding, of the first `themes` themes in
order of appearance. Each domain draws its own ratio of negatives, and each user gets that many unseen items of the
domain.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import numpy as np
import pyarrow as pa
from duckdb import DuckDBPyConnection
from pydantic import Field, NonNegativeInt, PositiveInt, field_validator

from recmtl.data.datasets.base import DatasetConfig, SourceFile
from recmtl.data.delimited import read_delimited
from recmtl.data.layout import Layout
from recmtl.data.negatives import draw_negatives
from recmtl.errors import DataError
from recmtl.schema import Task

Ratio = Annotated[float, Field(gt=0, le=1000)]


class TaobaoConfig(DatasetConfig):
    """Taobao theme clicks (Tianchi data set 9716), with drawn negatives."""

    name: Literal["taobao"] = "taobao"
    themes: PositiveInt | None = 10
    """The first so many themes; none: all."""
    negatives_per_click: tuple[Ratio, Ratio] = (2.0, 5.0)
    """Each domain draws its ratio between these two."""
    seed: NonNegativeInt = 123
    """Seed of the drawing of negatives."""

    licence: ClassVar[str] = "Tianchi, research use"
    how_to_get: ClassVar[str] = (
        "Log in at https://tianchi.aliyun.com/dataset/9716, download theme_click_log.csv, user_embedding.csv and "
        "item_embedding.csv into one folder, and give that folder with --from."
    )
    files: ClassVar[Sequence[SourceFile]] = (
        SourceFile("theme_click_log.csv"),
        SourceFile("user_embedding.csv"),
        SourceFile("item_embedding.csv"),
    )

    @field_validator("negatives_per_click")
    @classmethod
    def _ascending(cls, ratios: tuple[float, float]) -> tuple[float, float]:
        if ratios[0] > ratios[1]:
            raise ValueError(f"the first of {ratios} must not be greater than the second")
        return ratios

    def layout(self) -> Layout:
        """Three ids; the theme is a feature and the domain."""
        return Layout(
            tasks=(Task(name="click", kind="binary"),),
            categorical=("user_id", "item_id", "theme_id"),
            domain="theme_id",
            keys={"user": "user_id", "item": "item_id"},
        )

    def read(self, raw: Path, connection: DuckDBPyConnection) -> str:
        """Clicks in the log's order, then the negatives domain by domain."""
        clicks = _clicks(connection, raw, self.themes)
        if not clicks.num_rows:
            raise DataError(f"{raw / 'theme_click_log.csv'} holds no click whose user and item have an embedding.")
        negatives = pa.concat_tables(self._negatives(clicks))
        connection.register("taobao_clicks", clicks)
        connection.register("taobao_negatives", negatives)
        return """
            SELECT row_number() OVER (ORDER BY click DESC, place, theme_id, user_id, item_id) AS row,
                * EXCLUDE (place, theme)
            FROM (
                SELECT *, 1.0::DOUBLE AS click FROM taobao_clicks
                UNION ALL BY NAME SELECT *, 0.0::DOUBLE AS click FROM taobao_negatives)"""

    def _negatives(self, clicks: pa.Table) -> list[pa.Table]:
        chance = np.random.default_rng(self.seed)
        themes = clicks["theme"].to_numpy()
        tables = []
        for theme in np.unique(themes):
            domain = clicks.filter(themes == theme)
            users, items = (domain[name].combine_chunks().dictionary_encode() for name in ("user_id", "item_id"))
            user, item = users.indices.to_numpy().astype(np.int64), items.indices.to_numpy().astype(np.int64)
            ratio = chance.uniform(*self.negatives_per_click)
            wanted = np.rint(np.bincount(user) * ratio).astype(np.int64)
            user, item = draw_negatives(user, item, len(items.dictionary), wanted, seed=int(chance.integers(2**31)))
            tables.append(
                pa.table(
                    {
                        "user_id": users.dictionary.take(pa.array(user)),
                        "item_id": items.dictionary.take(pa.array(item)),
                        "theme_id": pa.array([domain["theme_id"][0].as_py()] * len(user), pa.string()),
                    }
                )
            )
        return tables


def _clicks(connection: DuckDBPyConnection, raw: Path, themes: int | None) -> pa.Table:
    """Distinct clicks, and `theme`: the theme's number in order of first appearance in the whole log."""
    log = read_delimited(
        connection,
        raw / "theme_click_log.csv",
        {"user_id": "text", "item_id": "text", "theme_id": "text"},
        header=True,
    )
    users = read_delimited(connection, raw / "user_embedding.csv", {"user_id": "text"}, header=True)
    items = read_delimited(connection, raw / "item_embedding.csv", {"item_id": "text"}, header=True)
    return connection.sql(f"""
        WITH kept AS (
            SELECT min(place) AS place, user_id, item_id, theme_id FROM ({log.query})
            WHERE user_id IN (SELECT user_id FROM ({users.query})) AND item_id IN (SELECT item_id FROM ({items.query}))
            GROUP BY user_id, item_id, theme_id
        ), themes AS (
            SELECT theme_id, row_number() OVER (ORDER BY min(place)) AS theme FROM ({log.query})
            WHERE theme_id IS NOT NULL GROUP BY theme_id
        )
        SELECT place, user_id, item_id, theme_id, theme FROM kept JOIN themes USING (theme_id)
        {f"WHERE theme <= {themes}" if themes else ""} ORDER BY place""").to_arrow_table()
