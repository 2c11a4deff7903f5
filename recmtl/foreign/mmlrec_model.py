"""The section `model` of a cell of MMLRec."""

from collections.abc import Mapping
from typing import Any

from recmtl.foreign.base import Reader
from recmtl.foreign.mmlrec_shapes import DEFAULTS, SHAPES, SIZES, Shape


def model(reader: Reader) -> dict[str, Any]:
    """Its name and sizes; a model that is not here is named, to be refused where it is read."""
    given = (reader.take("model_config.model_name", str) or "").lower()
    sizes: dict[str, Any] = {key: reader.take(f"model_config.{key}", int) for key in SIZES}
    sizes |= {key: reader.items(f"model_config.{key}", int) for key in DEFAULTS if key not in SIZES}
    shape = SHAPES.get(given)
    found = {"name": given} if shape is None else {"name": shape.name, **shape.fixed, **_keys(shape, sizes)}
    read = () if shape is None else shape.read
    others = [f"model_config.{key}" for key in DEFAULTS if key not in read]
    if shape is None:
        reader.leave(f"may be a size of {given!r}, which is no model of MMLRec", *others)
    else:
        reader.dead(f"the model is {given!r}", *others)
        for key, why in shape.lost.items():
            reader.leave(f"has no counterpart ({why})", f"model_config.{key}")
        reader.notes += [f"model_config.model_name: {note}" for note in shape.notes]
    _leave(reader, given)
    return {
        **found,
        "per_domain": _per_domain(reader),
        "dropout": reader.take("model_config.dnn_dropout", float),
        "encoder": {"embedding_dim": reader.take("model_config.emb", int)},
    }


def _keys(shape: Shape, sizes: Mapping[str, Any]) -> dict[str, Any]:
    """The sizes under their names here; lists that go to one name one behind the other."""
    found: dict[str, Any] = {}
    for there, here in shape.keys.items():
        value = DEFAULTS[there] if sizes[there] is None else sizes[there]
        found[here] = [*found[here], *value] if here in found else value
    if shape.again:
        found[shape.again] = [*found[shape.again], *found[shape.again][-1:]]
    return found


def _per_domain(reader: Reader) -> bool | None:
    """A cell of several scenarios has a head for each of them, and so it is here."""
    kind = reader.take("model_config.task_name", str)
    if kind not in ("msl", "mtmsl"):
        return None
    reader.notes.append(
        f"model_config.task_name: {kind!r} trained what a domain has of its own on the rows of all domains there; "
        "here on the domain's"
    )
    return True


def _leave(reader: Reader, given: str) -> None:
    for key in ("task", "task_names", "task_types", "l2_reg_linear"):
        reader.leave("says nothing here", f"model_config.{key}")
    if reader.take("model_config.dnn_use_bn", bool):
        why = "is about 'star', which always normalises here" if given == "star" else "has no counterpart"
        more = "" if given == "star" else " (layers have no batch normalisation here)"
        reader.leave(f"{why}{more}", "model_config.dnn_use_bn")
    if reader.take("model_config.dnn_activation", str) not in (None, "relu"):
        reader.leave("is not relu, which it is here", "model_config.dnn_activation")
    if reader.take("model_config.use_cka_loss", bool):
        reader.leave("stopped with an error in MMLRec", "model_config.use_cka_loss")
