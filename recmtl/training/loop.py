"""The one training loop. What differs between methods is plugged in: the objective, the balance, the optimisers.

Everything random is a function of (seed, epoch) and the position within the epoch: the order of rows by `shuffled`,
dropout by the generator that is seeded at the epoch's beginning and put away with the state. So a training that was
stopped at any step goes on from there, and ends in the same bits.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import ceil
from pathlib import Path
from time import monotonic

import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_

from recmtl.artifacts import tensors
from recmtl.artifacts.progress import Progress
from recmtl.batch import Batch
from recmtl.data.order import shuffled
from recmtl.data.rows import Rows
from recmtl.data.watched import WatchedRows
from recmtl.errors import ConfigError, DamagedError, DataError, Interrupted
from recmtl.metrics.predictions import TaskPredictions
from recmtl.metrics.skill import skills
from recmtl.metrics.undefined import Undefined
from recmtl.models.model import Model
from recmtl.nn.device import Device, resolve_device
from recmtl.nn.picked import picked
from recmtl.nn.precision import resolve_precision
from recmtl.nn.products import fast_products
from recmtl.training.config import TrainConfig
from recmtl.training.interrupt import stop_if_asked
from recmtl.training.objective import Objective
from recmtl.training.predict import task_predictions
from recmtl.training.state import TrainState

CHECKPOINT_SECONDS = 300.0
"""Of work that a kill may cost."""

AfterEpoch = Callable[[TrainState, Sequence[TaskPredictions]], None]
"""Told of an epoch: what training has come to, and what the model says of the validation rows."""

_DIVERGED = 1e6
"""No mean loss comes near: all start about 1 or below it, whatever the labels' units are."""


def train(
    model: Model,
    train_rows: Rows,
    valid_rows: Rows,
    config: TrainConfig,
    tasks: Sequence[int],
    progress: Progress,
    checkpoint: Path | None = None,
    after_epoch: AfterEpoch | None = None,
) -> TrainState:
    """Train `model` on `tasks` until validation stops getting better; the best epoch's weights are in the state.

    Args:
        model: at its start; holds the last epoch's weights afterwards.
        train_rows: what is learnt from.
        valid_rows: what stopping and the choice of the best epoch look at.
        config: the section `train`.
        tasks: positions in the schema.
        progress: told how far it is.
        checkpoint: written after every epoch, every few minutes and when a signal comes; if it is there already,
            training goes on from it.
        after_epoch: called when an epoch is done, before its checkpoint.

    Raises:
        ConfigError: training diverged, or the model cannot learn from a row.
        DataError: no task has a defined validation score.
        Interrupted: a signal came.
    """
    device = resolve_device(config.device)
    devices = [torch.cuda.current_device()] if device == "cuda" else []
    # the caller's random numbers stay as they were
    with torch.random.fork_rng(devices), _lying_on(model, device), fast_products():
        loop = _Loop(model, train_rows, valid_rows, config, tasks, progress, checkpoint)
        loop.restore()
        while not loop.done:
            try:
                predictions = loop.epoch()
            except Interrupted:
                loop.save()
                raise
            progress.say(_line(loop.state))
            if after_epoch is not None:
                after_epoch(loop.state, predictions)
            loop.save()
    return loop.state


@contextmanager
def _lying_on(model: Model, device: Device) -> Iterator[None]:
    """The model on the device, at the beginning and at the end in memory."""
    model.to(device)
    try:
        yield
    finally:
        model.to("cpu")


