"""gzip data as a stream whose failures name the file."""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from recmtl.errors import DamagedError

START = b"\x1f\x8b"
"""The first bytes of every gzip file."""
_HINT = "Fetch or copy it again."


class Gunzip(io.RawIOBase):
    """The unpacked bytes of `file`, which it closes at the end.

    Reading or seeking raises DamagedError naming `path` where the data are cut off or corrupt, and beyond
    `most_bytes` unpacked bytes.
    """

    def __init__(self, file: io.RawIOBase, path: Path, most_bytes: int | None) -> None:
        self._file = file
        self._gzip = gzip.GzipFile(fileobj=file)
        self._path = path
        self._most_bytes = most_bytes

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always; going back unpacks from the start again."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer as far as possible; 0 at the end."""
        self._limit(self._gzip.tell())
        with self._failures_named():
            return self._gzip.readinto(buffer)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to an unpacked position, counted from the start or from here."""
        self._limit(offset + (self._gzip.tell() if whence == io.SEEK_CUR else 0))
        with self._failures_named():
            return self._gzip.seek(offset, whence)

    def tell(self) -> int:
        """The unpacked position."""
        return self._gzip.tell()

    def close(self) -> None:
        """Close the file below as well."""
        self._gzip.close()
        self._file.close()
        super().close()

    def _limit(self, position: int) -> None:
        if self._most_bytes is not None and position > self._most_bytes:
            raise DamagedError(
                f"{self._path} unpacks to more than {self._most_bytes:,} bytes, far more than its size allows.",
                hint="It is made to fill the disk: do not trust it.",
            )

    @contextmanager
    def _failures_named(self) -> Iterator[None]:
        try:
            yield
        except EOFError as error:
            raise DamagedError(f"{self._path} is damaged: its gzip data break off.", hint=_HINT) from error
        except (zlib.error, gzip.BadGzipFile) as error:
            raise DamagedError(f"{self._path} is damaged: its gzip data are corrupt.", hint=_HINT) from error
