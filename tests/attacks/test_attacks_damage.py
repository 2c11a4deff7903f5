"""Flipped bits and cut-off ends: either the reader refuses, or what it returns is what was written."""

import gzip
import io
import random
import shutil
import tarfile
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch

from recmtl.artifacts import manifest
from recmtl.artifacts.archive import extract, open_maybe_gzip
from recmtl.artifacts.hashing import HashMemory
from recmtl.artifacts.tables import TableWriter, read_table
from recmtl.artifacts.tensors import hash_tensors, load, save
from recmtl.errors import DamagedError, MissingError

torch.set_num_threads(1)
FLIPS = 400
ROWS = 5000


def make_table(path: Path) -> Callable[[], object]:
    """A file like those of a split; returns how to read it back into something comparable."""
    rng = np.random.default_rng(0)
    table = pa.table(
        {
            "user": rng.integers(0, 10**6, ROWS),
            "score": rng.normal(size=ROWS).astype("f4"),
            "click": pa.array([None if i % 7 == 0 else i % 2 for i in range(ROWS)], pa.int8()),
            "history": pa.array([list(range(i % 4)) for i in range(ROWS)], pa.list_(pa.int32())),
        }
    )
    with TableWriter(path, table.schema, row_group_rows=2048) as writer:
        writer.write(table)
    return lambda: read_table(path)


def make_tensors(path: Path) -> Callable[[], object]:
    torch.manual_seed(0)
    save(path, {"mask": {"a": torch.rand(40, 8) > 0.5}, "weights": {"w": torch.randn(60)}, "task": "click", "epoch": 3})

    def read() -> object:
        found = load(path)
        return hash_tensors(found["mask"]), hash_tensors(found["weights"]), found["task"], found["epoch"]

    return read


def make_zip(path: Path) -> Callable[[], object]:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("data.csv", random.Random(0).randbytes(2000))
    return lambda: _extracted(path)


def make_tar(path: Path) -> Callable[[], object]:
    with tarfile.open(path, "w:gz") as packed:
        info = tarfile.TarInfo("data.csv")
        info.size = 2000
        packed.addfile(info, io.BytesIO(random.Random(0).randbytes(2000)))
    return lambda: _extracted(path)


def make_gzip(path: Path) -> Callable[[], object]:
    path.write_bytes(gzip.compress(random.Random(0).randbytes(2000)))

    def read() -> bytes:
        with open_maybe_gzip(path) as file:
            return file.read()

    return read


def _extracted(path: Path) -> bytes:
    target = path.with_suffix(".out")
    extract(path, {"data.csv": target}, max_bytes=10**6)
    return target.read_bytes()


def outcomes(path: Path, read: Callable[[], object], damages: list[bytes]) -> Counter[str]:
    right, whole = read(), path.read_bytes()
    seen: Counter[str] = Counter()
    for damage in damages:
        path.write_bytes(damage)
        try:
            seen["harmless" if read() == right else "silent"] += 1
        except (DamagedError, MissingError):
            seen["refused"] += 1
    path.write_bytes(whole)
    assert read() == right
    return seen


def flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def some_flips(data: bytes, end: int | None = None) -> list[bytes]:
    rng = random.Random(1)
    return [flipped(data, rng.randrange(8 * (end or len(data)))) for _ in range(FLIPS)]


def cuts(data: bytes) -> list[bytes]:
    rng = random.Random(2)
    ends = {*range(64), *(len(data) - n for n in range(1, 65)), *(rng.randrange(len(data)) for _ in range(100))}
    return [data[:end] for end in sorted(ends)]


@pytest.mark.parametrize("make", [make_tensors, make_zip, make_tar])
def test_flips_anywhere_in_a_file(tmp_path, make):
    path = tmp_path / "x"
    read = make(path)
    seen = outcomes(path, read, some_flips(path.read_bytes()))
    assert seen["silent"] == 0
    assert seen["refused"] > FLIPS // 3


