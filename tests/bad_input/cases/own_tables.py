"""Tables of the user's own: files and their description in the config."""

import json
import os
from pathlib import Path
from typing import Any

from bad_input.case import case
from bad_input.spoiling import change_line

SPLIT = "split-domains --config own.json"
TASK = {"name": "click", "kind": "binary"}


def own(here: Path, **changes: Any) -> Path:
    """A table that is good, and its config with changes."""
    lines = [f"u{number % 7},{number % 50},{'ab'[number % 2]},{number % 3 // 2}" for number in range(100)]
    (here / "clicks.csv").write_text("\n".join(["user,age,site,click", *lines]) + "\n")
    dataset = {"name": "table", "train": "clicks.csv", "tasks": [TASK], "categorical": ["user"], "numbers": ["age"]}
    (here / "own.json").write_text(json.dumps({"dataset": {**dataset, **changes}, "split": "random"}))
    return here / "clicks.csv"


@case()
def the_file_is_not_there(here: Path) -> str:
    own(here, train="click.csv")
    return SPLIT


@case()
def columns_are_not_there(here: Path) -> str:
    own(here, categorical=["usr", "site"], numbers=["height"])
    return SPLIT


@case()
def a_column_has_a_name_that_cannot_be(here: Path) -> str:
    own(here, categorical=["user/id"])
    return SPLIT


@case()
def a_pipe_in_place_of_a_file(here: Path) -> str:
    own(here).unlink()
    os.mkfifo(here / "clicks.csv")
    return SPLIT


@case()
def a_number_is_text(here: Path) -> str:
    change_line(own(here), 9, lambda line: line.replace(",", ",old", 1))
    return SPLIT


@case()
def a_label_is_neither_0_nor_1(here: Path) -> str:
    change_line(own(here), 9, lambda line: line[:-1] + "2")
    return SPLIT


@case()
def a_label_is_out_of_bounds(here: Path) -> str:
    own(here, numbers=[], tasks=[{"name": "age", "kind": "regression", "bounds": [0.0, 20.0]}])
    return SPLIT


@case()
def a_domain_is_missing(here: Path) -> str:
    change_line(own(here, domain={"column": "site"}), 9, lambda line: line.replace(",a,", ",,").replace(",b,", ",,"))
    return SPLIT


@case()
def a_domain_is_in_no_group(here: Path) -> str:
    own(here, domain={"column": "site", "groups": {"a": "first"}})
    return SPLIT


@case()
def the_labels_are_a_feature(here: Path) -> str:
    own(here, categorical=["user", "click"])
    return SPLIT


@case()
def a_column_has_two_roles(here: Path) -> str:
    own(here, weight="age")
    return SPLIT


@case()
def a_task_is_observed_nowhere(here: Path) -> str:
    own(here, tasks=[{**TASK, "observed_if": {"column": "site", "value": "c"}}])
    return SPLIT


@case()
def a_key_of_the_config_is_misspelt(here: Path) -> str:
    own(here, tasks=[{**TASK, "colunm": "click"}])
    return SPLIT


@case()
def a_test_part_that_the_policy_would_deal(here: Path) -> str:
    own(here)
    document = json.loads((here / "own.json").read_text())
    (here / "own.json").write_text(json.dumps({**document, "split": "files"}))
    return SPLIT


@case()
def there_are_no_rows(here: Path) -> str:
    own(here).write_text("user,age,site,click\n")
    return SPLIT


@case()
def the_file_has_a_name_that_says_nothing(here: Path) -> str:
    own(here, train="clicks").rename(here / "clicks")
    return SPLIT


@case()
def the_test_rows_are_the_training_rows(here: Path) -> str:
    own(here, test="./clicks.csv")
    return f"{SPLIT} --set split=files"


@case()
def a_file_is_in_train_and_in_test(here: Path) -> str:
    path = own(here, train="rows", test="rows/clicks.csv")
    (here / "rows").mkdir()
    path.rename(here / "rows/clicks.csv")
    return f"{SPLIT} --set split=files"
