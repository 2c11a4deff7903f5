"""Changed code is another version; a changed anything else is not."""

import re
from pathlib import Path

import pytest

import recmtl
from recmtl.artifacts.code_version import code_version, version_of


@pytest.fixture
def checkout(tmp_path):
    for name in (
        "pyproject.toml",
        "recmtl/__init__.py",
        "recmtl/data/split.py",
        "recmtl/presets/nfm.json",
        "recmtl/other/x.json",
        "cli/main.py",
        "pipelines/stage.py",
        "sample_data/make.py",
        "tests/test_x.py",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    for name in ("cli", "pipelines", "sample_data"):
        (tmp_path / "recmtl" / name).symlink_to(Path("..", name))
    return tmp_path


def test_this_checkout_or_release():
    assert re.fullmatch(re.escape(recmtl.__version__) + r"(\+[0-9a-f]{12})?", code_version())
    assert code_version() is code_version(), "asked for many times, computed once"


def test_an_installed_release_is_its_version(checkout):
    (checkout / "pyproject.toml").unlink()
    assert version_of(checkout, "1.2.3") == "1.2.3"


@pytest.mark.parametrize(
    "name", ["recmtl/data/split.py", "recmtl/presets/nfm.json", "cli/main.py", "pipelines/stage.py", "recmtl/new.py"]
)
def test_a_changed_source_changes_it(checkout, name):
    before = version_of(checkout, "1")
    (checkout / name).write_text("changed")
    assert version_of(checkout, "1") != before


@pytest.mark.parametrize("name", ["tests/test_x.py", "recmtl/other/x.json", "sample_data/make.py", "recmtl/notes.txt"])
def test_other_files_do_not(checkout, name):
    before = version_of(checkout, "1")
    (checkout / name).write_text("changed")
    assert version_of(checkout, "1") == before


def test_a_moved_source_changes_it(checkout):
    before = version_of(checkout, "1")
    (checkout / "recmtl" / "data" / "split.py").rename(checkout / "recmtl" / "data" / "splits.py")
    assert version_of(checkout, "1") != before


def test_a_checkout_without_links_is_the_same_code(checkout):
    """Where git makes no links, small text files stand for them."""
    before = version_of(checkout, "1")
    for name in ("cli", "pipelines", "sample_data"):
        (checkout / "recmtl" / name).unlink()
        (checkout / "recmtl" / name).write_text(f"../{name}")
    assert version_of(checkout, "1") == before
