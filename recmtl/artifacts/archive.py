"""The only reader of zip, tar and gzip: members asked for by name, regular files alone, under limits.

Nothing is taken out that was not asked for, and no path in an archive is ever used as a path on the disk.
"""

import errno
import io
import re
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, TypeVar

from recmtl.artifacts.atomic import open_atomic
from recmtl.artifacts.explain import bytes_text, reading
from recmtl.artifacts.gzipped import START, Gunzip
from recmtl.artifacts.progress import SILENT, Progress
from recmtl.errors import DamagedError, MissingError, RecmtlError

MAX_MEMBERS = 10_000
"""Entries in one archive."""
MAX_RATIO = 200
"""Unpacked bytes for a packed one; a bomb has about 1000."""
FREE_BYTES = 1 << 24
"""Unpacked bytes below which the ratio does not count: a small file of equal rows packs that well too."""
MAX_READ_BYTES = 1 << 23
"""One read by the tar parser: a longer one is a header made to fill the memory."""
_CHUNK_BYTES = 1 << 20
_ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")
_NAMED = 8  # members named in a message
_Info = TypeVar("_Info", zipfile.ZipInfo, tarfile.TarInfo)
_HINT = "Fetch it again, or unpack it by hand and give the files with --from DIR."


@dataclass(frozen=True)
class _Member:
    """A file in an archive."""

    name: str
    size: int
    """In bytes, as declared; neither parser yields more, and less is an error."""
    refused: str
    """Why it cannot be taken out, empty if it can."""
    open: Callable[[], IO[bytes]]

    @property
    def parts(self) -> tuple[str, ...]:
        return _parts(self.name)


def extract(archive: Path, members: Mapping[str, Path], *, max_bytes: int, progress: Progress = SILENT) -> None:
    """Take files out of a zip, tar or tar.gz: name in the archive -> where to put it.

    A name is a member's whole path, or its last parts where these fit one member only. All targets together may have
    `max_bytes`. Each appears whole or not at all; `progress` is told how far it is.
    Errors: MissingError for an archive or a member that is not there; DamagedError for a damaged archive, for a member
    that is no regular file, is encrypted, a bomb or there twice, and for a path anywhere in it that climbs out.
    """
    with _opened(archive) as found:
        for member in found:
            if _climbs(member.name):
                raise _damaged(archive, f"the path of {member.name!r} leads out of it")
        chosen = {target: _choose(name, found, archive) for name, target in members.items()}
        total = sum(member.size for member in chosen.values())
        if total > max_bytes:
            raise _damaged(archive, f"unpacks to {bytes_text(total)}; at most {bytes_text(max_bytes)} are expected")
        for target, member in chosen.items():
            progress.begin(target.name, member.size)
            with member.open() as packed, open_atomic(target) as file:
                while chunk := packed.read(_CHUNK_BYTES):
                    file.write(chunk)
                    progress.advance(len(chunk))


def is_archive(path: Path) -> bool:
    """Whether `extract` is for this file: by its content, or by its name where the content is damaged."""
    named_so = path.name.endswith((".zip", ".tar", ".tar.gz", ".tgz"))
    return named_so or zipfile.is_zipfile(path) or tarfile.is_tarfile(path)


def open_maybe_gzip(path: Path) -> BinaryIO:
    """A file to read, unpacked on the way if it begins as gzip does.

    Errors: MissingError if it is not there; while reading, DamagedError where the gzip data are cut off or corrupt.
    """
    with reading(path):
        return io.BufferedReader(_raw(path), _CHUNK_BYTES)


def _raw(path: Path, most_bytes: int | None = None) -> io.RawIOBase:
    file = path.open("rb", buffering=0)
    start = file.read(len(START))
    file.seek(0)
    return Gunzip(file, path, most_bytes) if start == START else file


