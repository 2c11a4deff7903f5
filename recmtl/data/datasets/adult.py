"""UCI Adult (Becker and Kohavi 1996, doi 10.24432/C5XW20): 32,561 training and 16,281 test rows from the 1994 US
census.

Tasks, as in the multi-task literature on census data (MMoE, section 5.3): `income` (above 50,000 dollars) and
`never_married`. The second is read off `marital-status`, which therefore is no feature. One domain, or `sex`.
"""

from pathlib import Path
from typing import ClassVar, Literal

from duckdb import DuckDBPyConnection

from recmtl.data.datasets.base import DatasetConfig, SourceFile
from recmtl.data.delimited import ColumnType, read_delimited
from recmtl.data.layout import Layout
from recmtl.errors import DataError
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
    """UCI Adult."""

    name: Literal["adult"] = "adult"
    domain: Literal["sex", "workclass", "race"] | None = None
    """The column that tells the domains apart; none: one domain."""

    licence: ClassVar[str] = "CC BY 4.0"
    files: ClassVar = (
        SourceFile(
            "adult.data", ADDRESS + "adult.data", "5b00264637dbfec36bdeaab5676b0b309ff9eb788d63554ca0a249491c86603d"
        ),
        SourceFile(
            "adult.test", ADDRESS + "adult.test", "a2a9044bc167a35b2361efbabec64e89d69ce82d9790d2980119aac5fd7e9c05"
        ),
    )

    def layout(self) -> Layout:
        """Eight categories, six numbers; the test file is the test part."""
        return Layout(
            tasks=(Task(name="income", kind="binary"), Task(name="never_married", kind="binary")),
            categorical=tuple(n for n, kind in COLUMNS.items() if kind == "text" and n not in LABELS),
            numbers=tuple(n for n, kind in COLUMNS.items() if kind == "number"),
            domain=self.domain,
            ready_made=True,
        )

    def read(self, raw: Path, connection: DuckDBPyConnection) -> str:
        """Both files, the labels made; in the test file they end in a dot."""
        parts = []
        for part, name, skip in (
            ("train", "adult.data", 0),
            ("test", "adult.test", 1),
        ):  # the test file opens with a remark
            lines = read_delimited(connection, raw / name, COLUMNS, skip=skip, missing=("", "?"))
            _check_income(connection, lines, raw / name)
            parts.append(f"SELECT '{part}' AS part, * FROM ({lines})")
        return f"""
            SELECT row_number() OVER (ORDER BY part DESC, line) AS row, * EXCLUDE (line, income),
                CAST(income LIKE '>50K%' AS DOUBLE) AS income,
                CAST("marital-status" = 'Never-married' AS DOUBLE) AS never_married
            FROM ({" UNION ALL ".join(parts)})"""


def _check_income(connection: DuckDBPyConnection, lines: str, path: Path) -> None:
    known = "('<=50K', '>50K', '<=50K.', '>50K.')"
    query = f"SELECT line, income FROM ({lines}) WHERE coalesce(income, '') NOT IN {known} ORDER BY line LIMIT 1"
    bad = connection.execute(query).fetchone()
    if bad:
        raise DataError(f"{path}: line {bad[0]}, column income: {bad[1]!r} is neither '<=50K' nor '>50K'.")