def test_every_bit_of_a_small_file_of_tensors(tmp_path):
    """The zip around the tensors has corners that chance rarely meets."""
    path = tmp_path / "x"
    save(path, {"x": torch.arange(4.0), "task": "click"})

    def read() -> object:
        found = load(path)
        return found["x"].tolist(), found["task"], list(found)

    data = path.read_bytes()
    seen = outcomes(path, read, [flipped(data, bit) for bit in range(8 * len(data))])
    assert seen["silent"] == 0


def test_flips_in_the_rows_of_a_table(tmp_path):
    """Pages have checksums. The footer has none: a manifest covers it, see below."""
    path = tmp_path / "x"
    read = make_table(path)
    data = path.read_bytes()
    footer = int.from_bytes(data[-8:-4], "little") + 8
    seen = outcomes(path, read, some_flips(data, len(data) - footer))
    assert seen["silent"] == 0
    assert seen["refused"] > 0.9 * FLIPS


def test_flips_in_gzip_data(tmp_path):
    """Behind the header, which holds a time and a name that nobody reads."""
    path = tmp_path / "x"
    read = make_gzip(path)
    data = path.read_bytes()
    flips = [flipped(data, bit) for bit in random.Random(3).sample(range(80, 8 * len(data)), FLIPS)]
    seen = outcomes(path, read, flips)
    assert seen == {"refused": FLIPS}


@pytest.mark.parametrize("make", [make_table, make_tensors, make_zip, make_tar])
def test_cut_off_files(tmp_path, make):
    path = tmp_path / "x"
    read = make(path)
    seen = outcomes(path, read, cuts(path.read_bytes()))
    assert set(seen) == {"refused"}


def test_cut_off_gzip(tmp_path):
    path = tmp_path / "x"
    read = make_gzip(path)
    ends = [end for end in cuts(path.read_bytes()) if len(end) >= 2]  # with less it is no gzip, but a plain file
    assert set(outcomes(path, read, ends)) == {"refused"}


@pytest.fixture
def artefact(tmp_path):
    folder = tmp_path / "model"
    (folder / "part").mkdir(parents=True)
    make_table(folder / "part" / "a.parquet")
    make_tensors(folder / "best.pt")
    (folder / "metrics.jsonl").write_text('{"auc": 0.71}\n')
    manifest.write(
        folder, stage="train-mtl", fingerprint="f" * 64, config={"lr": 0.1, "name": "ä"}, inputs={"split": "0" * 64},
        seed=7, started="2030-01-02T03:04:05+00:00", seconds=1.25, notes={"rows": 10, "auc": 0.71},
    )  # fmt: skip
    return folder


@pytest.mark.parametrize("name", ["part/a.parquet", "best.pt", "metrics.jsonl", "manifest.json"])
@pytest.mark.parametrize("damages", [some_flips, cuts])
def test_whatever_a_manifest_covers_and_itself(artefact, tmp_path, name, damages):
    def read() -> object:
        return manifest.verify(artefact, HashMemory(tmp_path / "memory.json"))

    path = artefact / name
    damaged = damages(path.read_bytes())
    seen = outcomes(path, read, damaged if name != "metrics.jsonl" else [d for d in damaged if d != path.read_bytes()])
    assert seen["silent"] == 0
    assert seen["refused"] == seen.total() or name == "manifest.json"


def test_a_swapped_file(artefact, tmp_path):
    """Two good files in each other's place are damage too."""
    for name in ("a", "b"):
        save(artefact / f"{name}.pt", {"x": torch.tensor(float(ord(name)))})
    (artefact / "manifest.json").unlink()
    manifest.write(
        artefact, stage="s", fingerprint="f", config={}, inputs={}, seed=None, started="t", seconds=0, notes={}
    )
    shutil.move(artefact / "a.pt", tmp_path / "a.pt")
    shutil.move(artefact / "b.pt", artefact / "a.pt")
    shutil.move(tmp_path / "a.pt", artefact / "b.pt")
    with pytest.raises(DamagedError, match=r"a\.pt is damaged: its content has changed"):
        manifest.verify(artefact, HashMemory(tmp_path / "memory.json"))
