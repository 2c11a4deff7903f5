"""What the model names of MLoRA and MAMDR mean, and where these systems built something else by that name."""

from dataclasses import dataclass

PARTS = (
    "meta", "domain_negotiation", "mamdr", "reptile", "mldg", "maml", "pcgrad", "uncertainty_weight", "separate",
    "finetune", "batch",
)  # fmt: skip
"""MAMDR's extensions."""


@dataclass(frozen=True)
class Name:
    """A model's name, taken apart."""

    whole: str
    base: str
    """The base click model, or the sharing: nfm, ple, star, ..."""
    lora: bool = False
    parts: tuple[str, ...] = ()
    """MAMDR's extensions."""
    built: str = ""
    """What was built by that name, where it is not what the name says."""


def of_mlora(name: str) -> Name:
    """`nfm_single`, `nfm_lora`, `mlora`: base and suffix."""
    if name == "mlora":
        return Name(name, "mlp", lora=True)
    base, _, suffix = name.rpartition("_")
    if suffix not in ("single", "lora", "mlora"):
        return Name(name, name)
    lora = suffix != "single"
    plain = suffix == "mlora" or (lora and base == "mlp")
    return Name(name, base, lora, built="a plain MLP" if plain else "DeepFM" if base == "xdeepfm" else "")


def of_mamdr(name: str) -> Name:
    """`mlp_meta_mamdr_finetune`: base and extensions."""
    parts = tuple(part for part in PARTS if f"_{part}" in name)
    base = name
    for part in parts:
        base = base.replace(f"_{part}", "")
    return Name(name, base, parts=parts)
