"""New rows that cannot be scored: what is wrong with them, with where they shall go, and with what is asked of them."""

import functools
import gzip
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from bad_input.case import case
from bad_input.spoiling import change_line, cut, edit, fill, flip, run
from recmtl import sample_data
from recmtl.data.datasets.lt4rec import KINDS
from recmtl.data.tfrecord import read_examples
from recmtl.pipelines.selection import Asked
from recmtl.pipelines.split_domains import SplitDomains

TO = "--output scores.csv"
CSV = f"predict --input rows.csv {TO}"
JSON = f"predict --input rows.jsonl {TO}"
PARQUET = f"predict --input rows.parquet {TO}"


@functools.cache
def raw() -> pa.Table:
    """Thirty rows as the sample has them, without their labels."""
    batches = read_examples(sample_data.folder() / "video/part-r-00000.gz", KINDS)
    return pa.Table.from_batches([next(iter(batches)).slice(0, 30)]).drop_columns(["label", "cvrlabel", "pctr"])


def write_csv(here: Path) -> Path:
    rows = [{k: "|".join(v) if isinstance(v, list) else v or "" for k, v in row.items()} for row in raw().to_pylist()]
    lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
    (here / "rows.csv").write_text("\n".join(lines) + "\n")
    return here / "rows.csv"


