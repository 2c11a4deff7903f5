"""Each of MMLRec's twelve cells trains with its own model, on made-up rows in its data set's format."""

from pathlib import Path

import pytest
from mmlrec_files import CHOICES, FILES
from test_mmlrec_presets import CELLS, published

from recmtl.artifacts.progress import Silent
from recmtl.data.datasets.base import DatasetConfig
from recmtl.data.loader import load_part
from recmtl.data.policies import SplitConfig
from recmtl.data.split import build_split
from recmtl.errors import ConfigError
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
    if recipe.document["model"]["name"] not in SharingConfig.kinds:
        with pytest.raises(ConfigError, match="which is no model"):
            recipe.section("model", SharingConfig)
        return
    config = recipe.section("model", SharingConfig)
    config.check(schema)
    model = Model(config, schema, 0, {})
    parts = len(schema.tasks) * (len(schema.domains) if config.per_domain else 1)
    assert config.per_domain == (kind != "mtl") and len(model.routes) == parts
    before = weights_of(model)
    rows, valid = (load_part(tmp_path / "split", schema, part) for part in ("train", "valid"))
    state = train(model, rows, valid, recipe.section("train", TrainConfig), range(len(schema.tasks)), Silent())
    assert state.epoch == 1
    stay = [weight for weight, value in weights_of(model).items() if value.equal(before[weight]) and value.numel() > 1]
    assert stay == [], "each part of the network has rows to learn from"
