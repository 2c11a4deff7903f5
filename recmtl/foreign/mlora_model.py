"""The section `model` of a run of MLoRA or MAMDR."""

from typing import Any

from recmtl.foreign.base import Reader
from recmtl.foreign.mlora_interactions import interaction
from recmtl.foreign.mlora_names import Name

SHARING = {
    "shared_bottom": {"hidden_dim": "bottom"},
    "mmoe": {"hidden_dim": "expert", "num_experts": "num_experts"},
    "ple": {
        "hidden_dim": "expert", "num_levels": "num_levels", "specific_expert_num": "num_specific_experts",
        "shared_expert_num": "num_shared_experts",
    },
}  # fmt: skip
"""Model -> its keys there and here."""
KEYS = (
    "norm", "dense", "pretrain_judge", "lora_r", "lora_reduce", "user_dim", "item_dim", "domain_dim", "hidden_dim",
    "dropout", "auxiliary_net", "auxiliary_dim", "tower_hidden_dim", "num_experts", "gate_dnn_hidden_units",
    "specific_expert_num", "shared_expert_num", "num_levels",
)  # fmt: skip


def model(reader: Reader, name: Name) -> dict[str, Any]:
    """What the name says, even where something else was built by it; keys that the model did not read are dead."""
    deep = _sharing(reader, name.base) if name.base in SHARING else _click_model(reader, name)
    common = {"dropout": reader.take("model.dropout", float), "encoder": {"embedding_dim": _width(reader)}}
    reader.dead(f"the model is {reader.take('model.name', str)!r}", *reader.unasked("model", KEYS))
    return {**deep, **common}


def _sharing(reader: Reader, base: str) -> dict[str, Any]:
    reader.notes.append(
        f"model.name: {base!r} has a tower for each domain there; here one for each task, and the domain is a feature"
    )
    reader.leave("has no counterpart (a gate has no hidden layers here)", "model.gate_dnn_hidden_units")
    keys: dict[str, Any] = {}
    for there, here in SHARING[base].items():
        path = f"model.{there}"
        keys[here] = reader.items(path, int) if there == "hidden_dim" else reader.take(path, int)
    return {"name": base, **keys, "tower": reader.items("model.tower_hidden_dim", int)}


def _click_model(reader: Reader, name: Name) -> dict[str, Any]:
    """One deep part for all; the base model is what it reads."""
    bottom = reader.items("model.hidden_dim", int)
    found = {"name": "shared_bottom", "bottom": bottom, "tower": [], "interaction": interaction(reader, name)}
    if name.base == "star":
        return {**found, "adapter": _star(reader), "norm": _norm(reader)}
    if not name.lora:
        return found
    if name.whole != "mlora":
        return {**found, "adapter": {"name": "lora", "reduce": reader.take("model.lora_reduce", int)}}
    return {**found, "adapter": _lora(reader), "norm": _norm(reader)}


def _lora(reader: Reader) -> dict[str, Any] | None:
    """Of the model `mlora`, where `dense` says whether there are adapters, and whether they are trained last."""
    dense = reader.take("model.dense", str)
    if dense == "dense":
        reader.notes.append("model.dense: 'dense' makes 'mlora' a plain MLP, there and here")
        return None
    frozen = dense is not None and "freeze" in dense
    if frozen:
        reader.notes.append(
            f"model.dense: {dense!r} stopped with an error in MLoRA as published; it means: the adapters are trained "
            "after all else"
        )
    reader.leave("is a mark of the phase there", "model.pretrain_judge")
    rank, reduce = reader.take("model.lora_r", int), reader.take("model.lora_reduce", int)
    size = {"rank": rank} if rank is not None and rank >= 1 else {"reduce": reduce}
    return {"name": "lora", **size, "phases": 2 if frozen else None}


def _star(reader: Reader) -> dict[str, Any]:
    reader.take("model.dense", str)
    auxiliary, width = reader.take("model.auxiliary_net", bool), reader.take("model.auxiliary_dim", int)
    return {"name": "star", "auxiliary": width if auxiliary else None}


def _norm(reader: Reader) -> str | None:
    norm = reader.take("model.norm", str)
    return None if norm == "none" else norm


def _width(reader: Reader) -> int | None:
    """One width for all tables."""
    user = reader.take("model.user_dim", int)
    for path in ("model.item_dim", "model.domain_dim"):
        width = reader.take(path, int)
        if width not in (None, user):
            reader.notes.append(f"{path} is {width}: all tables have the width of model.user_dim here, {user}")
    return user
