"""A training that was stopped and goes on from its checkpoint ends in the same bits as one that was not."""

import os
import random
import signal

import pytest
import torch

from recmtl.artifacts import tensors
from recmtl.artifacts.progress import Silent
from recmtl.errors import DamagedError, Interrupted
from recmtl.training import loop, predict
from recmtl.training.interrupt import signals_wait
from recmtl.training.optimizers import OptimizerConfig, TableOptimizerConfig
from recmtl.training.state import weights_of

SCHEDULES = [
    {"name": "constant", "warmup_steps": 7},
    {"name": "cosine", "warmup_steps": 2, "floor": 0.05},
    {"name": "exponential"},
]


class Stopped(Exception):
    """The process ends here."""


def stop_before_the_checkpoint_of(epoch):
    def after(state, _):
        if state.epoch == epoch:
            raise Stopped

    return after


def assert_same(found, expected):
    """Bit for bit, whatever it is made of."""
    assert type(found) is type(expected)
    if isinstance(expected, torch.Tensor):
        assert torch.equal(found, expected) and found.dtype == expected.dtype
    elif isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for key, value in expected.items():
            assert_same(found[key], value)
    elif isinstance(expected, (list, tuple)):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_same(one, other)
    else:
        assert found == expected


def in_pieces(trainer, path, epochs, **config):
    """Stopped in the epoch after every checkpoint, each time taken up by a new model and new optimizers."""
    for epoch in range(2, epochs + 1):
        with pytest.raises(Stopped):
            trainer(
                trainer.model(), checkpoint=path, after=stop_before_the_checkpoint_of(epoch), epochs=epochs, **config
            )
        assert tensors.load(path)["epoch"] == epoch - 1
    return trainer(trainer.model(), checkpoint=path, epochs=epochs, **config)


def compare(trainer, tmp_path, epochs=4, **config):
    whole = trainer(trainer.model(), checkpoint=tmp_path / "whole.pt", epochs=epochs, **config)
    pieces = in_pieces(trainer, tmp_path / "pieces.pt", epochs, **config)
    assert_same(pieces.content(), whole.content())
    assert_same(tensors.load(tmp_path / "pieces.pt"), tensors.load(tmp_path / "whole.pt"))
    assert (tmp_path / "pieces.pt").read_bytes() == (tmp_path / "whole.pt").read_bytes()
    return whole


@pytest.mark.parametrize("table_optimizer", sorted(TableOptimizerConfig.kinds))
@pytest.mark.parametrize("optimizer", sorted(OptimizerConfig.kinds))
def test_every_pair_of_optimizers(trainer, tmp_path, optimizer, table_optimizer):
    momentum = {"momentum": 0.9} if optimizer in ("sgd", "rmsprop") else {}
    config = {
        "optimizer": {"name": optimizer, "learning_rate": 3e-3, **momentum},
        "table_optimizer": {"name": table_optimizer, "learning_rate": 3e-2, "l2": 1e-3},
    }
    compare(trainer, tmp_path, learning_rate_schedule={"name": "cosine", "warmup_steps": 7}, clip_norm=1.0, **config)


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda schedule: schedule["name"])
def test_every_learning_rate_schedule(trainer, tmp_path, schedule):
    compare(trainer, tmp_path, learning_rate_schedule=schedule)


def test_state_that_a_resumed_training_would_lack_is_really_used(trainer, tmp_path):
    """If the optimizers' state were lost, the bits would differ: the test above can fail."""
    trainer(trainer.model(), checkpoint=tmp_path / "one.pt", epochs=2)
    whole = trainer(trainer.model(), epochs=3)
    content = tensors.load(tmp_path / "one.pt")
    for optimizer in content["optimizers"]:
        optimizer["state"] = {}
    tensors.save(tmp_path / "one.pt", content)
    lost = trainer(trainer.model(), checkpoint=tmp_path / "one.pt", epochs=3)
    assert not torch.equal(
        lost.content()["weights"]["heads.head.0.weight"], whole.content()["weights"]["heads.head.0.weight"]
    )


def test_the_best_epoch_may_lie_before_the_stop(trainer, tmp_path):
    rates = {
        "optimizer": {"name": "adam", "learning_rate": 0.05},
        "table_optimizer": {"name": "lazy_adam", "learning_rate": 0.1},
    }
    whole = compare(trainer, tmp_path, epochs=10, **rates)
    assert whole.best_epoch < 8, "the problem is made so that it overfits"


def test_early_stopping_counts_on(trainer, tmp_path):
    rates = {
        "optimizer": {"name": "adam", "learning_rate": 0.05},
        "table_optimizer": {"name": "lazy_adam", "learning_rate": 0.1},
    }
    whole = trainer(trainer.model(), epochs=20, patience=3, **rates)
    path = tmp_path / "c.pt"
    stop = whole.best_epoch + 3  # two epochs without a better one are done
    with pytest.raises(Stopped):
        trainer(
            trainer.model(),
            checkpoint=path,
            after=stop_before_the_checkpoint_of(stop + 1),
            epochs=20,
            patience=3,
            **rates,
        )
    assert tensors.load(path)["epoch"] == stop
    again = trainer(trainer.model(), checkpoint=path, epochs=20, patience=3, **rates)
    assert again.epoch == whole.epoch == whole.best_epoch + 4 < 20
    assert_same(again.content(), whole.content())


def test_a_training_that_is_done_is_not_done_again(trainer, tmp_path):
    path = tmp_path / "c.pt"
    whole = trainer(trainer.model(), checkpoint=path)
    written = path.stat()
    model = trainer.model()
    again = trainer(model, checkpoint=path)
    assert_same(again.content(), whole.content())
    assert_same(weights_of(model), weights_of(whole.model))
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (written.st_mtime_ns, written.st_ino)


