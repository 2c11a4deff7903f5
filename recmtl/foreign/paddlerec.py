"""PaddleRec: config.yaml of models/multitask/{ple,mmoe,share_bottom}, on the census lines that come with them."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from recmtl.errors import ConfigError
from recmtl.foreign.base import Reader, Translation
from recmtl.foreign.training import optimizers


def recognise(document: Mapping[str, Any]) -> bool:
    """The sections `runner` and `hyper_parameters`."""
    return isinstance(document.get("runner"), dict) and isinstance(document.get("hyper_parameters"), dict)


def translate(reader: Reader) -> Translation:
    """The data set `census_one_hot`, from the folders that the config names, with the survey's weight among the
    features, as it is there.

    Raises:
        ConfigError: it is of another of PaddleRec's models.
    """
    reader.system = "PaddleRec"
    document = {"dataset": _dataset(reader), "split": {"name": "files"}, "model": _model(reader)}
    document["train"] = _train(reader)
    reader.leave("is told by the data set", "hyper_parameters.feature_size", "hyper_parameters.task_num")
    reader.leave("is one a task", "hyper_parameters.gate_num")
    _leave_runner(reader)
    return reader.finish(document)


def _dataset(reader: Reader) -> dict[str, Any]:
    name = reader.take("runner.train_reader_path", str)
    if name is not None and "census" not in name:
        raise ConfigError(
            f"{reader.source}: runner.train_reader_path is {name!r}; of PaddleRec's readers, census_reader is known.",
            hint="Write a config for a table of your own: recmtl config init --from PATH.",
        )
    train, test = _folder(reader, "runner.train_data_dir"), _folder(reader, "runner.test_data_dir")
    return {"name": "census_one_hot", "train": train, "test": test, "instance_weight": True}


def _folder(reader: Reader, key: str) -> str | None:
    """As it is written; of an absolute path, which lies on its author's machine, the last name, in the workspace."""
    path = reader.take(key, str)
    if path is None or not PurePosixPath(path).is_absolute():
        return path
    name = PurePosixPath(path).name
    reader.notes.append(f"{key}: in place of {path}, {name} in the workspace is read")
    return name


def _model(reader: Reader) -> dict[str, Any]:
    whole = {key: reader.take(f"hyper_parameters.{key}", int) for key in _SIZES}
    tower = None if whole["tower_size"] is None else [whole["tower_size"]]
    expert = None if whole["expert_size"] is None else [whole["expert_size"]]
    if whole["exp_per_task"] is not None:
        reader.notes.append(
            "hyper_parameters.exp_per_task: by a slip two tasks shared an expert of their own in PaddleRec; "
            "here each has its own"
        )
        counts = {"num_specific_experts": whole["exp_per_task"], "num_shared_experts": whole["shared_num"]}
        return {"name": "ple", "num_levels": whole["level_number"], **counts, "expert": expert, "tower": tower}
    if whole["expert_num"] is not None:
        return {"name": "mmoe", "num_experts": whole["expert_num"], "expert": expert, "tower": tower}
    if whole["bottom_size"] is not None:
        return {"name": "shared_bottom", "bottom": [whole["bottom_size"]], "tower": tower}
    raise ConfigError(
        f"{reader.source}: hyper_parameters are of none of PaddleRec's models ple, mmoe and share_bottom.",
        hint="They have exp_per_task, expert_num or bottom_size.",
    )


_SIZES = (
    "expert_size", "tower_size", "exp_per_task", "shared_num", "level_number", "expert_num", "bottom_size",
)  # fmt: skip


def _train(reader: Reader) -> dict[str, Any]:
    rate = reader.take("hyper_parameters.optimizer.learning_rate", float)
    reader.leave("is of training on many machines", "hyper_parameters.optimizer.strategy")
    return {
        "epochs": reader.take("runner.epochs", int),
        "batch_size": reader.take("runner.train_batch_size", int),
        **optimizers(reader, "hyper_parameters.optimizer.class", rate),
    }


def _leave_runner(reader: Reader) -> None:
    paths = ("model_save_path", "model_init_path", "infer_load_path", "infer_reader_path")
    reader.leave("is a path of its own there; the workspace's is used", *(f"runner.{key}" for key in paths))
    reader.leave(
        "asks for what is not done here: evaluate scores the best epoch's weights",
        *(f"runner.infer_{key}" for key in ("start_epoch", "end_epoch", "batch_size")),
    )
    reader.leave("is not needed: every score is reported", "runner.use_auc")
    exporting = ("use_inference", "save_inference_feed_varnames", "save_inference_fetch_varnames")
    reader.leave("says nothing here", *(f"runner.{key}" for key in ("use_gpu", "print_interval", *exporting)))
