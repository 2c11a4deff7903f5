"""What the training stages share: the resolved sections, the split, and the initial weights that a run keeps for
good.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from pydantic import JsonValue
from torch import Tensor

from recmtl.artifacts import manifest, tensors
from recmtl.artifacts.atomic import discard, publish
from recmtl.artifacts.hashing import digest_json
from recmtl.artifacts.lock import hold
from recmtl.artifacts.memory import available_memory
from recmtl.data.load_vectors import load_vectors
from recmtl.data.loader import load_part
from recmtl.data.rows import Rows
from recmtl.data.schema_file import load_schema
from recmtl.data.streamed import RowsOnDisk
from recmtl.errors import ConfigError, DamagedError
from recmtl.models.model import Model
from recmtl.models.sharing import SharingConfig
from recmtl.pipelines.lineage import extended_by
from recmtl.pipelines.selection import Selection, began_there
from recmtl.pipelines.stage import read_input, refuse_foreign
from recmtl.pipelines.workspace import Workspace
from recmtl.schema import Schema
from recmtl.training.config import TrainConfig
from recmtl.training.objective import Objective

MEMORY_SHARE = 0.5
"""Of the available memory: a part that would need more stays on disk."""


@dataclass(frozen=True)
class Experiment:
    """A run's resolved sections and its split, checked."""

    selection: Selection
    model: SharingConfig
    train: TrainConfig
    split: Path
    split_hash: str
    schema: Schema
    workspace: Workspace
    bases: tuple[str, ...] = ()
    """Hashes of the splits that the split extends."""
    stream: bool | None = None
    """Whether rows stay on disk; None: if they would take too much of the memory."""

    @property
    def folder(self) -> Path:
        """The run's."""
        return self.workspace.run(self.selection.run)

    def rows(self, part: str) -> Rows:
        """A part of the split. Where it lies changes nothing but speed."""
        on_disk = RowsOnDisk(self.split, self.schema, part)
        stream = on_disk.needed_bytes > available_memory() * MEMORY_SHARE if self.stream is None else self.stream
        return on_disk if stream else load_part(self.split, self.schema, part)

    def check_tasks(self) -> None:
        """Refuse losses and weights of tasks that the split does not have, features that it does not have, and a model
        that cannot learn its tasks, before any row is read.
        """
        self.model.encoder.check(self.schema)
        self.model.check(self.schema)
        Objective(self.train.losses, self.schema, range(len(self.schema.tasks)))
        self.train.balance.check(self.schema.task_names)

    def check_seed(self) -> None:
        """Refuse another seed than the one that the run was started with, if it was started."""
        if not (self.folder / "init" / manifest.NAME).is_file():
            return
        with began_there(self.folder):
            found = manifest.read(self.folder / "init")
        if found.seed != self.train.seed:
            raise ConfigError(
                f"{self.folder} was started with seed {found.seed}, and train.seed is {self.train.seed}.",
                hint="Give this one a name of its own with --run.",
            )

    def build(self) -> Model:
        """The model as the seed makes it."""
        return Model(self.model, self.schema, self.train.seed, load_vectors(self.split, self.schema))

    def start(self) -> tuple[Model, str]:
        """The model at the run's initial weights, and their hash.

        The first stage that needs them makes them, under their own lock; then they never change, so that tickets
        and models of one run belong together. Only weights that do not depend on vocabularies are kept: tables
        start as a function of the seed.

        Raises:
            DamagedError: the run was started with another architecture.
            ConfigError: the run was started with another seed.
        """
        model = self.build()
        weights = model.dense_weights()
        with hold(self.folder / "init"):
            if not (self.folder / "init" / manifest.NAME).is_file():
                refuse_foreign(self.folder / "init")
                self._publish_start(weights)
        self.check_seed()
        with began_there(self.folder):
            manifest.verify(self.folder / "init", self.workspace.hashes())
        path = self.folder / "init" / "weights.pt"
        content = tensors.load(path)
        try:
            tensors.check_like(content, {k: (v.shape, v.dtype) for k, v in weights.items()}, "weights", path)
        except DamagedError as error:
            raise DamagedError(
                error.message,
                hint="The run was started with another model or other features: give this one a name of its own with "
                "--run.",
            ) from error
        model.load_state_dict(content, strict=False)
        return model, tensors.hash_tensors(content)

    def _publish_start(self, weights: dict[str, Tensor]) -> None:
        started, clock, partial = (
            datetime.now(UTC).isoformat(timespec="seconds"),
            monotonic(),
            self.folder / ".init.partial",
        )
        if partial.exists():
            discard(partial)
        partial.mkdir(parents=True)
        try:
            self._write_start(partial, weights, started, clock)
            publish(partial, self.folder / "init")
        except BaseException:
            if partial.exists():
                discard(partial)
            raise

    def _write_start(self, partial: Path, weights: dict[str, Tensor], started: str, clock: float) -> None:
        tensors.save(partial / "weights.pt", weights)
        config: dict[str, JsonValue] = {"model": self.model.document(), "seed": self.train.seed}
        manifest.write(
            partial, stage="init", fingerprint=digest_json(config), config=config, inputs={}, seed=self.train.seed,
            started=started, seconds=monotonic() - clock, notes={},
        )  # fmt: skip


def open_experiment(selection: Selection, workspace: Workspace, stream: bool | None = None) -> Experiment:
    """Check the sections `model` and `train`, and the split, before anything is computed.

    Raises:
        ConfigError: a section is not valid, or names tasks that the split does not have; the model cannot learn one.
        MissingError: there is no such split.
        DamagedError: a file of the split is not as it was written.
    """
    split = workspace.split(selection.data)
    made, split_hash = read_input(split, workspace, f"recmtl split-domains --config {selection.recipe.name}.json")
    selection.recipe.check({"model": SharingConfig, "train": TrainConfig})
    model = selection.recipe.section("model", SharingConfig)
    train = selection.recipe.section("train", TrainConfig).resolved()
    experiment = Experiment(
        selection, model, train, split, split_hash, load_schema(split), workspace, extended_by(made), stream
    )
    experiment.check_tasks()
    experiment.check_seed()
    return experiment
