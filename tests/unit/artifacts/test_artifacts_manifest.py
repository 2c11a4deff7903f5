"""A folder is an artefact only with a manifest, and only as long as it agrees with it."""

import json
import subprocess
import sys

import pytest
from pydantic import ValidationError

from recmtl.artifacts import manifest
from recmtl.artifacts.hashing import HashMemory, digest_json, sha256_file
from recmtl.errors import DamagedError, MissingError


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "model"
    (folder / "part").mkdir(parents=True)
    (folder / "best.pt").write_bytes(b"weights")
    (folder / "part" / "a.parquet").write_bytes(b"rows")
    (folder / ".scratch").write_text("hidden")
    return folder


@pytest.fixture
def memory(tmp_path):
    return HashMemory(tmp_path / "memory.json")


def write(folder, **changes):
    facts = {
        "stage": "train-mtl",
        "fingerprint": "f" * 64,
        "config": {"train": {"lr": 0.1}},
        "inputs": {"split": "0" * 64},
        "seed": 7,
        "started": "2030-01-02T03:04:05+00:00",
        "seconds": 1.5,
        "notes": {"rows": 10, "auc": [0.7, None]},
    }
    return manifest.write(folder, **{**facts, **changes})


def edit(folder, seal=True, **changes):
    """Change the manifest on disk, by default with a right checksum."""
    facts = json.loads((folder / "manifest.json").read_text())
    facts.update(changes)
    if seal:
        facts.pop("sha256")
        facts["sha256"] = digest_json(facts)
    (folder / "manifest.json").write_text(json.dumps(facts))


def test_written_read_and_verified_are_one(folder, memory):
    written = write(folder)
    assert manifest.read(folder) == written == manifest.verify(folder, memory)
    assert {name: file.bytes for name, file in written.outputs.items()} == {"best.pt": 7, "part/a.parquet": 4}
    assert written.outputs["best.pt"].sha256 == sha256_file(folder / "best.pt")
    assert written.config == {"train": {"lr": 0.1}}
    assert written.notes == {"rows": 10, "auc": [0.7, None]}


def test_versions_are_named_without_importing_torch(folder):
    code = (
        "import sys, pathlib; from recmtl.artifacts import manifest; assert manifest._versions()['torch'];"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    versions = write(folder).versions
    assert versions["python"] == ".".join(map(str, sys.version_info[:3]))
    assert {"recmtl", "torch", "pyarrow"} <= set(versions)


def test_the_same_folder_gives_the_same_bytes(folder):
    write(folder)
    first = (folder / "manifest.json").read_bytes()
    write(folder)
    assert (folder / "manifest.json").read_bytes() == first


def test_no_manifest_no_artefact(folder, tmp_path):
    for absent, what in ((folder, "no finished result"), (tmp_path / "nowhere", "is not there")):
        with pytest.raises(MissingError, match=what):
            manifest.read(absent)


@pytest.mark.parametrize(
    "text", ["", "[]", "3", "{}", "{", '{"format": 1}', "\xff", "[" * 100_000, '{"format": 1, "sha256": NaN}']
)
def test_a_damaged_manifest_is_refused(folder, text):
    (folder / "manifest.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(DamagedError, match=r"manifest\.json is damaged"):
        manifest.read(folder)


def test_an_unknown_format_says_so(folder):
    write(folder)
    edit(folder, format=2)
    with pytest.raises(DamagedError, match="is of format 2; this recmtl reads format 1"):
        manifest.read(folder)


@pytest.mark.parametrize("change", [{"seed": 8}, {"notes": {"rows": 11}}, {"fingerprint": "e"}, {"extra": 1}])
def test_an_edited_manifest_is_refused(folder, change):
    write(folder)
    edit(folder, seal=False, **change)
    with pytest.raises(DamagedError, match="its content has changed"):
        manifest.read(folder)


@pytest.mark.parametrize("change", [{"extra": 1}, {"seconds": -1}, {"outputs": {"x": {"sha256": "short", "bytes": 1}}}])
def test_fields_that_do_not_fit_are_refused(folder, change):
    write(folder)
    edit(folder, **change)
    with pytest.raises(DamagedError, match="it is no manifest"):
        manifest.read(folder)


@pytest.mark.parametrize(
    ("harm", "text"),
    [
        (lambda f: (f / "best.pt").unlink(), r"best\.pt is missing\. Make it again: recmtl train-mtl"),
        (lambda f: (f / "best.pt").write_bytes(b"weight5"), r"best\.pt is damaged: its content has changed"),
        (lambda f: (f / "best.pt").write_bytes(b"w"), r"best\.pt is damaged: it has 1 bytes instead of 7"),
        (lambda f: (f / "part" / "b.parquet").touch(), r"b\.parquet is not listed"),
        (lambda f: (f / "link").symlink_to(f / "best.pt"), "is a link"),
        (lambda f: ((f / "best.pt").rename(f / ".x"), (f / "best.pt").symlink_to(f / ".x")), "is a link"),
        (lambda f: ((f / "best.pt").unlink(), (f / "best.pt").mkdir()), r"best\.pt is missing"),
    ],
)
def test_a_folder_that_disagrees_is_refused(folder, memory, harm, text):
    write(folder)
    harm(folder)
    with pytest.raises(DamagedError, match=text):
        manifest.verify(folder, memory)


def test_hidden_files_do_not_count(folder, memory):
    write(folder)
    (folder / ".DS_Store").write_text("x")
    (folder / ".cache").mkdir()
    (folder / ".cache" / "x").write_text("x")
    manifest.verify(folder, memory)


@pytest.mark.parametrize(
    "name", ["../x", "/etc/passwd", "a/../../x", "", ".", "C:/x", "..\\x", "a\0b", "//host/share/x"]
)
def test_a_listed_path_that_leaves_the_folder_is_refused(folder, memory, name):
    write(folder)
    edit(folder, outputs={name: {"sha256": "0" * 64, "bytes": 0}})
    with pytest.raises(DamagedError, match="a path outside its folder"):
        manifest.verify(folder, memory)


def test_links_are_not_published(folder):
    (folder / "link").symlink_to(folder / "best.pt")
    with pytest.raises(ValueError, match="is a link"):
        write(folder)


@pytest.mark.parametrize("change", [{"notes": {"auc": float("nan")}}, {"config": {"lr": float("inf")}}])
def test_numbers_that_json_has_not_are_refused(folder, change):
    with pytest.raises(ValueError, match="JSON"):
        write(folder, **change)
    assert not (folder / "manifest.json").exists()


def test_a_manifest_is_frozen(folder):
    with pytest.raises(ValidationError, match="frozen"):
        write(folder).seed = 3


def test_notes_can_be_added_to_what_is_published(folder, memory):
    written = write(folder)
    added = manifest.remember(folder, written, {"recipe": "nfm", "rows": 11})
    assert added.notes == {"rows": 11, "auc": [0.7, None], "recipe": "nfm"}
    assert manifest.verify(folder, memory) == added
    assert added.model_copy(update={"notes": written.notes}) == written
