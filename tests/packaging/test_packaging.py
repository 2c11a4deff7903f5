"""What is installed is what is in the tree, under names of our own."""

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_every_folder_with_code_is_listed():
    """`packages` is written out by hand: one forgotten is missing from the wheel while an editable install works."""
    folders = {path.parent for path in (ROOT / "recmtl").rglob("__init__.py")}
    found = {".".join(folder.relative_to(ROOT).parts) for folder in folders}
    found |= {
        f"recmtl.{name}" for name in ("cli", "pipelines", "sample_data") if (ROOT / name / "__init__.py").is_file()
    }
    assert sorted(found) == sorted(PYPROJECT["tool"]["setuptools"]["packages"])


@pytest.mark.parametrize("name", ["cli", "pipelines", "sample_data"])
def test_the_links_are_there(name):
    assert (ROOT / "recmtl" / name).resolve() == ROOT / name


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    pytest.importorskip("setuptools", minversion="80", reason="building a wheel needs setuptools 80 or newer")
    # a copy: building in the tree would leave build/ there, and take what an older build left
    tree, out = tmp_path_factory.mktemp("tree") / "recmtl", tmp_path_factory.mktemp("wheel")
    skipped = shutil.ignore_patterns(".git", ".venv", "build", "*.egg-info", "demo", "__pycache__")
    shutil.copytree(ROOT, tree, symlinks=True, ignore=skipped)
    options = ["--no-build-isolation", "--no-deps", "-q", "-w", str(out), str(tree)]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options], check=True, capture_output=True, text=True)
    return next(out.glob("recmtl-*.whl"))


def test_the_wheel_holds_our_names_and_every_file(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {name.split("/")[0] for name in names} == {"recmtl", f"recmtl-{PYPROJECT['project']['version']}.dist-info"}
    tracked = subprocess.run(
        ["git", "ls-files", "recmtl", "cli", "pipelines", "sample_data"], cwd=ROOT, capture_output=True, text=True
    ).stdout.split()  # fmt: skip
    if not tracked:
        pytest.skip("not a git checkout: the files to expect are not known")
    for name in tracked:
        path = Path(name)
        if not (ROOT / path).is_symlink():
            expected = name if path.parts[0] == "recmtl" else f"recmtl/{name}"
            assert expected in names, name


def test_the_wheel_runs_from_anywhere_without_the_tree(wheel, tmp_path):
    """Unpacked, without site's .pth files, so that an editable install cannot lend a missing module."""
    zipfile.ZipFile(wheel).extractall(tmp_path / "installed")
    packages = [path for path in sys.path if "site-packages" in path]
    code = (
        f"import sys; sys.path[:0] = {[str(tmp_path / 'installed'), *packages]!r}; "
        "import recmtl; assert 'installed' in recmtl.__file__; "
        "from recmtl.cli.main import main; main(['train-mtl', '--sample', '--set', 'train.epochs=1', '--quiet'])"
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    ran = subprocess.run(
        [sys.executable, "-S", "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "runs/sample/model/best.pt").is_file()


def test_split_domains_does_not_wait_for_torch(tmp_path):
    code = (
        "import sys; from recmtl.cli.main import main\n"
        "try: main(['split-domains', '--sample', '--quiet'])\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "assert 'torch' not in sys.modules"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
