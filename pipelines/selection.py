"""Which recipe, which split and which run a command means, from what was given and what is there."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from recmtl.artifacts import manifest
from recmtl.artifacts.code_version import code_version
from recmtl.errors import ConfigError, DamagedError, MissingError
from recmtl.pipelines.workspace import SPLIT_FIRST, Workspace, not_made
from recmtl.recipe import KEYS, Recipe, read_recipe

SAMPLE = "sample.json"


@dataclass(frozen=True)
class Asked:
    """What a command was given; None where nothing was."""

    config: str | None = None
    settings: tuple[str, ...] = ()
    data: str | None = None
    run: str | None = None
    seed: int | None = None
    sample: bool = False
    stream: bool | None = None
    memory_limit: str | None = None
    extend: str | None = None
    since: str | None = None
    until: str | None = None
    precision: str | None = None
    device: str | None = None

    def opened(self) -> Recipe | None:
        """The recipe that was named, with --set put in."""
        if self.sample and self.config:
            raise ConfigError(
                "--sample and --config were both given.",
                hint="The sample has a config of its own; change it with --set.",
            )
        config = SAMPLE if self.sample else self.config
        return read_recipe(config).with_settings(self.settings) if config else None

    def check_settings(self, stage: str, sections: tuple[str, ...]) -> None:
        """Refuse a --set that would do nothing. On the sample any may do something: earlier stages run too."""
        for setting in () if self.sample else self.settings:
            section = setting.split(".")[0].split("=")[0]
            if section in KEYS and section not in sections:
                raise ConfigError(
                    f"--set {setting}: {stage} does not use {section!r}.", hint=f"It uses: {', '.join(sections)}."
                )


@dataclass(frozen=True)
class Selection:
    """What the stage works with."""

    recipe: Recipe
    data: str
    run: str
    remark: str = ""
    """What the user should know about this choice; one thing a line."""

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
    data = _first(asked.data, recipe.text("data"), recipe.name)
    flags = {"split.seed": asked.seed, "split.since": asked.since, "split.until": asked.until}
    return Selection(recipe, data, "", "\n".join(recipe.notes)).with_flags(flags)


def select_run(asked: Asked, stage: str, workspace: Workspace) -> Selection:
    """For the stages that train.

    The split: --data, the config's `data`, the split of the config's own name, the one made last. Without a config,
    the split's own is used, with the model that the run's earlier stage used.

    Raises:
        MissingError: there is no split.
        ConfigError: the config is for another data set than the split, or --set does nothing.
    """
    asked.check_settings(stage, ("model", "train", "prune"))
    recipe = asked.opened()
    data = recipe.text("data") if recipe and asked.data is None else asked.data
    if data is None and recipe and (asked.sample or workspace.split(recipe.name).is_dir()):
        data = recipe.name
    why = ", the one made last" if data is None else ""
    data = workspace.latest("data") if data is None else data
    split = _manifest(workspace.split(data), SPLIT_FIRST)
    if recipe is None:
        of_split = _read(split.notes)
        run = workspace.run(_run_name(asked, of_split))
        recipe, remark = _with_earlier_model(of_split, run)
        recipe = recipe.with_settings(asked.settings)
    else:
        remark = "" if _made_with(recipe, split) else _check_split(recipe, split.config, data)
    selection = Selection(recipe, data, _run_name(asked, recipe))
    names = f"split {data!r}{why}, run {selection.run!r}"
    remark = f"{names}; {remark}" if remark else names
    return replace(selection, remark="\n".join((remark, *recipe.notes))).with_flags(
        {"train.seed": asked.seed, "train.precision": asked.precision, "train.device": asked.device}
    )


def select_model(asked: Asked, workspace: Workspace) -> Selection:
    """For the stage that scores: a run that has a model, on the split it was trained on unless another is given.

    Raises:
        MissingError: there is no model.
        ConfigError: --set does nothing.
    """
    asked.check_settings("evaluate", ("evaluate",))
    recipe = asked.opened()
    named = _run_name(asked, recipe) if recipe else asked.run
    run = workspace.latest("runs") if named is None else named
    notes = _manifest(workspace.run(run) / "model", "recmtl train-mtl").notes
    recipe = recipe or _read(notes).with_settings(asked.settings)
    data = str(notes["data"]) if asked.data is None else asked.data
    why = ", the one made last" if named is None else ""
    return Selection(recipe, data, run, "\n".join((f"split {data!r}, run {run!r}{why}", *recipe.notes)))


def _run_name(asked: Asked, recipe: Recipe) -> str:
    return _first(asked.run, recipe.text("run"), recipe.name)


def _first(given: str | None, configured: str | None, otherwise: str) -> str:
    """The first there is; an empty one was given too, and will be refused as a name."""
    return next(value for value in (given, configured, otherwise) if value is not None)


def _made_with(recipe: Recipe, split: manifest.Manifest) -> bool:
    """Whether the split was made with these very sections, by this code: then there is nothing to check, and no wait
    for all data sets to be imported.
    """
    if split.versions.get("recmtl") != code_version() or "recipe" not in split.notes:
        return False
    made = _read(split.notes).document
    texts = [json.dumps([document.get(key) for key in recipe.document if key in ("dataset", "split")], sort_keys=True)
             for document in (made, recipe.document)]  # fmt: skip
    return texts[0] == texts[1]  # as texts, because to Python 1 is true


def _check_split(recipe: Recipe, made_with: Mapping[str, Any], data: str) -> str:
    """Whether a config that was given is for this split: a remark where it would split another way.

    Raises:
        ConfigError: it is for another data set.
    """
    from recmtl.data.datasets.base import DatasetConfig  # here: this pulls DuckDB in
    from recmtl.data.policies import SplitConfig

    given: dict[str, dict[str, Any]] = {}
    if "dataset" in recipe.document:
        given["dataset"] = recipe.section("dataset", DatasetConfig).document()
    if "split" in recipe.document:
        given["split"] = recipe.section("split", SplitConfig).document()
    if "dataset" in given and given["dataset"]["name"] != made_with["dataset"]["name"]:
        raise ConfigError(
            f"{recipe.source} is for the data set {given['dataset']['name']!r}, but the split {data!r} holds "
            f"{made_with['dataset']['name']!r}.",
            hint="Name another split with --data, or make one: recmtl split-domains --config.",
        )
    other = [key for key, document in given.items() if document != made_with[key]]
    what = " and ".join(f"{key!r}" for key in other)
    return f"the split was made with other settings than the config has in {what}" if other else ""


def _with_earlier_model(recipe: Recipe, run: Path) -> tuple[Recipe, str]:
    """A run keeps the model that its initial weights were made for: its tickets and checkpoints belong together. And a
    remark, if that is not what the recipe says.
    """
    from recmtl.models.sharing import SharingConfig  # here: split-domains selects too, and does not wait for torch

    try:
        with began_there(run):
            earlier = manifest.read(run / "init").config["model"]
    except MissingError:
        return recipe, ""
    if recipe.section("model", SharingConfig).document() == earlier:
        return recipe, ""
    remark = (
        f"the model is the one that {run} was started with, not the one in {recipe.source}: give a config to use that"
    )
    return recipe.with_value("model", earlier), remark


@contextmanager
def began_there(run: Path) -> Iterator[None]:
    """Say what damage to a run's initial weights means."""
    try:
        yield
    except DamagedError as error:
        raise DamagedError(
            error.message, hint=f"Remove {run}, since all in it began there, and make it again."
        ) from error


def _manifest(folder: Path, first: str) -> manifest.Manifest:
    if not (folder / manifest.NAME).is_file():
        raise not_made(folder, first)
    return manifest.read(folder, first)


def _written(recipe: Recipe) -> dict[str, Any]:
    document = json.loads(json.dumps(recipe.document))  # as it will come back from the manifest
    return {"source": recipe.source, "name": recipe.name, "document": document}


def _read(notes: Mapping[str, Any]) -> Recipe:
    saved = notes["recipe"]
    return Recipe(saved["source"], saved["name"], saved["document"])
