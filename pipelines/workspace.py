"""Where everything lies below a workspace folder."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from recmtl.artifacts import manifest
from recmtl.artifacts.atomic import write_text
from recmtl.artifacts.hashing import HashMemory
from recmtl.errors import ConfigError, MissingError

Kind = Literal["data", "runs"]

TAKEN = ("raw", "latest")
"""What lies in data/ and runs/ beside splits and runs."""
MAX_BYTES = 200
"""Of a name: file systems end at 255, and a name of a stage's own is put around it."""
SPLIT_FIRST = "recmtl split-domains --config NAME.json"


@dataclass(frozen=True)
class Workspace:
    """data/raw/<dataset>, data/<split>, runs/<run>; `latest` in data and runs names the one made last."""

    root: Path

    def __post_init__(self) -> None:
        """Refuse a path that most of the libraries below cannot open."""
        try:
            str(self.root.absolute()).encode()
        except UnicodeEncodeError as error:
            raise ConfigError(
                f"the path of the workspace, {str(self.root)!r}, is not UTF-8 text.",
                hint="Rename the folder, or choose another.",
            ) from error

    def raw(self, dataset: str) -> Path:
        """Downloaded files of a data set."""
        return self.root / "data" / "raw" / dataset

    def split(self, name: str) -> Path:
        """A split."""
        return self.root / "data" / _checked(name, "split")

    def run(self, name: str) -> Path:
        """A run: init, tickets, model and scorecard lie in it."""
        return self.root / "runs" / _checked(name, "run")

    def hashes(self) -> HashMemory:
        """The remembered hashes of files."""
        return HashMemory(self.root / ".recmtl" / "hashes.json")

    def latest(self, kind: Kind) -> str:
        """The name of the split or run made last.

        Raises:
            MissingError: there is none yet, or it is gone; says which command comes first.
        """
        mark = self.root / kind / "latest"
        what, command = ("split", SPLIT_FIRST) if kind == "data" else ("run", "recmtl train-mtl")
        if not mark.is_file():
            raise MissingError(f"there is no {what} in {self.root / kind} yet.", hint=_first(command))
        name = mark.read_text("utf-8", errors="replace").strip()
        if not _is_name(name) or not (self.root / kind / name).is_dir():
            raise MissingError(
                f"{mark} names the {what} {name!r}, which is not there.",
                hint=f"Name another with --{'data' if kind == 'data' else 'run'}, or make one: {command}.",
            )
        return name

    def mark_latest(self, kind: Kind, name: str) -> None:
        """Move the mark; only what is published may be marked."""
        write_text(self.root / kind / "latest", name + "\n")


def not_made(folder: Path, first: str) -> MissingError:
    """The error of a stage whose input is no result: `first` is the command that makes it."""
    if folder.exists():
        return MissingError(
            f"{folder} holds no {manifest.NAME}: it is no finished result.",
            hint=f"Move it elsewhere, and run: {first}.",
        )
    return MissingError(f"{folder} is not there.", hint=_first(first))


def _first(command: str) -> str:
    return f"First run: {command}. Or try this command on the embedded sample with --sample."


def _checked(name: str, what: str) -> str:
    if not _is_name(name):
        raise ConfigError(
            f"a {what} may not be called {name!r}.",
            hint="A name begins with a letter or digit, holds no / \\ or :, has at most 100 characters, and is none of "
            f"{', '.join(TAKEN)}.",
        )
    return name


def _is_name(name: str) -> bool:
    """A name is one folder below its parent, and takes nobody's place: stages replace what lies under it."""
    fits = re.fullmatch(r"[^\s./\\:\x00-\x1f\x7f\ud800-\udfff][^/\\:\x00-\x1f\x7f\ud800-\udfff]{0,99}", name)
    return bool(fits) and name not in TAKEN and len(name.encode()) <= MAX_BYTES
