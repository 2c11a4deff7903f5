"""Makes the next item while the last one is used: Arrow, DuckDB and compression leave Python's lock alone."""

import math
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from recmtl.artifacts.cores import usable_cores

T = TypeVar("T")
U = TypeVar("U")


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


def ahead_of(function: Callable[[T], U], items: Iterator[T]) -> Iterator[U]:
    """The function of each item, in order: as many at a time as this process may use cores, the items taken in this
    thread.
    """
    at_once = max(1, math.ceil(usable_cores()))
    waiting: deque[Future[U]] = deque()
    with ThreadPoolExecutor(at_once) as threads:
        for item in items:
            waiting.append(threads.submit(function, item))
            if len(waiting) > at_once:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
