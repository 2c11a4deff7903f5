"""The sample that LT4REC (Xiao et al., arXiv 2008.09872) was published with: 4,322 impressions of a video platform.

gzip TFRecord. Tasks: `click`, and `completion`, the share of the video that was watched, observed only where
clicked (the original calls it cvrlabel and leaves the other rows out of its loss). Domains: the recall algorithm
that proposed the video. `pctr` is the score of the platform's own model, "-1" where there is none.
"""

from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, Literal

import pyarrow as pa
from duckdb import DuckDBPyConnection

from recmtl.data.datasets.base import DatasetConfig, SourceFile
from recmtl.data.layout import Layout
from recmtl.data.sql import quote_name
from recmtl.data.tfrecord import ColumnKind, read_examples
from recmtl.errors import DataError, MissingError
from recmtl.schema import Score, Task

SINGLE = (
    "FEA_SVID", "FEA_SCP", "FEA_SICAT1", "FEA_SICAT2", "FEA_VID", "FEA_CP", "FEA_ICAT1", "FEA_ICAT2", "FEA_AGE",
    "FEA_DURATION", "FEA_ALGID", "FEA_ORDER", "FEA_COVERQUALITY", "FEA_UID", "FEA_UGROUP",
)  # fmt: skip
MULTI = ("FEA_SIKEYWORD", "FEA_STAG", "FEA_IXFTAG", "FEA_IKEYWORD", "FEA_UCAT")
SHARED = {
    "FEA_SVID": "FEA_VID", "FEA_SCP": "FEA_CP",
    "FEA_SICAT1": "FEA_ICAT2", "FEA_SICAT2": "FEA_ICAT2", "FEA_ICAT1": "FEA_ICAT2",
    "FEA_UCAT": "FEA_ICAT2", "FEA_STAG": "FEA_IXFTAG", "FEA_IKEYWORD": "FEA_IXFTAG",
}  # fmt: skip
KINDS = {
    "label": ColumnKind.INTEGER,
    "cvrlabel": ColumnKind.FLOAT,
    "seqnum": ColumnKind.TEXT,
    "pctr": ColumnKind.TEXT,
    **dict.fromkeys(SINGLE, ColumnKind.TEXT),
    **dict.fromkeys(MULTI, ColumnKind.TEXTS),
}


class Lt4recConfig(DatasetConfig):
    """LT4REC's published sample, or more files in its format."""

    name: Literal["lt4rec"] = "lt4rec"
    domain: Literal["FEA_ALGID"] | None = "FEA_ALGID"
    """The column of the domains, the recall algorithm; none: one domain."""

    licence: ClassVar[str] = "none given; research use"
    files: ClassVar[Sequence[SourceFile]] = (
        SourceFile(
            "part-r-00002.gz",
            "https://raw.githubusercontent.com/aunusualman/LT4REC/634d198bc7f1a43703c05f09e2977b3d64b48c33/dataset/part-r-00002.gz",
            "27a61dbb3fcaf95fe714edcfa6e53aea3816c79904b9dee79cc0f306c4bc7341",
        ),
    )

    def layout(self) -> Layout:
        """Fifteen categories, five sequences, tables shared as in the original's configuration."""
        return Layout(
            tasks=(
                Task(name="click", kind="binary"),
                Task(name="completion", kind="regression", observed_if="click = 1", bounds=(0.0, 1.0)),
            ),
            categorical=SINGLE,
            sequences=MULTI,
            tables=SHARED,
            domain=self.domain,
            keys=MappingProxyType({"user": "FEA_UID", "item": "FEA_VID", "group": "seqnum"}),
            scores=(Score(name="pctr", task="click"),),
            missing=("-1", "N"),
        )

    def read(self, raw: Path, connection: DuckDBPyConnection) -> str:
        """All part files in the order of their names; "-1" and "N" mean missing."""
        paths = sorted(raw.glob("part-*"))
        if not paths:
            raise MissingError(f"{raw} holds no file part-*.", hint="Run: recmtl download lt4rec")
        schema = pa.schema([(name, kind.arrow) for name, kind in KINDS.items()])
        batches = [batch for path in paths for batch in read_examples(path, KINDS)]
        records = pa.Table.from_batches(batches, schema)
        records = records.append_column("row", pa.array(range(1, len(records) + 1), pa.int64()))
        connection.register("lt4rec_records", records)
        _check_scores(connection, raw)
        single = ", ".join(f"{_known(quote_name(name))} AS {quote_name(name)}" for name in SINGLE)
        multi = ", ".join(
            f"list_filter({quote_name(n)}, lambda x: x NOT IN ('-1', 'N', '')) AS {quote_name(n)}" for n in MULTI
        )
        return f"""
            SELECT row, {single}, {multi}, {_known("seqnum")} AS seqnum,
                CAST(label AS DOUBLE) AS click,
                CASE WHEN label = 1 THEN CAST(cvrlabel AS DOUBLE) END AS completion,
                CAST({_known("pctr")} AS DOUBLE) AS pctr
            FROM lt4rec_records"""


def _check_scores(connection: DuckDBPyConnection, raw: Path) -> None:
    bad = connection.execute(
        f"SELECT row, pctr FROM lt4rec_records WHERE {_known('pctr')} IS NOT NULL "
        "AND TRY_CAST(pctr AS DOUBLE) IS NULL ORDER BY row LIMIT 1"
    ).fetchone()
    if bad:
        raise DataError(f"{raw}, record {bad[0]}: feature 'pctr' is {bad[1][:100]!r}, which is not a number.")


def _known(column: str) -> str:
    return f"nullif(nullif(nullif({column}, '-1'), 'N'), '')"