class _Tame(io.BufferedReader):
    """A stream for the tar parser, which trusts the sizes in headers."""

    def read(self, size: int | None = -1, /) -> bytes:
        """As usual, but never in one huge piece."""
        if size is None or not 0 <= size <= MAX_READ_BYTES:
            raise tarfile.ReadError(f"a header claims {size} bytes")
        return super().read(size)


@contextmanager
def _opened(path: Path) -> Iterator[list[_Member]]:
    """The files in an archive, for as long as it is open."""
    with reading(path), path.open("rb") as file:
        is_zip = file.read(4) in _ZIP_STARTS
    try:
        if is_zip:
            with zipfile.ZipFile(path) as parsed:
                yield [_zip_member(parsed, info) for info in _few(parsed.infolist()) if not info.is_dir()]
        else:
            most_bytes = max(FREE_BYTES, MAX_RATIO * path.stat().st_size)
            with _Tame(_raw(path, most_bytes)) as stream, tarfile.open(fileobj=stream, mode="r:") as tar:
                members = [_tar_member(tar, info) for info in _few(tar) if not info.isdir()]
                while rest := stream.read(_CHUNK_BYTES):  # to the end, where gzip keeps its checksum
                    if rest.strip(b"\0"):
                        raise tarfile.ReadError("a header is broken")  # the parser takes it for the end
                yield members
    except RecmtlError:
        raise
    except Exception as error:  # a parser of bytes that may hold anything fails in any way
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise  # the disk's; EINVAL is a seek to a place that the archive made up
        reason = str(error) or type(error).__name__
        raise _damaged(path, f"it is damaged, or neither zip nor tar ({reason[:1].lower()}{reason[1:]})") from error


def _few(infos: Iterable[_Info]) -> Iterator[_Info]:
    for number, info in enumerate(infos):
        if number >= MAX_MEMBERS:
            raise tarfile.TarError(f"more than {MAX_MEMBERS} members")
        yield info


def _zip_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> _Member:
    refused = ""
    if info.flag_bits & 1:
        refused = "is encrypted"
    elif stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
        refused = "is a link or a device"
    elif info.file_size > max(FREE_BYTES, MAX_RATIO * info.compress_size):
        refused = f"unpacks to {bytes_text(info.file_size)} from {bytes_text(info.compress_size)}: it is a bomb"
    return _Member(info.filename, info.file_size, refused, lambda: archive.open(info))


def _tar_member(archive: tarfile.TarFile, info: tarfile.TarInfo) -> _Member:
    def open_member() -> IO[bytes]:
        file = archive.extractfile(info)
        assert file is not None, "only links and devices have no content"
        return file

    refused = "" if info.isreg() and not info.issparse() else "is a link, a device or sparse"
    return _Member(info.name, info.size, refused, open_member)


def _choose(name: str, found: list[_Member], archive: Path) -> _Member:
    asked = _parts(name)
    fitting = [m for m in found if m.parts == asked] or [m for m in found if m.parts[-len(asked) :] == asked]
    if not fitting:
        names = ", ".join(m.name for m in found[:_NAMED]) + (" and more" if len(found) > _NAMED else "")
        raise MissingError(f"{archive} holds no {name!r}; it holds {names or 'no files'}.", hint=_HINT)
    if len(fitting) > 1:
        raise _damaged(archive, f"{name!r} could be " + " or ".join(repr(m.name) for m in fitting[:_NAMED]))
    if fitting[0].refused:
        raise _damaged(archive, f"{fitting[0].name!r} {fitting[0].refused}")
    return fitting[0]


def _parts(name: str) -> tuple[str, ...]:
    """The parts of a path, as written on Windows too."""
    return tuple(part for part in name.replace("\\", "/").split("/") if part not in ("", "."))


def _climbs(name: str) -> bool:
    return ".." in _parts(name) or bool(re.match(r"[/\\]|[A-Za-z]:", name))


def _damaged(archive: Path, why: str) -> DamagedError:
    return DamagedError(f"{archive}: {why}.", hint=_HINT)
