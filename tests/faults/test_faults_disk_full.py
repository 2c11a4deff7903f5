"""A full disk: one sentence, the old result as it was, nothing half-made left."""

import errno
import os
import subprocess
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest
import torch

from recmtl.artifacts import manifest, tensors
from recmtl.artifacts.archive import extract
from recmtl.artifacts.atomic import remove_leftovers, write_bytes
from recmtl.artifacts.download import copy_checked
from recmtl.artifacts.tables import TableWriter, read_table
from recmtl.errors import MissingError

torch.set_num_threads(1)
SIZE = 1 << 20


@pytest.fixture
def disk(tmp_path):
    """A real file system of one megabyte, with an old result on it."""
    disk = tmp_path / "disk"
    disk.mkdir()
    options = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(options, capture_output=True).returncode != 0:
        pytest.skip("mounting a small disk needs root and leave to mount")
    try:
        (disk / "result").write_text("old")
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def _free(disk: Path) -> int:
    stat = os.statvfs(disk)
    return stat.f_bavail * stat.f_bsize


def save_tensors(path: Path) -> None:
    tensors.save(path, {"x": torch.randn(SIZE)})


def write_table(path: Path) -> None:
    table = pa.table({"x": torch.randn(2 * SIZE).numpy()})
    with TableWriter(path, table.schema) as writer:
        for start in range(0, table.num_rows, 100_000):
            writer.write(table.slice(start, 100_000))


def copy(path: Path) -> None:
    source = path.parent.parent / "source"
    source.write_bytes(os.urandom(2 * SIZE))
    copy_checked(source, path, sha256=None, max_bytes=4 * SIZE)


def unpack(path: Path) -> None:
    packed = path.parent.parent / "packed.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("big", os.urandom(2 * SIZE))
    extract(packed, {"big": path}, max_bytes=4 * SIZE)


@pytest.mark.parametrize(
    "write", [lambda path: write_bytes(path, os.urandom(2 * SIZE)), save_tensors, write_table, copy, unpack]
)
def test_a_write_that_does_not_fit(disk, write):
    target = disk / ("new" if write is write_table else "result")
    with pytest.raises(MissingError, match=r"no space is left for .*free on its disk") as caught:
        write(target)
    assert str(target) in caught.value.message
    assert "Free some space" in caught.value.hint
    assert {p.name: p.read_text() for p in disk.iterdir()} == {"result": "old"}
    write_bytes(target, b"small")
    assert target.read_bytes() == b"small"


def test_a_table_on_every_size_of_disk(disk):
    """Not even the first bytes fit; or the last rows do not, which wait in memory until the file is closed."""
    table = pa.table({"x": torch.randn(20_000).numpy()})
    fits = []
    for free in range(0, 128 * 1024, 16 * 1024):
        (disk / "filler").write_bytes(b"x" * (_free(disk) - free))
        try:
            with TableWriter(disk / "new", table.schema) as writer:
                writer.write(table)
        except MissingError as error:
            assert "no space is left" in error.message
            assert sorted(p.name for p in disk.iterdir()) == ["filler", "result"]
            (disk / "filler").unlink()
            assert _free(disk) > SIZE - 16 * 1024, "no file that is gone is kept open"
            fits.append(False)
        else:
            assert read_table(disk / "new") == table
            (disk / "new").unlink()
            fits.append(True)
    assert {True, False} == set(fits)
    assert fits == sorted(fits)


def test_every_size_of_disk_gives_the_old_or_the_new(disk):
    """From no free space at all to enough: never half a file."""
    new = os.urandom(64 * 1024)
    outcomes = set()
    for free in range(0, 96 * 1024, 8 * 1024):
        (disk / "result").write_bytes(b"old")
        (disk / "filler").write_bytes(b"x" * max(0, _free(disk) - free))
        try:
            write_bytes(disk / "result", new)
        except MissingError:
            outcomes.add("refused")
            assert (disk / "result").read_bytes() == b"old"
        else:
            outcomes.add("written")
            assert (disk / "result").read_bytes() == new
        (disk / "filler").unlink()
        assert [p.name for p in disk.iterdir()] == ["result"]
    assert outcomes == {"refused", "written"}


def test_a_manifest_that_does_not_fit_makes_no_artefact(disk):
    (disk / "weights").write_bytes(b"x" * _free(disk))
    with pytest.raises(MissingError, match="no space is left"):
        manifest.write(
            disk, stage="s", fingerprint="f", config={}, inputs={}, seed=None, started="t", seconds=0, notes={}
        )
    with pytest.raises(MissingError, match="no finished result"):
        manifest.read(disk)
    remove_leftovers(disk)
    assert sorted(p.name for p in disk.iterdir()) == ["result", "weights"]


def test_no_quota_left_is_no_space_left(tmp_path, monkeypatch):
    def over_quota(descriptor):
        raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))

    (tmp_path / "x").write_text("old")
    monkeypatch.setattr(os, "fsync", over_quota)
    with pytest.raises(MissingError, match="no space is left"):
        write_bytes(tmp_path / "x", b"new")
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {"x": "old"}
