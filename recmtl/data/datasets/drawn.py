"""Logs of positives alone (clicks, reviews), whose negatives are drawn as in MAMDR and MLoRA: each domain draws its
ratio, and each user gets that many items of the domain that the user has not touched there.

What a domain draws follows from the seed and the domain's name, users, items and times alone: neither other domains
nor the order of the files have a part in it.
"""

from functools import partial
from typing import ClassVar

import numpy as np
import pyarrow as pa
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray
from pydantic import NonNegativeInt

from recmtl.data.ahead import ahead_of
from recmtl.data.coded import code_table, texts_of
from recmtl.data.datasets.base import DatasetConfig
from recmtl.data.layout import Layout
from recmtl.data.negatives import Ratios, chance_of, count_negatives, distinct, draw_negatives
from recmtl.data.sql import quote_name

NEGATIVES = "drawn_negatives"


class DrawnConfig(DatasetConfig):
    """What the data sets with drawn negatives share."""

    stored: ClassVar[bool] = True

    seed: NonNegativeInt = 123
    """Seed of the drawing of negatives."""
    compat: bool = False
    """Count negatives as MLoRA and MAMDR do: a domain draws its `ctr_ratio` (positives for a negative) between the
    inverses of the two ratios, rounded to hundredths, and a user gets int(positives / ctr_ratio) negatives. The ratios
    [2.0, 5.0] are their `ctr_ratio_range` [0.2, 0.5], and [2.0, 2.0] their fixed `ctr_ratio` 0.5."""

    def with_negatives(self, connection: DuckDBPyConnection, table: str, layout: Layout, ratios: Ratios) -> str:
        """Query for all rows of data whose positives are in `table`: `row` is their `place`, and then goes on over the
        negatives by domain, user and item.

        The table has `place` (unique) and the layout's columns; the layout has the keys user, item and time, and a
        domain. Here keys and domain become codes. A negative has the label 0 in every task. Its time is that of one of
        its user's positives in the domain, taken in turn: a split by time finds negatives wherever it finds positives.
        """
        user, item, time = (quote_name(layout.keys[key]) for key in ("user", "item", "time"))
        domain = quote_name(str(layout.domain))
        code_table(connection, table, dict.fromkeys([*layout.keys.values(), str(layout.domain)]))
        columns = ", ".join((user, item, time, domain))
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {NEGATIVES} AS SELECT place, {columns} FROM {table} LIMIT 0")
        last = connection.execute(f"SELECT max(place) FROM {table}").fetchall()[0][0]
        names = texts_of(connection, str(layout.domain)).to_pylist()
        query = f"SELECT {user} AS u, {item} AS i, {time} AS t FROM {table} WHERE {domain} = ?"
        positives = ((connection.sql(query, params=[code]).to_arrow_table(), name) for code, name in enumerate(names))
        draw = partial(_draw, seed=self.seed, ratios=ratios, compat=self.compat)
        for code, drawn in enumerate(ahead_of(draw, positives)):
            places = pa.array(np.arange(last + 1, last + 1 + len(drawn)))
            connection.register("drawn_here", drawn.append_column("place", places))
            connection.execute(f"INSERT INTO {NEGATIVES} SELECT place, u, i, t, ? FROM drawn_here", [code])
            connection.unregister("drawn_here")
            last += len(drawn)
        labels = ", ".join(f"0.0::DOUBLE AS {quote_name(task.name)}" for task in layout.tasks)
        return f"""
            SELECT place AS row, * EXCLUDE (place)
            FROM (SELECT * FROM {table} UNION ALL BY NAME SELECT *, {labels} FROM {NEGATIVES})"""


def _draw(given: tuple[pa.Table, str], seed: int, ratios: Ratios, compat: bool) -> pa.Table:
    """User, item and time of a domain's negatives, by user and item, from those of its positives and its name."""
    positives, domain = given
    (users, user), (items, item) = (_places(positives[name]) for name in ("u", "i"))
    order = np.argsort(user * len(items) + item, kind="stable")
    has, chance = np.bincount(user), chance_of(seed, domain)
    wanted = count_negatives(has, ratios, chance, compat)
    user, item = draw_negatives(user, item, len(items), wanted, seed=int(chance.integers(2**31)))
    turn = np.arange(len(user)) - np.searchsorted(user, user)
    of_positive = order[(np.cumsum(has) - has)[user] + turn % has[user]]
    times = positives["t"].take(pa.array(of_positive))
    return pa.table({"u": users[user], "i": items[item], "t": times})


def _places(codes: pa.ChunkedArray) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The distinct codes in their order, and the place of each code among them."""
    wide = codes.to_numpy().astype(np.int64)
    found = distinct(wide)
    place = np.empty(found[-1] + 1, np.int64)  # a search for each code takes ten times as long
    place[found] = np.arange(len(found))
    return found, place[wide]
