"""The same training on a CUDA device; skipped where torch finds none."""

import pytest
import torch
from pydantic import ValidationError

from recmtl.errors import ConfigError
from recmtl.nn.device import resolve_device
from recmtl.training.config import TrainConfig
from recmtl.training.predict import predict_rows

needs_device = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device here")
needs_none = pytest.mark.skipif(torch.cuda.is_available(), reason="torch finds a CUDA device here")


@needs_none
def test_a_device_that_is_not_there_is_refused_and_auto_takes_the_processor(trainer):
    with pytest.raises(ConfigError, match="the device is 'cuda', but torch finds none here") as caught:
        trainer(trainer.model(), device="cuda")
    assert "--device cpu" in caught.value.hint
    assert resolve_device("auto") == "cpu"


@needs_device
@pytest.mark.parametrize("precision", ["f32", "bf16"])
def test_it_comes_to_what_the_processor_comes_to_and_the_model_is_back_in_memory(trainer, precision):
    models = {device: trainer.still() for device in ("cpu", "cuda")}
    states = {device: trainer(model, device=device, precision=precision) for device, model in models.items()}
    near = 0.05 if precision == "bf16" else 1e-3
    assert states["cuda"].best_score == pytest.approx(states["cpu"].best_score, abs=near)
    rows = trainer.rows.batch
    found, expected = (predict_rows(models[device], rows, [0, 1]) for device in ("cuda", "cpu"))
    assert models["cuda"].device.type == "cpu" and abs(found - expected).max() < near
    assert all(weight.device.type == "cpu" for weight in states["cuda"].best_weights.values())


@pytest.mark.parametrize(("key", "value", "known"), [("precision", "f16", "'f32'"), ("device", "gpu", "'cuda'")])
def test_a_word_that_is_none_is_refused_with_those_there_are(key, value, known):
    with pytest.raises(ValidationError, match=rf"Input should be 'auto', .*{known}") as caught:
        TrainConfig(**{key: value})
    assert [problem["loc"] for problem in caught.value.errors()] == [(key,)]
