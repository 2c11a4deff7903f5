"""UCI Adult (Becker and Kohavi 1996, doi 10.24432/C5XW20): 32,561 training and 16,281 test rows from the 1994 US
census.

Tasks, as in the multi-task literature on census data (MMoE, section 5.3): `income` (above 50,000 dollars) and
`never_married`. The second is read off `marital-status`, which therefore is no feature. One domain, or `sex`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

from duckdb import DuckDBPyConnection

from recmtl.artifacts.archive import open_maybe_gzip
from recmtl.data.datasets.base import DatasetConfig, SourceFile
from recmtl.data.delimited import ColumnType, read_delimited
from recmtl.data.layout import Layout
from recmtl.schema import Task

COLUMNS: dict[str, ColumnType] = {
    "age": "number",
    "workclass": "text",
    "fnlwgt": "number",
    "education": "text",
    "education-num": "number",
    "marital-status": "text",
    "occupation": "text",
    "relationship": "text",
    "race": "text",
    "sex": "text",
    "capital-gain": "number",
    "capital-loss": "number",
    "hours-per-week": "number",
    "native-country": "text",
    "income": "text",
}
LABELS = ("marital-status", "income")
ADDRESS = "https://archive.ics.uci.edu/ml/machine-learning-databases/adult/"


class AdultConfig(DatasetConfig):
    """UCI Adult: one row a person; tasks `income` and `never_married`."""

    name: Literal["adult"] = "adult"
    domain: Literal["sex", "workclass", "race"] | None = None
    """The column that tells the domains apart, "?" one of them; none: one domain."""

    licence: ClassVar[str] = "CC BY 4.0"
    files: ClassVar[Sequence[SourceFile]] = (
        SourceFile(
            "adult.data", ADDRESS + "adult.data", "5b00264637dbfec36bdeaab5676b0b309ff9eb788d63554ca0a249491c86603d"
        ),
        SourceFile(
            "adult.test", ADDRESS + "adult.test", "a2a9044bc167a35b2361efbabec64e89d69ce82d9790d2980119aac5fd7e9c05"
        ),
    )

    def layout(self) -> Layout:
        """Seven categories, six numbers; the test file is the test part."""
        return Layout(
            tasks=(Task(name="income", kind="binary"), Task(name="never_married", kind="binary")),
            categorical=tuple(n for n, kind in COLUMNS.items() if kind == "text" and n not in LABELS),
            numbers=tuple(n for n, kind in COLUMNS.items() if kind == "number"),
            domain=self.domain,
            missing=("?",),
            ready_made=True,
        )

    def read(self, raw: Path, connection: DuckDBPyConnection) -> str:
        """Both files, the labels made; in the test file they end in a dot."""
        parts = []
        for part, name in (("train", "adult.data"), ("test", "adult.test")):
            path = raw / name
            lines = read_delimited(connection, path, COLUMNS, skip=int(_has_remark(path)), missing=("", "?"))
            known = "income IN ('<=50K', '>50K', '<=50K.', '>50K.')"
            lines.require(connection, "income", known, "is neither '<=50K' nor '>50K'")
            parts.append(f"SELECT '{part}' AS part, * FROM ({lines.query})")
        # a domain cannot be missing: there "?" is one of them
        domain = f"REPLACE (coalesce({self.domain}, '?') AS {self.domain})" if self.domain else ""
        return f"""
            SELECT row_number() OVER (ORDER BY part DESC, place) AS row, * EXCLUDE (place, income) {domain},
                CAST(income LIKE '>50K%' AS DOUBLE) AS income,
                CAST("marital-status" = 'Never-married' AS DOUBLE) AS never_married
            FROM ({" UNION ALL ".join(parts)})"""


def _has_remark(path: Path) -> bool:
    """The published test file opens with the line "|1x3 Cross validator"."""
    with open_maybe_gzip(path) as file:
        return file.read(1) == b"|"
