"""The presets of MMLRec's benchmark are what its published configs become."""

from copy import deepcopy
from typing import Any, NamedTuple

import pytest
from foreign_documents import MMLREC

import recmtl.data.datasets
import recmtl.models  # noqa: F401  (registers its members, as the line above does)
from recmtl.data.datasets.base import DatasetConfig
from recmtl.data.policies import SplitConfig
from recmtl.foreign import translate
from recmtl.models.sharing import SharingConfig
from recmtl.recipe import Recipe, presets, read_preset
from recmtl.training.config import TrainConfig


class Cell(NamedTuple):
    """What the published file says of a cell."""

    file: str
    column: str | None
    labels: list[str]
    model: str
    width: int
    deep: list[int]
    tower: list[int]
    rate: float
    training: tuple[str, int, int] = ("adam", 40, 3)
    """Optimizer, epochs, patience."""


CELLS = {
    "mtl_amazon": Cell("amazon", None, ["label", "label2"], "sharedbottom", 8, [128, 128], [], 1e-3),
    "mtl_census": Cell("census", None, ["label_income", "label_marital"], "mssm", 4, [128], [128], 3e-4,
                       ("adam", 80, 5)),
    "mtl_ijcai": Cell("ijcai_15", None, ["label", "label2"], "sharedbottom", 8, [128], [64], 5e-3),
    "mtl_kuairec": Cell("kuairec", None, ["label", "label2"], "sharedbottom", 8, [512, 256], [128], 1e-3),
    "mtl_movielens": Cell("movielens", None, ["label2", "label3"], "ple", 8, [256, 128], [64], 1e-2),
    "msl_ae": Cell("ae", "scene", ["label"] * 2, "sharedbottom", 8, [256, 128], [64], 5e-3),
    "msl_amazon": Cell("amazon_new", "category", ["label"] * 3, "star", 8, [256, 128], [64], 1e-3),
    "msl_iaac": Cell("iaac", "user_gender_id", ["is_trade"] * 4, "snr_trans", 8, [256, 128], [64], 5e-3),
    "msl_kuairec": Cell("kuairec", "user_active_degree", ["label"] * 4, "sharedbottom", 8, [256, 128], [64], 1e-2),
    "msl_movielens": Cell("movielens", "gender_tag", ["label3"] * 2, "sharedbottom", 8, [256, 128], [64], 5e-3),
    "mtmsl_amazon": Cell("amazon", "category", ["label", "label", "label2", "label2"], "star", 8, [128, 128], [], 1e-2,
                         ("adagrad", 50, 5)),
    "mtmsl_movielens": Cell("movielens", "gender_tag", ["label2", "label2", "label3", "label3"], "mssm", 8, [128, 128],
                            [], 1e-2, ("adam", 20, 5)),
}  # fmt: skip
UNSAID = ("categories", "countries")
"""MMLRec does not say which it used."""


def published(name: str) -> Recipe:
    """A cell's config as it was published, translated."""
    cell, document = CELLS[name], deepcopy(MMLREC)
    document["data_config"] |= {"data_name": cell.file, "label_columns": cell.labels}
    if cell.column is not None:
        domains = cell.labels.count(cell.labels[0])
        scenes = {"mask_column": cell.column, "scene_feature": cell.column, "num_domains": domains}
        document["data_config"] |= scenes
    units = {f"{part}dnn_hidden_units": cell.deep for part in ("", "expert_", "bottom_")}
    document["model_config"] |= {
        "task_name": name.split("_")[0], "model_name": cell.model, "emb": cell.width,
        "tower_dnn_hidden_units": cell.tower, **units,
    }  # fmt: skip
    optimizer, document["training_config"]["epochs"], patience = cell.training
    losses = ["binary_crossentropy"] * len(cell.labels)
    document["optim_config"] |= {"optimizer": optimizer, "lr": cell.rate, "early_stop": patience, "loss": losses}
    found = translate(document, name)
    assert found is not None
    return Recipe(name, name, found.document, notes=found.notes)


def chosen(recipe: Recipe) -> dict[str, Any]:
    """The section `dataset`, without what MMLRec does not say."""
    document = recipe.section("dataset", DatasetConfig).document()
    return {key: value for key, value in document.items() if key not in UNSAID}


def test_every_cell_has_a_preset() -> None:
    assert {name for name in presets() if name.startswith("mmlrec_")} == {f"mmlrec_{name}.json" for name in CELLS}


@pytest.mark.parametrize("name", CELLS)
def test_a_preset_is_what_the_published_config_becomes(name: str) -> None:
    ours, theirs = read_preset(f"mmlrec_{name}.json"), published(name)
    assert chosen(ours) == chosen(theirs)
    for section, kind in (("split", SplitConfig), ("model", SharingConfig), ("train", TrainConfig)):
        assert ours.section(section, kind).document() == theirs.section(section, kind).document()
    model, cell = ours.section("model", SharingConfig), CELLS[name]
    assert model.encoder.embedding_dim == cell.width and model.per_domain == ("msl" in name)


@pytest.mark.parametrize("name", CELLS)
def test_the_line_of_a_preset_names_its_setting_and_its_tasks(name: str) -> None:
    recipe = read_preset(f"mmlrec_{name}.json")
    about, layout = str(recipe.about), recipe.section("dataset", DatasetConfig).layout()
    assert about.startswith(f"MMLRec's {name.split('_')[0].upper()} cell on ")
    assert [
        task.name for task in layout.tasks if task.name not in about.replace("marital status", "never_married")
    ] == []
    assert ("as domains" in about) == ("msl" in name)
    assert len(layout.tasks) == len(set(CELLS[name].labels))


def test_what_the_one_label_of_a_cell_became_is_told() -> None:
    start = "data_config.label_columns: MMLRec does not say what the one label is: here it is "
    told = {name: note[len(start) :] for name in CELLS for note in published(name).notes if note.startswith(start)}
    assert told == {
        "msl_ae": "'click'",
        "msl_amazon": "'liked'",
        "msl_kuairec": "'finished'",
        "msl_movielens": "'loved'",
    }
