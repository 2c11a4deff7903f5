"""MMLRec's models: which of a cell's sizes each of them reads, and what they are called here.

A cell's config has the sizes of all models.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_EXPERT, _BOTTOM, _DNN = "expert_dnn_hidden_units", "bottom_dnn_hidden_units", "dnn_hidden_units"
_TOWER, _GATE = "tower_dnn_hidden_units", "gate_dnn_hidden_units"
DEFAULTS: Mapping[str, Any] = {
    "num_experts": 4, "shared_expert_num": 1, "specific_expert_num": 3, "num_levels": 1,
    _EXPERT: [256, 128], _DNN: [256, 128], _BOTTOM: [256, 128], _TOWER: [64], _GATE: [64],
}  # fmt: skip
"""Every size, with its value where the config does not say it."""
SIZES = ("num_experts", "shared_expert_num", "specific_expert_num", "num_levels")
"""Those that are one number; the others are widths of layers."""


@dataclass(frozen=True)
class Shape:
    """A model of MMLRec."""

    name: str
    """Its name here."""
    keys: Mapping[str, str]
    """Size there -> key here."""
    fixed: Mapping[str, Any] = field(default_factory=dict)
    """Keys here that follow from the model alone."""
    again: str = ""
    """The key here whose last width stands twice: what mixes behind the last layer there is a layer here."""
    lost: Mapping[str, str] = field(default_factory=dict)
    """Sizes that it reads there -> why they have no counterpart here."""
    notes: tuple[str, ...] = ()
    """What is another thing here."""

    @property
    def read(self) -> set[str]:
        """The sizes that it reads there."""
        return {*self.keys, *self.lost}


_EXPERTS = {"num_experts": "num_experts", _EXPERT: "expert", _TOWER: "tower"}
_MMOE = {**_EXPERTS, _GATE: "gate"}
_PLE = {
    "num_levels": "num_levels", "specific_expert_num": "num_specific_experts",
    "shared_expert_num": "num_shared_experts", _EXPERT: "expert", _GATE: "gate",
    _TOWER: "tower",
}  # fmt: skip
_FIRST = "which of the labels {} took for the first was chance there; here it is the data set's first task"
SHAPES: Mapping[str, Shape] = {
    "mlp": Shape(
        "full_share", {_DNN: "bottom"},
        notes=("'mlp' ranks rows alike for all tasks there; here each task has its own output",),
    ),
    "sharedbottom": Shape("shared_bottom", {_BOTTOM: "bottom", _TOWER: "tower"}),
    "mmoe": Shape("mmoe", _MMOE),
    "pcg": Shape("mmoe", _MMOE),
    "ple": Shape("ple", _PLE),
    "esmm": Shape("esmm", {_EXPERT: "tower"}, notes=(_FIRST.format("'esmm'"),)),
    "escm": Shape(
        "escm2", {_EXPERT: "expert"}, {"kind": "ips", "tower": []},
        notes=(
            _FIRST.format("'escm'"),
            "'escm' had a network for each task there, and gradients through the propensity; here tasks mix experts, "
            "and it has none",
        ),
    ),
    "aitm": Shape(
        "aitm", {_EXPERT: "tower", _TOWER: "tower"},
        notes=(
            _FIRST.format("'aitm'"),
            "'aitm' had no calibrator there, and its transfer before the layers of tower_dnn_hidden_units; here it has "
            "one, and the transfer behind them",
        ),
    ),
    "cross_stitch": Shape(
        "cross_stitch", {_DNN: "bottom", _TOWER: "tower"},
        notes=("'cross_stitch' had a shared layer of 256 before, and mixed all channels with all; here each channel "
               "with its like, from the first layer on",),
    ),
    "snr_trans": Shape(
        "snr", {"num_experts": "num_subnetworks", _EXPERT: "layers", _TOWER: "tower"}, {"kind": "trans"},
        notes=("'snr_trans' did not train its matrices there, and had no price for open gates; here they are trained, "
               "and it has one",),
    ),
    "mssm": Shape(
        "mssm", {_EXPERT: "layers", _TOWER: "tower"}, again="layers",
        lost={"num_experts": "each task has a sub-network of its own here, beside num_shared"},
        notes=("'mssm' did not train its matrices there, and chose no fields; here it does both",),
    ),
    "star": Shape(
        "star", {_DNN: "bottom"}, {"tower": []},
        notes=("'star' trained the last domain's weights alone there, and had no auxiliary network; here all are "
               "trained, and it has one",),
    ),
    "apg": Shape(
        "apg", {_DNN: "bottom"}, {"tower": [], "inner_rank": 0, "generator": [], "generated_bias": True},
        notes=("'apg' had a quarter of a layer's smaller width for a rank there; here it is the same for all layers",),
    ),
    "hmoe": Shape(
        "hmoe", _EXPERTS, lost={_GATE: "its gates have no hidden layers here"},
        notes=("'hmoe' mixed the towers' last hidden layers there, by a network of 64; here it mixes scores",),
    ),
    "pepnet": Shape("pepnet", {_DNN: "tower"}, {"gate": 128}),
}  # fmt: skip
"""By their names there."""
