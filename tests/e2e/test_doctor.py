"""recmtl doctor: what it finds, and what it does where something is missing."""

import json
import os
import subprocess
import sys
from pathlib import Path

import filelock
import pytest

from recmtl.pipelines.doctor import Machine, of_machine

ROOT = Path(__file__).parent.parent.parent
SITE = [Path(path) for path in sys.path if "site-packages" in path]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A site-packages like this one's, but with many things wrong. Without torch: that takes long to import."""
    folder = tmp_path_factory.mktemp("other") / "site"
    folder.mkdir()
    for entry in (entry for site in SITE for entry in site.iterdir()):
        left_out = ("torch", "duckdb", "_duckdb", "psutil", "filelock", "pooch", "recmtl")
        if not entry.name.startswith(left_out) and not (folder / entry.name).exists():
            (folder / entry.name).symlink_to(entry)
    (folder / "filelock").symlink_to(Path(filelock.__file__).parent)
    dist_info(folder, "filelock", "1.0")
    (dist_info(folder, "pooch", "1.9") / "RECORD").write_text("pooch/__init__.py,,\n")
    (folder / "pooch").mkdir()
    (folder / "pooch/__init__.py").write_text("raise ImportError('libc.so.99: cannot open shared object file')\n")
    return folder


def run(site, *words, code_in=ROOT):
    """A command with the packages in `site` alone."""
    code = f"import sys; sys.path[:0] = {[str(code_in), str(site)]!r}; from recmtl.cli.main import main; main()"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [sys.executable, "-S", "-c", code, *words],
        cwd=site.parent, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


def dist_info(site, name, version, *lines):
    folder = site / f"{name.replace('-', '_')}-{version}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(
        "\n".join(["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *lines])
    )
    return folder


def test_all_is_well_here(tmp_path, cli):
    ran = cli("doctor", "--json", cwd=tmp_path)
    assert ran.code == 0, ran.out
    found = ran.json
    assert found["status"] == "done"
    assert {"torch", "pyarrow", "duckdb", "pandas", "scikit-learn", "pydantic", "typer"} <= {
        package["name"] for package in found["packages"] if package["version"] and not package["problem"]
    }
    assert found["machine"]["total_memory"] >= found["machine"]["available_memory"] > 10**7
    assert found["machine"]["torch_threads"] == 1 and found["machine"]["variables"]["OMP_NUM_THREADS"] == "1"
    assert found["machine"]["bfloat16"] in (True, False)
    assert found["place"]["folder"] == str(tmp_path) and found["place"]["free"] > 0
    assert found["place"]["locks"] is True and isinstance(found["place"]["exchange"], bool)
    assert not list(tmp_path.iterdir())


def test_people_get_tables(tmp_path, cli):
    ran = cli("doctor", cwd=tmp_path)
    assert ran.code == 0, ran.err
    for word in ("torch", "threads of torch", "memory", "locks", "keep two runs apart", "recmtl[test]"):
        assert word in ran.out
    assert "\x1b" not in ran.out


def test_a_workspace_that_is_not_there_yet_is_not_made(tmp_path, cli):
    ran = cli("doctor", "--workspace", "some/where", "--json", cwd=tmp_path)
    assert (ran.code, ran.json["place"]["folder"]) == (0, str(tmp_path))
    assert not list(tmp_path.iterdir())


def test_a_workspace_that_cannot_be_written_is_refused(tmp_path, cli):
    (tmp_path / "file").write_text("")
    ran = cli("doctor", "--workspace", "file", "--json", cwd=tmp_path)
    assert (ran.code, ran.json["code"], ran.json["status"]) == (5, 5, "error")
    assert "file" in ran.err and "--workspace" in ran.json["hint"]


@pytest.mark.parametrize(("usable", "told"), [(8, None), (7.5, "OMP_NUM_THREADS=7"), (0.5, "OMP_NUM_THREADS=1")])
def test_more_threads_than_cores_are_worth_a_note(usable, told):
    found = list(of_machine(Machine(64, usable, 8, True, None, {}, 10**9, 10**9)))
    assert not any(problem.fatal for problem in found)
    assert [problem.mend for problem in found] == ([] if told is None else [f"Set {told}."])


def test_each_thing_wrong_is_named_with_its_mend(site):
    ran = run(site, "doctor", "--json")
    found = json.loads(ran.stdout)
    assert (ran.returncode, found["status"], found["code"]) == (5, "error", 5)
    wrong = {package["name"]: package["problem"] for package in found["packages"] if package["problem"]}
    assert wrong == {
        "torch": "is not installed",
        "duckdb": "is not installed",
        "psutil": "is not installed",
        "filelock": "is 1.0; recmtl needs >=3.24",
        "pooch": "cannot be imported (ImportError: libc.so.99: cannot open shared object file)",
    }
    for name, problem in wrong.items():
        assert f"{name} {problem}" in found["message"]
    assert "'duckdb>=2.0,<3'" in found["hint"] and "--force-reinstall" in found["hint"]
    assert ran.stderr.startswith("error: ") and "Traceback" not in ran.stderr
    assert (found["machine"]["total_memory"], found["machine"]["torch_threads"]) == (None, None)


def test_other_commands_point_to_it(site):
    ran = run(site, "split-domains", "--sample")
    assert ran.returncode == 5
    assert "'duckdb' is not installed" in ran.stderr and "recmtl doctor" in ran.stderr


def test_an_installed_release_is_read_from_its_metadata(site):
    """Without a pyproject.toml beside it; a requirement for another system does not count."""
    (site / "recmtl").symlink_to(ROOT / "recmtl")
    dist_info(
        site, "recmtl", "9.9", "Requires-Python: >=3.11", "Requires-Dist: numpy>=2.0",
        'Requires-Dist: nothing-like-it; sys_platform == "plan9"',
        "Provides-Extra: cluster", 'Requires-Dist: no-such-package>=3; extra == "cluster"',
        'Requires-Dist: pandas; extra == "cluster"',
    )  # fmt: skip
    ran = run(site, "doctor", "--json", code_in=site)
    found = json.loads(ran.stdout)
    assert ran.returncode == 0, ran.stderr
    assert [package["name"] for package in found["packages"]] == ["numpy"]
    extra = {package["name"]: package["problem"] for package in found["extras"]["cluster"]}
    assert extra == {"no-such-package": "is not installed", "pandas": ""}
