"""Files and folders that are there whole or not at all, whatever kills the process that writes them.

Work in progress has a hidden name that starts with `.recmtl-`; a later run knows it by that and sweeps it.
"""

import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from recmtl.artifacts.explain import writing
from recmtl.artifacts.syncing import claim, claimed, exchange, is_claimed, make_folder, sync, sync_path, sync_tree

_NEW = ".recmtl-new-"  # a file that is being written
_OLD = ".recmtl-old-"  # a result set aside for an instant, where names cannot be exchanged
_TRASH = ".recmtl-trash-"  # a folder that is being deleted


def write_bytes(path: Path, data: bytes) -> None:
    """Replace the file at `path`: a reader sees the old bytes or the new ones. MissingError if the disk is full."""
    with open_atomic(path) as file:
        file.write(data)


def write_text(path: Path, text: str) -> None:
    """The same for text, in UTF-8 and with its newlines as they are."""
    write_bytes(path, text.encode())


@contextmanager
def open_atomic(path: Path) -> Iterator[BinaryIO]:
    """A file to write that appears at `path` when the block ends well, synced; after an exception nothing is left."""
    with writing(path):
        make_folder(path.parent)
        descriptor, temp = _new_file(path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                yield file
                file.flush()
                sync(descriptor)
                if sys.platform != "win32":
                    temp.replace(path)  # before the close ends the claim, or a sweep could take it
            if sys.platform == "win32":
                temp.replace(path)  # open files cannot be renamed there
        except BaseException:
            temp.unlink(missing_ok=True)
            raise
        sync_path(path.parent)


def publish(partial: Path, target: Path) -> None:
    """Make the finished folder `partial` the result at `target`, in one step, in place of what was there.

    Both must be on one file system. A kill at any instant leaves the old or the new whole at `target`. A kill right
    after the exchange leaves the old result at `partial`, whole and with its manifest. Where the system cannot
    exchange names, `target` may be absent after a kill until `remove_leftovers` puts the old result back.
    Errors: MissingError if the disk is full.
    """
    with writing(target):
        for folder, _, _ in os.walk(partial):
            remove_leftovers(Path(folder))
        sync_tree(partial)
        make_folder(target.parent)
        if not os.path.lexists(target):
            partial.rename(target)
            old = None
        elif exchange(partial, target):
            old = partial
        else:
            old = _replace_in_two_steps(partial, target)
        sync_path(target.parent)
        if partial.parent != target.parent:
            sync_path(partial.parent)
        if old is not None:
            discard(old)


def discard(path: Path) -> None:
    """Remove a file or folder so that a kill half-way leaves nothing that looks like a result."""
    trash = _hidden(path.parent, _TRASH)
    path.rename(trash)
    _delete(trash)
    sync_path(path.parent)


def remove_leftovers(parent: Path) -> None:
    """Sweep what killed runs left in `parent` (not below it); what a living process is writing stays.

    A result that was set aside and never replaced is put back.
    """
    if not parent.is_dir():
        return
    for entry in sorted(parent.iterdir()):
        if entry.name.startswith(_TRASH) or (entry.name.startswith(_NEW) and not is_claimed(entry)):
            _delete(entry)
        elif entry.name.startswith(_OLD) and not is_claimed(entry):
            _put_back(entry)


def _new_file(folder: Path) -> tuple[int, Path]:
    """A hidden file of our own, open and claimed: (descriptor, path)."""
    while True:
        temp = _hidden(folder, _NEW)
        # mode 0666 and the umask decide who may read it, as for any file: tempfile would make it private
        descriptor = os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        # between the two calls a sweep may have taken it for dead
        if claim(descriptor) and os.fstat(descriptor).st_nlink > 0:
            return descriptor, temp
        os.close(descriptor)


def _replace_in_two_steps(partial: Path, target: Path) -> Path:
    """Publish where names cannot be exchanged; returns where the old result is now."""
    aside = _hidden(target.parent, _OLD, target.name)
    with claimed(target):  # so that a sweep by another run does not put it back between the two steps
        target.rename(aside)
        try:
            partial.rename(target)
        except BaseException:
            aside.rename(target)
            raise
    return aside


def _put_back(aside: Path) -> None:
    token_and_name = aside.name.removeprefix(_OLD)
    target = aside.parent / token_and_name.partition("-")[2]
    if os.path.lexists(target):
        _delete(aside)
    else:
        aside.rename(target)
        sync_path(aside.parent)


def _hidden(folder: Path, kind: str, name: str = "") -> Path:
    token = secrets.token_hex(8)
    return folder / (f"{kind}{token}-{name}" if name else f"{kind}{token}")


def _delete(path: Path) -> None:
    """Best effort: what cannot be deleted now is swept next time, and must not fail a run that is done."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()
