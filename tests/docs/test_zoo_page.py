"""The table of the compared methods is what the committed results say."""

import subprocess
import sys
from pathlib import Path

import recmtl.models  # noqa: F401  (registers them)
from recmtl.models.sharing import SharingConfig

ROOT = Path(__file__).parents[2]


def test_the_table_is_what_the_command_prints():
    words = [sys.executable, "-m", "benchmarks.zoo.report"]
    printed = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    page = (ROOT / "docs/zoo.md").read_text()
    block = page.split("<!-- python -m benchmarks.zoo.report -->\n")[1].split("<!-- end of the table -->")[0]
    assert block == printed


def test_every_model_is_compared(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks.zoo.methods import METHODS

    ours = {name for name, kind in SharingConfig.kinds.items() if kind.__module__.startswith("recmtl.models.")}
    assert {section["name"] for section in METHODS.values()} == ours
    for section in METHODS.values():
        SharingConfig.kinds[section["name"]].model_validate(section)
