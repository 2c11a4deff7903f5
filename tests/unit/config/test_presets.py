"""Every shipped config is valid in all its sections."""

import pytest

import recmtl.data.datasets
import recmtl.models  # noqa: F401  (registers its members, as the line above does)
from recmtl.data.datasets.base import DatasetConfig
from recmtl.data.policies import SplitConfig
from recmtl.pipelines.config_schema import SECTIONS as KINDS
from recmtl.recipe import SECTIONS, presets, read_recipe
from recmtl.training.config import TrainConfig


def test_there_are_presets() -> None:
    assert {"adult.json", "lt4rec.json", "sample.json", "taobao_10.json"} <= set(presets())
    assert set(KINDS) == set(SECTIONS)


@pytest.mark.parametrize("preset", presets())
def test_a_preset_is_valid(preset: str) -> None:
    recipe = read_recipe(preset)
    recipe.check(KINDS)
    assert recipe.about and "\n" not in recipe.about
    for key in recipe.document.keys() - {"about"}:
        assert key in KINDS, f"{key} is checked by no section here"
        recipe.section(key, KINDS[key])


@pytest.mark.parametrize("preset", presets())
def test_a_preset_fits_its_data_set(preset: str) -> None:
    recipe = read_recipe(preset)
    layout = recipe.section("dataset", DatasetConfig).layout()
    assert "raw_rows" in recipe.section("split", SplitConfig).query(layout)
    tasks = {task.name: task.kind for task in layout.tasks}
    for task, loss in recipe.section("train", TrainConfig).losses.items():
        assert loss.kind == tasks[task]


@pytest.mark.parametrize("preset", presets())
def test_a_preset_with_a_slip_is_refused(preset: str) -> None:
    recipe = read_recipe(preset).with_settings(["train.epoch=1", "split.seeds=1"])
    with pytest.raises(Exception, match=r"split.seeds, .*did you mean 'seed'.*train.epoch, .*is not"):
        recipe.check(KINDS)
