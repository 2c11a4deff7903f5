"""Which recipe, which split and which run a command means, from what was given and what is there."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import JsonValue

from recmtl.artifacts import manifest
from recmtl.config import Config
from recmtl.errors import ConfigError, MissingError
from recmtl.pipelines.workspace import Workspace
from recmtl.recipe import Recipe, frozen, read_recipe

SAMPLE = "sample.json"

ConfigT = TypeVar("ConfigT", bound=Config)


@dataclass(frozen=True)
class Asked:
    """What a command was given; None where nothing was."""

    config: str | None = None
    settings: tuple[str, ...] = ()
    data: str | None = None
    run: str | None = None
    seed: int | None = None
    sample: bool = False

    def opened(self) -> Recipe | None:
        """The recipe that was named, with --set put in."""
        if self.sample and self.config:
            raise ConfigError(
                "--sample and --config were both given.",
                hint="The sample has a config of its own; change it with --set.",
            )
        config = SAMPLE if self.sample else self.config
        return read_recipe(config).with_settings(self.settings) if config else None


@dataclass(frozen=True)
class Selection:
    """What the stage works with."""

    recipe: Recipe
    data: str
    run: str
    remark: str = ""
    """What the user should know about this choice."""

    def with_flags(self, flags: Mapping[str, JsonValue]) -> "Selection":
        """With the values of flags put in; None is a flag that was not given."""
        recipe = self.recipe
        for path, value in flags.items():
            if value is not None:
                recipe = recipe.with_value(path, value)
        return replace(self, recipe=recipe)

    def remembered(self) -> dict[str, Any]:
        """For the manifest, so that later stages need no --config."""
        return {"recipe": _written(self.recipe), "data": self.data, "run": self.run}


def select_split(asked: Asked) -> Selection:
    """For the stage that makes a split: it needs a config."""
    recipe = asked.opened()
    if recipe is None:
        raise ConfigError(
            "split-domains needs to know the data set.", hint="Give --config FILE or a preset's name, or --sample."
        )
    return Selection(recipe, asked.data or recipe.text("data") or recipe.name, "")


def select_run(asked: Asked, workspace: Workspace) -> Selection:
    """For the stages that train.

    The split: --data, the config's `data`, the split of the config's own name, the one made last. Without a config,
    the split's own is used, with the model that the run's earlier stage used.

    Raises:
        MissingError: there is no split.
    """
    recipe = asked.opened()
    data = asked.data or (recipe.text("data") if recipe else None)
    if data is None and recipe and (asked.sample or workspace.split(recipe.name).is_dir()):
        data = recipe.name
    data = data or workspace.latest("data")
    remark = ""
    if recipe is None:
        of_split = _of_split(workspace.split(data))
        run = workspace.run(asked.run or of_split.text("run") or of_split.name)
        recipe, remark = _with_earlier_model(of_split, run)
        recipe = recipe.with_settings(asked.settings)
    return Selection(recipe, data, asked.run or recipe.text("run") or recipe.name, remark)


def select_model(asked: Asked, workspace: Workspace) -> Selection:
    """For the stage that scores: a run that has a model, on the split it was trained on unless another is given."""
    recipe = asked.opened()
    run = asked.run or (recipe.text("run") or recipe.name if recipe else None) or workspace.latest("runs")
    notes = _notes(workspace.run(run) / "model", "recmtl train-mtl")
    used = _read(notes)
    recipe = recipe or used.with_settings(asked.settings)
    return Selection(recipe, asked.data or str(notes["data"]), run)


def _of_split(split: Path) -> Recipe:
    return _read(_notes(split, "recmtl split-domains --config NAME.json"))


def _with_earlier_model(recipe: Recipe, run: Path) -> tuple[Recipe, str]:
    """A run keeps the model that its initial weights were made for: its tickets and checkpoints belong together. And a
    remark, if that is not what the recipe says.
    """
    from recmtl.models.sharing import SharingConfig  # here: split-domains selects too, and does not wait for torch

    try:
        earlier = manifest.read(run / "init").config["model"]
    except MissingError:
        return recipe, ""
    if recipe.section("model", SharingConfig).document() == earlier:
        return recipe, ""
    remark = (
        f"the model is the one that {run} was started with, not the one in {recipe.source}: give a config to use that"
    )
    return recipe.with_value("model", earlier), remark


def _notes(folder: Path, first: str) -> dict[str, Any]:
    try:
        return dict(manifest.read(folder).notes)
    except MissingError as error:
        raise MissingError(
            f"{folder} is not there.",
            hint=f"First run: {first}. Or try this command on the embedded sample with --sample.",
        ) from error


def _written(recipe: Recipe) -> dict[str, Any]:
    document = json.loads(json.dumps(recipe.document))  # as it will come back from the manifest
    return {"source": recipe.source, "name": recipe.name, "document": document}


def _read(notes: dict[str, Any]) -> Recipe:
    saved = notes["recipe"]
    return Recipe(saved["source"], saved["name"], frozen(saved["document"]))


def seeded(section: ConfigT, seed: int | None) -> ConfigT:
    """The section with --seed in place of its own."""
    return section if seed is None else section.model_copy(update={"seed": seed})
