"""How fast gzipped JSON lines become columns, beside pandas and beside the published loop of MAMDR and MLoRA
(`json.loads` for each line, into a frame); and how much memory that takes.

The job: a million made-up reviews in Amazon's format, of which user, item, stars and time are kept. Ours checks every
line, and the file's checksum, as `split-domains` does.

    OMP_NUM_THREADS=2 python benchmarks/json_lines.py [--reviews 1000000] [--repeats 3]
"""

import argparse
import gzip
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from recmtl.data.json_lines import read_json_lines

KEYS = ("reviewerID", "asin", "overall", "unixReviewTime")
WORDS = ("the", "a", "great", "good", "not", "very", "it", "this", "product", "love", "work", "well", "price", "gift")


def make(path: Path, reviews: int) -> None:
    """About 475 bytes a line, as the published files have."""
    chance = np.random.default_rng(0)
    texts = [" ".join(chance.choice(WORDS, 60)) for _ in range(1000)]
    with gzip.open(path, "wt", compresslevel=6) as file:
        for i in range(reviews):
            line = {
                "overall": float(chance.integers(1, 6)), "verified": True, "reviewTime": "04 13, 2016",
                "reviewerID": f"A{chance.integers(0, reviews // 10):012}",
                "asin": f"B{chance.integers(0, reviews // 50):09}", "style": {"Size:": " 1.0 ounce"},
                "reviewerName": f"Reader {i}", "reviewText": texts[i % 1000], "summary": "Five Stars",
                "unixReviewTime": 1_400_000_000 + i,
            }  # fmt: skip
            file.write(json.dumps(line) + "\n")


def by_ours(path: Path) -> int:
    """Rows."""
    with duckdb.connect() as connection:
        return read_json_lines(connection, path, KEYS).count(connection)


def by_pandas(path: Path) -> int:
    """Rows."""
    return len(pd.read_json(path, lines=True, compression="gzip")[[*KEYS]])


def by_loop(path: Path) -> int:
    """Rows."""
    with gzip.open(path, "r") as file:
        frame = pd.DataFrame.from_dict({i: json.loads(line) for i, line in enumerate(file)}, orient="index")
    return len(frame[[*KEYS]])


WAYS = {"ours": by_ours, "pandas": by_pandas, "loop": by_loop}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--reviews", type=int, default=1_000_000)
    arguments.add_argument("--repeats", type=int, default=3)
    arguments.add_argument("--job", nargs=2, metavar=("WAY", "FILE"), help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.job:
        began = time.monotonic()
        rows = WAYS[given.job[0]](Path(given.job[1]))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(json.dumps([rows, time.monotonic() - began, peak]))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "reviews.json.gz"
        make(path, given.reviews)
        found: dict[str, list[tuple[float, int]]] = {way: [] for way in WAYS}
        for _ in range(given.repeats):  # in turns: what else the machine does falls on all
            for way in WAYS:
                words = [sys.executable, __file__, "--job", way, str(path)]
                rows, seconds, peak = json.loads(
                    subprocess.run(words, check=True, capture_output=True, text=True).stdout
                )
                if rows != given.reviews:
                    raise SystemExit(f"{way} found {rows} reviews")
                found[way].append((seconds, peak))
    median = {way: sorted(runs)[len(runs) // 2][0] for way, runs in found.items()}
    for way, runs in found.items():
        print(f"{way}: {median[way]:.2f} s, peak {max(peak for _, peak in runs):,} MiB "
              f"({median[way] / median['ours']:.1f} times ours)")  # fmt: skip


if __name__ == "__main__":
    main()
