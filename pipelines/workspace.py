"""Where everything lies below a workspace folder."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from recmtl.artifacts.atomic import write_text
from recmtl.artifacts.hashing import HashMemory
from recmtl.errors import ConfigError, MissingError

Kind = Literal["data", "runs"]

TAKEN = ("raw", "latest")
"""What lies in data/ and runs/ beside splits and runs."""


@dataclass(frozen=True)
class Workspace:
    """data/raw/<dataset>, data/<split>, runs/<run>; `latest` in data and runs names the one made last."""

    root: Path

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
            MissingError: there is none yet; says which command comes first.
        """
        mark = self.root / kind / "latest"
        if not mark.is_file():
            what, command = (
                ("split", "recmtl split-domains --config NAME.json") if kind == "data" else ("run", "recmtl train-mtl")
            )
            raise MissingError(
                f"there is no {what} in {self.root / kind} yet.",
                hint=f"First run: {command}. Or try this command on the embedded sample with --sample.",
            )
        name = mark.read_text().strip()
        _checked(name, "split" if kind == "data" else "run")
        return name

    def mark_latest(self, kind: Kind, name: str) -> None:
        """Move the mark; only what is published may be marked."""
        write_text(self.root / kind / "latest", name + "\n")


def _checked(name: str, what: str) -> str:
    """A name is one folder below its parent, and takes nobody's place: stages replace what lies under it."""
    if not re.fullmatch(r"[^\s./\\:][^/\\:\0\r\n\t]{0,99}", name) or name in TAKEN:
        raise ConfigError(
            f"a {what} may not be called {name!r}.",
            hint=f"A name begins with a letter or digit, holds no / \\ or :, and is none of {', '.join(TAKEN)}.",
        )
    return name
