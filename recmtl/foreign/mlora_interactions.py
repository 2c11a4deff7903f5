"""The base click models of MLoRA and MAMDR, whose widths no config says: those of the library (DeepCTR 0.9.0), or of
MLoRA's copies of it.
"""

from typing import Any

from recmtl.foreign.base import Reader
from recmtl.foreign.mlora_names import Name

_SAME: dict[str, dict[str, Any]] = {
    "wdl": {"name": "wide_deep"},
    "nfm": {"name": "nfm", "field_scales": False},
    "pnn": {"name": "pnn", "products": "inner"},
    "deepfm": {"name": "deepfm", "field_scales": False},
    "dcn": {"name": "dcn", "num_layers": 2},
    "xdeepfm": {"name": "xdeepfm", "maps": [128, 128]},
    "autoint": {"name": "autoint", "num_layers": 3, "num_heads": 2, "head_dim": 8},
    "fibinet": {"name": "fibinet", "bilinear": "field_interaction", "reduction": 3},
}
_LORA: dict[str, dict[str, Any]] = {"autoint": {"num_heads": 4}}
"""Where the copy with adapters is another than the library's."""
_LINEAR_THERE = ("dcn", "autoint")


def interaction(reader: Reader, name: Name) -> dict[str, Any] | None:
    """What the deep part reads; None where it reads all side by side. A name that is not here stands as it is, and is
    refused where the model is read.
    """
    base = name.base
    if base in ("mlp", "star"):
        return None
    if base in _LINEAR_THERE:
        reader.notes.append(
            f"model.name: {base!r} also adds a weight of each id to the logit there; here it does not, as in its paper"
        )
    if base == "xdeepfm":
        reader.notes.append(
            f"model.name: a layer of {base!r} pools half of its maps there and hands on the others; here all do both, "
            "as in its paper"
        )
    return {**_SAME.get(base, {"name": base}), **(_LORA.get(base, {}) if name.lora else {})}
