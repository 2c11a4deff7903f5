"""The code of docs/deepctr.md runs, from top to bottom, and the page says of functions what they are."""

import re
from inspect import signature
from pathlib import Path

import pytest
import torch

import recmtl.deepctr

torch.set_num_threads(1)

PAGE = (Path(__file__).parent.parent.parent / "docs" / "deepctr.md").read_text()


def test_the_code_runs_and_prints_lines_as_shown(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = {}
    for place, block in enumerate(re.findall(r"```python\n(.*?)```", PAGE, re.S)):
        exec(compile(block, f"docs/deepctr.md, block {place + 1}", "exec"), names)
    assert [array.shape for array in names["pred_ans"]] == [(1000, 1), (1000, 1)]
    printed = capsys.readouterr().out
    assert re.search(r"print\(error\)  # (.*)", PAGE)[1] in printed
    shown = re.search(r"    (Epoch 5/5)\n    (.*)\n", PAGE)
    there = re.search(r"(Epoch 5/5)\n(.*)\n", printed)
    assert without_numbers(there[2]) == without_numbers(shown[2])
    assert float(re.search(r"task 1_auc: (.*?) ", there[2])[1]) > 0.8


def without_numbers(line):
    return re.sub(r"\d+\.\d+|\ds", "#", line)


@pytest.mark.parametrize("name", ["Shared_Bottom", "ESMM", "MMOE", "PLE_CGC"])
def test_parameters_and_defaults_are_as_the_table_says(name):
    row = re.search(rf"^\| `{name}`.*?\| (.*?) \|", PAGE, re.M)[1]
    own = eval(f"dict({re.search('`(.*?)`', row)[1]})")
    common = eval(f"dict({re.search(r'^`(l2_reg_embedding=.*?)`', PAGE, re.M)[1]})")
    found = signature(getattr(recmtl.deepctr, name)).parameters
    assert {key: as_lists(found[key].default) for key in own | common} == own | common
    given = {"dnn_feature_columns", "num_tasks", "task_types", "task_names"}
    assert set(found) <= set(own) | set(common) | given


def as_lists(value):
    return [as_lists(inner) for inner in value] if isinstance(value, tuple) else value
