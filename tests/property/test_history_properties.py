"""For any log: the lists are those that plain Python finds, whatever the order of rows and the threads; and no row ever
changes the list of a row that is not later.
"""

from typing import Any

import duckdb
import pyarrow as pa
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from raw_rows import make_raw_rows

from recmtl.data.coded import texts_of
from recmtl.data.history import add_history
from recmtl.data.layout import Layout
from recmtl.data.policies import History, RandomSplit
from recmtl.schema import Task

LAYOUT = Layout(
    tasks=(Task(name="click", kind="binary"),),
    categorical=("thing",),
    keys={"user": "person", "item": "thing", "time": "when"},
)
START = 1_600_000_000

Row = dict[str, Any]
LENGTHS = st.integers(1, 6)


EVENTS = {
    "thing": st.sampled_from(["a", "b", "B", "ä", "10", "9", "", None]),
    "click": st.sampled_from([0.0, 1.0, 1.0, None]),
}
PEOPLE = st.sampled_from(["u", "v", None])


@st.composite
def logs(draw: st.DrawFn) -> list[Row]:
    """Few users, items and times, so that much is equal."""
    size, numbers = draw(st.integers(1, 40)), draw(st.booleans())
    hours = st.integers(0, draw(st.sampled_from([1, 5, 40]))) | st.none()
    found = draw(
        st.lists(st.fixed_dictionaries({"person": PEOPLE, "hour": hours, **EVENTS}), min_size=size, max_size=size)
    )
    places = draw(st.permutations(range(size)))
    return [{**row, "row": i, "when": when(row["hour"], numbers)} for row, i in zip(found, places, strict=True)]


def when(hour: int | None, numbers: bool) -> str | None:
    if hour is None:
        return None
    return str(START + 3600 * hour) if numbers else f"2026-01-{1 + hour // 24:02}T{hour % 24:02}:00"


def listed(rows: list[Row], length: int, threads: int = 1) -> dict[int, list[str]]:
    kinds = {"row": pa.int64(), "click": pa.float64()}
    names = ("row", "person", "when", "thing", "click")
    table = pa.table({name: pa.array([row[name] for row in rows], kinds.get(name, pa.string())) for name in names})
    with duckdb.connect(config={"threads": threads}) as connection:
        make_raw_rows(connection, table, LAYOUT, seed=0)
        add_history(connection, LAYOUT, RandomSplit(history=History(length=length)), "here", "")
        found = connection.execute("SELECT row, past_items FROM raw_rows").fetchall()
        item = texts_of(connection, "thing")
    assert len(found) == len(rows)
    return {row: item.take(pa.array(codes, pa.int32())).to_pylist() for row, codes in found}


def expected(rows: list[Row], length: int) -> dict[int, list[str]]:
    """Row by row, over all rows."""
    lists: dict[int, list[str]] = {}
    for row in rows:
        before = [
            (other["hour"], other["thing"].encode(), other["thing"])
            for other in rows
            if None not in (row["person"], row["hour"], other["hour"], other["thing"])
            and other["person"] == row["person"]
            and other["hour"] < row["hour"]
            and other["click"] == 1
        ]
        lists[row["row"]] = [thing for *_, thing in sorted(before)][-length:]
    return lists


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(logs(), LENGTHS, st.randoms(use_true_random=False))
def test_the_lists_are_those_of_plain_python_in_any_order_of_rows(rows: list[Row], length: int, chance: Any) -> None:
    lists = expected(rows, length)
    assert listed(rows, length) == lists
    assert listed(chance.sample(rows, len(rows)), length, threads=2) == lists


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(logs(), LENGTHS, st.data())
def test_what_happens_at_a_time_or_later_changes_no_list_of_that_time(
    rows: list[Row], length: int, data: st.DataObject
) -> None:
    hour = data.draw(st.integers(0, 40))
    looked_at = [row for row in rows if row["hour"] is not None and row["hour"] <= hour]
    assume(looked_at)
    numbers = "T" not in looked_at[0]["when"]
    changed = [
        {**row, **(data.draw(st.fixed_dictionaries(EVENTS)) if row["hour"] == hour else {})} for row in looked_at
    ]
    for place in range(data.draw(st.integers(0, 10))):
        event = data.draw(st.fixed_dictionaries({"person": PEOPLE, **EVENTS}))
        late = hour + data.draw(st.integers(0, 3))
        changed.append({**event, "row": len(rows) + place, "hour": late, "when": when(late, numbers)})
    before, after = listed(rows, length), listed(changed, length)
    assert {row["row"]: after[row["row"]] for row in looked_at} == {row["row"]: before[row["row"]] for row in looked_at}
