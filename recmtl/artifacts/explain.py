"""Failures of the operating system that a user can mend, said in one sentence."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from recmtl.errors import DamagedError, MissingError

_NO_SPACE = {errno.ENOSPC, errno.EDQUOT}
_REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS}


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
        raise MissingError(f"{path} is a folder; a file is needed.") from error
    except OSError as error:
        if error.errno is None:
            raise
        if error.errno in _REFUSED:
            raise _no_permission(path, error) from error
        raise DamagedError(f"{path} cannot be read: {error.strerror}.", hint="Check the disk.") from error


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn a full disk or a refused write below it into MissingError; other errors pass through."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_SPACE:
            raise MissingError(
                f"No space left for {path}: {_free(path)} free on its disk.",
                hint="Free some space (or some quota), or choose another folder.",
            ) from error
        if error.errno in _REFUSED:
            raise _no_permission(path, error) from error
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
    where = error.filename if isinstance(error.filename, str) else path
    return MissingError(f"No permission for {where}: {error.strerror}.", hint="Check its owner and mode.")


def _free(path: Path) -> str:
    existing = next((p for p in (path, *path.absolute().parents) if p.exists()), Path("/"))
    return bytes_text(shutil.disk_usage(existing).free)
