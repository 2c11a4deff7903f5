"""sha256 of files and of values, remembered for files so that big inputs are read once."""

import hashlib
import json
import stat
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from recmtl.artifacts.atomic import write_text
from recmtl.artifacts.explain import reading
from recmtl.errors import MissingError

# A file that changed this recently could change again within the clock's tick and look the same.
_SETTLED_NS = 2_000_000_000


def sha256_file(path: Path) -> str:
    """The file's sha256 as 64 hex digits. MissingError if it is not there, or is a device or a pipe."""
    with reading(path):
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # they may have no end
            raise MissingError(f"{path} is a device or a pipe; a file is needed.", hint="Copy it into a file.")
    with reading(path), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_json(value: Any) -> str:
    """sha256 of a value's canonical JSON: keys sorted, no white space. NaN and infinity are a ValueError."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


class HashMemory:
    """Digests of files, remembered across runs as long as path, size, times and inode stay as they were.

    The memory is a convenience: if its own file is damaged it is forgotten, never believed.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._entries = _read_entries(path)

    def digest(self, path: Path) -> str:
        """The file's sha256, read from the file only if it may have changed. MissingError if it is not there."""
        key = str(path.absolute())
        with reading(path):
            state = _state(path)
        known = self._entries.get(key)
        if known is not None and known[1:] == state:
            return str(known[0])
        began_ns = time.time_ns()
        digest = sha256_file(path)
        with reading(path):
            settled = max(state[1:3]) + _SETTLED_NS < began_ns and _state(path) == state
        if settled:
            self._entries[key] = [digest, *state]
        else:
            self._entries.pop(key, None)
        return digest

    def save(self) -> None:
        """Write the memory down, without the files that are gone."""
        entries = {key: entry for key, entry in self._entries.items() if Path(key).exists()}
        with suppress(MissingError, OSError):  # in a folder that may only be read, hashes are taken again
            write_text(self._path, json.dumps({"entries": entries, "sha256": digest_json(entries)}, sort_keys=True))


def _state(path: Path) -> list[int]:
    """What tells that a file changed: size, both times (a tool can set back mtime, not ctime), inode."""
    now = path.stat()
    return [now.st_size, now.st_mtime_ns, now.st_ctime_ns, now.st_ino]


def _read_entries(path: Path) -> dict[str, list[str | int]]:
    try:
        memory = json.loads(path.read_text())
        entries: dict[str, list[str | int]] = memory["entries"]
        if memory["sha256"] == digest_json(entries):
            return entries
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return {}
