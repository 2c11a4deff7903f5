"""The section `model` of a cell of MMLRec."""

from collections.abc import Mapping
from typing import Any

from recmtl.foreign.base import Reader

NAMES = {"sharedbottom": "shared_bottom", "pcg": "mmoe", "mlp": "shared_bottom", "escm": "escm2"}
"""A model's name there -> here, where it differs."""
_TOWER = "tower_dnn_hidden_units"
_MMOE = ("num_experts", "expert_dnn_hidden_units", "gate_dnn_hidden_units", _TOWER)
_READ: Mapping[str, tuple[str, ...]] = {
    "mlp": ("dnn_hidden_units",),
    "esmm": (_TOWER,),
    "sharedbottom": ("bottom_dnn_hidden_units", _TOWER),
    "mmoe": _MMOE,
    "pcg": _MMOE,
    "ple": ("shared_expert_num", "specific_expert_num", "num_levels", *_MMOE[1:]),
}
"""A model there that is here as well -> the keys of sizes that it reads."""
_SIZES = ("num_experts", "shared_expert_num", "specific_expert_num", "num_levels")
_UNITS = ("expert_dnn_hidden_units", "dnn_hidden_units", "bottom_dnn_hidden_units", _TOWER)


def model(reader: Reader) -> dict[str, Any]:
    """Its name and sizes; a model that is not here is named, to be refused where it is read."""
    given = (reader.take("model_config.model_name", str) or "").lower()
    sizes = {key: reader.take(f"model_config.{key}", int) for key in _SIZES}
    units = {key: reader.items(f"model_config.{key}", int) for key in _UNITS}
    expert, tower = units["expert_dnn_hidden_units"], units["tower_dnn_hidden_units"]
    name = NAMES.get(given, given)
    found: dict[str, Any] = {"name": name}
    if given == "mlp":
        found |= {"bottom": units["dnn_hidden_units"], "tower": []}
    elif name == "shared_bottom":
        found |= {"bottom": units["bottom_dnn_hidden_units"], "tower": tower}
    elif name == "esmm":
        found |= {"tower": tower}
    elif name == "mmoe":
        found |= {"num_experts": sizes["num_experts"], "expert": expert, "tower": tower}
    elif name == "ple":
        counts = {
            "num_specific_experts": sizes["specific_expert_num"],
            "num_shared_experts": sizes["shared_expert_num"],
        }
        found |= {"num_levels": sizes["num_levels"], **counts, "expert": expert, "tower": tower}
    _leave_sizes(reader, given)
    _leave(reader)
    width = reader.take("model_config.emb", int)
    return {**found, "dropout": reader.take("model_config.dnn_dropout", float), "encoder": {"embedding_dim": width}}


def _leave_sizes(reader: Reader, given: str) -> None:
    """A config has the sizes of all models."""
    gate = "gate_dnn_hidden_units"
    read = _READ.get(given)
    others = [f"model_config.{key}" for key in (*_SIZES, *_UNITS, gate) if key not in (read or ())]
    if read is None:
        reader.leave(f"may be a size of {given!r}, which is no model here", *others)
        return
    reader.dead(f"the model is {given!r}", *others)
    if gate in read:
        reader.leave("has no counterpart (a gate has no hidden layers here)", f"model_config.{gate}")
    if given == "esmm":
        reader.notes.append(
            "model_config.model_name: which of the labels 'esmm' took for the first was chance there; here it is the "
            "data set's first task"
        )
    if given == "mlp":
        reader.notes.append(
            "model_config.model_name: 'mlp' ranks rows alike for all tasks there; here each task has its own output"
        )


def _leave(reader: Reader) -> None:
    kind = reader.take("model_config.task_name", str)
    if kind in ("msl", "mtmsl"):
        reader.notes.append(
            f"model_config.task_name: {kind!r} has a tower for each domain there, trained on the rows of all; here one "
            "for each task, and the domain is a feature"
        )
    for key in ("task", "task_names", "task_types", "l2_reg_linear"):
        reader.leave("says nothing here", f"model_config.{key}")
    if reader.take("model_config.dnn_use_bn", bool):
        reader.leave("has no counterpart (layers have no batch normalisation here)", "model_config.dnn_use_bn")
    if reader.take("model_config.dnn_activation", str) not in (None, "relu"):
        reader.leave("is not relu, which it is here", "model_config.dnn_activation")
    if reader.take("model_config.use_cka_loss", bool):
        reader.leave("stopped with an error in MMLRec", "model_config.use_cka_loss")
