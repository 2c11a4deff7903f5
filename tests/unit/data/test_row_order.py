"""What a split makes of its rows follows from the seed and from what they hold: where they lay in the files decides
nothing.
"""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pytest

from recmtl.artifacts.tables import read_table
from recmtl.data import encoding
from recmtl.data.layout import Layout
from recmtl.data.policies import GroupSplit, NegativeRate, RandomSplit, SplitConfig, TimeSplit, UserTimeSplit
from recmtl.data.split import build_split
from recmtl.schema import Task
from recmtl.testing.table_dataset import TableDataset

KEYS = {"user": "person", "item": "thing", "time": "when"}
TASKS = (Task(name="click", kind="binary"),)
KEYED = Layout(tasks=TASKS, categorical=("city",), numbers=("age",), domain="land", keys=KEYS)
BARE = Layout(tasks=TASKS, categorical=("city",), numbers=("age",), sequences=("tags",), domain="land")
POLICIES = [
    RandomSplit(), RandomSplit(seed=5, negative_rate=NegativeRate(task="click", rate=0.5)), GroupSplit(by="user"),
    TimeSplit(), UserTimeSplit(),
]  # fmt: skip


def some_rows(size: int) -> pa.Table:
    """With few different values: many rows are there twice, and many share user, item and time and nothing more."""
    chance = np.random.default_rng(3)
    text = {name: chance.integers(0, many, size).astype(str)
            for name, many in {"land": 2, "city": 3, "person": 8, "thing": 4, "when": 9}.items()}  # fmt: skip
    tags = [None if i % 5 == 0 else ["a"] * (i % 3) for i in range(size)]
    return pa.table(
        text | {"age": chance.integers(0, 3, size) * 1.0, "tags": pa.array(tags, pa.list_(pa.string())),
                "click": chance.integers(0, 2, size) * 1.0, "row": np.arange(size)}
    )  # fmt: skip


def files(out: Path, rows: pa.Table, layout: Layout, policy: SplitConfig) -> dict[str, list[dict[str, object]]]:
    """Rows of each Parquet file, without their place in the raw files."""
    out.mkdir()
    build_split(TableDataset(name="made_up", rows=rows, columns=layout), policy, out, out)
    found = {str(path.relative_to(out)): read_table(path) for path in out.rglob("*.parquet")}
    return {name: table.drop([c for c in ("row",) if c in table.column_names]).to_pylist()
            for name, table in found.items()}  # fmt: skip


@pytest.mark.parametrize(
    ("layout", "policy"),
    [(KEYED, policy) for policy in POLICIES]
    + [(BARE, policy) for policy in POLICIES if isinstance(policy, RandomSplit)],
)
def test_the_order_of_the_raw_rows_changes_nothing(tmp_path: Path, layout: Layout, policy: SplitConfig) -> None:
    rows = some_rows(400)
    other = rows.take(np.random.default_rng(1).permutation(400)).set_column(
        rows.schema.get_field_index("row"), "row", pa.array(np.arange(400))
    )
    assert files(tmp_path / "one", rows, layout, policy) == files(tmp_path / "other", other, layout, policy)


def test_rows_that_are_alike_fall_to_all_parts(tmp_path: Path) -> None:
    """Each is a row of its own: chance does not treat a hundred as one."""
    rows = pa.table({"city": ["a"] * 300, "age": [1.0] * 300, "click": [0.0, 1.0] * 150, "row": range(300)})
    layout = Layout(tasks=TASKS, categorical=("city",), numbers=("age",))
    policy = RandomSplit(shares=(0.5, 0.25, 0.25))
    found = files(tmp_path / "s", rows, layout, policy)
    clicks = {name: [row["label:click"] for row in rows] for name, rows in found.items() if "domain=" in name}
    assert sorted(map(len, clicks.values())) == [75, 75, 150]
    for labels in clicks.values():
        assert 0.35 < np.mean(labels) < 0.65
        assert 0.35 < np.mean(np.diff(labels) != 0) < 0.65  # neither in turn nor all of a kind together


def test_the_keys_decide_whatever_features_are_read(tmp_path: Path) -> None:
    rows = some_rows(3000).append_column("once", pa.array(np.arange(3000).astype(str)))
    keys = KEYS | {"time": "once"}
    parts = []
    for i, layout in enumerate([
        Layout(tasks=TASKS, categorical=("city",), numbers=("age",), domain="land", keys=keys),
        Layout(tasks=TASKS, categorical=("person",), domain="land", keys=keys),
    ]):  # fmt: skip
        found = files(tmp_path / str(i), rows, layout, RandomSplit())
        parts.append({name: [row["key:time"] for row in rows] for name, rows in found.items() if "domain=" in name})
    assert parts[0] == parts[1]


def test_another_seed_is_another_order(tmp_path: Path) -> None:
    rows = some_rows(400)
    one, other = (files(tmp_path / str(seed), rows, KEYED, RandomSplit(seed=seed)) for seed in (1, 2))
    assert one.keys() == other.keys()
    assert one != other


def test_chance_is_even_where_users_and_items_cross(tmp_path: Path) -> None:
    """Every user with every item: no user, item, nor pair of them draws one part together."""
    size = 60
    user, item = (place.ravel() for place in np.meshgrid(np.arange(size), np.arange(size)))
    table = {"person": user.astype(str), "thing": item.astype(str), "when": ["1"] * size**2, "row": np.arange(size**2)}
    rows = pa.table(table | {"click": np.arange(size**2) % 2 * 1.0})
    layout = Layout(tasks=TASKS, categorical=("person", "thing"), keys=KEYS)
    found = files(tmp_path / "s", rows, layout, RandomSplit(shares=(0.5, 0.25, 0.25)))
    trained = np.zeros((size, size))
    for row in next(rows for name, rows in found.items() if name.startswith("train")):
        trained[int(str(row["key:user"])), int(str(row["key:item"]))] = 1
    for counts in (trained.sum(axis=0), trained.sum(axis=1)):
        assert counts.std() == pytest.approx(np.sqrt(size) / 2, rel=0.35)
        assert abs(counts - size / 2).max() < 4.5 * np.sqrt(size) / 2
    together = np.corrcoef(trained)[np.triu_indices(size, 1)]
    assert abs(together.mean()) < 0.02
    assert together.std() == pytest.approx(1 / np.sqrt(size), rel=0.1)


@pytest.mark.parametrize("policy", [RandomSplit(), TimeSplit()], ids=lambda policy: type(policy).__name__)
def test_keys_with_many_texts_are_written_as_those_with_few(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, policy: SplitConfig
) -> None:
    rows, times = some_rows(400), [None if i % 50 == 0 else str(i) for i in range(400)]
    rows = rows.set_column(rows.schema.get_field_index("when"), "when", pa.array(times))
    rows = rows.filter(pa.compute.is_valid(rows["when"])) if isinstance(policy, TimeSplit) else rows
    few = files(tmp_path / "few", rows, KEYED, policy)
    monkeypatch.setattr(encoding, "MAX_TEXTS", 0)
    many = files(tmp_path / "many", rows, KEYED, policy)
    assert [*few] == [*many] and few == many
    for name in few:
        assert (tmp_path / "few" / name).read_bytes() == (tmp_path / "many" / name).read_bytes()
