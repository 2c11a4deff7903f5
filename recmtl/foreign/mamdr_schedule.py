"""In what order MAMDR visits the domains: its meta-learning settings."""

from typing import Any

from recmtl.foreign.base import Reader
from recmtl.foreign.mlora_names import Name

_EVERY = ("meta_learning_rate", "shuffle_sequence", "meta_sequence", "target_domain", "meta_train_step",
          "meta_finetune_step", "meta_parms")  # fmt: skip
_SPLIT = ("meta_split", "meta_split_ratio", "average_meta_grad")
LIVE = {
    "domain_negotiation": _EVERY,
    "mamdr": (*_EVERY, "merged_method", "sample_num", "add_query_domain", "finetune_every_epoch",
              "domain_regulation_step"),
    "reptile": _EVERY,
    "mldg": (*_EVERY, *_SPLIT),
    "maml": (*_EVERY, *_SPLIT),
    "pcgrad": ("meta_learning_rate", "sample_num"),
}  # fmt: skip
"""Schedule -> the keys that it reads."""
_ONE_RATE = ("mldg", "pcgrad")
KEYS = (*dict.fromkeys(key for keys in LIVE.values() for key in keys),)
_TYPES: dict[str, Any] = {
    "meta_learning_rate": float, "shuffle_sequence": bool, "target_domain": int, "meta_train_step": int,
    "meta_finetune_step": int, "merged_method": str, "sample_num": int, "add_query_domain": bool,
    "finetune_every_epoch": bool, "domain_regulation_step": int, "meta_split": str, "meta_split_ratio": float,
    "average_meta_grad": str,
}  # fmt: skip


def rate(name: Name) -> str:
    """The key of the rate that moves the weights: some schedules have one rate, and it is not `learning_rate`."""
    return "train.meta_learning_rate" if _main(name) in _ONE_RATE else "train.learning_rate"


def schedule(reader: Reader, name: Name) -> dict[str, Any]:
    """`train.balance` or `train.schedule` for the name's extensions, with the keys that it reads."""
    shown = f"the model is {name.whole!r}"
    main = _main(name)
    settings = {key: _setting(reader, key) for key in LIVE.get(main or "", ())}
    reader.dead("meta_learning_rate moves both", "train.domain_meta_learning_rate")
    if main in _ONE_RATE:
        reader.dead(f"{shown}: train.meta_learning_rate moves all", "train.learning_rate")
    reader.dead(shown, *reader.unasked("train", KEYS))
    after = {part: True for part in ("separate", "finetune", "batch") if part in name.parts}
    if main == "pcgrad":
        reader.notes.append("model.name: 'pcgrad' projected gradients that agree in MAMDR, where it means those that "
                            "conflict")  # fmt: skip
        return {"balance": {"name": "pcgrad", "sample_num": settings["sample_num"]}}
    if "uncertainty_weight" in name.parts:
        return {"balance": "uncertainty", "schedule": {"name": "joint", **after} if after else None}
    if main is None and not after:
        reader.notes.append("model.name: domains are trained in turn there; here the rows of all are shuffled")
        return {}
    return {"schedule": {"name": main or "joint", **settings, **after}}


def _main(name: Name) -> str | None:
    if "domain_negotiation" not in name.parts and {"meta", "mamdr"} <= set(name.parts):
        return "mamdr"
    return next((part for part in LIVE if part in name.parts), "maml" if "meta" in name.parts else None)


def _setting(reader: Reader, key: str) -> Any:
    """A value that says nothing but the default is left out without a word."""
    path = f"train.{key}"
    if key == "meta_parms":
        parts = reader.items(path, str)
        return None if parts == ["all"] else parts
    if key == "meta_sequence":
        fixed = isinstance(reader.document["train"].get(key), list)
        return reader.items(path, int) if fixed else _unless(reader.take(path, str), "random")
    value = reader.take(path, _TYPES[key])
    return _unless(value, {"average_meta_grad": "none", "target_domain": -1}.get(key))


def _unless(value: Any, default: Any) -> Any:
    return None if value == default else value
