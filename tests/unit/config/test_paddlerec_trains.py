"""PaddleRec's configs train, on made-up lines of 501 numbers."""

from pathlib import Path

import numpy as np
import pytest
from foreign_documents import PADDLEREC, translated

from recmtl.artifacts.progress import Silent
from recmtl.data.datasets.base import DatasetConfig
from recmtl.data.datasets.census_one_hot import NUMBERS, SIZES
from recmtl.data.loader import load_part
from recmtl.data.policies import SplitConfig
from recmtl.data.split import build_split
from recmtl.foreign.yaml_text import read_yaml
from recmtl.models.model import Model
from recmtl.models.sharing import SharingConfig
from recmtl.recipe import Recipe
from recmtl.schema import Schema
from recmtl.training.config import TrainConfig
from recmtl.training.loop import train
from recmtl.training.state import weights_of

MODELS = {
    "ple": "  shared_num: 2\n  exp_per_task: 3\n  level_number: 1\n  expert_size: 16",
    "mmoe": "  expert_num: 8\n  gate_num: 2\n  expert_size: 16",
    "shared_bottom": "  bottom_size: 117",
}
"""The sizes in a config of each of them."""


def lines(rows: int) -> str:
    """Two labels, numbers, and of each category one flag that is set."""
    chance = np.random.default_rng(rows)
    made = []
    for _ in range(rows):
        flags = [
            int(place == chosen)
            for size in SIZES.values()
            for chosen in [chance.integers(size)]
            for place in range(size)
        ]
        made.append([*chance.integers(2, size=2), *chance.integers(60, size=len(NUMBERS)), *flags])
    return "".join(",".join(map(str, line)) + "\n" for line in made)


def published(name: str) -> Recipe:
    recipe = translated(read_yaml(PADDLEREC.format(sizes=MODELS[name]), "config.yaml"))
    return recipe.with_settings(["train.epochs=1"])


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> tuple[Schema, Path]:
    """Of made-up lines; all three ask for the same."""
    folder = tmp_path_factory.mktemp("paddlerec")
    for part, rows in (("train", 120), ("test", 40)):
        (folder / "data" / part).mkdir(parents=True)
        (folder / "data" / part / f"{part}.txt").write_text(lines(rows))
    policy = published("mmoe").section("split", SplitConfig)
    dataset = published("mmoe").section("dataset", DatasetConfig).within(policy, folder)
    (folder / "split").mkdir()
    return build_split(dataset, policy, folder, folder / "split"), folder / "split"


@pytest.mark.parametrize("name", MODELS)
def test_a_config_trains_its_model(name: str, split: tuple[Schema, Path]) -> None:
    recipe, (schema, folder) = published(name), split
    assert all(recipe.document[key] == published("mmoe").document[key] for key in ("dataset", "split"))
    config = recipe.section("model", SharingConfig)
    model = Model(config, schema, 0, {})
    before = weights_of(model)
    rows, valid = (load_part(folder, schema, part) for part in ("train", "valid"))
    state = train(model, rows, valid, recipe.section("train", TrainConfig), range(len(schema.tasks)), Silent())
    assert (config.name, schema.task_names, state.epoch) == (name, ("income", "never_married"), 1)
    assert [key for key, weight in weights_of(model).items() if weight.equal(before[key])] == []
