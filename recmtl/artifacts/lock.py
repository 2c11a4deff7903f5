"""One run at a time on a target.

The lock is the system's own: it is free the instant its holder ends, even by kill -9.
"""

import json
import os
import shlex
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from recmtl.artifacts.explain import writing
from recmtl.artifacts.syncing import make_folder
from recmtl.errors import LockedError


@contextmanager
def hold(target: Path) -> Iterator[None]:
    """Keep every other run off `target` (which need not exist) for as long as the block runs.

    Errors: LockedError at once if it is held already, also by this very process.
    """
    lock, note = (target.parent / f".{target.name}.{end}" for end in ("lock", "holder.json"))
    new = [folder for folder in (target.parent, *target.parent.parents) if not folder.exists()]
    with writing(lock):
        make_folder(target.parent)
        held = FileLock(lock)
        try:
            held.acquire(timeout=0)
        except Timeout:
            raise LockedError(
                f"{target} is locked by another run{_holder(note)}.", hint="Wait for it to end, or stop it."
            ) from None
    failed = True
    try:
        _leave_note(note)
        yield
        failed = False
    finally:
        with suppress(OSError):
            note.unlink()
        if failed:
            _remove_empty(new, lock)
        held.release()


def _remove_empty(folders: list[Path], lock: Path) -> None:
    """Take the folders away again that were made for the lock and hold nothing else. Who opened the lock meanwhile
    gets none, since it has no name any more, and may try again.
    """
    with suppress(OSError):
        if folders and list(folders[0].iterdir()) == [lock]:
            lock.unlink()
            for folder in folders:
                folder.rmdir()


def _leave_note(note: Path) -> None:
    """Say who holds the lock. Best effort: the lock holds without it."""
    holder = {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": shlex.join(sys.argv),
    }
    with suppress(OSError):
        note.write_text(json.dumps(holder))


def _holder(note: Path) -> str:
    try:
        holder = json.loads(note.read_text())
        return " (process {pid} on {host}, since {started}: {command})".format_map(holder)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ""
