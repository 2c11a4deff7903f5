"""MLoRA and MAMDR: config/**/*.json, what a run is given: `model`, `train` and `dataset`."""

from collections.abc import Mapping
from typing import Any

from recmtl.errors import ConfigError
from recmtl.foreign import mamdr_schedule, mlora_splits
from recmtl.foreign.base import Reader, Translation
from recmtl.foreign.mlora_model import model
from recmtl.foreign.mlora_names import Name, of_mamdr, of_mlora
from recmtl.foreign.training import losses, optimizers

_TASKS = {"taobao": ("click",), "amazon": ("review",), "movielens_1m": ("loved",)}
_META = (*mamdr_schedule.KEYS, "domain_meta_learning_rate", "val_every_step")


def recognise(document: Mapping[str, Any]) -> bool:
    """The three sections, with the folder of a split in `dataset`."""
    sections = [document.get(key) for key in ("model", "train", "dataset")]
    if not all(isinstance(section, dict) for section in sections):
        return False
    return not {"domain_split_path", "dataset_path"}.isdisjoint(document["dataset"])


def translate(reader: Reader) -> Translation:
    """A split like that of the shipped data sets, and what is trained on it."""
    reader.system = "MLoRA" if _is_mlora(reader.document) else "MAMDR"
    whole = reader.take("model.name", str)
    if whole is None:
        raise ConfigError(f"{reader.source}: model.name is missing; in {reader.system} it says what is trained.")
    name = of_mlora(whole) if reader.system == "MLoRA" else of_mamdr(whole)
    if name.built:
        reader.notes.append(f"model.name: {whole!r} built {name.built} in MLoRA: here it is what it says")
    seed = reader.take("dataset.seed", int)
    dataset = _dataset(reader, seed)
    timed = mlora_splits.by_time(str(reader.document["dataset"].get("domain_split_path")))
    split = mlora_splits.split(dataset["name"], mlora_splits.SHARES, seed, timed) if dataset else None
    deep = model(reader, name)
    if dataset and "pretrained" in dataset and reader.take("train.emb_trainable", bool):
        deep["encoder"]["train_vectors"] = True
    sections = {"dataset": dataset, "split": split, "model": deep}
    sections["train"] = _train(reader, name, dataset["name"] if dataset else "", seed)
    return reader.finish(sections)


def _is_mlora(document: Mapping[str, Any]) -> bool:
    """Both have the same shape; MAMDR has no adapters and no MovieLens, and names no model `nfm_single`."""
    name = str(document["model"].get("name"))
    lora = {"lora_r", "lora_reduce", "pretrain_judge"} & set(document["model"])
    return bool(lora) or document["dataset"].get("name") == "Movielens" or name.endswith(("_single", "lora"))


def _dataset(reader: Reader, seed: int | None) -> dict[str, Any] | None:
    name = (reader.take("dataset.name", str) or "").lower()
    folder = reader.take("dataset.domain_split_path", str) or ""
    reader.leave("is a path of its own there; the workspace's is used", "dataset.dataset_path")
    reader.leave("says nothing here", "dataset.num_parallel_reads", "dataset.fixed_train")
    reader.leave("says nothing here: train.shuffle_window says how rows are shuffled", "dataset.shuffle_buffer_size")
    reader.dead("dataset.shuffle_buffer_size is used", "train.shuffle_buff_size")
    vectors = _vectors(reader)
    found = mlora_splits.named(folder, seed)
    if found is None or not found["name"].startswith(name):
        reader.notes.append(
            f"dataset.domain_split_path: {folder!r} is no split whose config is shipped, so there is no section "
            "'dataset': train on a split with --data"
        )
        return None
    if found["name"] == "movielens_1m":
        reader.notes.append(f"dataset.name: {mlora_splits.LABEL}")
    if mlora_splits.by_time(folder):
        reader.notes.append(f"dataset.domain_split_path: {mlora_splits.TIME}")
    return found | vectors


def _vectors(reader: Reader) -> dict[str, Any]:
    """`dataset.pretrained`, if it is asked for; only Taobao brings vectors of its users and items."""
    name = reader.take("dataset.name", str)
    vectors = reader.take("train.load_pretrain_emb", bool)
    if not vectors:
        reader.dead("load_pretrain_emb is false", "train.emb_trainable")
    elif (name or "").lower() == "taobao":
        reader.notes.append("train.load_pretrain_emb: the published vectors stand in place of vectors that are learnt "
                            "there; here beside them")  # fmt: skip
        return {"pretrained": True}
    else:
        reader.leave(
            f"asks for vectors that {name} has not, and stopped with an error there", "train.load_pretrain_emb"
        )
        reader.leave("says nothing here: every vector is learnt", "train.emb_trainable")
    return {}


def _train(reader: Reader, name: Name, dataset: str, seed: int | None) -> dict[str, Any]:
    reader.leave("is a path of its own there; the workspace's is used", "train.result_save_path",
                 "train.checkpoint_path")  # fmt: skip
    reader.leave("says nothing here", "train.histogram_freq")
    reader.leave("says nothing here: train-mtl resumes what was stopped", "train.train_from_ckp")
    tasks = _TASKS.get(dataset, ())
    loss = reader.take("train.loss", str)
    rate = mamdr_schedule.rate(name) if reader.system == "MAMDR" else "train.learning_rate"
    found = {
        "epochs": reader.take("train.epoch", int),
        "patience": reader.take("train.patience", int),
        "batch_size": reader.take("dataset.batch_size", int),
        "seed": seed,
        "losses": losses([loss] * len(tasks), tasks) if loss else None,
        **optimizers(reader, "train.optimizer", reader.take(rate, float)),
    }
    if reader.system == "MLoRA":
        reader.dead("", *(f"train.{key}" for key in _META))
        reader.notes.append("model.name: domains are trained in turn there; here the rows of all are shuffled")
        return found
    if reader.take("train.val_every_step", int) not in (None, 1):
        reader.leave("is not 1; here every epoch is validated", "train.val_every_step")
    return {**found, **mamdr_schedule.schedule(reader, name)}
