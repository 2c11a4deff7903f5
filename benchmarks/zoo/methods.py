"""What is compared: data sets, methods of about the same size, and the settings from which validation chooses."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Section = Mapping[str, Any]

EXPERTS = {"num_experts": 4, "expert": [128, 64], "tower": [32]}
LEVELS = {"num_specific_experts": 2, "num_shared_experts": 2, "expert": [128, 64], "tower": [32]}
NETWORK = {"bottom": [256, 128, 64]}


@dataclass(frozen=True)
class Data:
    """A data set in its published setting."""

    preset: str
    """Its split, encoder, training and dropout are those of every method."""
    domains: bool
    """Whether there are several."""
    chain: bool
    """Whether a later task's positives are among those of the task before it."""


DATA = {
    "adult": Data("adult.json", domains=False, chain=False),
    "census": Data("census.json", domains=False, chain=False),
    "movielens": Data("movielens_age.json", domains=True, chain=True),
}

METHODS: dict[str, Section] = {
    "shared bottom": {"name": "shared_bottom", "bottom": [256, 128], "tower": [64, 32]},
    "shared bottom, by domain": {
        "name": "shared_bottom", "bottom": [256, 128], "tower": [64, 32], "per_domain": True
    },
    "MMoE": {"name": "mmoe", **EXPERTS},
    "MMoE, by domain": {"name": "mmoe", **EXPERTS, "per_domain": True},
    "CGC": {"name": "ple", "num_levels": 1, **LEVELS},
    "PLE": {"name": "ple", "num_levels": 2, **LEVELS},
    "PLE, by domain": {"name": "ple", "num_levels": 2, **LEVELS, "per_domain": True},
    "ESMM": {"name": "esmm", "tower": [256, 128, 64]},
}  # fmt: skip

CHAINS = ("esmm", "aitm", "escm2")
"""Models of tasks that follow one another."""

SETTINGS: dict[str, tuple[str, ...]] = {
    "preset": (),
    "slow": ("train.optimizer.learning_rate={rate:g}",),
    "small start": ("model.encoder.initial_scale=0.1",),
}
"""The same for all methods: as the preset has it, a third of its learning rate, a tenth of the vectors' start."""
SEEDS = (0, 1, 2)


def fits(method: str, data: str) -> bool:
    """Whether a method can learn these tasks, and is not another one under this name."""
    section = METHODS[method]
    if section.get("per_domain") and not DATA[data].domains:
        return False
    return DATA[data].chain or section["name"] not in CHAINS
