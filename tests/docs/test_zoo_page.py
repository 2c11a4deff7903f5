"""The table of the compared methods is what the committed results say."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_table_is_what_the_command_prints():
    words = [sys.executable, "-m", "benchmarks.zoo.report"]
    printed = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    page = (ROOT / "docs/zoo.md").read_text()
    block = page.split("<!-- python -m benchmarks.zoo.report -->\n")[1].split("<!-- end of the table -->")[0]
    assert block == printed
