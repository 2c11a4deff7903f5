"""What is asked of the operating system so that a result survives a kill and a power loss."""

import ctypes
import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform != "win32":
    import fcntl

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
# a kernel too old for the call, or a file system that cannot do it (NFS, some FUSE)
_NO_EXCHANGE = {errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP}


def sync(descriptor: int) -> None:
    """Wait until what was written to an open file or folder is on the disk itself."""
    if sys.platform == "darwin":
        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)  # fsync there stops at the drive's cache
    else:
        os.fsync(descriptor)


def sync_path(path: Path) -> None:
    """The same for a file or folder by name: a folder's sync makes the names in it last."""
    if sys.platform == "win32" and path.is_dir():
        return  # Windows neither offers nor needs it
    descriptor = os.open(path, os.O_RDONLY)
    try:
        sync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(folder: Path) -> None:
    """Sync every file and folder below, contents before the names that lead to them, `folder` itself last."""
    for entry in sorted(folder.iterdir()):
        if entry.is_dir() and not entry.is_symlink():
            sync_tree(entry)
        elif entry.is_file():
            sync_path(entry)
    sync_path(folder)


def make_folder(folder: Path) -> None:
    """Create a folder and what is missing above it, each new name synced."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_path(folder.parent)


def exchange(one: Path, other: Path) -> bool:
    """Swap two existing names in one step, so that at no instant either is missing.

    False where the system cannot do it; OSError if it can and fails.
    """
    if sys.platform != "linux":
        return False
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    if rename(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in _NO_EXCHANGE:
        return False
    raise OSError(number, os.strerror(number), str(one), None, str(other))


def claim(descriptor: int) -> bool:
    """Mark an open file or folder as in use by this process until it is closed or the process ends, however it ends.

    False if another process has it.
    """
    if sys.platform != "win32":
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            pass  # a file system without locks: then nobody's claim can be seen, and nobody is refused
    return True


@contextmanager
def claimed(path: Path) -> Iterator[None]:
    """The same for a file or folder by name, for as long as the block runs; a rename does not end it."""
    if sys.platform == "win32":
        yield
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        claim(descriptor)
        yield
    finally:
        os.close(descriptor)


def is_claimed(path: Path) -> bool:
    """Whether a living process has claimed it. True also for what cannot be looked at: it is not ours to judge."""
    if sys.platform == "win32":
        return False
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return True
    try:
        return not claim(descriptor)
    finally:
        os.close(descriptor)
