"""The forms in which tables of rows come and go."""

from enum import Enum
from pathlib import PurePath


class TableForm(Enum):
    """How a file holds rows."""

    CSV = "csv"
    """Delimited by commas; the first line names the columns. Plain or gzip, as the next two."""
    TSV = "tsv"
    """The same, delimited by tabs."""
    JSONL = "jsonl"
    """One JSON object a line."""
    PARQUET = "parquet"
    TFRECORD = "tfrecord"
    """Records of tf.train.Example, plain or gzip: read, never written."""


NAMES = ", ".join(form.value for form in TableForm)
WRITTEN = tuple(form for form in TableForm if form is not TableForm.TFRECORD)
"""The forms that rows are written in."""
_ENDINGS = {f".{form.value}": form for form in TableForm} | {".ndjson": TableForm.JSONL}


def form_of(name: str) -> TableForm | None:
    """The form that a file's name tells, also before ".gz"; None if it tells none."""
    path = PurePath(name.lower())
    packed = path.suffix == ".gz"
    form = _ENDINGS.get(PurePath(path.stem).suffix if packed else path.suffix)
    return None if packed and form is TableForm.PARQUET else form
