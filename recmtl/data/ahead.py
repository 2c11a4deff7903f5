"""Makes the next item while the last one is used: Arrow, DuckDB and compression leave Python's lock alone."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def ahead(items: Iterator[T]) -> Iterator[T]:
    """The same items in the same order, each made in a thread beside this one, one ahead.

    The first is made in this thread: it may wait long for a query to sort, and there an interrupt ends the query.
    """
    end = object()
    item = next(items, end)
    with ThreadPoolExecutor(1) as thread:
        while item is not end:
            following = thread.submit(next, items, end)
            yield item  # type: ignore[misc]
            item = following.result()
