import itertools
import math

import pytest

from recmtl.training.learning_rate import ConstantConfig, CosineConfig, ExponentialConfig, LearningRateConfig

EVERY = [ConstantConfig(), CosineConfig(floor=0.1), ExponentialConfig(floor=0.1)]


@pytest.mark.parametrize("warmup", [0, 4])
@pytest.mark.parametrize("config", EVERY, ids=lambda config: config.name)
def test_the_ends(config, warmup):
    config = config.model_copy(update={"warmup_steps": warmup})
    assert config.factor(warmup, 100) == 1
    assert config.factor(100, 100) == pytest.approx(1 if config.name == "constant" else 0.1)
    assert config.factor(500, 100) == config.factor(100, 100), "nothing happens after the end"


def test_warmup_rises_in_equal_steps():
    config = CosineConfig(warmup_steps=4)
    assert [config.factor(step, 100) for step in range(5)] == [0.25, 0.5, 0.75, 1, 1]


def test_a_warmup_longer_than_training_never_ends():
    assert ConstantConfig(warmup_steps=10).factor(4, 5) == 0.5


def test_cosine():
    config = CosineConfig(floor=0.2, warmup_steps=10)
    for step in (10, 25, 55, 109):
        expected = 0.2 + 0.8 * (1 + math.cos(math.pi * (step - 10) / 100)) / 2
        assert config.factor(step, 110) == pytest.approx(expected)
    assert config.factor(60, 110) == pytest.approx(0.6)


def test_exponential_multiplies_by_the_same_every_step():
    config = ExponentialConfig(floor=0.01)
    factors = [config.factor(step, 50) for step in range(51)]
    ratios = [after / before for before, after in itertools.pairwise(factors)]
    assert ratios == pytest.approx([0.01 ** (1 / 50)] * 50)


@pytest.mark.parametrize("config", EVERY, ids=lambda config: config.name)
def test_all_of_training_within_warmup_divides_by_nothing(config):
    assert config.model_copy(update={"warmup_steps": 3}).factor(3, 3) == 1


def test_all_curves_are_covered_here():
    assert set(LearningRateConfig.kinds) == {config.name for config in EVERY}
