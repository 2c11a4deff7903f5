"""What a split is not made of: each is refused with the row, the column or the domain, and says how to mend it."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from duckdb import DuckDBPyConnection

from recmtl.data.layout import Layout
from recmtl.data.policies import FilesSplit, GroupSplit, RandomSplit, SplitConfig
from recmtl.data.split import build_split
from recmtl.errors import ConfigError, DataError, MissingError
from recmtl.schema import Schema, Score, Task
from recmtl.testing.table_dataset import TableDataset

SIZE = 50
CLICK = Task(name="click", kind="binary")
WATCHED = Task(name="watched", kind="regression", bounds=(0.0, 1.0))
SPENT = Task(name="spent", kind="regression")
LAYOUT = Layout(tasks=(CLICK,), categorical=("city",), numbers=("age",), domain="home", keys={"user": "city"})


def rows_with(**columns: Any) -> pa.Table:
    given = {
        "row": np.arange(1, SIZE + 1),
        "city": [f"c{i % 5}" for i in range(SIZE)],
        "age": [float(i % 7) for i in range(SIZE)],
        "home": ["x"] * SIZE,
        "click": np.arange(SIZE) % 2 * 1.0,
    }
    return pa.table(given | columns)


def at(row: int, value: Any, others: Any = 0.5) -> list[Any]:
    """A column of `others`, and `value` in that row."""
    return [value if i + 1 == row else others for i in range(SIZE)]


def split(out: Path, rows: pa.Table, layout: Layout = LAYOUT, policy: SplitConfig | None = None) -> Schema:
    (out / "split").mkdir()
    return build_split(
        TableDataset(name="made_up", rows=rows, columns=layout), policy or RandomSplit(), out, out / "split"
    )


def refused(out: Path, rows: pa.Table, layout: Layout = LAYOUT, policy: SplitConfig | None = None) -> str:
    with pytest.raises(DataError) as caught:
        split(out, rows, layout, policy)
    assert caught.value.exit_code == 3
    return caught.value.message.removeprefix(f"{out}, ")


def with_tasks(*tasks: Task) -> Layout:
    return Layout(tasks=tasks, categorical=("city",))


# labels


@pytest.mark.parametrize(
    ("bad", "shown"), [(2.0, "2"), (-1.0, "-1"), (0.5, "0.5"), (float("nan"), "nan"), (float("inf"), "inf")]
)
def test_a_binary_label_is_0_or_1(tmp_path: Path, bad: float, shown: str) -> None:
    rows = rows_with(click=at(17, bad, 1.0))
    assert refused(tmp_path, rows) == f"row 17: the label 'click' is {shown}; it must be 0 or 1."


@pytest.mark.parametrize("bad", [1.5, -0.001, float("nan"), float("-inf")])
def test_a_label_stays_within_its_bounds(tmp_path: Path, bad: float) -> None:
    rows = rows_with(watched=at(17, bad))
    assert (
        refused(tmp_path, rows, with_tasks(WATCHED))
        == f"row 17: the label 'watched' is {bad:g}; it must be between 0 and 1."
    )


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf"), 1e13, 1e300])
def test_a_label_without_bounds_is_a_number_of_sane_size(tmp_path: Path, bad: float) -> None:
    message = refused(tmp_path, rows_with(spent=at(17, bad)), with_tasks(SPENT))
    assert message == f"row 17: the label 'spent' is {bad:g}; it must be between -1e+12 and 1e+12."


def test_the_first_bad_row_is_named_whatever_the_order(tmp_path: Path) -> None:
    rows = rows_with(click=[7.0 if i in (9, 30, 44) else 1.0 for i in range(SIZE)])
    assert "row 10:" in refused(tmp_path, rows.take(pa.array(np.arange(SIZE)[::-1].copy())))


def test_a_null_label_is_not_observed_and_fine(tmp_path: Path) -> None:
    schema = split(tmp_path, rows_with(click=[None if i % 3 == 0 else i % 2 * 1.0 for i in range(SIZE)]))
    assert 0 < schema.tasks[0].mean < 1


@pytest.mark.parametrize(("label", "shown"), [(1.0, "1"), (0.0, "0")])
def test_a_task_with_one_label_in_training_has_nothing_to_learn(tmp_path: Path, label: float, shown: str) -> None:
    message = refused(tmp_path, rows_with(click=[label] * SIZE))
    assert f"the task 'click' has the label {shown} in all 30 training rows" in message


def test_only_training_rows_count_for_that(tmp_path: Path) -> None:
    part = ["train" if i < 30 else "test" for i in range(SIZE)]
    layout = Layout(tasks=(CLICK,), categorical=("city",), ready_made=True)
    rows = rows_with(part=part, click=[0.0 if i < 30 else 1.0 for i in range(SIZE)])
    assert "has the label 0 in all 27 training rows" in refused(tmp_path, rows, layout, FilesSplit())


def test_a_constant_regression_has_nothing_to_learn(tmp_path: Path) -> None:
    assert "has the label 0.1 in all" in refused(tmp_path, rows_with(spent=[0.1] * SIZE), with_tasks(SPENT))


def test_a_task_that_no_training_row_observes_is_refused(tmp_path: Path) -> None:
    rows = rows_with(click=pa.array([None] * SIZE, pa.float64()))
    assert refused(tmp_path, rows) == "the task 'click' is observed in no training row."


@pytest.mark.parametrize(
    ("low", "high"), [(1e9, 1e9 + 1), (-1e12, 1e12), (1e-5, 2e-5), (1e11, 1e11 + 0.5), (0.0, 1e-9), (-1e12, -1e12 + 2)]
)
def test_mean_and_deviation_of_labels_of_any_size(tmp_path: Path, low: float, high: float) -> None:
    labels = np.array([low, high] * (SIZE // 2))
    schema = split(tmp_path, rows_with(spent=labels), with_tasks(SPENT), RandomSplit(shares=(0.6, 0.2, 0.2), seed=1))
    task = schema.tasks[0]
    assert low < task.mean < high
    share = (task.mean - low) / (high - low)
    assert task.std == pytest.approx((high - low) * (share * (1 - share)) ** 0.5, rel=1e-4)


# numbers and scores


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf"), 1e39])
def test_a_number_or_a_score_that_is_no_float32_is_refused(tmp_path: Path, bad: float) -> None:
    message = refused(tmp_path, rows_with(age=at(17, bad)))
    assert message == f"row 17: 'age' is {bad:g}; it must be between -3.4e+38 and 3.4e+38."
    layout = Layout(tasks=(CLICK,), categorical=("city",), scores=(Score(name="pctr", task="click"),))
    (tmp_path / "again").mkdir()
    assert "row 17: 'pctr' is" in refused(tmp_path / "again", rows_with(pctr=at(17, bad)), layout)


# domains


def test_a_row_without_a_domain_is_refused(tmp_path: Path) -> None:
    rows = rows_with(home=[None if i in (3, 4) else "x" for i in range(SIZE)])
    assert refused(tmp_path, rows) == "row 4: the domain column 'home' is missing (2 of 50 rows have none)."


def test_no_domain_is_called_all(tmp_path: Path) -> None:
    assert "a domain is called 'all' in column 'home'" in refused(tmp_path, rows_with(home=at(9, "all", "x")))


@pytest.mark.parametrize(("name", "length"), [("", "0"), ("x" * 129, "129"), ("数" * 5000, "5,000")])
def test_a_domain_without_a_name_or_with_an_endless_one_is_refused(tmp_path: Path, name: str, length: str) -> None:
    message = refused(tmp_path, rows_with(home=at(9, name, "x")))
    assert f"a domain in column 'home' has a name of {length} characters" in message
    assert len(message) < 200


# parts


def test_no_rows_are_refused(tmp_path: Path) -> None:
    assert "holds no rows of made_up" in refused(tmp_path, rows_with().slice(0, 0))


@pytest.mark.parametrize(
    ("shares", "part"),
    [((1.0, 0.0, 0.0), "valid"), ((0.8, 0.2, 0.0), "test"), ((0.8, 0.0, 0.2), "valid"), ((0.001, 0.5, 0.499), "train")],
)
def test_a_part_that_stays_empty_is_refused(tmp_path: Path, shares: tuple[float, float, float], part: str) -> None:
    message = refused(tmp_path, rows_with(), policy=RandomSplit(shares=shares))
    assert message == f"the {part} part stays empty."


def test_a_policy_that_does_not_fit_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    for policy in (FilesSplit(), GroupSplit()):
        with pytest.raises(ConfigError):
            split(tmp_path, rows_with(), policy=policy)
        assert list((tmp_path / "split").iterdir()) == []
        (tmp_path / "split").rmdir()


class Cramped(TableDataset):
    """In memory and on disk there is no room for its rows."""

    def read(self, raw: Path, connection: DuckDBPyConnection) -> str:
        connection.execute("SET memory_limit = '20MB'; SET max_temp_directory_size = '0MB'; SET threads = 1")
        rows = "range AS row, md5(range::VARCHAR) AS city, 1.0::DOUBLE AS age, 'x' AS home, range % 2 AS click"
        return f"SELECT {rows} FROM range(1000000)"


def test_no_room_is_said_so(tmp_path: Path) -> None:
    dataset = Cramped(name="cramped", rows=rows_with(), columns=LAYOUT)
    with pytest.raises(MissingError, match=r"do not suffice to split the data: .*Make some room on the disk"):
        build_split(dataset, RandomSplit(), tmp_path, tmp_path)


def test_nothing_of_duckdb_is_left(tmp_path: Path) -> None:
    split(tmp_path, rows_with())
    assert not [path for path in tmp_path.rglob("*") if "spill" in path.name or "tmp" in path.name.split(".")]


# layouts


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        ({"categorical": ("a", "a")}, "a"),
        ({"categorical": ("a",), "numbers": ("a",)}, "a"),
        ({"categorical": ("Age", "age")}, "age"),
        ({"categorical": ("click",)}, "click"),
        ({"sequences": ("Click",)}, "click"),
        ({"scores": (Score(name="click", task="click"),)}, "click"),
        ({"categorical": ("row",)}, "row"),
        ({"numbers": ("Row",)}, "row"),
        ({"categorical": ("part",), "ready_made": True}, "part"),
    ],
)
def test_two_columns_of_one_name_are_refused(parts: dict[str, Any], name: str) -> None:
    with pytest.raises(ValueError, match=f"two columns are called '{name}'"):
        Layout(tasks=(CLICK,), **parts)


def test_a_number_shares_its_table_with_nobody() -> None:
    with pytest.raises(ValueError, match="the number 'age' has a table of its own"):
        Layout(tasks=(CLICK,), categorical=("born",), numbers=("age",), tables={"born": "age"})
