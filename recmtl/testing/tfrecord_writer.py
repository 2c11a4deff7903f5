"""Writes TFRecord files of tf.train.Example: for tests and for the sample data, not for logs.

The same rows give the same bytes: features are written in the order of the row, gzip carries no time and no name.
"""

import gzip
import io
import struct
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import google_crc32c

Scalar = bytes | str | int | float
Feature = Scalar | Sequence[bytes] | Sequence[str] | Sequence[int] | Sequence[float]


def write_examples(path: Path, rows: Iterable[Mapping[str, Feature]], *, packed: bool = True) -> None:
    """Write one Example a row; gzip'd where the name ends in .gz.

    Args:
        path: the file to write.
        rows: feature name to value or values; the type of the first value decides: bytes or str, int (int64), float
            (float32). An empty sequence writes a feature without a value.
        packed: write numbers as proto3 does, all of a list in one field; False writes one field a number.
    """
    write_records(path, (encode_example(row, packed=packed) for row in rows))


def write_records(path: Path, payloads: Iterable[bytes]) -> None:
    """Write any payloads as a TFRecord file with right checksums; gzip'd where the name ends in .gz."""
    content = b"".join(frame(payload) for payload in payloads)
    path.write_bytes(gzipped(content) if path.suffix == ".gz" else content)


def gzipped(content: bytes) -> bytes:
    """Return the content as a gzip file that tells neither time nor name."""
    buffer = io.BytesIO()
    # not gzip.compress: what it writes as the operating system differs between versions of Python
    with gzip.GzipFile(filename="", fileobj=buffer, mode="wb", mtime=0) as file:
        file.write(content)
    return buffer.getvalue()


def frame(payload: bytes) -> bytes:
    """Return one record: length, its checksum, payload, its checksum."""
    length = struct.pack("<Q", len(payload))
    return length + masked_crc(length) + payload + masked_crc(payload)


def masked_crc(data: bytes) -> bytes:
    """Return the masked CRC32C of the bytes as TFRecord stores it, 4 bytes little endian."""
    crc = google_crc32c.value(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def encode_example(row: Mapping[str, Feature], *, packed: bool = True) -> bytes:
    """Return the row as a serialised tf.train.Example."""
    entries = [field(1, name.encode()) + field(2, encode_feature(value, packed=packed)) for name, value in row.items()]
    return field(1, b"".join(field(1, entry) for entry in entries))


def encode_feature(value: Feature, *, packed: bool = True) -> bytes:
    """Return the value or values as a serialised tf.train.Feature."""
    items: list[Scalar] = [value] if isinstance(value, Scalar) else list(value)
    if not items:
        return b""
    encoded = [_encode_scalar(item) for item in items]
    if isinstance(items[0], bytes | str):
        return field(1, b"".join(field(1, text) for text in encoded))
    number, tag = (2, b"\x0d") if isinstance(items[0], float) else (3, b"\x08")
    return field(number, field(1, b"".join(encoded)) if packed else b"".join(tag + one for one in encoded))


def _encode_scalar(item: Scalar) -> bytes:
    if isinstance(item, bytes):
        return item
    if isinstance(item, str):
        return item.encode()
    return struct.pack("<f", item) if isinstance(item, float) else varint(item & 0xFFFF_FFFF_FFFF_FFFF)


def field(number: int, content: bytes) -> bytes:
    """Return a length-delimited protobuf field."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def varint(number: int) -> bytes:
    """Return a number from 0 to 2^64 - 1 as a protobuf varint."""
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)
