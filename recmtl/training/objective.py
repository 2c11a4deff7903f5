"""Turns logits and labels into one loss for each task, over the task's own sample space."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from recmtl.batch import Batch
from recmtl.config import nearest
from recmtl.errors import ConfigError
from recmtl.losses.base import LossConfig
from recmtl.losses.cross_entropy import CrossEntropyConfig
from recmtl.losses.mse import MseConfig
from recmtl.schema import Schema


class Objective:
    """logits_BT, batch -> losses_T: for each task the mean of its loss over the rows where it was observed (PLE,
    eq. 8), each row as heavy as its weight.
    """

    def __init__(self, losses: Mapping[str, LossConfig], schema: Schema, tasks: Sequence[int]) -> None:
        for name in losses:
            if name not in schema.task_names:
                raise ConfigError(f"train.losses names the task {name!r}{nearest(name, schema.task_names)}.")
        self.schema, self.tasks = schema, tasks
        self.losses = [self._loss(losses, task) for task in tasks]

    def _loss(self, losses: Mapping[str, LossConfig], index: int) -> LossConfig:
        task = self.schema.tasks[index]
        loss = losses.get(task.name) or (CrossEntropyConfig() if task.kind == "binary" else MseConfig())
        if loss.kind != task.kind:
            fitting = sorted(name for name, kind in LossConfig.kinds.items() if kind.kind == task.kind)
            raise ConfigError(
                f"train.losses.{task.name} is {loss.name!r}, for {loss.kind} tasks, but the task is {task.kind}.",
                hint=f"Fitting: {', '.join(fitting)}.",
            )
        return loss

    def __call__(self, logits_BT: Tensor, batch: Batch) -> Tensor:
        """A task that no row of the batch observed has the loss 0, and no gradient."""
        losses = []
        for place, (index, loss) in enumerate(zip(self.tasks, self.losses, strict=True)):
            label_B = batch.labels_BT[:, index]
            weight_B = loss.weights(label_B) * batch.observed_BT[:, index] * batch.weight_B
            loss_B = loss.rows(logits_BT[:, place], label_B, self.schema.tasks[index])
            losses.append((weight_B * loss_B).sum() / weight_B.sum().clamp(min=torch.finfo(weight_B.dtype).tiny))
        return torch.stack(losses)
