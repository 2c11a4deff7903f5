"""Each of MMLRec's twelve cells trains with its own model, on made-up rows in its data set's format."""

from copy import deepcopy
from pathlib import Path

import pytest
from foreign_documents import MMLREC, translated
from mmlrec_files import CHOICES, FILES
from test_mmlrec_presets import CELLS, published

from recmtl.artifacts.progress import Silent
from recmtl.data.datasets.base import DatasetConfig
from recmtl.data.loader import load_part
from recmtl.data.policies import SplitConfig
from recmtl.data.split import build_split
from recmtl.foreign.mmlrec_shapes import SHAPES
from recmtl.models.model import Model
from recmtl.models.sharing import SharingConfig
from recmtl.recipe import Recipe
from recmtl.schema import Schema
from recmtl.training.config import TrainConfig
from recmtl.training.loop import train
from recmtl.training.state import weights_of


def split(recipe: Recipe, folder: Path) -> Schema:
    """Made-up rows, as the cell splits them."""
    dataset = recipe.section("dataset", DatasetConfig)
    (folder / "raw").mkdir()
    (folder / "split").mkdir()
    raw = FILES[dataset.name](folder / "raw")
    return build_split(dataset, recipe.section("split", SplitConfig), raw, folder / "split")


@pytest.mark.parametrize("name", CELLS)
def test_a_cell_trains_with_its_own_model(name: str, tmp_path: Path) -> None:
    recipe = published(name)
    recipe = recipe.with_settings(["train.epochs=1", *CHOICES.get(recipe.document["dataset"]["name"], [])])
    schema = split(recipe, tmp_path)
    kind = name.split("_")[0]
    assert (len(schema.tasks) > 1, len(schema.domains) > 1) in {
        "mtl": [(True, False), (True, True)], "msl": [(False, True)], "mtmsl": [(True, True)],
    }[kind]  # fmt: skip
    model = trained(recipe, schema, tmp_path)
    domains = len(schema.domains) if "msl" in kind else 1
    assert len(model.routes) == len(schema.tasks) * domains


@pytest.fixture(scope="module")
def of_both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Schema, Path]:
    """A cell of several tasks and several domains."""
    folder = tmp_path_factory.mktemp("mtmsl")
    return split(published("mtmsl_movielens"), folder), folder


@pytest.mark.parametrize("name", sorted({*SHAPES} - {"pcg"}))  # there is no balance pcgrad here yet
def test_every_model_of_the_benchmark_trains_in_a_cell_of_several_tasks_and_domains(
    name: str, of_both: tuple[Schema, Path]
) -> None:
    document = deepcopy(MMLREC)
    document["model_config"] |= {"task_name": "mtmsl", "model_name": name}
    trained(translated(document).with_settings(["train.epochs=1"]), *of_both)


def trained(recipe: Recipe, schema: Schema, folder: Path) -> Model:
    """One epoch, in which every part of the network moves."""
    config = recipe.section("model", SharingConfig)
    config.check(schema)
    model = Model(config, schema, 0, {})
    before = weights_of(model)
    rows, valid = (load_part(folder / "split", schema, part) for part in ("train", "valid"))
    state = train(model, rows, valid, recipe.section("train", TrainConfig), range(len(schema.tasks)), Silent())
    assert state.epoch == 1
    stay = [weight for weight, value in weights_of(model).items() if value.equal(before[weight]) and value.numel() > 1]
    assert stay == [], "each part of the network has rows to learn from"
    return model
