"""LT4REC: drank_tf.yaml."""

from collections.abc import Mapping
from typing import Any

from recmtl.foreign.base import Reader, Translation
from recmtl.foreign.training import loss, optimizers

_PATHS = (
    "save_checkpoints_dir", "restore_checkpoint_path", "save_mtl_checkpoints_dir", "restore_mtl_checkpoint_path",
    "tensorboard_logdir", "save_model_dir",
)  # fmt: skip


def recognise(document: Mapping[str, Any]) -> bool:
    """The sections `feature_configs` and `network`."""
    return isinstance(document.get("feature_configs"), dict) and isinstance(document.get("network"), dict)


def translate(reader: Reader) -> Translation:
    """The data set `lt4rec`: its rows have all features, tables and labels that the config lists."""
    reader.system = "LT4REC"
    document = {
        "dataset": {"name": "lt4rec"},
        "split": {"name": "group", "by": "group"},
        "model": {
            "name": "shared_bottom",
            "bottom": reader.items("hidden_size", int),
            "tower": [],
            "interaction": "dot",
            "encoder": {"embedding_dim": reader.take("embed_size", int), "pooling": _pooling(reader)},
        },
        "train": _train(reader),
    }
    _features(reader)
    _leave_running(reader)
    return reader.finish(document)


def _train(reader: Reader) -> dict[str, Any]:
    return {
        "epochs": reader.take("train_epochs", int),
        "batch_size": reader.take("batch_size", int),
        "losses": {"click": _loss(reader, "ctrloss"), "completion": _loss(reader, "cvrloss")},
        **optimizers(reader, "optimizer", reader.take("learning_rate", float)),
    }


def _loss(reader: Reader, path: str) -> dict[str, Any] | None:
    name = reader.take(f"{path}.type", str)
    reader.take(f"{path}.label", str)
    if name is None:
        return None
    settings = {key: reader.take(f"{path}.{key}", float) for key in ("alpha", "gamma", "weight")}
    return {"name": loss(name), **settings}


def _features(reader: Reader) -> None:
    features = reader.take("feature_configs", dict) or {}
    known = {name for name in features if name.startswith("FEA_")}
    buckets = reader.take("map_num_oov_buckets", dict) or {}
    for name in sorted(set(buckets) - set(features)):
        reader.notes.append(f"map_num_oov_buckets.{name} had no effect in LT4REC (there is no such feature): left out")
    tables = reader.take("map_shared_embedding", dict) or {}
    without = sorted(known - set(buckets) - set(tables))
    if without and reader.has("default_num_oov_buckets"):
        reader.notes.append(
            f"default_num_oov_buckets threw the values of {', '.join(without)} together in LT4REC: here each value "
            "seen in training has a row of its own"
        )
    reader.leave("sizes hashed tables there; here they have a row for each value", "map_num_oov_buckets")
    reader.leave("is what the data set lt4rec says of its features", "feature_configs", "map_shared_embedding")
    lists = ("categorical_features", "numerical_features", "multivalue_features")
    for section in ("transform", "network"):
        reader.leave("is what the data set lt4rec says of its features", *(f"{section}.{key}" for key in lists))
    reader.dead("it is read and not used", "map_top_k_to_select", "network.attention_features")


def _pooling(reader: Reader) -> str | None:
    """None for the mean, which is what a list's vectors become here."""
    pooling = reader.take("network.pooling_type", str)
    if pooling not in (None, "mean", "sum"):
        reader.leave(f"is {pooling!r}; the vectors of a list are averaged here", "network.pooling_type")
    return "sum" if pooling == "sum" else None


def _leave_running(reader: Reader) -> None:
    parts = ("train_tfrecord_path", "val_tfrecord_path", "test_tfrecord_path")
    values = {reader.take(path, str) for path in parts}
    same = "names the same rows for all parts there" if len(values) == 1 else "names files of its own there"
    reader.leave(f"{same}; here the rows of data/raw/lt4rec are split by request", *parts)
    reader.leave("is a path of its own there; the workspace's is used", *_PATHS)
    reader.leave("is not needed: every score is reported", "ctrmetrics", "cvrmetrics")
    every = ("validate_steps", "validate_duaring_training", "log_steps")
    reader.leave("says nothing here: every epoch ends with validation", *every)
    shuffling = ("train_file_shuffle", "train_shuffle_buffer_size")
    reader.leave("says nothing here: train.shuffle_window says how rows are shuffled", *shuffling)
