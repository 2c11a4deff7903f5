"""`recmtl run`: several configs to one table."""

import json
import re
import statistics
import subprocess
import sys

import pytest

from recmtl.recipe import read_preset

SMALL = read_preset("sample.json").document | {"data": "sample"}
SMALL["train"] = {**SMALL["train"], "epochs": 1}


@pytest.fixture
def here(workspace):
    """A workspace with the sample's split, and two configs for it."""
    for name, model in (("bottom", "shared_bottom"), ("experts", "mmoe")):
        (workspace / f"{name}.json").write_text(json.dumps({**SMALL, "model": model}))
    return workspace


def cells(folder, run):
    """(task, domain) -> its cell."""
    card = json.loads((folder / f"runs/{run}/scorecard/scorecard.json").read_text())
    return {(cell["task"], cell["domain"]): cell for cell in card["cells"]}


def rows(out):
    """Of the table, by the name of the config."""
    return {line.split()[0]: line.split()[1:] for line in out.splitlines() if re.match(r"\S+\.json ", line)}


def test_each_config_has_a_row_with_what_evaluate_says_of_it(here, cli):
    ran = cli("run", "bottom.json", "experts.json", cwd=here)
    assert ran.code == 0, ran.err
    assert "split-domains: done already: data/sample\ntrain-mtl: done: runs/bottom/model" in ran.out
    expected = {
        f"{run}.json": [f"{found['click', 'all']['auc']:.4f}", f"{found['completion', 'all']['mse'] ** 0.5:.4f}"]
        for run in ("bottom", "experts")
        for found in [cells(here, run)]
    }
    assert rows(ran.out) == expected
    assert re.search(r"^config +click AUC +completion RMSE *$", ran.out, re.M)


def test_what_is_done_is_not_done_again_and_a_column_may_be_a_domain(here, cli):
    cli("run", "bottom.json", cwd=here)
    ran = cli("run", "bottom.json", "--by-domain", "--json", cwd=here)
    assert (ran.code, ran.json["status"], ran.json["command"]) == (0, "done", "run")
    (found,) = ran.json["configs"]
    assert [(stage["stage"], stage["status"]) for stage in found["stages"]] == [
        ("split-domains", "done already"), ("train-mtl", "done already"), ("evaluate", "done already"),
    ]  # fmt: skip
    auc = {cell: one["auc"] for cell, one in cells(here, "bottom").items() if cell[0] == "click" and cell[1] != "all"}
    told = {(one["task"], one["domain"]): one["mean"] for one in found["scores"] if one["metric"] == "AUC"}
    assert told.pop((None, None)) == pytest.approx(statistics.fmean(auc.values()))
    assert told == auc and len(auc) > 1


def test_seeds_have_runs_of_their_own_and_a_deviation(here, cli):
    ran = cli("run", "bottom.json", "--seeds", "0,1,2", cwd=here)
    assert ran.code == 0, ran.err
    values = [cells(here, f"bottom-seed{seed}")["click", "all"]["auc"] for seed in (0, 1, 2)]
    assert len(set(values)) == 3
    assert rows(ran.out)["bottom.json"][:2] == [f"{statistics.fmean(values):.4f}", f"{statistics.stdev(values):.4f}"]
    seeds = [json.loads((here / f"runs/bottom-seed{n}/model/manifest.json").read_text())["seed"] for n in (0, 1, 2)]
    assert seeds == [0, 1, 2]


def test_a_config_that_fails_is_told_at_its_row_and_the_others_go_on(here, cli):
    (here / "people.json").write_text(json.dumps({"dataset": "adult", "split": "files", "model": "mmoe"}))
    (here / "wrong.json").write_text(json.dumps({**SMALL, "model": "mmo"}))
    ran = cli("run", "people.json", "wrong.json", "bottom.json", "--json", cwd=here)
    assert (ran.code, ran.json["status"], ran.json["code"]) == (5, "error", 5)  # of the first
    people, wrong, bottom = ran.json["configs"]
    assert (people["error"]["code"], wrong["error"]["code"]) == (5, 2) and "error" not in bottom
    assert people["scores"] == [] and len(bottom["scores"]) == 2
    text = cli("run", "wrong.json", "bottom.json", cwd=here)
    row = next(line for line in text.out.splitlines() if line.startswith("wrong.json"))
    assert text.code == 2 and "did you mean 'mmoe'" in row and row.split()[1:3] == ["-", "-"]
    assert text.err.count("did you mean 'mmoe'") == 1


def program(body):
    """`recmtl run` of both configs in a process where something happens on the way."""
    return [sys.executable, "-c", f"import os, signal, time\nfrom recmtl.cli.main import main\n{body}\n"
            "main(['run', 'bottom.json', 'experts.json', '--json'])"]  # fmt: skip


def test_a_run_that_was_cut_goes_on(here, cli):
    """Stopped by SIGINT in the second config's scoring."""
    done = subprocess.run(
        program(
            "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
            "from recmtl.pipelines import evaluate\n"
            "cells, calls = evaluate.cells, []\n"
            "def stopped(*given):\n"
            "    calls.append(1)\n"
            "    if len(calls) == 2: os.kill(os.getpid(), signal.SIGINT), time.sleep(60)\n"
            "    return cells(*given)\n"
            "evaluate.cells = stopped"
        ),
        cwd=here, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 130 and json.loads(done.stdout)["code"] == 130
    found = cli("run", "bottom.json", "experts.json", "--json", cwd=here).json["configs"]
    status = [[stage["status"] for stage in one["stages"]] for one in found]
    assert status == [["done already"] * 3, ["done already", "done already", "done"]]


def test_an_internal_error_of_one_config_ends_that_one_alone(here):
    done = subprocess.run(
        program(
            "from recmtl.pipelines import evaluate\n"
            "cells, calls = evaluate.cells, []\n"
            "def broken(*given):\n"
            "    calls.append(1)\n"
            "    return cells(*given) if len(calls) == 2 else 1 / 0\n"
            "evaluate.cells = broken"
        ),
        cwd=here, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    document = json.loads(done.stdout)
    assert (done.returncode, document["code"]) == (1, 1) and "ZeroDivisionError" in document["message"]
    assert "internal error" in done.stderr and "Traceback" not in done.stderr
    assert [len(one["scores"]) for one in document["configs"]] == [0, 2]
