"""The wire format of tf.train.Example, decoded without TensorFlow or protobuf.

    Example { Features features = 1 }              Features { map<string, Feature> feature = 1 }
    Feature { BytesList = 1 | FloatList = 2 | Int64List = 3 }              *List { repeated value = 1 }

Source: tensorflow/core/example/{example,feature}.proto and protobuf's encoding guide. Every length is checked against
the bytes that are there, so a hostile message costs at most a small multiple of its own size.
"""

import struct
from collections.abc import Iterator
from enum import IntEnum


class MalformedExampleError(ValueError):
    """The bytes are no tf.train.Example; the message says at which point they stop being one."""


class Stored(IntEnum):
    """What a feature's list holds; the number is its field in the Feature message."""

    BYTES = 1
    FLOATS = 2
    INTEGERS = 3


# wire types; plain numbers, since an Enum's members cost a third more time in the loop below
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FIXED_SIZES = {_FIXED32: 4, _FIXED64: 8}


def features(example: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the name and the encoded Feature message of every feature, in file order.

    A name that comes twice is yielded twice: as in protobuf, the last one counts.

    Raises:
        MalformedExampleError: the message breaks off, or holds another type where a message belongs.
    """
    for part in _messages(example, 1):
        for entry in _messages(part, 1):
            name, pieces = b"", []
            for number, wire, value in _fields(entry):
                if number == 1:
                    name = _length_delimited(wire, value)
                elif number == 2:
                    pieces.append(_length_delimited(wire, value))
            yield name, b"".join(pieces)  # protobuf merges messages by concatenation


def values(feature: bytes) -> tuple[Stored | None, list[bytes] | list[float] | list[int]]:
    """Return what kind of list a Feature message holds, None if none, and its values.

    Raises:
        MalformedExampleError: the message breaks off, or its values are encoded as another type.
    """
    stored: Stored | None = None
    lists: list[bytes] = []
    for number, wire, value in _fields(feature):
        if number in (1, 2, 3):
            if number != stored:  # a oneof: the last kind on the wire replaces the others
                stored, lists = Stored(number), []
            lists.append(_length_delimited(wire, value))
    encoded = b"".join(lists)
    if stored is Stored.FLOATS:
        return stored, list(_floats(encoded))
    if stored is Stored.INTEGERS:
        return stored, list(_integers(encoded))
    return stored, _messages(encoded, 1)


def _floats(encoded: bytes) -> Iterator[float]:
    for number, wire, value in _fields(encoded):
        if number != 1:
            continue
        if wire not in (_FIXED32, _BYTES) or len(value) % 4:
            raise MalformedExampleError("a float list holds something that is not a 32-bit float")
        yield from struct.unpack(f"<{len(value) // 4}f", value)  # one value if unpacked, all of them if packed


def _integers(encoded: bytes) -> Iterator[int]:
    for number, wire, value in _fields(encoded):
        if number != 1:
            continue
        if wire not in (_VARINT, _BYTES):
            raise MalformedExampleError("an integer list holds something that is not an integer")
        at = 0
        while at < len(value):
            unsigned, at = _varint(value, at)
            yield unsigned - (1 << 64) if unsigned >> 63 else unsigned


def _messages(encoded: bytes, field: int) -> list[bytes]:
    """Every length-delimited value of one field."""
    return [_length_delimited(wire, value) for number, wire, value in _fields(encoded) if number == field]


def _length_delimited(wire: int, value: bytes) -> bytes:
    if wire != _BYTES:
        raise MalformedExampleError("a number stands where text or a message belongs")
    return value


def _fields(message: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield number, wire type and content of each field; a varint's content is its own encoded bytes."""
    at, end = 0, len(message)
    while at < end:
        tag, start = _varint(message, at)
        wire = tag & 7
        if wire == _BYTES:
            size, start = _varint(message, start)
            at = start + size
        elif wire == _VARINT:
            _, at = _varint(message, start)
        elif wire in _FIXED_SIZES:
            at = start + _FIXED_SIZES[wire]
        else:
            raise MalformedExampleError(f"wire type {wire} is unknown")
        if tag < 8:
            raise MalformedExampleError("a field has the number 0")
        if at > end:
            raise MalformedExampleError(f"a field claims {at - start} bytes where {end - start} are left")
        yield tag >> 3, wire, message[start:at]


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return the unsigned number that starts at `at`, and where it ends."""
    if at < len(data) and data[at] < 0x80:  # nearly every tag and length is one byte
        return data[at], at + 1
    number = 0
    for index, byte in enumerate(data[at : at + 10]):
        number |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            if number >> 64:
                break
            return number, at + index + 1
    else:
        if len(data) - at < 10:
            raise MalformedExampleError("it breaks off inside a number")
    raise MalformedExampleError("a number has more than 64 bits")
