"""What folders say of their rows, as columns of these rows."""

from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from recmtl.data.partitions import Partition
from recmtl.data.table_piece import Opened, Piece
from recmtl.data.typed_columns import as_text, first, shown


def with_partition(opened: Opened, partition: Partition) -> Opened:
    """The file with the columns that its folders say behind its own. A file may hold such a column as well, if every
    row has the folder's value in it; it is there once.

    Raises:
        DataError: while the pieces are read, a row that has another value.
    """
    if not partition:
        return opened
    names = [name for name, _ in partition]
    columns = (*(name for name in opened.columns if name not in names), *names)
    return Opened(columns, (_told(piece, partition) for piece in opened.pieces))


def _told(piece: Piece, partition: Partition) -> Piece:
    said = dict(partition)
    for name, value in partition:
        if name in piece.batch.schema.names:
            _refuse_others(piece, name, value)
    own = [name for name in piece.batch.schema.names if name not in said]
    columns = [piece.batch.column(name) for name in own]
    columns += [pa.array([value] * len(piece.batch), pa.string()) for value in said.values()]
    return replace(piece, batch=pa.RecordBatch.from_arrays(columns, names=[*own, *said]), told=tuple(said))


def _refuse_others(piece: Piece, name: str, value: str | None) -> None:
    expected = as_text(pa.array([value], pa.string()))[0]
    texts = piece.text(name)
    equal = pc.is_null(texts) if not expected.is_valid else pc.fill_null(pc.equal(texts, expected), False)
    row = first(pc.invert(equal))
    if row is not None:
        there = "missing" if texts[row].as_py() is None else shown(texts[row].as_py())
        folder = "that it is missing" if value is None else shown(value)
        hint = "Leave the column out of the files, or name the folders after another one, such as day=2026-11-20."
        raise piece.refuse(row, name, f"is {there}, but the folder says {folder}", hint)
