"""docs/nightly.sh as cron runs it: no environment, no terminal, another folder."""

import json
import subprocess
from pathlib import Path

from recmtl import sample_data

ROOT = Path(__file__).parent.parent.parent


def night(home: Path, launcher: Path) -> subprocess.CompletedProcess[str]:
    logs = sample_data.folder() / "taobao"
    return subprocess.run(
        ["env", "-i", f"RECMTL_LOGS={logs}", f"RECMTL_HOME={home}", f"RECMTL={launcher}",
         "sh", str(ROOT / "docs/nightly.sh")],
        cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=400,
    )  # fmt: skip


def test_a_night_and_the_night_after(program, tmp_path):
    home = tmp_path / "somewhere else"

    first = night(home, program)
    assert (first.returncode, first.stdout, first.stderr) == (0, "", "")
    scores = json.loads((home / "scores.json").read_text())
    overall = next(c for c in scores["cells"] if c["domain"] == "all")
    assert overall["auc"] > 0.6
    assert len(scores["cells"]) == 11  # ten themes and all of them
    assert {"1_66.87%.pt", "2_44.72%.pt", "3_29.91%.pt", "4_20.0%.pt"} < {
        path.name for path in (home / "runs/taobao_10/tickets/click").iterdir()
    }
    log = (home / "nightly.log").read_text()
    assert "\x1b" not in log and "\r" not in log

    second = night(home, program)
    assert second.returncode == 0
    assert json.loads((home / "scores.json").read_text())["cells"] == scores["cells"]
    assert (home / "nightly.log").read_text().removeprefix(log).count("done already") == 4  # evaluate prints JSON

    (home / "data/raw/taobao/theme_click_log.csv").write_bytes(b"")
    third = night(home, program)  # a damaged copy is taken again, and ends in the same scores
    assert third.returncode == 0
    assert json.loads((home / "scores.json").read_text())["cells"] == scores["cells"]
