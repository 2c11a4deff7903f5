"""Drawn negatives, for any users and items: never a touched one, none twice, as many as asked or all there are."""

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from recmtl.data.negatives import draw_negatives


@st.composite
def problems(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, int, np.ndarray, int]:
    users, items = draw(st.integers(1, 8)), draw(st.integers(1, 40))
    pair = st.tuples(st.integers(0, users - 1), st.integers(0, items - 1))
    touched = draw(st.lists(pair, max_size=60))
    for user in draw(st.sets(st.integers(0, users - 1), max_size=3)):  # these have touched everything, or nearly
        touched += [(user, item) for item in range(items - draw(st.integers(0, 1)))]
    wanted = draw(st.lists(st.integers(0, 60), min_size=users, max_size=users))
    pairs = np.array(touched, dtype=np.int64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1], items, np.array(wanted, dtype=np.int64), draw(st.integers(0, 2**31))


EVERYTHING = (np.zeros(30, np.int64), np.arange(30), 30, np.array([30]), 0)
ALL_BUT_ONE = (np.zeros(999, np.int64), np.arange(999), 1000, np.array([5, 1000]), 0)


@settings(max_examples=150, deadline=None)
@given(problems())
@example(EVERYTHING)
@example(ALL_BUT_ONE)
def test_drawn_negatives(problem: tuple[np.ndarray, np.ndarray, int, np.ndarray, int]) -> None:
    user, item, items, wanted, seed = problem
    drawn_user, drawn_item = draw_negatives(user, item, items, wanted.copy(), seed)
    drawn = list(zip(drawn_user.tolist(), drawn_item.tolist(), strict=True))
    touched = set(zip(user.tolist(), item.tolist(), strict=True))
    assert drawn == sorted(set(drawn))  # ordered, none twice
    assert not set(drawn) & touched
    assert all(0 <= index < items for _, index in drawn)
    for index, asked in enumerate(wanted.tolist()):
        free = items - sum(who == index for who, _ in touched)
        assert sum(who == index for who, _ in drawn) == min(asked, free)
    again = draw_negatives(user, item, items, wanted.copy(), seed)
    np.testing.assert_array_equal(again[0], drawn_user)
    np.testing.assert_array_equal(again[1], drawn_item)


@settings(max_examples=30, deadline=None)
@given(problems())
def test_neither_the_order_of_touches_nor_their_number_matters(
    problem: tuple[np.ndarray, np.ndarray, int, np.ndarray, int],
) -> None:
    user, item, items, wanted, seed = problem
    expected = draw_negatives(user, item, items, wanted, seed)
    found = draw_negatives(np.tile(user[::-1], 2), np.tile(item[::-1], 2), items, wanted, seed)
    np.testing.assert_array_equal(found, expected)


def test_every_untouched_item_is_as_likely() -> None:
    users, items = 20_000, 8
    user, item = np.repeat(np.arange(users), 2), np.tile([2, 5], users)
    _, drawn = draw_negatives(user, item, items, np.full(users, 3), seed=1)
    count = np.bincount(drawn, minlength=items)
    assert count[[2, 5]].tolist() == [0, 0]
    assert np.abs(count[[0, 1, 3, 4, 6, 7]] - users / 2).max() < 5 * (users / 4) ** 0.5


def test_another_seed_draws_other_items() -> None:
    user, item, wanted = np.arange(50), np.zeros(50, np.int64), np.full(50, 3)
    assert not np.array_equal(draw_negatives(user, item, 100, wanted, 1), draw_negatives(user, item, 100, wanted, 2))
