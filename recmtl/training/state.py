"""All that training has come to: weights, optimisers, position, the best so far. Put away, it goes on from there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from recmtl.models.model import Model
from recmtl.training.chance import chance_of, set_chance


@dataclass
class TrainState:
    """Changed in place by the loop."""

    model: Model
    optimizers: list[Optimizer]
    epoch: int = 0
    """Epochs that are done."""
    step: int = 0
    """Steps of the next epoch that are done."""
    loss_T: Tensor = field(default_factory=lambda: torch.zeros(0))
    """Sum over the rows of these steps, each task's over those where it was observed."""
    rows_T: Tensor = field(default_factory=lambda: torch.zeros(0))
    """The weight of those rows."""
    history: list[dict[str, Any]] = field(default_factory=list)
    """One record an epoch."""
    best_epoch: int = -1
    best_weights: dict[str, Tensor] = field(default_factory=dict)

    @property
    def best_score(self) -> float:
        """Validation score of the best epoch, -inf before the first."""
        return float(self.history[self.best_epoch]["score"]) if self.history else float("-inf")

    def begin(self, tasks: int) -> None:
        """An epoch begins."""
        self.loss_T, self.rows_T = torch.zeros(2, tasks, device=self.model.device)

    def record(self, losses: Mapping[str, float], skills: Mapping[str, float | None], score: float) -> None:
        """An epoch is done."""
        better = score > self.best_score
        self.history.append({"epoch": self.epoch, "loss": dict(losses), "validation": dict(skills), "score": score})
        if better:
            self.best_epoch = self.epoch
            self.best_weights = weights_of(self.model)
        self.epoch, self.step = self.epoch + 1, 0

    def content(self) -> dict[str, Any]:
        """Tensors and plain values alone, for a checkpoint. Within an epoch, torch's generators are part of it."""
        return {
            "weights": weights_of(self.model),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "epoch": self.epoch,
            "step": self.step,
            "losses": [self.loss_T.cpu(), self.rows_T.cpu()] if self.step else [],
            "chance": chance_of(self.model.device) if self.step else None,
            "history": self.history,
            "best_epoch": self.best_epoch,
            "best_weights": self.best_weights,
        }

    def restore(self, content: Mapping[str, Any]) -> None:
        """Go on from `content`; KeyError, ValueError, RuntimeError or TypeError if it is another training's."""
        self.model.load_state_dict(content["weights"])
        for optimizer, saved in zip(self.optimizers, content["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.epoch, self.step, self.history = content["epoch"], content["step"], content["history"]
        self.best_epoch, self.best_weights = content["best_epoch"], content["best_weights"]
        if self.step:
            self.loss_T, self.rows_T = (values_T.to(self.model.device) for values_T in content["losses"])
            set_chance(content["chance"])


def weights_of(model: Model) -> dict[str, Tensor]:
    """A copy of the model's weights, in memory."""
    return {name: value.detach().to("cpu", copy=True) for name, value in model.state_dict().items()}
