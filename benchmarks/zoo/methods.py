"""What is compared: data sets, methods of about the same size, and the settings from which validation chooses."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Section = Mapping[str, Any]

EXPERTS = {"num_experts": 4, "expert": [128, 64], "tower": [32]}
LEVELS = {"num_specific_experts": 2, "num_shared_experts": 2, "expert": [128, 64], "tower": [32]}
NETWORK = {"bottom": [256, 128], "tower": [64, 32]}


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
    "single task": {"name": "single_task", "bottom": [256, 128, 64]},
    "single task and domain": {"name": "single_task", "bottom": [256, 128, 64], "per_domain": True},
    "full share": {"name": "full_share", "bottom": [256, 128, 64]},
    "shared bottom": {"name": "shared_bottom", **NETWORK},
    "shared bottom, by domain": {"name": "shared_bottom", **NETWORK, "per_domain": True},
    "cross-stitch": {"name": "cross_stitch", "bottom": [256, 128], "tower": [64, 32]},
    "OMoE": {"name": "omoe", **EXPERTS},
    "MMoE": {"name": "mmoe", **EXPERTS},
    "MMoE, by domain": {"name": "mmoe", **EXPERTS, "per_domain": True},
    "MMoE, DSelect-k": {"name": "mmoe", **EXPERTS, "gating": "dselect_k"},
    "CGC": {"name": "ple", "num_levels": 1, **LEVELS},
    "PLE": {"name": "ple", "num_levels": 2, **LEVELS},
    "PLE, by domain": {"name": "ple", "num_levels": 2, **LEVELS, "per_domain": True},
    "SNR-Trans": {"name": "snr", "kind": "trans", "layers": [128, 64], "tower": [32]},
    "SNR-Aver": {"name": "snr", "kind": "aver", "layers": [128, 64], "tower": [32]},
    "MSSM": {"name": "mssm", "layers": [128, 64], "tower": [32]},
    "STEM": {"name": "stem", "num_specific_experts": 1, "num_shared_experts": 3, "expert": [128, 64], "gate": [32],
             "tower": [32]},
    "ESMM": {"name": "esmm", "tower": [256, 128, 64]},
    "ESCM2, IPS": {"name": "escm2", "kind": "ips", **EXPERTS},
    "ESCM2, DR": {"name": "escm2", "kind": "dr", **EXPERTS},
    "AITM": {"name": "aitm", "tower": [256, 128, 64]},
    "HMoE": {"name": "hmoe", **EXPERTS},
    "HMoE, by domain": {"name": "hmoe", **EXPERTS, "per_domain": True},
    "STAR": {"name": "star", **NETWORK},
    "APG": {"name": "apg", **NETWORK},
    "PEPNet": {"name": "pepnet", "tower": [256, 128, 64]},
    "AdaSparse": {"name": "adasparse", "network": [256, 128], "tower": [64, 32]},
    "SAR-Net": {"name": "sar_net", "tower": [32]},
    "M2M": {"name": "m2m", "expert": [128, 32]},
    "HiNet": {"name": "hinet", "domain_expert": [128], "expert": [64], "tower": [32]},
    "M3oE": {"name": "m3oe", "star": 256, "hidden": 128, "expert": 64, "tower": [32]},
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
