"""Ali-CCP, Alibaba's click and conversion prediction (Tianchi data set 408; ESMM, Ma et al., SIGIR 2018): items shown
by Taobao's recommender, with what became of them.

Read is the joined form that torch-rechub's preprocessing writes: three files with a header, one a part, of 23
categories (the published fields by their numbers: 101 the user, 205 the item, 206 its category, 207 its shop, 216 its
brand, 301 the scenario, ...; of a field with many values the last is left) and eight numbers (`D508` and the like: the
weight of a field's value, scaled to 0..1 over all parts). Its categories are encoded: "0" is what is absent or was
seen less than ten times in training. It is a value like any other, but no user and no item. Validation and test rows
are random halves of the published test rows.

Tasks: `click`, and `purchase`, asked of every item shown, clicked or not (the entire space, CTCVR in the literature).
The published data have rows with a purchase and no click. They are left out, as by torch-rechub and AITM (Xi et al.,
KDD 2021), unless the config wants what the files have of them. Domains: the scenario (`301`, three values).
"""

from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, Literal

from duckdb import DuckDBPyConnection

from recmtl.data.datasets.base import DatasetConfig, SourceFile
from recmtl.data.delimited import ColumnType, Delimited, read_delimited
from recmtl.data.layout import Layout
from recmtl.schema import Task

TASKS = ("click", "purchase")
CATEGORIES = (
    "101", "121", "122", "124", "125", "126", "127", "128", "129", "205", "206", "207", "210", "216", "508", "509",
    "702", "853", "301", "109_14", "110_14", "127_14", "150_14",
)  # fmt: skip
NUMBERS = ("D109_14", "D110_14", "D127_14", "D150_14", "D508", "D509", "D702", "D853")
COLUMNS: dict[str, ColumnType] = {**dict.fromkeys((*TASKS, *CATEGORIES), "text"), **dict.fromkeys(NUMBERS, "number")}
PARTS = {"train": "ali_ccp_train.csv", "valid": "ali_ccp_val.csv", "test": "ali_ccp_test.csv"}
"""Part -> its file."""


class AliCcpConfig(DatasetConfig):
    """Ali-CCP in torch-rechub's form: one row an item shown; tasks `click` and `purchase`, both asked of every row."""

    name: Literal["ali_ccp"] = "ali_ccp"
    domain: Literal["301"] | None = "301"
    """The field that tells the domains apart: the scenario; none: one domain."""
    drop_inconsistent: bool = True
    """Leave out rows with a purchase and no click, of every part; false: they stay, a purchase without a click."""

    licence: ClassVar[str] = "Tianchi, CC BY-NC-SA 4.0"
    how_to_get: ClassVar[str] = (
        "Log in at https://tianchi.aliyun.com/dataset/408, download Ali-CCP, run torch-rechub's "
        "examples/ranking/data/ali-ccp/preprocess_ali_ccp.py on it, and give the folder of ali_ccp_train.csv, "
        "ali_ccp_val.csv and ali_ccp_test.csv with --from."
    )
    files: ClassVar[Sequence[SourceFile]] = tuple(SourceFile(name) for name in PARTS.values())

    def layout(self) -> Layout:
        """23 categories and eight numbers, with validation and test rows of their own."""
        return Layout(
            tasks=tuple(Task(name=name, kind="binary") for name in TASKS),
            categorical=CATEGORIES,
            numbers=NUMBERS,
            domain=self.domain,
            keys=MappingProxyType({"user": "user", "item": "item"}),
            ready_made=True,
            ready_made_valid=True,
        )

    def read(self, raw: Path, connection: DuckDBPyConnection) -> str:
        """The rows of train, then those of valid, then those of test; `row` counts those that are left out too."""
        parts, before = [], 0
        for part, name in PARTS.items():
            lines = read_delimited(connection, raw / name, COLUMNS, header=True)
            self._check(connection, lines)
            parts.append(f"SELECT place + {before} AS row, '{part}' AS part, * EXCLUDE (place) FROM ({lines.query})")
            before += lines.count(connection)
        kept = "WHERE click = '1' OR purchase = '0'" if self.drop_inconsistent else ""
        labels = ", ".join(f"CAST({task} AS DOUBLE) AS {task}" for task in TASKS)
        # the code of what is rare is no one user's
        return f"""
            SELECT * REPLACE ({labels}), nullif("101", '0') AS "user", nullif("205", '0') AS item
            FROM ({" UNION ALL ".join(parts)}) {kept}"""

    def _check(self, connection: DuckDBPyConnection, lines: Delimited) -> None:
        for task in TASKS:
            lines.require(connection, task, f"{task} IN ('0', '1')", "is neither 0 nor 1")
        if self.domain:
            lines.require(connection, self.domain, f'"{self.domain}" IS NOT NULL', "is no scenario")
