"""The only reader of zip, tar and gzip: members asked for by name, regular files alone, under limits.

Nothing is ever extracted that was not asked for, and no path in an archive is used as a path on the disk.
"""

import gzip
import io
import re
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

from recmtl.artifacts.atomic import open_atomic
from recmtl.artifacts.explain import bytes_text, reading
from recmtl.errors import DamagedError, MissingError

MAX_MEMBERS = 10_000
"""Entries in one archive."""
MAX_RATIO = 200
"""Unpacked bytes for a packed byte; a bomb has about 1000."""
FREE_BYTES = 1 << 24
"""Unpacked bytes below which the ratio is not looked at: small files of equal rows pack well."""
MAX_READ_BYTES = 1 << 23
"""One read by the tar parser; longer ones are headers made to fill the memory."""
_CHUNK_BYTES = 1 << 20
_BROKEN = (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, ValueError, NotImplementedError)
_HINT = "Fetch it again, or unpack it by hand and give the files with --from DIR."


@dataclass(frozen=True)
class _Member:
    name: str
    parts: tuple[str, ...]
    refused: str
    """Why it cannot be taken out; empty if it can."""
    open: Callable[[], IO[bytes] | None]
    packed_bytes: int


def extract(archive: Path, members: Mapping[str, Path], *, max_bytes: int) -> None:
    """Take files out of a zip, tar or tar.gz: name in the archive -> where to put it.

    A name is a member's whole path, or its last parts if these are in the archive once. All targets together may
    have `max_bytes`. Each target appears whole or not at all.
    Errors: MissingError for an archive or member that is not there; DamagedError for a damaged archive, a member that
    is no regular file, is encrypted or there twice, a path that climbs anywhere in the archive, a bomb.
    """
    with reading(archive), _opened(archive) as found:
        if len(found) > MAX_MEMBERS:
            raise DamagedError(f"{archive} has more than {MAX_MEMBERS} members.", hint=_HINT)
        for member in found:
            if _climbs(member):
                raise DamagedError(f"{archive}: the path of {member.name!r} leads out of the archive.", hint=_HINT)
        chosen = {name: _choose(name, found, archive) for name in members}
        left = max_bytes
        for name, member in chosen.items():
            left -= _copy(member, members[name], left, archive)


def open_maybe_gzip(path: Path) -> BinaryIO:
    """A file to read, unpacked on the way if it begins as gzip does.

    Errors: MissingError if it is not there; while reading, DamagedError if the gzip data are cut off or corrupt.
    """
    with reading(path):
        file = path.open("rb")
    if not file.peek(2).startswith(b"\x1f\x8b"):
        return file
    return io.BufferedReader(_Unpacked(file, path), _CHUNK_BYTES)


class _Unpacked(io.RawIOBase):
    """gzip data as a raw stream whose failures name the file."""

    def __init__(self, file: BinaryIO, path: Path, max_bytes: int | None = None) -> None:
        self._file = file
        self._gzip = gzip.GzipFile(fileobj=file)
        self._path = path
        self._max_bytes = max_bytes

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._gzip.seek(offset, whence)

    def tell(self) -> int:
        return self._gzip.tell()

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            count = self._gzip.readinto(buffer)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise DamagedError(f"{self._path} is damaged: {error}", hint="Fetch it again.") from error
        if self._max_bytes is not None and self._gzip.tell() > self._max_bytes:
            raise _bomb(self._path, self._path.name)
        return count

    def close(self) -> None:
        self._gzip.close()
        self._file.close()
        super().close()


class _Tame(io.BufferedReader):
    """A stream for the tar parser that refuses to be read in one huge piece."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or not 0 <= size <= MAX_READ_BYTES:
            raise ValueError(f"a header claims {size} bytes")
        return super().read(size)


@contextmanager
def _opened(archive: Path) -> Iterator[list[_Member]]:
    """The archive's files while it is open; a parser's failure becomes DamagedError."""
    with archive.open("rb") as file:
        start = file.peek(4)[:4]
        try:
            if start in (b"PK\x03\x04", b"PK\x05\x06"):
                with zipfile.ZipFile(file) as parsed:
                    yield _zip_members(parsed)
            else:
                yield from _tar(file, archive, packed=start.startswith(b"\x1f\x8b"))
        except (*_BROKEN, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise DamagedError(f"{archive} is damaged, or neither zip nor tar: {error}", hint=_HINT) from error


def _zip_members(archive: zipfile.ZipFile) -> list[_Member]:
    def member(info: zipfile.ZipInfo) -> _Member:
        mode = info.external_attr >> 16
        refused = ""
        if info.flag_bits & 1:
            refused = "is encrypted"
        elif stat.S_IFMT(mode) not in (0, stat.S_IFREG):
            refused = "is a link or device"
        return _Member(info.filename, _parts(info.filename), refused, lambda: archive.open(info), info.compress_size)

    return [member(info) for info in archive.infolist() if not info.is_dir()]
