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


@pytest.mark.parametrize("name", MODELS)
def test_a_config_trains_its_model(name: str, tmp_path: Path) -> None:
    recipe = translated(read_yaml(PADDLEREC.format(sizes=MODELS[name]), "config.yaml"))
    recipe = recipe.with_settings(["train.epochs=1"])
    for part, rows in (("train", 120), ("test", 40)):
        (tmp_path / "data" / part).mkdir(parents=True)
        (tmp_path / "data" / part / f"{part}.txt").write_text(lines(rows))
    policy = recipe.section("split", SplitConfig)
    dataset = recipe.section("dataset", DatasetConfig).within(policy, tmp_path)
    (tmp_path / "split").mkdir()
    schema = build_split(dataset, policy, tmp_path, tmp_path / "split")
    config = recipe.section("model", SharingConfig)
    model = Model(config, schema, 0, {})
    before = weights_of(model)
    rows, valid = (load_part(tmp_path / "split", schema, part) for part in ("train", "valid"))
    state = train(model, rows, valid, recipe.section("train", TrainConfig), range(len(schema.tasks)), Silent())
    assert (config.name, schema.task_names, state.epoch) == (name, ("income", "never_married"), 1)
    assert [key for key, weight in weights_of(model).items() if weight.equal(before[key])] == []
