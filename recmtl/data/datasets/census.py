"""UCI Census-Income (KDD; doi 10.24432/C5N30T): 199,523 training and 99,762 test people of the US Current Population
Surveys of 1994 and 1995.

Tasks, as in the multi-task literature (MMoE, section 5.3; PLE): `income` (above 50,000 dollars) and
`never_married`. The second is read off `marital_stat`, which therefore is no feature. `instance_weight`, the number of
people in the population that a row stands for, comes from the survey's design and says nothing about the person: its
publisher asks that no classifier uses it. That leaves 32 categories, codes among them, and 7 numbers.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

from duckdb import DuckDBPyConnection

from recmtl.data.datasets.base import DatasetConfig, SourceFile
from recmtl.data.delimited import ColumnType, read_delimited
from recmtl.data.layout import Layout
from recmtl.schema import Task

NUMBERS = (
    "age", "wage_per_hour", "capital_gains", "capital_losses", "stock_dividends", "num_emp", "weeks_worked",
)  # fmt: skip
LEFT_OUT: dict[str, ColumnType] = {"marital_stat": "text", "instance_weight": "number", "income_50k": "text"}
NAMES = (
    "age", "class_worker", "det_ind_code", "det_occ_code", "education", "wage_per_hour", "hs_college", "marital_stat",
    "major_ind_code", "major_occ_code", "race", "hisp_origin", "sex", "union_member", "unemp_reason",
    "full_or_part_emp", "capital_gains", "capital_losses", "stock_dividends", "tax_filer_stat", "region_prev_res",
    "state_prev_res", "det_hh_fam_stat", "det_hh_summ", "instance_weight", "mig_chg_msa", "mig_chg_reg",
    "mig_move_reg", "mig_same", "mig_prev_sunbelt", "num_emp", "fam_under_18", "country_father", "country_mother",
    "country_self", "citizenship", "own_or_self", "vet_question", "vet_benefits", "weeks_worked", "year", "income_50k",
)  # fmt: skip
COLUMNS: dict[str, ColumnType] = {name: LEFT_OUT.get(name, "number" if name in NUMBERS else "text") for name in NAMES}
ADDRESS = "https://archive.ics.uci.edu/ml/machine-learning-databases/census-income-mld/"
MAX_BYTES = 64 * 2**20


class CensusConfig(DatasetConfig):
    """UCI Census-Income (KDD)."""

    name: Literal["census"] = "census"
    domain: Literal["year", "sex", "race"] | None = None
    """The column that tells the domains apart; none: one domain."""

    licence: ClassVar[str] = "CC BY 4.0"
    files: ClassVar[Sequence[SourceFile]] = (
        SourceFile(
            "census-income.data.gz",
            ADDRESS + "census-income.data.gz",
            content_sha256="3676a81db7d3528f3f8b9f3c699d0f0aa28db45e6e994fa0b8ed38327539ee86",
            max_bytes=MAX_BYTES,
        ),
        SourceFile(
            "census-income.test.gz",
            ADDRESS + "census-income.test.gz",
            content_sha256="98402b1ab879573d0a7f38a699a40258080e25e33d3401e7bf9c96d3fa0fab8c",
            max_bytes=MAX_BYTES,
        ),
    )

    def layout(self) -> Layout:
        """32 categories, seven numbers; the test file is the test part."""
        return Layout(
            tasks=(Task(name="income", kind="binary"), Task(name="never_married", kind="binary")),
            categorical=tuple(name for name in NAMES if name not in (*NUMBERS, *LEFT_OUT)),
            numbers=NUMBERS,
            domain=self.domain,
            missing=("?",),
            ready_made=True,
        )

    def read(self, raw: Path, connection: DuckDBPyConnection) -> str:
        """Both files, the labels made; "?" means missing, "Not in universe" is an answer like any other."""
        parts = []
        for part, file in zip(("train", "test"), self.files, strict=True):
            lines = read_delimited(connection, raw / file.name, COLUMNS, missing=("", "?"))
            known = "income_50k IN ('- 50000.', '50000+.')"
            lines.require(connection, "income_50k", known, "is neither '- 50000.' nor '50000+.'")
            parts.append(f"SELECT '{part}' AS part, * FROM ({lines.query})")
        return f"""
            SELECT row_number() OVER (ORDER BY part DESC, place) AS row, * EXCLUDE (place, {", ".join(LEFT_OUT)}),
                CAST(income_50k = '50000+.' AS DOUBLE) AS income,
                CAST(marital_stat = 'Never married' AS DOUBLE) AS never_married
            FROM ({" UNION ALL ".join(parts)})"""
