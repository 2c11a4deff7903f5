"""Members by name out of real archives; gzip on the way."""

import gzip
import io
import tarfile
import zipfile
from typing import ClassVar

import pytest

from recmtl.artifacts import archive
from recmtl.artifacts.archive import extract, is_archive, open_maybe_gzip
from recmtl.errors import DamagedError, MissingError

FILES = {"set/train.csv": b"a,b\n1,2\n" * 1000, "set/test.csv": b"a,b\n", "set/old/test.csv": b"c\n", "readme": b"hi"}


def pack(path, kind, files=FILES):
    if kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.mkdir("set")
            for name, data in files.items():
                packed.writestr(name, data)
    else:
        with tarfile.open(path, "w:gz" if kind == "tar.gz" else "w") as packed:
            folder = tarfile.TarInfo("set")
            folder.type = tarfile.DIRTYPE
            packed.addfile(folder)
            for name, data in files.items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                packed.addfile(info, io.BytesIO(data))
    return path


@pytest.fixture(params=["zip", "tar", "tar.gz"])
def packed(tmp_path, request):
    """An archive whose name says nothing of its kind."""
    return pack(tmp_path / "download", request.param)


@pytest.mark.parametrize("name", ["train.csv", "set/train.csv", "./set//train.csv", "set\\train.csv"])
def test_a_member_by_its_path_or_last_parts(packed, tmp_path, name):
    extract(packed, {name: tmp_path / "out" / "x"}, max_bytes=10**6)
    assert (tmp_path / "out" / "x").read_bytes() == FILES["set/train.csv"]


def test_it_tells_how_far_it_is(packed, tmp_path):
    class Told:
        passes: ClassVar = {}

        def begin(self, what, size, /):
            self.passes[what] = [size, 0]

        def advance(self, size, /):
            list(self.passes.values())[-1][1] += size

        def say(self, text, /):
            raise AssertionError

    extract(packed, {"readme": tmp_path / "r", "train.csv": tmp_path / "t"}, max_bytes=10**6, progress=Told())
    size = len(FILES["set/train.csv"])
    assert Told.passes == {"r": [2, 2], "t": [size, size]}


def test_several_members_in_any_order(packed, tmp_path):
    out = {"readme": tmp_path / "r", "old/test.csv": tmp_path / "o", "train.csv": tmp_path / "t"}
    extract(packed, out, max_bytes=10**6)
    assert [path.read_bytes() for path in out.values()] == [b"hi", b"c\n", FILES["set/train.csv"]]


def test_a_name_that_fits_two_is_refused_and_a_longer_one_is_not(packed, tmp_path):
    with pytest.raises(DamagedError, match=r"could be 'set/test\.csv' or 'set/old/test\.csv'"):
        extract(packed, {"test.csv": tmp_path / "x"}, max_bytes=10**6)
    extract(packed, {"set/test.csv": tmp_path / "x"}, max_bytes=10**6)
    assert (tmp_path / "x").read_bytes() == b"a,b\n"


def test_a_whole_path_goes_before_last_parts(tmp_path):
    packed = pack(tmp_path / "a", "zip", {"x.csv": b"top", "old/x.csv": b"old"})
    extract(packed, {"x.csv": tmp_path / "x"}, max_bytes=100)
    assert (tmp_path / "x").read_bytes() == b"top"


@pytest.mark.parametrize("name", ["valid.csv", "rain.csv", "set", "set/train.csv/x", ""])
def test_a_missing_member_names_what_is_there(packed, tmp_path, name):
    with pytest.raises(MissingError, match=r"holds no .*; it holds set/train\.csv, set/test\.csv"):
        extract(packed, {name: tmp_path / "x"}, max_bytes=10**6)


def test_nothing_is_taken_unless_all_can_be(packed, tmp_path):
    with pytest.raises(MissingError):
        extract(packed, {"train.csv": tmp_path / "x", "gone.csv": tmp_path / "y"}, max_bytes=10**6)
    assert list(tmp_path.iterdir()) == [packed]


def test_all_targets_together_are_limited(packed, tmp_path):
    sizes = len(FILES["set/train.csv"]) + len(FILES["readme"])
    asked = {"train.csv": tmp_path / "x", "readme": tmp_path / "y"}
    with pytest.raises(DamagedError, match=r"unpacks to 8\.0 kB; at most 8\.0 kB"):
        extract(packed, asked, max_bytes=sizes - 1)
    assert list(tmp_path.iterdir()) == [packed]
    extract(packed, asked, max_bytes=sizes)