def write_json(here: Path, line: int = 1, **changes: Any) -> Path:
    rows = raw().to_pylist()
    rows[line - 1].update(changes)
    (here / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return here / "rows.jsonl"


def write_parquet(here: Path, **columns: pa.Array) -> Path:
    table = raw()
    for name, values in columns.items():
        there = name in table.column_names
        place = table.column_names.index(name) if there else 0
        table = table.set_column(place, name, values) if there else table.append_column(name, values)
    pq.write_table(table, here / "rows.parquet")
    return here / "rows.parquet"


@case()
def the_output_is_a_pipe(here: Path) -> str:
    write_csv(here)
    os.mkfifo(here / "scores.csv")
    return CSV


@case()
def the_input_is_not_there(here: Path) -> str:
    return CSV


@case()
def the_input_is_an_empty_folder(here: Path) -> str:
    (here / "rows").mkdir()
    return f"predict --input rows {TO}"


@case()
def the_input_is_a_folder_of_several_forms(here: Path) -> str:
    (here / "rows").mkdir()
    shutil.move(write_csv(here), here / "rows")
    shutil.move(write_json(here), here / "rows")
    return f"predict --input rows {TO}"


@case()
def a_later_file_of_a_folder_has_other_columns(here: Path) -> str:
    (here / "rows").mkdir()
    shutil.copy(write_csv(here), here / "rows/1.csv")
    edit(here / "rows.csv", "FEA_AGE", "age")
    shutil.move(here / "rows.csv", here / "rows/2.csv")
    return f"predict --input rows {TO}"


@case()
def the_input_s_name_says_nothing(here: Path) -> str:
    write_csv(here).rename(here / "rows.txt")
    return f"predict --input rows.txt {TO}"


@case()
def the_output_s_name_says_nothing(here: Path) -> str:
    write_csv(here)
    return "predict --input rows.csv --output scores"


@case()
def the_output_is_the_input(here: Path) -> str:
    write_csv(here)
    return "predict --input rows.csv --output ./rows.csv"


@case()
def the_output_lies_in_the_input_s_folder(here: Path) -> str:
    (here / "rows").mkdir()
    shutil.move(write_csv(here), here / "rows")
    return "predict --input rows --output rows/scores.csv"


@case()
def the_output_is_a_folder(here: Path) -> str:
    write_csv(here)
    (here / "scores.csv").mkdir()
    return CSV


@case()
def the_output_lies_below_a_file(here: Path) -> str:
    write_csv(here)
    return "predict --input rows.csv --output rows.csv/scores.csv"


@case(disk_bytes=16 * 2**20)
def the_output_s_disk_is_full(here: Path) -> str:
    write_csv(here)
    fill(here, 5000)
    return CSV


@case()
def the_output_and_json_both_to_standard_output(here: Path) -> str:
    write_csv(here)
    return "predict --input rows.csv --output -"


@case()
def the_input_is_not_named(here: Path) -> str:
    return f"predict {TO}"


@case()
def a_form_that_is_none(here: Path) -> str:
    write_csv(here)
    return f"{CSV} --input-format excel"


@case()
def two_columns_are_missing(here: Path) -> str:
    edit(write_csv(here), "FEA_AGE,FEA_DURATION", "FEA_AGES,x")
    return CSV


@case()
def the_domain_column_is_missing(here: Path) -> str:
    edit(write_csv(here), "FEA_ALGID", "ALGID")
    return CSV


@case()
def a_column_is_named_twice(here: Path) -> str:
    edit(write_csv(here), "FEA_AGE", "FEA_VID")
    return CSV


@case()
def the_header_is_missing(here: Path) -> str:
    change_line(write_csv(here), 1, lambda _: "")
    return CSV


@case()
def a_key_is_in_no_row(here: Path) -> str:
    rows = [{k: v for k, v in row.items() if k != "FEA_VID"} for row in raw().to_pylist()]
    (here / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return JSON


@case()
def a_column_has_the_name_of_a_score(here: Path) -> str:
    write_parquet(here, score_click=pa.array([0.5] * 30))
    return PARQUET


@case()
def a_line_has_too_many_values(here: Path) -> str:
    change_line(write_csv(here), 8, lambda line: line + ",1")
    return CSV


@case()
def a_quote_is_not_closed(here: Path) -> str:
    change_line(write_csv(here), 8, lambda line: '"' + line)
    return CSV


@case()
def a_quote_stands_within_a_value(here: Path) -> str:
    change_line(write_csv(here), 8, lambda line: 'a 5" screen' + line)
    return CSV


@case()
def text_is_not_utf_8(here: Path) -> str:
    path = write_csv(here)
    path.write_bytes(path.read_bytes() + b"\xe4" + path.read_bytes().splitlines()[3] + b"\n")
    return CSV


@case()
def text_is_utf_16(here: Path) -> str:
    path = write_csv(here)
    path.write_text(path.read_text(), encoding="utf-16")
    return CSV


@case()
def the_file_is_empty(here: Path) -> str:
    (here / "rows.csv").write_text("")
    return CSV


@case()
def there_are_no_rows(here: Path) -> str:
    path = write_csv(here)
    path.write_text(path.read_text().splitlines()[0] + "\n")
    return CSV


@case()
def a_packed_file_is_cut_off(here: Path) -> str:
    path = write_csv(here)
    (here / "rows.csv.gz").write_bytes(gzip.compress(path.read_bytes()))
    cut(here / "rows.csv.gz")
    return f"predict --input rows.csv.gz {TO}"


@case()
def a_line_is_no_json(here: Path) -> str:
    change_line(write_json(here), 8, lambda line: line[:-1])
    return JSON


@case()
def json_is_one_list(here: Path) -> str:
    (here / "rows.jsonl").write_text(json.dumps(raw().to_pylist()))
    return JSON


@case()
def a_key_stands_twice(here: Path) -> str:
    change_line(write_json(here), 8, lambda line: line[:-1] + ', "FEA_VID": "1"}')
    return JSON


@case()
def a_category_is_an_object(here: Path) -> str:
    write_json(here, 8, FEA_VID={"id": 7})
    return JSON


@case()
def a_category_is_a_fraction(here: Path) -> str:
    write_json(here, 8, FEA_VID=2.5)
    return JSON


@case()
def a_list_is_a_number(here: Path) -> str:
    write_json(here, 8, FEA_UCAT=7)
    return JSON


@case()
def a_category_is_nan(here: Path) -> str:
    write_parquet(here, FEA_VID=pa.array([1.0] * 12 + [float("nan")] * 18))
    return PARQUET


@case()
def a_category_holds_lists(here: Path) -> str:
    write_parquet(here, FEA_VID=pa.array([["1"]] * 30))
    return PARQUET


@case()
def parquet_is_cut_off(here: Path) -> str:
    cut(write_parquet(here))
    return PARQUET


@case()
def parquet_has_a_damaged_page(here: Path) -> str:
    pq.write_table(raw(), here / "rows.parquet", write_page_checksum=True)
    flip(here / "rows.parquet", 0.2)
    return PARQUET


@case()
def parquet_is_something_else(here: Path) -> str:
    write_csv(here).rename(here / "rows.parquet")
    return PARQUET


@case()
def domains_that_the_model_does_not_know(here: Path) -> str:
    write_parquet(here, FEA_ALGID=pa.array(["new"] * 12 + ["trending"] * 10 + ["newer"] * 5 + [None] * 3))
    return PARQUET


@case()
def rows_without_a_domain(here: Path) -> str:
    write_json(here, 8, FEA_ALGID="")
    return JSON


@case()
def an_unknown_domain_goes_to_one_that_is_none(here: Path) -> str:
    write_csv(here)
    return f"{CSV} --unknown-domain trendin"


@case()
def a_formula_names_no_task(here: Path) -> str:
    write_csv(here)
    return f"{CSV} --score ctcvr=click*conversion"


@case()
def a_formula_calls_a_function(here: Path) -> str:
    write_csv(here)
    return f"{CSV} --score 'x=exp(click)'"


@case()
def a_formula_breaks_off(here: Path) -> str:
    write_csv(here)
    return f"{CSV} --score 'x=click*('"


@case()
def a_formula_has_no_name(here: Path) -> str:
    write_csv(here)
    return f"{CSV} --score click*completion"


@case()
def a_formula_has_a_task_s_name(here: Path) -> str:
    write_csv(here)
    return f"{CSV} --score click=completion"


@case()
def no_such_checkpoint(here: Path) -> str:
    write_csv(here)
    return f"{CSV} --checkpoint epoch-9"


@case()
def no_such_run(here: Path) -> str:
    write_csv(here)
    return f"{CSV} --run nothing"


@case()
def the_checkpoint_is_damaged(here: Path) -> str:
    write_csv(here)
    flip(here / "runs/sample/model/best.pt")
    return CSV


@case()
def a_vocabulary_is_damaged(here: Path) -> str:
    write_csv(here)
    flip(here / "data/sample/vocabulary/FEA_VID.parquet")
    return CSV


@case()
def the_split_was_made_anew(here: Path) -> str:
    """Its vocabularies give other ids now."""
    write_csv(here)
    run(here, SplitDomains(Asked(config="sample.json", settings=("split.seed=3",))))
    return CSV
