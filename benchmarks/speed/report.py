"""Tables in Markdown, and a chart, of what run.py has measured.

    python -m benchmarks.speed.report results.jsonl [--chart chart.svg]

A figure is the median of the quiet measurements with their least and greatest; where other processes took more than
.15 cores in every one, all are counted and the figure is marked with *.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.speed.cells import OURS, SETS, Cell
from benchmarks.speed.chart import bars
from benchmarks.speed.results import Results

NAMES = {"mmoe": "MMoE", "ple": "PLE", "shared_bottom": "shared bottom", "esmm": "ESMM"}
Texts = Callable[[str, Cell], str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("--chart", type=Path, help="an SVG to write: training on the most threads measured")
    asked = parser.parse_args()
    results = Results(asked.results)
    cells = [cell for cell in SETS["speed"] if results.systems([cell])]
    print("\n".join(_speed(results, cells) + _epochs(results)))
    print("; ".join(results.surroundings()))
    if asked.chart:
        shown = [cell for cell in cells if cell.threads == max(cell.threads for cell in cells)]
        asked.chart.write_text(_chart(results, shown))


def _speed(results: Results, cells: Sequence[Cell]) -> list[str]:
    def figure(key: str) -> Texts:
        def text(system: str, cell: Cell) -> str:
            found = results.figure(system, cell, key)
            return found.text() if found else ""

        return text

    def memory(system: str, cell: Cell) -> str:
        lines = results.of(system, cell)
        own, more = (max((line[key] for line in lines), default=0) for key in ("peak_mib", "children_mib"))
        return (f"{own:,} + {more:,}" if more else f"{own:,}") if lines else ""

    systems = results.systems(cells)
    return [
        *_table("Training, rows/s", systems, cells, figure("train_rows_s")),
        *_ratios("Training: times the fastest other library", results, cells, "train_rows_s"),
        *_table("Training: share of the rate of the products alone", systems, cells, results.share),
        *_table("Prediction, rows/s", systems, cells, figure("predict_rows_s")),
        *_ratios("Prediction: times the fastest other library", results, cells, "predict_rows_s"),
        *_table("Peak memory, MiB (+ loader's processes)", systems, cells, memory),
    ]


def _epochs(results: Results) -> list[str]:
    def text(system: str, cell: Cell) -> str:
        lines = results.of(system, cell)
        return f"{lines[-1]['auc'][0]:.4f} / {lines[-1]['auc'][1]:.4f}, {lines[-1]['epoch_s']:.0f} s" if lines else ""

    cells = [cell for cell in SETS["epoch"] if results.systems([cell])]
    return _table("One epoch: test AUC of click / conversion, time", results.systems(cells), cells, text)


def _ratios(title: str, results: Results, cells: Sequence[Cell], key: str) -> list[str]:
    def text(system: str, cell: Cell) -> str:
        ours, best = results.figure(system, cell, key), results.best_peer(cell, key)
        if ours is None or best is None:
            return ""
        disturbed = " *" if ours.disturbed or best[1].disturbed else ""
        return f"{ours.median / best[1].median:.2f} ({best[0]}){disturbed}"

    return _table(title, [name for name in results.systems(cells) if name in OURS], cells, text)


def _table(title: str, systems: Sequence[str], cells: Sequence[Cell], text: Texts) -> list[str]:
    if not systems:
        return []
    head = ["model", "batch", "threads", *systems]
    rows = [[NAMES[c.model], f"{c.batch:,}", str(c.threads), *(text(system, c) for system in systems)] for c in cells]
    lines = [head, ["---"] * len(head), *rows]
    return [f"### {title}", "", *(f"| {' | '.join(line)} |" for line in lines), ""]


def _chart(results: Results, cells: Sequence[Cell]) -> str:
    systems = results.systems(cells)
    groups = {
        f"{NAMES[cell.model]}, batch {cell.batch:,}": [
            figure.median if (figure := results.figure(system, cell, "train_rows_s")) else None for system in systems
        ]
        for cell in cells
    }
    return bars("Training, thousand rows a second", systems, groups)


if __name__ == "__main__":
    main()
