"""A run's trained model with the split it belongs to: what scores rows works with."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import JsonValue

from recmtl.data.encoding import FeatureEncoder
from recmtl.data.vocabulary import load_vocabularies
from recmtl.errors import MissingError
from recmtl.models.model import Model
from recmtl.nn.device import resolve_device
from recmtl.nn.precision import resolve_precision
from recmtl.pipelines.checkpoint import load_checkpoint
from recmtl.pipelines.experiment import Experiment, open_experiment
from recmtl.pipelines.selection import Asked, Selection
from recmtl.pipelines.stage import read_input
from recmtl.pipelines.workspace import Workspace
from recmtl.training.scorer import Scorer


@dataclass(frozen=True)
class Trained:
    """A finished training, its files and its split's checked against their manifests."""

    folder: Path
    """Of its checkpoints."""
    experiment: Experiment

    def checkpoint(self, asked: str) -> Path:
        """The file of a checkpoint: best, last, epoch-N, or a path.

        Raises:
            MissingError: there is none.
        """
        path = self.folder / f"{asked}.pt"
        if path.is_file():
            return path
        if Path(asked).is_file():
            return Path(asked)
        there = ", ".join(sorted(p.stem for p in self.folder.glob("*.pt")))
        raise MissingError(
            f"there is no checkpoint {asked!r} in {self.folder}.", hint=f"There are: {there}. A path may be given too."
        )

    def load(self, checkpoint: Path) -> Model:
        """The model with its weights and tickets. Errors as in `load_checkpoint`."""
        model = self.experiment.build()
        load_checkpoint(checkpoint, model, self.experiment.split_hash)
        device = resolve_device(self.experiment.train.device)
        model.precision = resolve_precision(self.experiment.train.precision, device)
        return model.to(device)

    def scorer(self, checkpoint: Path) -> Scorer:
        """The model with the split's encoding. Errors as in `load_checkpoint`."""
        schema = self.experiment.schema
        vocabularies = load_vocabularies(self.experiment.split / "vocabulary", schema.vocabulary_rows)
        return Scorer(self.load(checkpoint), FeatureEncoder(schema, vocabularies))


def open_trained(selection: Selection, workspace: Workspace, asked: Asked | None = None) -> Trained:
    """The model of the selected run, on the selected split; it computes as it was trained, unless asked otherwise.

    Raises:
        ConfigError: there is no such device.
        MissingError: the run has no finished training, or the split is gone.
        DamagedError: a file is not as it was written.
    """
    folder = workspace.run(selection.run) / "model"
    trained, _ = read_input(folder, workspace, "recmtl train-mtl")
    # the model is what was trained, whatever the config says now
    recipe = selection.recipe.with_value("model", trained.config["model"]).with_value("train", trained.config["train"])
    for key, value in _computing(recipe.document["train"], asked or Asked()).items():
        recipe = recipe.with_value(f"train.{key}", value)
    return Trained(folder, open_experiment(replace(selection, recipe=recipe), workspace))


def _computing(trained: Mapping[str, JsonValue], asked: Asked) -> dict[str, JsonValue]:
    """Precision and device; what was trained on a device scores without it where there is none."""
    device = asked.device or ("auto" if trained["device"] == "cuda" else "cpu")
    return {"device": device, "precision": asked.precision or trained["precision"]}
