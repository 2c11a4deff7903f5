"""MMLRec: configs_{mtl,msl,mtmsl}/config_*.json, a cell of its benchmark."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from recmtl.errors import ConfigError
from recmtl.foreign.base import Reader, Translation
from recmtl.foreign.mmlrec_model import model
from recmtl.foreign.training import losses, optimizers

_FILES = {"name": "files"}
_RANDOM = {"name": "random", "shares": [0.8, 0.1, 0.1]}
DATASETS: Mapping[str, tuple[str, tuple[str, ...], dict[str, Any]]] = {
    "census": ("census", ("income", "never_married"), _FILES),
    "amazon": ("amazon", ("liked", "loved"), _RANDOM),
    "ijcai": ("ijcai15", (), _RANDOM),
    "iaac": ("ijcai18", (), _RANDOM),
    "kuairec": ("kuairec", (), _FILES),
    "movielens": ("movielens_1m", ("liked", "loved"), _RANDOM),
    "ae": ("aliexpress", (), _FILES),
}
"""Its data set -> ours, its tasks where their losses can be named, and the split."""
ONE_LABEL: Mapping[str, tuple[str, dict[str, Any]]] = {
    "amazon": ("liked", {"labels": "liked"}),
    "kuairec": ("finished", {"labels": "finished"}),
    "movielens_1m": ("loved", {"labels": "loved"}),
    "aliexpress": ("click", {"tasks": ["click"]}),
}
"""Data set of a cell of several scenarios and one label -> that label's task here, and what chooses it."""
DOMAINS = {"gender_tag": "gender", "age_tag": "age", "occupation_tag": "occupation", "scene": "country"}
"""Its column of the domains -> ours, where that has another name."""
_COLUMNS = (
    "all_columns", "feature_columns", "dense_columns", "ignore_columns", "label_columns", "num_domains", "mask_values",
    "user_sf", "item_sf",
)  # fmt: skip


def recognise(document: Mapping[str, Any]) -> bool:
    """The sections `data_config` and `model_config`."""
    return isinstance(document.get("data_config"), dict) and isinstance(document.get("model_config"), dict)


def translate(reader: Reader) -> Translation:
    """Data sets are made here from the published files, with the tasks and domains that they have here.

    Raises:
        ConfigError: the data set is none of the benchmark's.
    """
    reader.system = "MMLRec"
    name, tasks, split = DATASETS[_data_name(reader)]
    dataset = {"name": name, "domain": _domain(reader, name)}
    if reader.take("model_config.task_name", str) == "msl" and name in ONE_LABEL:
        task, choice = ONE_LABEL[name]
        tasks = (task,)
        reader.notes.append(
            f"data_config.label_columns: MMLRec does not say what the one label is: here it is {task!r}"
        )
    else:
        choice = {"labels": "stars"} if name == "amazon" else {}
    dataset |= choice
    if name in ("amazon", "aliexpress"):
        what = "categories" if name == "amazon" else "countries"
        reader.notes.append(f"data_config: MMLRec does not say which {what} it used: set dataset.{what}")
    sections = {"dataset": dataset, "split": split, "model": model(reader), "train": _train(reader, tasks)}
    _leave(reader)
    return reader.finish(sections)


def _data_name(reader: Reader) -> str:
    """`data_name`, or the start of the name of the training file."""
    given, path = reader.take("data_config.data_name", str), reader.take("data_config.train_dataset_path", str)
    name = (given or PurePosixPath(path or "").name.removesuffix("_train.csv")).lower()
    name = {"amazon_new": "amazon", "ijcai_15": "ijcai"}.get(name, name)
    if name not in DATASETS:
        raise ConfigError(
            f"{reader.source}: data_config.data_name is {name!r}, which is no data set of MMLRec "
            f"(known: {', '.join(DATASETS)}).",
            hint="Write a config for a table of your own: recmtl config init --from PATH.",
        )
    return name


def _domain(reader: Reader, dataset: str) -> str | None:
    """The data set `amazon` has the category anyway."""
    column = reader.take("data_config.mask_column", str)
    if reader.take("data_config.scene_feature", str) not in (None, column):
        reader.leave("is not data_config.mask_column; here that is a feature", "data_config.scene_feature")
    return None if column is None or dataset == "amazon" else DOMAINS.get(column, column)


def _train(reader: Reader, tasks: tuple[str, ...]) -> dict[str, Any]:
    loss = _losses(reader, len(tasks))
    kinds = list(dict.fromkeys(loss))
    if not tasks and kinds not in ([], ["binary_crossentropy"]):
        reader.leave("names other losses than binary_crossentropy: set train.losses", "optim_config.loss")
    l2, table_l2 = (reader.take(f"model_config.l2_reg_{part}", float) for part in ("dnn", "embedding"))
    pcgrad = (reader.take("model_config.model_name", str) or "").lower() == "pcg"
    if pcgrad:
        reader.notes.append("model_config.model_name: 'pcg' projected no gradients in MMLRec; here it does (PCGrad)")
    return {
        "epochs": reader.take("training_config.epochs", int),
        "patience": reader.take("optim_config.early_stop", int),
        "batch_size": reader.take("training_config.train_batch_size", int),
        "losses": losses(loss, tasks),
        "balance": "pcgrad" if pcgrad else None,
        **optimizers(reader, "optim_config.optimizer", reader.take("optim_config.lr", float), l2, table_l2),
    }


def _losses(reader: Reader, tasks: int) -> list[str]:
    """One a task, from one a head: a label has a head for each domain. Where there is one label, its loss is all
    tasks'."""
    heads, labels = reader.items("optim_config.loss", str) or [], reader.items("data_config.label_columns", str) or []
    of_label = list(dict(zip(labels, heads, strict=False)).values()) if len(labels) == len(heads) else heads
    return of_label * max(tasks, 1) if len(of_label) == 1 else of_label


def _leave(reader: Reader) -> None:
    columns = (f"data_config.{key}" for key in _COLUMNS)
    reader.leave("is what the data set says of itself here", *columns)
    paths = ("data_config.test_dataset_path", "data_config.test_result_path", "data_config.layer_output_path")
    reader.leave("is a path of its own there; the workspace's is used", "data_config.train_dataset_path", *paths)
    reader.dead("", "data_config.sample", "model_config.loss_weights", "training_config.max_steps")
    reader.dead("", "training_config.val_batch_size", "save_config.save", "save_config.save_path")
    reader.dead("", *(f"optim_config.{key}" for key in ("weight_decay", "decay_step", "gamma")))
    reader.leave("is not needed: every score is reported", "optim_config.metrics")
    reader.leave("says nothing here", "training_config.test_batch_size", "save_config.save_layer_output")
    reader.notes.append("optim_config.early_stop: MMLRec stops by the test rows; here by validation rows")
