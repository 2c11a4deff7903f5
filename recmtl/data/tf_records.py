"""The records of TFRecord files, gzip'd or plain, whatever they hold.

A record is: length (8 bytes, little endian), masked CRC32C of these, payload, masked CRC32C of the payload. Both sums
of every record are checked. Source: tensorflow/core/lib/io/record_writer.h; the masking is
`((crc >> 15 | crc << 17) + 0xa282ead8) mod 2^32`.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import google_crc32c

from recmtl.artifacts.archive import open_maybe_gzip
from recmtl.artifacts.explain import reading
from recmtl.errors import DamagedError

MAX_RECORD_BYTES = 16 * 2**20
"""A longer record is refused before it is read: a ranking log's records have a few thousand bytes."""
_CHUNK_BYTES = 2**20
_FETCH_AGAIN = "Fetch or copy the file again: it was changed or cut off after it was written."


@dataclass(frozen=True)
class Record:
    """One record's payload, and where it was found."""

    path: Path
    number: int
    """Counted from 1."""
    offset: int
    """Byte at which the record starts; in a gzip'd file, of the unpacked stream."""
    payload: bytes

    @property
    def place(self) -> str:
        """Where it is, for errors."""
        return _place(self.path, self.number, self.offset)


def read_records(path: Path) -> Iterator[Record]:
    """Yield every record of a TFRecord file, gzip'd or plain, with both of its checksums checked.

    Raises:
        MissingError: the file cannot be opened or read.
        DamagedError: a checksum is wrong, or the file or its gzip stream is cut off or corrupt.
    """
    with reading(path), _open(path) as stream:
        yield from records_of(stream, path)


def records_of(stream: BinaryIO, path: Path) -> Iterator[Record]:
    """Yield every record of an open stream, unpacked already; `path` names it. Raises as `read_records` does."""
    offset = number = 0
    while True:
        number += 1
        place = _place(path, number, offset)
        header = _read(stream, 12, place)
        if not header:
            return
        length = _checked_length(header, place)
        body = _read(stream, length + 4, place)
        if len(body) < length + 4:
            raise _cut_off(place)
        payload = body[:-4]
        if _masked_crc(payload) != body[-4:]:
            raise DamagedError(f"{place}: the payload's checksum is wrong.", hint=_FETCH_AGAIN)
        yield Record(path, number, offset, payload)
        offset += length + 16


def is_header(start: bytes) -> bool:
    """Whether these 12 bytes are a record's length and its checksum."""
    return len(start) == 12 and _masked_crc(start[:8]) == start[8:]


def _checked_length(header: bytes, place: str) -> int:
    if len(header) < 12:
        raise _cut_off(place)
    if not is_header(header):
        hint = f"{_FETCH_AGAIN} If this is record 1, the file may be no TFRecord at all."
        raise DamagedError(f"{place}: the length's checksum is wrong.", hint=hint)
    length = int.from_bytes(header[:8], "little")
    if length > MAX_RECORD_BYTES:
        raise DamagedError(
            f"{place}: the record claims {length:,} bytes; at most {MAX_RECORD_BYTES:,} are read.",
            hint="A record holds one row of a log: check what wrote this file.",
        )
    return length


def _masked_crc(data: bytes) -> bytes:
    crc = google_crc32c.value(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def _cut_off(place: str) -> DamagedError:
    return DamagedError(f"{place}: the file ends in the middle of the record.", hint=_FETCH_AGAIN)


def _place(path: Path, number: int, offset: int) -> str:
    return f"{path}, record {number} (byte {offset})"


def _open(path: Path) -> BinaryIO:
    stream = open_maybe_gzip(path)
    if path.suffix == ".gz" and not path.stat().st_size:  # it would pass for a file of no records
        stream.close()
        raise DamagedError(f"{path} is empty; a gzip file never is.", hint=_FETCH_AGAIN)
    return stream


def _read(stream: BinaryIO, size: int, place: str) -> bytes:
    """Read `size` bytes, fewer only at the end; in chunks: memory follows what is there, not what is claimed."""
    chunks: list[bytes] = []
    try:
        while size and (chunk := stream.read(min(size, _CHUNK_BYTES))):
            chunks.append(chunk)
            size -= len(chunk)
    except DamagedError as error:  # of the gzip stream
        reason = error.message.rpartition(": ")[2]  # the place names the file already
        raise DamagedError(f"{place}: {reason}", hint=_FETCH_AGAIN) from error
    return b"".join(chunks)
