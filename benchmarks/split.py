"""How fast raw clicks become a split, beside vectorised pandas doing the same job and beside the per-user loop that
MAMDR and MLoRA publish; and how much memory that takes.

The job: a click log in Taobao's format, with the files of user and item vectors. Keep distinct clicks whose user and
item have vectors, of the first ten themes; draw an unseen item of the theme for each click of a user; number the
ids; deal 60/20/20 within each theme; write Parquet by part and theme.

    OMP_NUM_THREADS=2 python benchmarks/split.py [--clicks 10000000] [--repeats 3] [--memory-limit 4GiB] [--only ours]
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

DIM, THEMES, RATIO = 8, 30, 1
CONFIG = {
    "dataset": {"name": "taobao", "themes": 10, "negatives_per_click": [float(RATIO), float(RATIO)]},
    "split": {"name": "random", "shares": [0.6, 0.2, 0.2]},
}  # fmt: skip
PEAK = """
import resource, runpy, sys
sys.argv = sys.argv[1:]
try:
    runpy.run_path(sys.argv[0], run_name="__main__") if sys.argv[0].endswith(".py") else runpy.run_module(
        sys.argv[0], run_name="__main__")
finally:
    print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def make(folder: Path, clicks: int) -> None:
    """The raw files: ids as skewed as a log's, themes of falling size."""
    users, items = max(clicks // 20, 100), max(clicks // 100, 50)
    with duckdb.connect() as connection:
        connection.execute("SET threads = 2")
        chance = "(hash(i * 8 + {0}) / 18446744073709551616.0)"  # of two arguments they would go together
        pick = {n: chance.format(n) for n in range(5)}
        connection.execute(f"""
            COPY (SELECT 1 + CAST({users} * pow({pick[0]}, 2) AS BIGINT) AS user_id,
                7000 + CAST({pick[1]} * {THEMES - 1} AS BIGINT) AS theme_id,
                1 + CAST({items} * pow({pick[2]}, 2) AS BIGINT) AS item_id, 2000 + i % 300 AS leaf_cate_id,
                i % 40 AS cate_level1_id, 1 AS clk_cnt, 20181207000000 + i % 86400 AS reach_time
            FROM range({clicks}) AS t(i)) TO '{folder / "theme_click_log.csv"}' (HEADER)""")
        numbers = " || ' ' || ".join(f"round(sin(i * {k + 1}), 3)" for k in range(DIM))
        for name, count in (("user", users), ("item", items)):
            connection.execute(f"""
                COPY (SELECT i AS {name}_id, {numbers} AS emb FROM range(1, {count + 1}) AS t(i) WHERE i % 50 <> 0)
                TO '{folder / f"{name}_embedding.csv"}' (HEADER)""")


def once(pairs: np.ndarray) -> np.ndarray:
    """Sorted, each once: numpy's own `unique` hashes, which takes several times as long, and so would pandas' job."""
    pairs = np.sort(pairs)
    return pairs[np.append(True, pairs[1:] != pairs[:-1])] if len(pairs) else pairs


def by_pandas(raw: Path, out: Path) -> None:
    """The job in vectorised pandas and numpy, without checks, sums or a manifest."""
    log = pd.read_csv(raw / "theme_click_log.csv", usecols=["user_id", "theme_id", "item_id", "reach_time"])
    vectors = {name: pd.read_csv(raw / f"{name}_embedding.csv", index_col=0)["emb"] for name in ("user", "item")}
    keep = log["theme_id"].isin(log["theme_id"].unique()[:10])
    log = log[keep & log["user_id"].isin(vectors["user"].index) & log["item_id"].isin(vectors["item"].index)]
    log = log.drop_duplicates(["user_id", "item_id", "theme_id"])
    chance, pieces = np.random.default_rng(0), []
    for theme, rows in log.groupby("theme_id"):
        user, users = pd.factorize(rows["user_id"])
        item, items = pd.factorize(rows["item_id"])
        touched = np.sort(user * len(items) + item)
        wanted = np.minimum(np.bincount(user) * RATIO, len(items) - np.bincount(user))
        drawn = np.empty(0, np.int64)
        for _ in range(20):
            lack = wanted - np.bincount(drawn // len(items), minlength=len(users))
            if not lack.any():
                break
            fresh = np.repeat(np.arange(len(users)), lack) * len(items)
            fresh = once(fresh + chance.integers(0, len(items), len(fresh)))
            drawn = once(np.concatenate([drawn, fresh[~np.isin(fresh, touched)]]))
        negatives = pd.DataFrame({"user_id": users[drawn // len(items)], "item_id": items[drawn % len(items)]})
        both = pd.concat([rows.assign(click=1.0), negatives.assign(theme_id=theme, click=0.0)])
        place = chance.permutation(len(both)) / len(both)
        pieces.append(both.assign(part=np.select([place < 0.6, place < 0.8], ["train", "valid"], "test")))
    table = pd.concat(pieces)
    for name in ("user_id", "item_id", "theme_id"):
        codes, values = pd.factorize(table[name], sort=True)
        table[f"id:{name}"] = codes.astype(np.int32) + 3
        pd.DataFrame({"value": values}).to_parquet(out / f"{name}.parquet")
    for (part, theme), rows in table.groupby(["part", "theme_id"]):
        rows.drop(columns="part").to_parquet(out / f"{part}-{theme}.parquet", index=False)


def by_loop(raw: Path, seconds: float = 20) -> float:
    """Seconds that the published loop would take for the drawing alone: a user of a domain at a time, each item of the
    domain looked for in the list of the user's items. Timed on as many users as fit, then scaled to all.
    """
    import random

    log = pd.read_csv(raw / "theme_click_log.csv", usecols=["user_id", "theme_id", "item_id"])
    log = log[log["theme_id"].isin(log["theme_id"].unique()[:10])].drop_duplicates()
    groups, done = log.groupby(["theme_id", "user_id"]).ngroups, 0
    began = time.monotonic()
    for _, domain in log.groupby("theme_id"):
        pool = set(domain["item_id"])
        for _, rows in domain.groupby("user_id"):
            mine = rows["item_id"].tolist()
            unseen = [item for item in pool if item not in mine]
            random.sample(unseen, min(len(unseen), RATIO * len(mine)))
            done += 1
            if time.monotonic() - began > seconds:
                return (time.monotonic() - began) / done * groups
    return time.monotonic() - began


def measured(words: list[str], cwd: Path) -> tuple[float, int]:
    """Seconds of a process of its own, and its peak in MiB."""
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", PEAK, *words], cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return time.monotonic() - began, int(done.stdout.split()[-1])


def run_ours(folder: Path, limit: str | None) -> tuple[float, int]:
    """The download's copy is made before; this is split-domains alone, from the start of the process to its end."""
    words = [
        "recmtl",
        "split-domains",
        "--config",
        "job.json",
        "--quiet",
        *(["--memory-limit", limit] if limit else []),
    ]
    return measured(words, folder)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--clicks", type=int, default=10_000_000)
    arguments.add_argument("--repeats", type=int, default=3)
    arguments.add_argument("--memory-limit")
    arguments.add_argument("--only", choices=["ours", "pandas"])
    arguments.add_argument("--pandas-job", nargs=2, metavar=("RAW", "OUT"), help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.pandas_job:
        return by_pandas(*map(Path, given.pandas_job))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        raw = folder / "files"
        raw.mkdir()
        make(raw, given.clicks)
        (folder / "job.json").write_text(json.dumps(CONFIG))
        subprocess.run([sys.executable, "-m", "recmtl", "download", "taobao", "--from", "files", "--quiet"],
                       cwd=folder, check=True, stdout=subprocess.DEVNULL)  # fmt: skip
        runs: dict[str, list[tuple[float, int]]] = {"ours": [], "pandas": []}
        for turn in range(given.repeats):  # in turns: what else the machine does falls on both
            if given.only != "pandas":
                runs["ours"].append(run_ours(folder, given.memory_limit))
                subprocess.run(["rm", "-rf", str(folder / "data/job")], check=True)
            if given.only != "ours":
                out = folder / f"pandas{turn}"
                out.mkdir()
                here = str(Path(__file__).resolve())
                runs["pandas"].append(measured([here, "--pandas-job", str(raw), str(out)], folder))
                subprocess.run(["rm", "-rf", str(out)], check=True)
        medians = {}
        for who, times in runs.items():
            if times:
                medians[who] = sorted(times)[len(times) // 2]
                print(f"{who}: {medians[who][0]:.1f} s, peak {max(peak for _, peak in times):,} MiB "
                      f"({', '.join(f'{seconds:.1f}' for seconds, _ in times)})", flush=True)  # fmt: skip
        if len(medians) == 2:
            loop = by_loop(raw)
            (seconds, peak), (theirs, more) = medians["ours"], medians["pandas"]
            print(f"{theirs / seconds:.2f} times as fast as pandas at {peak / more:.2f} of its memory")
            print(
                f"the published loop would draw for {loop / 60:.0f} minutes: {loop / seconds:,.0f} times our whole job"
            )


if __name__ == "__main__":
    main()
