"""Items that are made while the last one is used: the same ones, and the same errors."""

import threading
from collections.abc import Iterator

import pytest

from recmtl.data.ahead import ahead


def test_they_are_the_same_items_in_the_same_order() -> None:
    assert list(ahead(iter(range(100)))) == list(range(100))
    assert list(ahead(iter(()))) == []
    assert list(ahead(iter((None, None)))) == [None, None]


def test_the_next_one_is_made_while_the_last_is_used() -> None:
    made = threading.Event()

    def items() -> Iterator[int]:
        yield 1
        made.set()
        yield 2

    found = ahead(items())
    assert next(found) == 1
    assert made.wait(5)
    assert list(found) == [2]


def test_an_error_comes_where_its_item_would() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    found = ahead(items())
    assert next(found) == 1
    with pytest.raises(ValueError, match="broken"):
        next(found)


def test_who_leaves_early_leaves_no_thread() -> None:
    before, found = threading.active_count(), ahead(iter(range(10)))
    assert next(found) == 0
    found.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before
