"""MLoRA and MAMDR: dataset/{Amazon,Taobao,Movielens}/config_*.json, what their split scripts are given."""

from collections.abc import Mapping
from typing import Any

from recmtl.errors import ConfigError
from recmtl.foreign import mlora_splits
from recmtl.foreign.base import Reader, Translation


def recognise(document: Mapping[str, Any]) -> bool:
    """What makes the domains, with where the split goes or how rows are dealt."""
    domains = {"categories", "theme_num", "domain_field"} & set(document)
    return bool(domains) and not {"train_val_test", "split_save_path", "split_policy"}.isdisjoint(document)


def translate(reader: Reader) -> Translation:
    """The sections `dataset` and `split`."""
    reader.system = "MLoRA and MAMDR"
    seed = reader.take("seed", int)
    dataset = _dataset(reader, seed)
    timed = mlora_splits.by_time(reader.take("split_save_path", str) or "")
    split = mlora_splits.split(dataset["name"], _shares(reader), seed, timed)
    if split["name"] == "time":
        reader.notes.append(f"split_save_path: {mlora_splits.TIME}")
    paths = ("raw_data_path", "processed_data_path", "split_save_path")
    reader.leave("is a path of its own there; the workspace's is used", *paths)
    reader.leave("says nothing here", "split_policy", "rebuild", "redownload", "cores")
    return reader.finish({"dataset": dataset, "split": split})


def _dataset(reader: Reader, seed: int | None) -> dict[str, Any]:
    if reader.has("domain_field"):
        field = reader.take("domain_field", str) or ""
        if field.lower() not in mlora_splits.FIELDS:
            raise ConfigError(f"{reader.source}: domain_field must be Gender, Age or Occupation, not {field!r}.")
        reader.notes.append(f"domain_field: {mlora_splits.LABEL}")
        if field.lower() == "age":
            reader.notes.append("domain_field: by Age, training could not start in MLoRA (ages under 18 have no "
                                "number there); here each of the seven groups of ages is a domain")  # fmt: skip
        return mlora_splits.movielens(field)
    negatives = _negatives(reader)
    themes = reader.take("theme_num", int)
    if themes is not None:
        if themes < 1 and themes != mlora_splits.ALL:
            raise ConfigError(f"{reader.source}: theme_num must be at least 1, or -1 for all of them, not {themes}.")
        return mlora_splits.taobao(themes, negatives, seed)
    return mlora_splits.amazon(reader.items("categories", str), negatives, seed)


def _negatives(reader: Reader) -> list[float] | None:
    """Negatives for a positive, from the ratio of positives to negatives."""
    fixed, ranged = reader.take("ctr_ratio", float), reader.items("ctr_ratio_range", float)
    if reader.take("random_range", bool) and ranged is not None:
        reader.dead("random_range is true: ctr_ratio_range is used", "ctr_ratio")
        ratios, path = [ranged[-1], ranged[0]] if len(ranged) == 2 else [], "ctr_ratio_range"
    else:
        reader.dead("random_range is not true: ctr_ratio is used", "ctr_ratio_range")
        if fixed is None:
            return None
        ratios, path = [fixed, fixed], "ctr_ratio"
    if not ratios or not all(0.001 <= ratio <= 1000 for ratio in ratios):
        raise ConfigError(f"{reader.source}: {path} must be of numbers from 0.001 to 1000, two where it is a range.")
    return [round(1 / ratio, 6) for ratio in ratios]


def _shares(reader: Reader) -> list[float] | None:
    """They must sum to 1; of those that do not, as in the example that is shipped, test takes the rest."""
    shares = reader.items("train_val_test", float)
    if shares is None:
        return None
    rest = round(1 - sum(shares[:2]), 9)
    if len(shares) != 3 or shares[0] == 0 or min(*shares, rest) < 0:
        raise ConfigError(f"{reader.source}: train_val_test must be three shares that sum to 1, not {shares}.")
    if abs(sum(shares) - 1) < 1e-9:
        return shares
    reader.notes.append(
        f"train_val_test sums to {round(sum(shares), 9)}, which MLoRA and MAMDR refuse: test takes the rest, {rest}"
    )
    return [shares[0], shares[1], rest]
