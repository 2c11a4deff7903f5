"""Disks that are full or may only be read."""

import subprocess
from pathlib import Path

from bad_input.case import case
from bad_input.spoiling import fill

SMALL = 16 * 2**20


@case(disk_bytes=SMALL)
def full_when_a_split_is_made(here: Path) -> str:
    fill(here, 100_000)
    return "split-domains --config sample.json --set split.seed=5"


@case(disk_bytes=SMALL)
def full_before_anything_is_written(here: Path) -> str:
    fill(here, 0)
    return "split-domains --config sample.json --set split.seed=5"


@case(disk_bytes=SMALL)
def full_when_files_are_downloaded(here: Path) -> str:
    fill(here, 50_000)
    return "download taobao --from taobao"


@case(disk_bytes=SMALL, leaves=("runs/sample/.model.partial*",))
def full_when_a_model_is_trained(here: Path) -> str:
    fill(here, 50_000)
    return "train-mtl --set train.epochs=1"


@case(disk_bytes=SMALL, leaves=("runs/new", "runs/new/.model.partial*"))
def full_when_a_run_begins(here: Path) -> str:
    fill(here, 50_000)
    return "train-mtl --run new --tickets none"


@case(disk_bytes=SMALL, leaves=("runs/sample/tickets/.click.partial*",))
def full_when_a_ticket_is_searched(here: Path) -> str:
    fill(here, 50_000)
    return "prune-single --task click --set train.epochs=1"


@case(disk_bytes=SMALL)
def full_when_a_model_is_scored(here: Path) -> str:
    fill(here, 1000)
    return "evaluate --part valid"


@case(disk_bytes=SMALL)
def one_that_may_only_be_read(here: Path) -> str:
    subprocess.run(["mount", "-o", "remount,ro", str(here)], check=True)
    return "split-domains --config sample.json --set split.seed=5"
