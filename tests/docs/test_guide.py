"""The commands on the guide's pages work, one after the other, in an empty folder."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGES = ("quick_start.md", "own_data.md", "night.md", "scorecard.md")


def commands(page: str) -> str:
    """All blocks marked `sh`, as one script."""
    blocks = re.findall(r"^```sh\n(.*?)^```", (ROOT / "docs" / page).read_text(), re.M | re.S)
    assert blocks, f"{page} has no commands"
    return "\n".join(blocks)


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page(page, program, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    ran = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", commands(page)],
        cwd=home,
        env={**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_every_page_is_found_from_the_readme_and_every_link_leads_somewhere():
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
    linked = set()
    for page in pages:
        for target, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)", page.read_text()):
            path = (page.parent / target).resolve() if target else page
            assert path.exists(), f"{page.name} links {target}"
            if anchor:
                headings = re.findall(r"^#+ (.*)$", path.read_text(), re.M)
                slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
                assert anchor in slugs, f"{page.name} links {target}#{anchor}"
            if page.name == "README.md":
                linked.add(path)
    assert set((ROOT / "docs").glob("*.md")) <= linked