class _Loop:
    """One training's parts."""

    def __init__(
        self, model: Model, train_rows: Rows, valid_rows: Rows, config: TrainConfig, tasks: Sequence[int],
        progress: Progress, checkpoint: Path | None,
    ) -> None:  # fmt: skip
        self.model, self.train_rows, self.valid_rows, self.config, self.tasks = (
            model, train_rows, valid_rows, config, tasks,
        )  # fmt: skip
        self.progress, self.checkpoint = progress, checkpoint
        model.precision = resolve_precision(config.precision, resolve_device(config.device))
        self.names = [model.schema.tasks[task].name for task in tasks]
        self.objective = Objective(config.losses, model.schema, tasks)
        self.balance = config.balance.build(self.names)
        self.dense = list(model.dense_weights().values())
        self.tables = model.all_tables
        of_tables = [config.table_optimizer.build(table) for table in self.tables]
        self.state = TrainState(model, [config.optimizer.build(self.dense), *of_tables])
        self.rates = [config.optimizer.learning_rate, *[config.table_optimizer.learning_rate] * len(self.tables)]
        if config.compile and model.masks is None:
            model.sharing.compile()
        self.steps_per_epoch = ceil(len(train_rows) / config.batch_size)
        self.saved = monotonic()

    @property
    def done(self) -> bool:
        """Whether all epochs are, or none has been better for long enough."""
        state, config = self.state, self.config
        return state.epoch >= config.epochs or state.epoch - 1 - state.best_epoch >= config.patience

    def restore(self) -> None:
        """Go on from the checkpoint, if there is one."""
        if self.checkpoint is not None and self.checkpoint.exists():
            try:
                self.state.restore(tensors.load(self.checkpoint))
            except (KeyError, ValueError, RuntimeError, TypeError) as error:
                raise DamagedError(
                    f"{self.checkpoint} is no checkpoint of this training.", hint="Remove it."
                ) from error
            step = f", step {self.state.step}" if self.state.step else ""
            self.progress.say(f"going on after epoch {self.state.epoch}{step}")

    def save(self) -> None:
        """Put away all that training has come to."""
        if self.checkpoint is not None:
            tensors.save(self.checkpoint, self.state.content())
        self.saved = monotonic()

    def epoch(self) -> list[TaskPredictions]:
        """The rest of an epoch, its validation and its record; what the model says of the validation rows.

        Raises:
            Interrupted: a signal came; the state can go on from here.
        """
        config, state, rows = self.config, self.state, self.train_rows
        if not state.step:
            torch.manual_seed(_mixed(config.seed, state.epoch))
            state.begin(len(self.tasks))
        windows = shuffled(rows.group_sizes, config.shuffle_window, config.seed, state.epoch)
        self.model.train()
        self.progress.begin(f"epoch {state.epoch + 1}", len(rows))
        self.progress.advance(min(state.step * config.batch_size, len(rows)))
        for batch in rows.batches(windows, config.batch_size, skip=state.step * config.batch_size):
            if not state.epoch:  # the later ones see the same rows
                self.model.sharing.check_rows(batch)
            self._set_rates()
            batch = batch.to(self.model.device)
            rows_T = picked(batch.weight_B @ batch.observed_BT.float(), self.tasks, dim=0)
            state.loss_T += self.step(batch) * rows_T
            state.rows_T += rows_T
            state.step += 1
            self.progress.advance(len(batch))
            if monotonic() - self.saved > CHECKPOINT_SECONDS:
                self.save()
            stop_if_asked()
        valid_rows = WatchedRows(self.valid_rows, "validation", self.progress)
        predictions = task_predictions(self.model, valid_rows, self.tasks)
        self.record(state.loss_T / state.rows_T.clamp(min=torch.finfo(torch.float32).tiny), predictions)
        return predictions

    def step(self, batch: Batch) -> Tensor:
        """One update; the losses_T before it."""
        for optimizer in self.state.optimizers:
            optimizer.zero_grad(set_to_none=True)
        output = self.model.output(batch, self.tasks)
        losses_T = self.objective(output.logits_BT, batch)
        self.balance.backward(losses_T, self.model.sharing.extra_loss(output, batch, self.tasks))
        if self.config.clip_norm is not None:
            clip_grad_norm_(self.dense, self.config.clip_norm)
        for table in self.tables:
            self.config.table_optimizer.settle(table)
        for optimizer in self.state.optimizers:
            optimizer.step()
        return losses_T.detach()

    def record(self, losses_T: Tensor, predictions: Sequence[TaskPredictions]) -> None:
        """The epoch's record, and whether it is the best."""
        losses = dict(zip(self.names, losses_T.tolist(), strict=True))
        if not bool((losses_T < _DIVERGED).all()) or any(not _finite(p) for p in predictions):
            raise ConfigError(
                f"training diverged in epoch {self.state.epoch + 1}: the losses are {_listed(losses)}.",
                hint="Lower the learning rates of train.optimizer and train.table_optimizer, or set train.clip_norm.",
            )
        try:
            found = skills(predictions)
        except Undefined as error:
            raise DataError(
                f"no task has a validation score: {error.reason}.",
                hint="Give validation more rows (split.shares or split.valid_share).",
            ) from error
        defined = [skill for skill in found.values() if skill is not None]
        self.state.record(losses, found, sum(defined) / len(defined))

    def _set_rates(self) -> None:
        """A function of the step alone, whatever was restored."""
        step = self.state.epoch * self.steps_per_epoch + self.state.step
        factor = self.config.learning_rate_schedule.factor(step, self.steps_per_epoch * self.config.epochs)
        for optimizer, rate in zip(self.state.optimizers, self.rates, strict=True):
            for group in optimizer.param_groups:
                group["lr"] = rate * factor


def _listed(losses: Mapping[str, float]) -> str:
    return ", ".join(f"{loss:g} ({task})" for task, loss in losses.items())


def _finite(prediction: TaskPredictions) -> bool:
    return bool(torch.from_numpy(prediction.prediction).isfinite().all())


def _mixed(seed: int, epoch: int) -> int:
    """A seed for an epoch, far from those of other epochs and seeds."""
    return (seed * 1_000_003 + epoch) * 2_654_435_761 % 2**63


def _line(state: TrainState) -> str:
    record = state.history[-1]
    skills = ", ".join(
        f"{task} {'undefined' if skill is None else f'{skill:.4f}'}" for task, skill in record["validation"].items()
    )
    best = " (best)" if state.best_epoch == state.epoch - 1 else ""
    return f"epoch {state.epoch}: validation {skills}; score {record['score']:.4f}{best}"
