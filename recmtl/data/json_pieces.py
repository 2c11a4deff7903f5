"""JSON lines as columns: one object a line, empty lines passed over.

A column of one kind (true and false, integers, numbers, texts, lists of one kind) becomes the Arrow type of that kind;
any other is Arrow's JSON: each value as JSON text. A key that a line lacks is null there. Python's own parser reads,
stricter than it would by itself: no key twice in one object, no NaN, no number beyond a double.
"""

import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from recmtl.data.line_blocks import Block, blocks
from recmtl.data.table_piece import Opened, Piece
from recmtl.errors import DataError

BLOCK_BYTES = 1 << 22
"""As objects of Python rows take several times the room."""
MAX_EXACT = 2**53
"""Integers beyond are not all doubles."""
_ONE_OBJECT = 'Each line is one object, such as {"age": 39, "city": "Rome"}.'
Record = dict[str, Any]


def open_json_lines(stream: BinaryIO, source: str) -> Opened:
    """The keys of the first block of lines, and the rows.

    Raises:
        DataError: there are no rows; a line is no JSON object. Later ones are found when the reader gets there.
    """
    reader = JsonLines(source)
    pieces = reader.pieces(stream)
    first = next(pieces, None)
    if first is None:
        raise DataError(f"{source} holds no rows.", hint=_ONE_OBJECT)
    return Opened(tuple(reader.keys), itertools.chain([first], pieces))


@dataclass
class JsonLines:
    """A file of JSON lines."""

    source: str
    keys: dict[str, None] = field(default_factory=dict)
    """Of all rows so far, in order of first appearance."""

    def pieces(self, stream: BinaryIO) -> Iterator[Piece]:
        """All rows."""
        for block in blocks(stream, self.source, lambda data: data.rfind(b"\n") + 1, BLOCK_BYTES):
            lines, records = self._records(block)
            if records:
                yield self._piece(lines, records)

    def _piece(self, lines: list[int], records: list[Record]) -> Piece:
        if not self.keys.keys() >= set().union(*records):
            for record in records:
                self.keys.update(dict.fromkeys(record))
        columns = [
            self._column(key, list(values), lines)
            for key, values in zip(self.keys, _by_key(records, list(self.keys)), strict=True)
        ]
        batch = pa.RecordBatch.from_arrays(columns, names=list(self.keys))
        return Piece(batch, lambda row: f"{self.source}, line {lines[row]}", self.source, written=False)

    def _column(self, key: str, values: list[Any], lines: list[int]) -> pa.Array:
        try:
            return _column(values)
        except (UnicodeEncodeError, ValueError):
            problems = ((row, _problem(value)) for row, value in enumerate(values))
            row, problem = next((row, problem) for row, problem in problems if problem)
            raise DataError(
                f"{self.source}, line {lines[row]}, column {key!r} {problem}.", hint="Mend or remove this line."
            ) from None

    def _records(self, block: Block) -> tuple[list[int], list[Record]]:
        """The objects of a block, and the line of each."""
        lines, records = [], []
        for line, raw in enumerate(block.data.split(b"\n"), start=block.line):
            stripped = raw.strip()
            if stripped:
                lines.append(line)
                records.append(self._record(stripped, line))
        return lines, records

    def _record(self, raw: bytes, line: int) -> Record:
        where = f"{self.source}, line {line}"
        try:
            record = _parsed(raw.decode())
        except UnicodeDecodeError as error:
            wrong = f"holds the byte {raw[error.start]:02X}, which is not UTF-8"
            raise DataError(f"{where} {wrong}.", hint="Write the file as UTF-8.") from error
        except json.JSONDecodeError as error:
            reason = f"{error.msg[:1].lower()}{error.msg[1:]} (character {error.colno})"
            raise DataError(f"{where} is not JSON: {reason}.", hint=_ONE_OBJECT) from error
        except RecursionError as error:
            raise DataError(f"{where} nests objects too deeply.", hint="Mend or remove this line.") from error
        except ValueError as error:
            raise DataError(f"{where} {error}.", hint="Mend or remove this line.") from error
        if not isinstance(record, dict):
            raise DataError(f"{where} is {_NAMES.get(type(record), 'null')}, not an object.", hint=_ONE_OBJECT)
        return record


_NAMES = {list: "a list", str: "a text", int: "a number", float: "a number", bool: "true or false"}


def _unique(pairs: list[tuple[str, Any]]) -> Record:
    record = dict(pairs)
    if len(record) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for place, name in enumerate(names) if name in names[:place])
        raise ValueError(f"has the key {twice!r} twice")
    return record


def _no_constant(name: str) -> None:
    raise ValueError(f"holds {name}, which is no JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant)


def _parsed(text: str) -> Any:
    """As `json.loads`, without what that does for each text beside parsing it."""
    try:
        value, end = _DECODER.scan_once(text, 0)  # type: ignore[attr-defined]
    except StopIteration as stopped:
        raise json.JSONDecodeError("a value is expected", text, stopped.value) from None
    if end != len(text):
        raise json.JSONDecodeError("more follows", text, end)
    return value


def _by_key(records: list[Record], keys: list[str]) -> Iterator[Sequence[Any]]:
    """The values of each key."""
    if not keys:
        return iter(())
    try:
        rows = list(map(itemgetter(*keys), records)) if len(keys) > 1 else [(record[keys[0]],) for record in records]
    except KeyError:
        return ([record.get(key) for record in records] for key in keys)
    return zip(*rows, strict=True)


def _column(values: list[Any]) -> pa.Array:
    """ValueError, or UnicodeEncodeError which is one: a value has a problem."""
    try:
        kind = _kind(values)
        column = None if kind is None else pa.array(values, kind)
    except OverflowError:  # an integer beyond 64 bits
        column = None
    if column is None:
        written = [
            None if value is None else json.dumps(value, ensure_ascii=False, allow_nan=False) for value in values
        ]
        return pa.ExtensionArray.from_storage(pa.json_(), pa.array(written, pa.string()))
    flat = column.flatten() if pa.types.is_list(column.type) else column
    if pa.types.is_floating(flat.type) and pc.any(pc.is_inf(flat)).as_py():
        raise ValueError("infinite")
    return column


def _problem(value: object) -> str:
    """What keeps a value from being written as JSON; empty if nothing."""
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except UnicodeEncodeError:
        return "holds half a character (a lone surrogate)"
    except ValueError:
        return "holds a number beyond those that a double holds"
    return ""


def _kind(values: Sequence[Any]) -> pa.DataType | None:
    """The type of all values, None if they have no one type."""
    kinds = set(map(type, values)) - {type(None)}
    if not kinds:
        return pa.null()
    if kinds == {list}:
        inner = _kind([item for value in values if value is not None for item in value])
        return None if inner is None or pa.types.is_nested(inner) else pa.list_(inner)
    if kinds <= {int, float} and len(kinds) == 2:
        exact = all(type(value) is not int or abs(value) <= MAX_EXACT for value in values)
        return pa.float64() if exact else None
    return _TYPES.get(next(iter(kinds))) if len(kinds) == 1 else None


_TYPES = {bool: pa.bool_(), int: pa.int64(), float: pa.float64(), str: pa.string()}