def test_an_absent_archive(tmp_path):
    with pytest.raises(MissingError, match="is not there"):
        extract(tmp_path / "gone", {}, max_bytes=1)


@pytest.mark.parametrize(
    "data", [b"", b"<!DOCTYPE html>", b"PK\x03\x04", b"Rar!\x1a\x07" * 200, gzip.compress(b"x" * 999, mtime=0)]
)
def test_other_files_are_no_archives(tmp_path, data):
    (tmp_path / "a").write_bytes(data)
    with pytest.raises(DamagedError, match="damaged, or neither zip nor tar"):
        extract(tmp_path / "a", {"x": tmp_path / "x"}, max_bytes=100)


def test_too_many_members(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MAX_MEMBERS", 3)
    for kind in ("zip", "tar"):
        with pytest.raises(DamagedError, match="more than 3 members"):
            extract(pack(tmp_path / kind, kind), {"readme": tmp_path / "x"}, max_bytes=100)


@pytest.mark.parametrize("kind", ["tar", "tar.gz"])
def test_a_broken_header_is_not_the_end(tmp_path, kind):
    """The parser stops there without a word, and members after it would seem never to have been."""
    data = bytearray(pack(tmp_path / "a", "tar").read_bytes())
    data[data.index(b"readme") + 2] ^= 1
    (tmp_path / "a").write_bytes(gzip.compress(data) if kind == "tar.gz" else data)
    with pytest.raises(DamagedError, match="a header is broken"):
        extract(tmp_path / "a", {"train.csv": tmp_path / "x"}, max_bytes=10**6)


def test_a_failing_disk_is_not_called_a_damaged_archive(packed, tmp_path):
    (tmp_path / "occupied").mkdir()
    with pytest.raises(MissingError, match="occupied is a folder where a file is needed"):
        extract(packed, {"readme": tmp_path / "occupied"}, max_bytes=100)


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("text", [b"", b"a,b\n1,2\n" * 300_000])
def test_plain_and_packed_files_read_the_same(tmp_path, packed, text):
    (tmp_path / "x").write_bytes(gzip.compress(text) if packed else text)
    with open_maybe_gzip(tmp_path / "x") as file:
        assert list(file) == text.splitlines(keepends=True)
    with open_maybe_gzip(tmp_path / "x") as file:
        start = file.read(10)
        file.seek(0)
        assert (file.tell(), file.read()) == (0, text)
        assert text.startswith(start)


def test_two_gzip_members_are_one_file(tmp_path):
    (tmp_path / "x").write_bytes(gzip.compress(b"one ") + gzip.compress(b"two"))
    with open_maybe_gzip(tmp_path / "x") as file:
        assert file.read() == b"one two"


def test_the_file_is_closed_with_the_stream(tmp_path):
    (tmp_path / "x").write_bytes(gzip.compress(b"x"))
    file = open_maybe_gzip(tmp_path / "x")
    inner = file.raw._file
    file.close()
    assert inner.closed


@pytest.mark.parametrize("harm", ["cut", "flip", "checksum", "tail"])
def test_broken_gzip_names_the_file(tmp_path, harm):
    data = bytearray(gzip.compress(bytes(range(256)) * 1000))
    if harm == "cut":
        data = data[:-9]
    elif harm == "tail":
        data += b"garbage"
    else:
        data[{"flip": 40, "checksum": -6}[harm]] ^= 4
    (tmp_path / "x.gz").write_bytes(data)
    with open_maybe_gzip(tmp_path / "x.gz") as file, pytest.raises(DamagedError, match=r"x\.gz is damaged"):
        file.read()
    with open_maybe_gzip(tmp_path / "x.gz") as file, pytest.raises(DamagedError, match=r"x\.gz is damaged"):
        file.seek(10**6)


def test_an_absent_file(tmp_path):
    with pytest.raises(MissingError):
        open_maybe_gzip(tmp_path / "x")


@pytest.mark.parametrize(("name", "told"), [("a", True), ("a.csv", False), ("a.csv.gz", False), ("a.zip", True)])
def test_archives_are_told_by_content_or_name(tmp_path, name, told):
    if name == "a":
        pack(tmp_path / name, "tar.gz")
    else:
        (tmp_path / name).write_bytes(gzip.compress(b"a,b") if name.endswith(".gz") else b"a,b")
    assert is_archive(tmp_path / name) == told
