"""Where everything lies below a workspace folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from recmtl.artifacts.atomic import write_text
from recmtl.artifacts.hashing import HashMemory
from recmtl.errors import ConfigError, MissingError

Kind = Literal["data", "runs"]


@dataclass(frozen=True)
class Workspace:
    """data/raw/<dataset>, data/<split>, runs/<run>; `latest` in data and runs names the one made last."""

    root: Path

    def raw(self, dataset: str) -> Path:
        """Downloaded files of a data set."""
        return self.root / "data" / "raw" / dataset

    def split(self, name: str) -> Path:
        """A split."""
        if name == "raw":
            raise ConfigError(
                "a split may not be called 'raw': data/raw holds the downloaded files.",
                hint="Give it another --data name.",
            )
        return self.root / "data" / name

    def run(self, name: str) -> Path:
        """A run: init, tickets, model and scorecard lie in it."""
        return self.root / "runs" / name

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
        return mark.read_text().strip()

    def mark_latest(self, kind: Kind, name: str) -> None:
        """Move the mark; only what is published may be marked."""
        write_text(self.root / kind / "latest", name + "\n")
