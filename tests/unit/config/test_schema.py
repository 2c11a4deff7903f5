"""The contract between the stages: what it refuses, and that it comes back from its JSON as it was."""

from typing import Any

import pytest
from pydantic import ValidationError

from recmtl.errors import ConfigError
from recmtl.schema import (
    ALL,
    CategoricalFeature,
    NumberFeature,
    Schema,
    Score,
    SequenceFeature,
    Task,
)

CLICK = Task(name="click", kind="binary")
WATCHED = Task(name="watched", kind="regression", observed_if="click = 1", bounds=(0.0, 1.0), mean=0.1, std=1 / 3)


def schema(**changes: Any) -> Schema:
    parts: dict[str, Any] = {
        "dataset": "made up",
        "features": (
            CategoricalFeature(name="Größe 数", table="Größe 数"),
            NumberFeature(name="age", table="age", knots=(-1.5, 0.0, 0.1 + 0.2, 5e-324, 1e300)[:3]),
            SequenceFeature(name="tags", table="Größe 数"),
        ),
        "tables": {"Größe 数": 12, "age": 3},
        "tasks": (CLICK, WATCHED),
        "domains": ("a/b", "..", " ", "é"),
        "domain_column": "theme",
        "keys": ("user", "time"),
        "scores": (Score(name="pctr", task="click"),),
        "knots": 3,
    }
    return Schema(**(parts | changes))


def refused(**changes: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        schema(**changes)
    return str(caught.value)


def test_it_comes_back_from_its_json() -> None:
    written = schema().model_dump_json()
    assert Schema.model_validate_json(written) == schema()
    assert Schema.model_validate(schema().document()) == schema()


@pytest.mark.parametrize(
    "change",
    [
        ('"kind":"sequence"', '"kind":"list"'),
        ('"format":1', '"format":2'),
        ('"format":1', '"format":1,"extra":0'),
        ('"table":"age"', '"table":3'),
        ('"age":3', '"age":"3"'),
        ('"age":3', '"age":0'),
        ('"mean":0.1', '"mean":NaN'),
        ('"std":0.3', '"std":-0.3'),
    ],
)
def test_json_that_was_changed_is_refused(change: tuple[str, str]) -> None:
    written = schema().model_dump_json()
    assert change[0] in written
    with pytest.raises(ValidationError):
        Schema.model_validate_json(written.replace(*change, 1))


@pytest.mark.parametrize(
    "name",
    ["", " a", "\ta", ".a", "..", "a:b", "a/b", "a\\b", "a=b", "a\nb", "a\n", "a\0", "a\x1b[1m", "a\x7f", "x" * 129],
)
def test_a_name_that_no_column_or_file_can_have_is_refused(name: str) -> None:
    for make in (
        lambda: CategoricalFeature(name=name, table="t"),
        lambda: SequenceFeature(name="s", table=name),
        lambda: Task(name=name, kind="binary"),
        lambda: Score(name=name, task="click"),
        lambda: schema(tables={"Größe 数": 12, "age": 3, name: 5}),
        lambda: schema(dataset=name),
    ):
        with pytest.raises(ValidationError):
            make()


@pytest.mark.parametrize("name", ["a", "0", "a b", "a.b", "é数", "it's", '"', "-", "x" * 128, "*", "%"])
def test_any_other_name_is_fine(name: str) -> None:
    assert CategoricalFeature(name=name, table=name).column == f"id:{name}"


def test_the_columns_of_the_files_follow_from_the_names() -> None:
    found = schema()
    assert [feature.column for feature in found.features] == ["id:Größe 数", "id:age", "ids:tags"]
    assert found.numbers[0].value_column == "value:age"
    assert [task.column for task in found.tasks] == ["label:click", "label:watched"]
    assert found.scores[0].column == "score:pctr"
    assert [f.name for f in found.singles] == ["Größe 数", "age"]
    assert [f.name for f in found.sequences] == ["tags"]


def test_no_domain_is_called_like_the_cell_over_all() -> None:
    assert "no domain may be called 'all'" in refused(domains=("a", ALL))


def test_no_domain_is_empty_or_endless_or_there_twice() -> None:
    refused(domains=())
    refused(domains=("",))
    refused(domains=("x" * 129,))
    assert "two domains are called 'b'" in refused(domains=("a", "b", "b"))


def test_no_two_of_a_kind_share_a_name() -> None:
    twice = CategoricalFeature(name="age", table="Größe 数")
    assert "two features are called 'age'" in refused(features=(*schema().features, twice))
    assert "two tasks are called 'click'" in refused(tasks=(CLICK, CLICK))
    score = Score(name="pctr", task="watched")
    assert "two scores are called 'pctr'" in refused(scores=(*schema().scores, score))


def test_nothing_points_to_what_is_not_there() -> None:
    assert "no table is called 'age'" in refused(tables={"Größe 数": 12})
    assert "no task is called 'view'" in refused(scores=(Score(name="pctr", task="view"),))


def test_something_must_be_there() -> None:
    refused(features=())
    refused(tasks=())


def test_knots_ascend_and_may_be_equal() -> None:
    assert NumberFeature(name="n", table="n", knots=(0.0, 0.0)).knots == (0.0, 0.0)
    for knots in ((1.0, 0.0), (0.0,), (0.0, float("nan")), (0.0, float("inf"))):
        with pytest.raises(ValidationError):
            NumberFeature(name="n", table="n", knots=knots)


@pytest.mark.parametrize("bounds", [(1.0, 0.0), (1.0, 1.0)])
def test_bounds_that_mean_nothing_are_refused(bounds: tuple[float, float]) -> None:
    with pytest.raises(ValidationError, match="mean nothing"):
        Task(name="watched", kind="regression", bounds=bounds)
    with pytest.raises(ValidationError, match="mean nothing"):
        Task(name="click", kind="binary", bounds=(0.0, 1.0))


def test_a_task_is_found_by_name_and_by_position() -> None:
    found = schema()
    assert [found.task_index(task) for task in ("click", "watched", "0", "1")] == [0, 1, 0, 1]


def test_a_name_goes_before_a_position() -> None:
    found = schema(tasks=(Task(name="1", kind="binary"), Task(name="0", kind="binary")), scores=())
    assert [found.task_index(task) for task in ("1", "0")] == [0, 1]


@pytest.mark.parametrize("task", ["2", "-1", "1.0", "", " 0", "Click", "9" * 5000, "²"])
def test_another_task_is_refused_with_those_there_are(task: str) -> None:
    with pytest.raises(
        ConfigError, match=r"there is no task .* in made up.*Tasks: 0 = click, 1 = watched\.$"
    ) as caught:
        schema().task_index(task)
    assert caught.value.exit_code == 2


def test_the_nearest_task_is_named() -> None:
    with pytest.raises(ConfigError, match="did you mean 'click'"):
        schema().task_index("clik")