class Signalling(Silent):
    """Sends this process a signal in its `at`-th step, of training or of validation."""

    def __init__(self, at, number, within="epoch"):
        self.left, self.number, self.within, self.what = at, number, within, ""

    def begin(self, what, rows):
        self.what = what

    def advance(self, rows):
        if rows and self.what.startswith(self.within):
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), self.number)


STEPS = 5
"""Of an epoch."""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("stop_at", range(1, 3 * STEPS + 1))
def test_a_signal_in_any_step(trainer, tmp_path, number, stop_at):
    path = tmp_path / "c.pt"
    with signals_wait(), pytest.raises(Interrupted) as raised:
        trainer(trainer.model(), checkpoint=path, progress=Signalling(stop_at, number))
    assert raised.value.exit_code == 128 + number
    left = tensors.load(path)
    assert left["epoch"] * STEPS + left["step"] == stop_at, "not one step is lost"
    assert_same(trainer(trainer.model(), checkpoint=path).content(), trainer(trainer.model()).content())


@pytest.mark.parametrize("stop_at", [1, 4, 7])
def test_a_signal_during_validation(trainer, tmp_path, monkeypatch, stop_at):
    monkeypatch.setattr(predict, "BATCH_ROWS", 64)  # five batches
    path = tmp_path / "c.pt"
    with signals_wait(), pytest.raises(Interrupted):
        trainer(trainer.model(), checkpoint=path, progress=Signalling(stop_at, signal.SIGTERM, within="validation"))
    left = tensors.load(path)
    assert (left["epoch"], left["step"]) == (stop_at // STEPS, STEPS), "the epoch's steps are not done again"
    assert_same(trainer(trainer.model(), checkpoint=path).content(), trainer(trainer.model()).content())


def test_twenty_stops_at_random_steps(trainer, tmp_path):
    chance, path, stops = random.Random(1), tmp_path / "c.pt", 0
    while stops < 20:
        with signals_wait(), pytest.raises(Interrupted):
            trainer(
                trainer.model(), checkpoint=path, progress=Signalling(chance.randint(2, 5), signal.SIGTERM), epochs=30
            )
        stops += 1
    assert_same(
        trainer(trainer.model(), checkpoint=path, epochs=30).content(), trainer(trainer.model(), epochs=30).content()
    )


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device here")
@pytest.mark.parametrize("table_optimizer", sorted(TableOptimizerConfig.kinds))
def test_on_a_device(trainer, tmp_path, same_bits, table_optimizer):
    config = {"device": "cuda", "table_optimizer": {"name": table_optimizer}}
    whole = trainer(trainer.model(), **config).content()["weights"]
    with signals_wait(), pytest.raises(Interrupted):
        trainer(trainer.model(), checkpoint=tmp_path / "c.pt", progress=Signalling(7, signal.SIGTERM), **config)
    same_bits(trainer(trainer.model(), checkpoint=tmp_path / "c.pt", **config).content()["weights"], whole)


def test_dropout_goes_on_where_it_was(trainer, tmp_path):
    """If the generator's state were lost, the bits would differ: the tests above can fail."""
    path = tmp_path / "c.pt"
    with signals_wait(), pytest.raises(Interrupted):
        trainer(trainer.model(), checkpoint=path, progress=Signalling(2, signal.SIGTERM))
    content = tensors.load(path)
    with torch.random.fork_rng():
        content["chance"] = [torch.manual_seed(5).get_state()]
    tensors.save(path, content)
    lost, whole = trainer(trainer.model(), checkpoint=path), trainer(trainer.model())
    assert not torch.equal(
        lost.content()["weights"]["heads.head.0.weight"], whole.content()["weights"]["heads.head.0.weight"]
    )


def test_a_kill_costs_no_more_than_the_time_between_checkpoints(trainer, tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0)
    path, found = tmp_path / "c.pt", []

    class Looking(Silent):
        def begin(self, what, rows):
            self.training = what.startswith("epoch")

        def advance(self, rows):
            if self.training:
                left = tensors.load(path) if path.exists() else {"epoch": 0, "step": 0}
                found.append((left["epoch"], left["step"]))

    trainer(trainer.model(), checkpoint=path, progress=Looking(), epochs=2)
    steps = [epoch * STEPS + step for epoch, step in found]
    assert steps == [0, 0, 1, 2, 3, 4, 5, 5, 6, 7, 8, 9]


@pytest.mark.parametrize("spoil", ["weights", "optimizers", "best_epoch"])
def test_another_file_in_its_place_is_refused(trainer, tmp_path, spoil):
    path = tmp_path / "c.pt"
    trainer(trainer.model(), checkpoint=path, epochs=1)
    tensors.save(path, {key: value for key, value in tensors.load(path).items() if key != spoil})
    with pytest.raises(DamagedError, match=r"c\.pt is no checkpoint of this training"):
        trainer(trainer.model(), checkpoint=path)


def test_a_checkpoint_says_from_where_it_goes_on(trainer, tmp_path):
    class Told(Silent):
        def __init__(self):
            self.lines = []

        def say(self, text):
            self.lines.append(text)

    with pytest.raises(Stopped):
        trainer(trainer.model(), checkpoint=tmp_path / "c.pt", after=stop_before_the_checkpoint_of(3))
    told = Told()
    trainer(trainer.model(), checkpoint=tmp_path / "c.pt", progress=told)
    assert told.lines[0] == "going on after epoch 2" and len(told.lines) == 2
