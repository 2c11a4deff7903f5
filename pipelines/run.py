"""run: several configs, each from its raw files to its scorecard."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from recmtl.errors import ConfigError
from recmtl.pipelines.evaluate import Evaluate
from recmtl.pipelines.selection import Asked
from recmtl.pipelines.split_domains import SplitDomains
from recmtl.pipelines.stage import Stage
from recmtl.pipelines.train_mtl import TrainMtl
from recmtl.recipe import read_recipe


@dataclass(frozen=True)
class Job:
    """What one config asks for."""

    config: str
    """As it was given."""
    split: SplitDomains | None
    """None: the config says nothing of a data set, and takes a split that is there."""
    runs: Mapping[str, int | None]
    """The seed of each run; None: the config's."""

    def stages(self) -> Iterator[Stage]:
        """One after the other: each is checked when its turn comes, since it reads what the one before made."""
        if self.split is not None:
            yield self.split
        for run, seed in self.runs.items():
            asked = Asked(config=self.config, run=run)
            yield TrainMtl(replace(asked, seed=seed))
            yield Evaluate(asked)


@dataclass
class Jobs:
    """The jobs so far: no two may write into one folder."""

    seeds: Sequence[int]
    """One run for each; none: one run of the config's own seed."""
    _runs: dict[str, str] = field(default_factory=dict)
    _splits: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)

    def job(self, config: str) -> Job:
        """Read a config.

        Raises:
            ConfigError: it cannot be read, or asks for a run, or for another split, under a name that is taken.
        """
        recipe = read_recipe(config)
        name = recipe.text("run") or recipe.name
        runs: dict[str, int | None] = {f"{name}-seed{seed}": seed for seed in self.seeds}
        runs = runs or {name: None}
        for run in runs:
            if run in self._runs:
                raise ConfigError(
                    f"{config} and {self._runs[run]} both name their run {run!r}.",
                    hint="Give one of them another with the key run.",
                )
        split = SplitDomains(Asked(config=config)) if "dataset" in recipe.document else None
        if split is not None:
            self._take_split(config, split)
        self._runs |= dict.fromkeys(runs, config)
        return Job(config, split, runs)

    def _take_split(self, config: str, split: SplitDomains) -> None:
        sections = {"dataset": split.dataset.document(), "split": split.policy.document()}
        first, taken = self._splits.setdefault(split.selection.data, (config, sections))
        if taken != sections:
            raise ConfigError(
                f"{config} and {first} both name their split {split.selection.data!r}, and make it in other ways.",
                hint="Give one of them another with the key data.",
            )


def read_seeds(text: str) -> list[int]:
    """Of `0,1,2`.

    Raises:
        ConfigError: one is no seed, or stands twice.
    """
    words = [word.strip() for word in text.split(",")]
    if not all(re.fullmatch("[0-9]{1,10}", word) for word in words):
        raise ConfigError(f"--seeds {text} is no list of seeds.", hint="For example: --seeds 0,1,2.")
    seeds = [int(word) for word in words]
    if len(set(seeds)) < len(seeds):
        raise ConfigError(f"--seeds {text} has a seed twice.", hint="For example: --seeds 0,1,2.")
    return seeds
