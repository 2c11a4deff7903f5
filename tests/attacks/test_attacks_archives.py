"""Archives made to write elsewhere, to fill the disk or to fool the reader."""

import gzip
import io
import os
import stat
import tarfile
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from recmtl.artifacts import archive
from recmtl.artifacts.archive import extract
from recmtl.errors import DamagedError, MissingError

CLIMBING = [
    "../evil",
    "a/../../evil",
    "/tmp/evil",
    "C:\\evil",
    "c:evil",
    "..\\evil",
    "\\\\host\\share\\evil",
    "a\\..\\..\\evil",
]


@pytest.fixture
def box(tmp_path):
    """A folder to unpack in; nothing may appear beside it, and nothing in it but the target."""
    box = tmp_path / "box"
    box.mkdir()
    return box


def entry(name: str, kind: bytes = tarfile.REGTYPE, size: int = 0, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname = kind, size, link
    return info


def tar(path: Path, *entries: tarfile.TarInfo, mode: str = "w") -> Path:
    with tarfile.open(path, mode) as packed:
        for info in entries:
            packed.addfile(info, io.BytesIO(b"x" * info.size))
    return path


def zipped(path: Path, *names: str, mode: int = 0) -> Path:
    with zipfile.ZipFile(path, "w") as packed:
        for name in names:
            info = zipfile.ZipInfo("placeholder")
            info.filename = name  # the constructor would turn some of them round
            info.external_attr = mode << 16
            packed.writestr(info, b"x")
    return path


@pytest.mark.parametrize("name", CLIMBING)
@pytest.mark.parametrize(
    "make", [lambda p, n: tar(p, entry("good", size=1), entry(n, size=1)), lambda p, n: zipped(p, "good", n)]
)
def test_climbing_paths(tmp_path, box, make, name):
    packed = make(tmp_path / "a", name)
    for asked in ("good", name, "evil"):
        with pytest.raises(DamagedError, match="leads out of it") as caught:
            extract(packed, {asked: box / "x"}, max_bytes=100)
        assert repr(name) in caught.value.message
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["a", "box"]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_a_tar(tmp_path, box, kind):
    packed = tar(tmp_path / "a", entry("data", kind, link="/etc/passwd"), entry("good", size=1))
    with pytest.raises(DamagedError, match=r"'data' is a link, a device"):
        extract(packed, {"data": box / "x"}, max_bytes=100)
    assert list(box.iterdir()) == []
    extract(packed, {"good": box / "x"}, max_bytes=100)
    assert (box / "x").read_bytes() == b"x"


@pytest.mark.parametrize("mode", [stat.S_IFLNK | 0o777, stat.S_IFCHR, stat.S_IFIFO])
def test_links_and_devices_in_a_zip(tmp_path, box, mode):
    with pytest.raises(DamagedError, match="'data' is a link or a device"):
        extract(zipped(tmp_path / "a", "data", mode=mode), {"data": box / "x"}, max_bytes=100)
    assert list(box.iterdir()) == []


def test_a_link_and_a_file_through_it(tmp_path, box):
    packed = tar(tmp_path / "a", entry("out", tarfile.SYMTYPE, link=str(tmp_path)), entry("out/evil", size=1))
    extract(packed, {"out/evil": box / "x"}, max_bytes=100)
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["a", "box", "x"], "only where it was asked to"


def test_a_link_at_the_target_is_replaced_not_followed(tmp_path, box):
    (tmp_path / "victim").write_text("safe")
    (box / "x").symlink_to(tmp_path / "victim")
    extract(zipped(tmp_path / "a", "data"), {"data": box / "x"}, max_bytes=100)
    assert (tmp_path / "victim").read_text() == "safe"
    assert not (box / "x").is_symlink()


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_one_name_twice(tmp_path, box, kind):
    path = tmp_path / "a"
    if kind == "tar":
        tar(path, entry("data", size=1), entry("data", size=2))
    else:
        with pytest.warns(UserWarning, match="Duplicate"):
            zipped(path, "data", "data")
    with pytest.raises(DamagedError, match="'data' could be 'data' or 'data'"):
        extract(path, {"data": box / "x"}, max_bytes=100)


def test_encrypted_members(tmp_path, box):
    data = bytearray(zipped(tmp_path / "a", "data").read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    data[6] |= 1
    (tmp_path / "a").write_bytes(data)
    with pytest.raises(DamagedError, match="'data' is encrypted"):
        extract(tmp_path / "a", {"data": box / "x"}, max_bytes=100)


@pytest.fixture
def bombs(tmp_path):
    """Fifty megabytes of nothing in fifty kilobytes, in each kind of archive."""
    size = 50_000_000
    with zipfile.ZipFile(tmp_path / "zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("good", b"x")
        packed.writestr("bomb", bytes(size))
    with tarfile.open(tmp_path / "tar.gz", "w:gz") as packed:
        packed.addfile(entry("good", size=1), io.BytesIO(b"x"))
        packed.addfile(entry("bomb", size=size), io.BytesIO(bytes(size)))
    return [tmp_path / "zip", tmp_path / "tar.gz"]


def test_bombs(bombs, box):
    for bomb in bombs:
        assert bomb.stat().st_size < 100_000
        with pytest.raises(DamagedError, match=r"bomb|far more than its size allows"):
            extract(bomb, {"bomb": box / "x"}, max_bytes=10**9)
    assert list(box.iterdir()) == []


def test_a_bomb_beside_what_is_asked_for(bombs, box):
    in_zip, in_tar = bombs
    extract(in_zip, {"good": box / "x"}, max_bytes=10)
    with pytest.raises(DamagedError, match="far more"):  # to pass it over, a tar.gz must be unpacked
        extract(in_tar, {"good": box / "y"}, max_bytes=10)


def test_a_zip_that_lies_about_its_size(tmp_path, box):
    """Declared as 10 bytes, packed are a million: never more than declared is written, and the checksum tells."""
    with zipfile.ZipFile(tmp_path / "a", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("data", bytes(10**6))
    data = (tmp_path / "a").read_bytes().replace((10**6).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    (tmp_path / "a").write_bytes(data)
    with pytest.raises(DamagedError, match="CRC"):
        extract(tmp_path / "a", {"data": box / "x"}, max_bytes=100)
    assert list(box.iterdir()) == []


def test_a_tar_that_lies_about_its_size(tmp_path, box):
    header = entry("data", size=10**12).tobuf(tarfile.GNU_FORMAT)
    (tmp_path / "a").write_bytes(header + bytes(10_240))
    with pytest.raises(DamagedError):
        extract(tmp_path / "a", {"data": box / "x"}, max_bytes=10**13)
    assert list(box.iterdir()) == []


def test_a_sparse_member_is_not_filled_up(tmp_path, box):
    info = entry("data", tarfile.GNUTYPE_SPARSE)
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[483:495] = b"%011o\0" % (8 << 30)  # its real size
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    (tmp_path / "a").write_bytes(header + bytes(10_240))
    with pytest.raises(DamagedError, match="sparse"):
        extract(tmp_path / "a", {"data": box / "x"}, max_bytes=1 << 40)


def test_a_header_made_to_fill_the_memory(tmp_path, box):
    """A pax header of 60 MB, which the parser would read in one piece."""
    size = 60_000_000
    header = entry("pax", tarfile.XHDTYPE, size=size)
    with gzip.open(tmp_path / "a", "wb", compresslevel=1) as packed:
        packed.write(header.tobuf(tarfile.PAX_FORMAT))
        packed.write(os.urandom(400_000))  # so that the ratio is that of honest data
        packed.write(bytes(size - 400_000))
    tracemalloc.start()
    with pytest.raises(DamagedError, match="a header claims"):
        extract(tmp_path / "a", {"data": box / "x"}, max_bytes=10**9)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * archive.MAX_READ_BYTES


def test_an_archive_in_an_archive_stays_one(tmp_path, box):
    inner = zipped(tmp_path / "inner", "data")
    with zipfile.ZipFile(tmp_path / "outer", "w") as packed:
        packed.write(inner, "inner.zip")
    with pytest.raises(MissingError):
        extract(tmp_path / "outer", {"data": box / "x"}, max_bytes=1000)
    extract(tmp_path / "outer", {"inner.zip": box / "x"}, max_bytes=1000)
    assert (box / "x").read_bytes() == inner.read_bytes()
