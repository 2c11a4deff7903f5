import pytest
from pydantic import ValidationError

from recmtl.training.config import TrainConfig


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5])
def test_a_seed_is_what_the_generators_can_tell_apart(seed):
    with pytest.raises(ValidationError):
        TrainConfig(seed=seed)
    assert TrainConfig(seed=2**32 - 1).seed == 2**32 - 1


def test_the_largest_seed_trains(trainer):
    trainer(trainer.model(seed=2**32 - 1), seed=2**32 - 1, epochs=1)
