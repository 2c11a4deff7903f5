"""The section `model` of a cell of MMLRec."""

from typing import Any

from recmtl.foreign.base import Reader

NAMES = {"sharedbottom": "shared_bottom", "pcg": "mmoe", "mlp": "shared_bottom", "escm": "escm2"}
"""A model's name there -> here, where it differs."""
_SIZES = ("num_experts", "shared_expert_num", "specific_expert_num", "num_levels")
_UNITS = (
    "expert_dnn_hidden_units", "dnn_hidden_units", "bottom_dnn_hidden_units", "tower_dnn_hidden_units",
)  # fmt: skip


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
    elif name == "mmoe":
        found |= {"num_experts": sizes["num_experts"], "expert": expert, "tower": tower}
    elif name == "ple":
        counts = {
            "num_specific_experts": sizes["specific_expert_num"],
            "num_shared_experts": sizes["shared_expert_num"],
        }
        found |= {"num_levels": sizes["num_levels"], **counts, "expert": expert, "tower": tower}
    _leave(reader)
    width = reader.take("model_config.emb", int)
    return {**found, "dropout": reader.take("model_config.dnn_dropout", float), "encoder": {"embedding_dim": width}}


def _leave(reader: Reader) -> None:
    kind = reader.take("model_config.task_name", str)
    if kind in ("msl", "mtmsl"):
        reader.notes.append(
            f"model_config.task_name: {kind!r} has a tower for each domain there, trained on the rows of all; here one "
            "for each task, and the domain is a feature"
        )
    for key in ("task", "task_names", "task_types", "l2_reg_linear"):
        reader.leave("says nothing here", f"model_config.{key}")
    reader.leave("has no counterpart (a gate has no hidden layers here)", "model_config.gate_dnn_hidden_units")
    if reader.take("model_config.dnn_use_bn", bool):
        reader.leave("has no counterpart (layers have no batch normalisation here)", "model_config.dnn_use_bn")
    if reader.take("model_config.dnn_activation", str) not in (None, "relu"):
        reader.leave("is not relu, which it is here", "model_config.dnn_activation")
    if reader.take("model_config.use_cka_loss", bool):
        reader.leave("stopped with an error in MMLRec", "model_config.use_cka_loss")
