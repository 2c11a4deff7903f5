"""Logs of positives alone (clicks, reviews), whose negatives are drawn as in MAMDR and MLoRA: each domain draws its
ratio, and each user gets that many items of the domain that the user has not touched there.

What a domain draws follows from the seed and the domain's name, users, items and times alone: neither other domains
nor the order of the files have a part in it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
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
from recmtl.data.negatives import Ratios, chance_of, count_negatives, draw_negatives
from recmtl.data.sql import quote_name

NEGATIVES = "drawn_negatives"
BLOCK_ROWS = 1 << 18
"""About how many rows are drawn together. Another number draws other items."""


@dataclass(frozen=True)
class _Block:
    """Some of the users of a domain, for whom negatives are drawn together."""

    domain: int
    positives: pa.Table
    """Codes u, i and t of each."""
    users: NDArray[np.int64]
    """Their codes, ascending."""
    items: NDArray[np.int64]
    """The codes of all items of the domain, ascending."""
    wanted: NDArray[np.int64]
    """Negatives of each user."""
    seed: int


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
        keys = [layout.keys["user"], layout.keys["item"], layout.keys["time"], str(layout.domain)]
        code_table(connection, table, dict.fromkeys(keys), order=(str(layout.domain), layout.keys["user"]))
        columns = [quote_name(column) for column in keys]
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {NEGATIVES} AS SELECT place, {', '.join(columns)} FROM {table} LIMIT 0"
        )
        last = connection.execute(f"SELECT max(place) FROM {table}").fetchall()[0][0]
        names = texts_of(connection, str(layout.domain)).to_pylist()
        for drawn in ahead_of(_draw, self._blocks(connection, table, columns, names, ratios)):
            places = pa.array(np.arange(last + 1, last + 1 + len(drawn)))
            connection.register("drawn_here", drawn.append_column("place", places))
            connection.execute(f"INSERT INTO {NEGATIVES} SELECT place, u, i, t, d FROM drawn_here")
            connection.unregister("drawn_here")
            last += len(drawn)
        labels = ", ".join(f"0.0::DOUBLE AS {quote_name(task.name)}" for task in layout.tasks)
        return f"""
            SELECT place AS row, * EXCLUDE (place)
            FROM (SELECT * FROM {table} UNION ALL BY NAME SELECT *, {labels} FROM {NEGATIVES})"""

    def _blocks(
        self, connection: DuckDBPyConnection, table: str, columns: list[str], names: list[str], ratios: Ratios
    ) -> Iterator[_Block]:
        """Domain by domain, users in their order. So the memory that is needed does not grow with the domain."""
        user, item, time, domain = columns
        here = f"FROM {table} WHERE {domain} = ?"
        for code, name in enumerate(names):
            grouped = connection.execute(f"SELECT {user} AS u, count(*) AS n {here} GROUP BY 1 ORDER BY 1", [code])
            found = grouped.fetchnumpy()
            users, has = found["u"].astype(np.int64), found["n"].astype(np.int64)
            items = connection.execute(f"SELECT DISTINCT {item} AS i {here} ORDER BY 1", [code]).fetchnumpy()["i"]
            chance = chance_of(self.seed, name)
            wanted = count_negatives(has, ratios, chance, self.compat)
            before = np.cumsum(has + wanted) - (has + wanted)
            starts = np.flatnonzero(np.diff(before // BLOCK_ROWS, prepend=-1))
            for start, end in pairwise([*starts.tolist(), len(users)]):
                mine = users[start:end]
                positives = connection.sql(
                    f"SELECT {user} AS u, {item} AS i, {time} AS t {here} AND {user} BETWEEN ? AND ?",
                    params=[code, int(mine[0]), int(mine[-1])],
                ).to_arrow_table()
                of_block = int(chance.integers(2**31))
                yield _Block(code, positives, mine, items.astype(np.int64), wanted[start:end], of_block)


def _draw(block: _Block) -> pa.Table:
    """User, item, time and domain of a block's negatives, by user and item."""
    user, item = _places(block.positives["u"], block.users), _places(block.positives["i"], block.items)
    order = np.argsort(user * len(block.items) + item, kind="stable")
    has = np.bincount(user, minlength=len(block.users))
    user, item = draw_negatives(user, item, len(block.items), block.wanted, block.seed)
    turn = np.arange(len(user)) - np.searchsorted(user, user)
    of_positive = order[(np.cumsum(has) - has)[user] + turn % has[user]]
    times = block.positives["t"].take(pa.array(of_positive))
    domain = np.full(len(user), block.domain)
    return pa.table({"u": block.users[user], "i": block.items[item], "t": times, "d": domain})


def _places(codes: pa.ChunkedArray, known: NDArray[np.int64]) -> NDArray[np.int64]:
    """The place of each code among the known ones, which ascend."""
    place = np.empty(known[-1] - known[0] + 1, np.int64)  # a search for each code takes ten times as long
    place[known - known[0]] = np.arange(len(known))
    return place[codes.to_numpy() - known[0]]
