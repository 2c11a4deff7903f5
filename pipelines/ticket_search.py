"""The search for a task's ticket: train, cut the smallest weights, rewind to the initial weights, repeat (LT4REC)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from torch import Tensor

from recmtl.adapters.mask import Masks
from recmtl.artifacts import tensors
from recmtl.errors import ConfigError
from recmtl.pipelines.experiment import Experiment
from recmtl.pipelines.stage import Context
from recmtl.pruning.config import PruneConfig
from recmtl.pruning.magnitude import cut, full_mask, geometric_counts, prunable
from recmtl.pruning.tickets import Trial
from recmtl.training.loop import train


@dataclass(frozen=True)
class TicketSearch:
    """One task's. Each round is put away when it is done, so that a stopped search goes on after the last one."""

    experiment: Experiment
    task: int
    """Position in the schema."""
    config: PruneConfig
    context: Context

    def trials(self) -> Iterator[Trial]:
        """The dense trial, then one for each mask.

        Raises:
            ConfigError: the model shares no weight, or the final rate leaves none.
        """
        model, _ = self.experiment.start()
        mask = full_mask(prunable(model.sharing))
        if not mask:
            raise ConfigError(
                f"tasks share no layers in the model {self.experiment.model.name!r}, and a ticket is a part of those.",
                hint="Run train-mtl without tickets, or choose another model.",
            )
        total = sum(value.numel() for value in mask.values())
        counts = [total, *geometric_counts(total, self.config.final_rate, self.config.iterations)]
        if counts[-1] < 1:
            raise ConfigError(
                f"prune.final_rate {self.config.final_rate:g} leaves none of {total:,} weights.",
                hint="Give a larger one.",
            )
        weights: Mapping[str, Tensor] = {}
        for place, keep in enumerate(counts):
            if place:  # the first round is dense: nothing to cut yet
                mask = cut(mask, weights, keep)
            score, weights = self._round(place, mask)
            trial = Trial(mask, keep, total, score)
            name = self.experiment.schema.tasks[self.task].name
            self.context.progress.say(f"{name}: {trial.percent}% of the weights, validation score {score:.4f}")
            yield trial

    def _round(self, place: int, mask: Mapping[str, Tensor]) -> tuple[float, dict[str, Tensor]]:
        """Validation score and trained weights of one mask, from the initial weights."""
        done, checkpoint = (self.context.out / f".{kind}_{place}.pt" for kind in ("round", "training"))
        if not done.exists():
            model, _ = self.experiment.start()
            if place:
                model.masks = Masks({self.task: mask})
            train_rows, valid_rows = self.experiment.rows("train"), self.experiment.rows("valid")
            state = train(
                model, train_rows, valid_rows, self.experiment.train, [self.task], self.context.progress, checkpoint
            )
            weights = {name: state.best_weights[f"sharing.{name}"] for name in mask}
            tensors.save(done, {"score": state.best_score, "weights": weights})
            checkpoint.unlink()
        content = tensors.load(done)
        return content["score"], content["weights"]
