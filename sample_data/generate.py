"""Writes every file of the sample data, the same bytes each time: python -m recmtl.sample_data.generate [OUT]."""

import json
from pathlib import Path
from typing import Annotated

import typer

from recmtl.sample_data import folder, make_adult, make_amazon, make_movielens, make_taobao, make_video


def generate(out: Path) -> None:
    """Write all data sets and truth.json into the folder `out`, replacing what is there."""
    out.mkdir(parents=True, exist_ok=True)
    truth = {
        "video": make_video.make(out),
        "taobao": make_taobao.make(out),
        "amazon": make_amazon.make(out),
        "movielens": make_movielens.make(out),
        "adult": make_adult.make(out),
    }
    (out / "truth.json").write_bytes((json.dumps(truth, indent=2) + "\n").encode())


def main(
    out: Annotated[Path | None, typer.Argument(help="Folder to write to; none: this package's own.")] = None,
) -> None:
    """Make the sample data anew."""
    generate(out or folder())


if __name__ == "__main__":
    typer.run(main)
