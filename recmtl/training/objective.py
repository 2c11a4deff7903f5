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
from recmtl.nn.picked import picked
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
        self.alike = _alike(self.losses)
        computed = [place for _, places in self.alike for place in places]
        self.order = sorted(range(len(computed)), key=computed.__getitem__)

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
        for loss, places in self.alike:
            tasks = [self.tasks[place] for place in places]
            label_BT, logit_BT = picked(batch.labels_BT, tasks), picked(logits_BT, places)
            weight_BT = picked(batch.observed_BT, tasks) * batch.weight_B.unsqueeze(1)
            if (of_label_BT := loss.weights(label_BT)) is not None:
                weight_BT = weight_BT * of_label_BT
            loss_BT = loss.rows(logit_BT, label_BT, self.schema.tasks[tasks[0]])
            losses.append((weight_BT * loss_BT).sum(0) / weight_BT.sum(0).clamp(min=torch.finfo(loss_BT.dtype).tiny))
        return torch.cat(losses) if len(losses) == 1 else torch.cat(losses)[self.order]


def _alike(losses: Sequence[LossConfig]) -> list[tuple[LossConfig, list[int]]]:
    """Places with the same loss, which are computed together; a regression's depends on its task."""
    found: list[tuple[LossConfig, list[int]]] = []
    for place, loss in enumerate(losses):
        same = next((places for other, places in found if other == loss and loss.kind == "binary"), None)
        if same is None:
            found.append((loss, [place]))
        else:
            same.append(place)
    return found
