"""Files made to do harm are refused before they can: code in a .pt, sizes that are lies, endless structures."""

import io
import os
import pickle
import subprocess
import sys
import zipfile
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from recmtl.artifacts.tensors import load, save
from recmtl.errors import DamagedError

torch.set_num_threads(1)


class Gadget:
    """Unpickling it runs a command."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


def pack(path: Path, members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = compression
            archive.writestr(info, data)
            info.external_attr = 0  # writestr sets a mode, which torch does not
    return path


def members(content: object) -> dict[str, bytes]:
    buffer = io.BytesIO()
    torch.save(content, buffer)
    with zipfile.ZipFile(buffer) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def nested(depth: int) -> list:
    """2 ** depth paths through `depth` lists."""
    part: list = [0]
    for _ in range(depth):
        part = [part, part]
    return part


def circular() -> dict:
    part: dict = {}
    part["self"] = part
    return part


@pytest.mark.parametrize("kind", ["zip", "plain pickle", "old torch"])
def test_code_does_not_run(tmp_path, kind):
    marker, path = tmp_path / "ran", tmp_path / "x.pt"
    content = {"x": Gadget(os.system, f"touch {marker}")}
    if kind == "plain pickle":
        path.write_bytes(pickle.dumps(content))
    else:
        torch.save(content, path, _use_new_zipfile_serialization=kind == "zip")
    with pytest.raises(DamagedError, match=r"x\.pt is damaged"):
        load(path)
    assert not marker.exists()


@pytest.mark.parametrize(
    "gadget",
    [
        Gadget(eval, "1"),
        Gadget(exec, "1"),
        Gadget(os.getcwd),
        Gadget(__import__, "os"),
        Gadget(getattr, "", "join"),
        Gadget(bytearray, 3),
        Gadget(torch.load, "/etc/passwd"),
        Gadget(torch.hub.load, "a/b", "c"),
        Gadget(subprocess.getoutput, "true"),
    ],
)
def test_no_call_of_any_kind_is_read(tmp_path, gadget):
    torch.save({"x": [gadget]}, tmp_path / "x.pt")
    with pytest.raises(DamagedError):
        load(tmp_path / "x.pt")


@pytest.mark.parametrize(
    "value",
    [
        nn.Linear(2, 2),
        nn.Parameter(torch.zeros(2)),
        np.float64(1),
        np.zeros(2),
        {1, 2},
        b"bytes",
        bytearray(3),
        torch.float32,
        torch.Size([1]),
        Path("x"),
        date(2030, 1, 1),
        1j,
        torch.device("cpu"),
        torch.eye(3).to_sparse(),
        torch.zeros(2, device="meta"),
        torch.zeros(2, requires_grad=True),
        {(1, 2): 3},
        {None: 3},
    ],
    ids=lambda value: type(value).__name__,
)
def test_only_what_we_write_is_read(tmp_path, value):
    torch.save({"a": {"b": [value]}}, tmp_path / "x.pt")
    with pytest.raises(DamagedError):
        load(tmp_path / "x.pt")


@pytest.mark.filterwarnings("ignore")  # torch itself has given them up
def test_quantized_tensors_are_neither_read_nor_written(tmp_path):
    tensor = torch.quantize_per_tensor(torch.zeros(2), 1.0, 0, torch.qint8)
    torch.save({"x": tensor}, tmp_path / "x.pt")
    with pytest.raises(DamagedError, match="qint8"):
        load(tmp_path / "x.pt")
    with pytest.raises(TypeError, match="qint8"):
        save(tmp_path / "x.pt", {"x": tensor})


@pytest.mark.parametrize("content", [[1], torch.zeros(2), 3, None, {1: torch.zeros(1)}], ids=repr)
def test_the_top_is_a_dict_with_names(tmp_path, content):
    torch.save(content, tmp_path / "x.pt")
    with pytest.raises(DamagedError, match="does not hold named parts"):
        load(tmp_path / "x.pt")


@pytest.mark.parametrize(
    "tensor",
    [
        torch.zeros(1).expand(10**9),
        torch.zeros(1).expand(10**12),
        torch.zeros(3, 4).t(),
        torch.zeros(10)[::2],
        torch.arange(6).as_strided((3, 3), (1, 1)),
    ],
)
def test_tensors_that_share_or_skip_memory(tmp_path, tensor):
    """A file of 1.5 kB can claim a tensor of any size: touching it would fill the memory."""
    torch.save({"x": tensor}, tmp_path / "x.pt")
    with pytest.raises(DamagedError, match="whose elements share memory or have gaps"):
        load(tmp_path / "x.pt")


def test_many_tensors_in_one_storage(tmp_path):
    storage = torch.zeros(1000)
    torch.save({str(i): storage[:] for i in range(100)}, tmp_path / "x.pt")
    with pytest.raises(DamagedError, match=r"its tensors claim 400\.0 kB, the file has"):
        load(tmp_path / "x.pt")


@pytest.mark.parametrize("content", [{"x": nested(60)}, circular(), {"x": [[1]] * 2}], ids=["bomb", "circle", "twice"])
def test_structures_without_end(tmp_path, content):
    torch.save(content, tmp_path / "x.pt")
    with pytest.raises(DamagedError, match="it uses one part twice"):
        load(tmp_path / "x.pt")


def test_a_structure_too_deep_to_recurse_into(tmp_path):
    deep = b"\x80\x02}X\x01\x00\x00\x00x" + b"]" * 100_000 + b"a" * 99_999 + b"s."
    path = pack(tmp_path / "x.pt", {**members({}), "archive/data.pkl": deep})
    assert list(load(path)) == ["x"]
    pack(path, {**members({}), "archive/data.pkl": deep.replace(b"]" * 100_000, b"]" * 99_999 + b"C\x01!")})
    with pytest.raises(DamagedError):
        load(path)


def test_a_packed_bomb_is_not_unpacked(tmp_path):
    parts = members({"x": torch.zeros(50_000_000, dtype=torch.uint8)})
    pack(tmp_path / "x.pt", parts, zipfile.ZIP_DEFLATED)
    assert (tmp_path / "x.pt").stat().st_size < 100_000
    with pytest.raises(DamagedError, match="not a plain stored member"):
        load(tmp_path / "x.pt")


def test_a_storage_larger_than_its_record(tmp_path):
    """The pickle claims 5000 numbers; the record has 4."""
    parts = members({"x": torch.arange(4.0)})
    parts["archive/data.pkl"] = parts["archive/data.pkl"].replace(b"K\x04", b"M\x88\x13")
    pack(tmp_path / "x.pt", parts)
    with pytest.raises(DamagedError):
        load(tmp_path / "x.pt")


def test_a_member_marked_as_a_folder(tmp_path):
    """torch skips reading it, and the tensor shows whatever was in the memory."""
    save(tmp_path / "x.pt", {"x": torch.arange(100.0)})
    data = bytearray((tmp_path / "x.pt").read_bytes())
    entry = data.index(b"archive/data/0", data.index(b"PK\x01\x02")) - 46
    assert data[entry : entry + 4] == b"PK\x01\x02"
    data[entry + 38] |= 0x10
    (tmp_path / "x.pt").write_bytes(data)
    with pytest.raises(DamagedError, match="not a plain stored member"):
        load(tmp_path / "x.pt")


def test_two_members_of_one_name(tmp_path):
    """Which of the two is read depends on the reader."""
    save(tmp_path / "x.pt", {"x": torch.zeros(1)})
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(tmp_path / "x.pt", "a") as archive:
        info = zipfile.ZipInfo("archive/data.pkl")
        archive.writestr(info, b"\x80\x02}.")
        info.external_attr = 0
    with pytest.raises(DamagedError, match="its members overlap"):
        load(tmp_path / "x.pt")


def test_claims_cost_no_memory(tmp_path):
    """In a process that may have little memory more than torch itself takes."""
    for name, value in {
        "expanded": torch.zeros(1).expand(10**11),
        "called": Gadget(torch.Tensor, 10**11),
        "bytes": Gadget(bytearray, 10**11),
        "lists": nested(80),
    }.items():
        torch.save({"x": value}, tmp_path / f"{name}.pt")
    code = (
        "import pathlib, resource, sys\n"
        "import torch; torch.set_num_threads(1)\n"
        "from recmtl.artifacts.tensors import load, save\n"
        "from recmtl.errors import DamagedError\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "save(folder / 'fine', {'x': torch.zeros(10)}); load(folder / 'fine')\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "for path in folder.glob('*.pt'):\n"
        "    try: load(path); sys.exit(f'{path} was read')\n"
        "    except DamagedError: pass\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 50_000, "kilobytes more at the peak"
