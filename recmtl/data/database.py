"""The database that splits data: of its own for each split, within a bound of memory, spilling to disk beyond it."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection

from recmtl.artifacts.memory import total_memory
from recmtl.data.sql import quote_text
from recmtl.errors import ConfigError, MissingError

RESERVED = 320 * 2**20
"""Bytes of the limit that are left for Python, Arrow and the rows on their way to a file; measured."""
RESERVED_SHARE = 1 / 6
"""Of a larger limit: with more rows come more texts, and each vocabulary is held whole; measured with 100 million."""
MIN_LIMIT = 512 * 2**20
"""Bytes below which nothing would be left for the database."""
MEMORY_SHARE = 0.5
"""Of the machine's memory: the limit where none is given."""


@contextmanager
def database(out: Path, memory_limit: int | None = None) -> Iterator[DuckDBPyConnection]:
    """A database that spills to `out` before the process takes more than `memory_limit` bytes (none: half of the
    machine's memory).

    Raises:
        ConfigError: the limit is too small to work with.
        MissingError: memory and disk are not enough. DuckDB calls it out of memory when there is no room to spill,
            either.
    """
    limit = int(total_memory() * MEMORY_SHARE) if memory_limit is None else memory_limit
    if memory_limit is not None and limit < MIN_LIMIT:
        raise ConfigError(
            f"a memory limit of {limit:,} bytes is too small to split data.", hint="Give at least 512MiB."
        )
    try:
        with closing(duckdb.connect()) as connection:
            connection.execute(f"SET temp_directory = {quote_text(str(out / '.spill'))}")
            reserved = max(RESERVED, int(limit * RESERVED_SHARE))
            connection.execute(f"SET memory_limit = '{max(limit - reserved, MIN_LIMIT - RESERVED)}B'")
            yield connection
    except duckdb.OutOfMemoryException as error:
        reason = str(error).splitlines()[0].removeprefix("Out of Memory Error: ")
        raise MissingError(
            f"memory and the disk of {out} do not suffice to split the data: {reason}",
            hint="Make some room on the disk, or give more memory with --memory-limit.",
        ) from error
