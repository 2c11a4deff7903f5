"""Failures of the operating system that a user can mend, said in one sentence."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from recmtl.errors import DamagedError, MissingError

_NO_SPACE = {errno.ENOSPC, errno.EDQUOT}
_REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS}
_NO_FOLDER = {errno.ENOTDIR, errno.EEXIST}

_ELSEWHERE = "Move it elsewhere, or choose another path."


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn a failed read below it into MissingError (absent, a folder, no permission) or DamagedError (a bad disk).

    Errors without a number are not the system's and pass through.
    """
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        raise MissingError(f"{path} is not there.", hint="Make it first, or check the path.") from error
    except IsADirectoryError as error:
        raise MissingError(f"{path} is a folder; a file is needed.", hint="Check the path.") from error
    except OSError as error:
        if error.errno is None:
            raise
        if error.errno in _REFUSED:
            raise _no_permission(path, error) from error
        raise DamagedError(f"{path} cannot be read: {error.strerror}.", hint="Check the disk.") from error


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn a full disk, a refused write or a path that cannot be into MissingError; other errors pass through."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_SPACE:
            raise MissingError(
                f"no space is left for {path}: {_free(path)} free on its disk.",
                hint="Free some space (or some quota), or choose another folder.",
            ) from error
        if error.errno in _REFUSED:
            raise _no_permission(path, error) from error
        where = _named(path, error)
        if error.errno in _NO_FOLDER and not where.is_dir():
            raise MissingError(f"{where} is a file where a folder is needed.", hint=_ELSEWHERE) from error
        if error.errno == errno.ENOENT and not where.parent.is_dir():
            raise MissingError(
                f"the folder of {where} is not there.", hint="Make it first, or choose another path."
            ) from error
        if error.errno == errno.EISDIR:
            raise MissingError(f"{where} is a folder where a file is needed.", hint=_ELSEWHERE) from error
        if error.errno == errno.EFBIG:
            raise MissingError(
                f"{where} is larger than its disk or a limit (ulimit -f) allows.", hint=_ELSEWHERE
            ) from error
        if error.errno == errno.ENAMETOOLONG:
            raise MissingError(f"the name of {where} is too long for its disk.", hint=_ELSEWHERE) from error
        raise


def bytes_text(size: int) -> str:
    """A number of bytes for people: 1500 -> '1.5 kB'."""
    if size < 1000:
        return f"{size} bytes"
    value = float(size)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 1000:
            return f"{value:.1f} {unit}"
    return f"{value / 1000:.1f} TB"


def _no_permission(path: Path, error: OSError) -> MissingError:
    reason = (error.strerror or "").lower()
    return MissingError(
        f"there is no permission for {_named(path, error)}: {reason}.",
        hint="Check its owner and mode, or choose another folder.",
    )


def _named(path: Path, error: OSError) -> Path:
    """What the error is about, as the user wrote it: locks name themselves by their whole path."""
    name = error.filename2 or error.filename  # of a rename, where to
    named = Path(name) if isinstance(name, str) else path
    return named.relative_to(Path.cwd()) if not path.is_absolute() and named.is_relative_to(Path.cwd()) else named


def _free(path: Path) -> str:
    existing = next((p for p in (path, *path.absolute().parents) if p.exists()), Path("/"))
    return bytes_text(shutil.disk_usage(existing).free)
