"""The code of docs/python.md runs, from top to bottom, and says what its remarks say."""

import re
from inspect import signature
from pathlib import Path

import torch

from recmtl import MultiTaskRanker

torch.set_num_threads(1)

PAGE = (Path(__file__).parent.parent.parent / "docs" / "python.md").read_text()


def test_the_code_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    blocks, names = re.findall(r"```python\n(.*?)```", PAGE, re.S), {}
    assert len(blocks) > 5
    for place, block in enumerate(blocks):
        exec(compile(block, f"docs/python.md, block {place + 1}", "exec"), names)
    printed = re.search(r"print\(error\)  # (.*)", PAGE)[1]
    assert printed in capsys.readouterr().out
    assert names["ranker"].tasks_ == eval(re.search(r"ranker\.tasks_ +# (.*)", PAGE)[1])
    assert (tmp_path / "models" / "tonight" / "manifest.json").is_file()
    written = set(re.search(r"The folder \((.*?)\)", PAGE)[1].replace("`", "").split(", "))
    there = {path.name + "/" * path.is_dir() for path in (tmp_path / "models" / "tonight").iterdir()}
    assert written == there


def test_every_parameter_is_in_the_table():
    table = PAGE.split("## Parameters")[1].split("##")[0]
    assert set(re.findall(r"^\| `(\w+)`", table, re.M)) == set(signature(MultiTaskRanker).parameters)
