"""The stage runner: a stage is a function from a config and inputs to a folder, which appears whole or not at all.

Its fingerprint covers its part of the config, its inputs' hashes and the code. A folder with that fingerprint whose
files are as they were written is not made again. A lock keeps a second run off the folder; work happens in
`.<name>.partial` beside it.
"""

import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any, ClassVar, Literal

from recmtl.artifacts import manifest
from recmtl.artifacts.atomic import discard, publish, remove_leftovers, write_text
from recmtl.artifacts.code_version import code_version
from recmtl.artifacts.explain import writing
from recmtl.artifacts.hashing import HashMemory, digest_json
from recmtl.artifacts.lock import hold
from recmtl.artifacts.progress import Progress
from recmtl.errors import ConfigError, DamagedError, Interrupted, MissingError
from recmtl.pipelines.workspace import Kind, Workspace, not_made
from recmtl.training.interrupt import signals_wait

Status = Literal["done", "done already", "would run"]


@dataclass(frozen=True)
class Plan:
    """What a stage is about to make, decided before anything is written."""

    target: Path
    config: Mapping[str, Any]
    """The resolved sections that change the result."""
    inputs: Mapping[str, str]
    """Name -> hash of everything that is read."""
    seed: int | None = None
    remembered: Mapping[str, Any] = field(default_factory=dict)
    """What later stages want to know and what changes nothing here: the recipe, names."""
    mark: tuple[Kind, str] | None = None
    """The `latest` mark that moves when this is published."""
    remark: str = ""
    """What the user should know before it runs; one thing a line."""


@dataclass(frozen=True)
class Context:
    """What a running stage is given."""

    out: Path
    """The folder to write into. Hidden files in it are not published: a resumed stage finds them again."""
    progress: Progress


@dataclass(frozen=True)
class Outcome:
    """What became of a stage."""

    stage: str
    status: Status
    target: Path
    notes: Mapping[str, Any]
    """The stage's own facts."""
    why: str = ""
    """Of a stage that would run: what is new."""


class Stage(ABC):
    """One step of the pipeline."""

    name: ClassVar[str]
    resumes: ClassVar[bool] = False
    """A stage that was stopped finds what it had written so far."""

    depends_on_code: ClassVar[bool] = True
    """Another version of the code may give another result."""

    counts: ClassVar[Literal["rows", "bytes"]] = "rows"
    """What its progress is told in."""

    @abstractmethod
    def plan(self, workspace: Workspace) -> Plan:
        """Check everything that can be checked beforehand."""

    def check(self) -> None:  # noqa: B027  (most stages have nothing to check)
        """Check, with the target locked, what the run was started with: before anything that an earlier run left, and
        could go on from, is put away.
        """

    @abstractmethod
    def run(self, context: Context) -> dict[str, Any]:
        """Make the result below `context.out`; returns the facts that go into the manifest, as JSON values."""


def execute(stage: Stage, workspace: Workspace, progress: Progress, *, dry_run: bool = False) -> Outcome:
    """Run a stage, unless its result is there already.

    Raises:
        LockedError: another run is at it.
        ConfigError: something else has the result's place.
        DamagedError: an input is damaged, or changed while the stage ran.
        Interrupted: a signal came; a stage that resumes has kept what it had.
    """
    plan = stage.plan(workspace)
    refuse_foreign(plan.target)
    for line in plan.remark.splitlines():
        progress.say(line)
    fingerprint = _fingerprint(stage, plan)
    memory = workspace.hashes()
    if dry_run:
        why = _news(stage, plan, fingerprint, memory)
        return Outcome(stage.name, "would run" if why else "done already", plan.target, {}, why)
    with writing(plan.target), hold(plan.target):
        remove_leftovers(plan.target.parent)
        notes = _finished(plan, fingerprint, memory)
        status: Status = "done already"
        if notes is None:
            stage.check()
            partial = plan.target.parent / f".{plan.target.name}.partial"
            _prepare(partial, fingerprint if stage.resumes else None)
            notes, status = _make(stage, workspace, plan, fingerprint, partial, progress), "done"
        memory.save()
        if plan.mark is not None:
            workspace.mark_latest(*plan.mark)
    return Outcome(stage.name, status, plan.target, notes)


def read_input(folder: Path, workspace: Workspace, first: str) -> tuple[manifest.Manifest, str]:
    """An input's manifest and the hash of its content, after checking every file against it.

    Args:
        folder: a published folder.
        workspace: remembers hashes.
        first: the command that makes it, for the error.

    Raises:
        MissingError: it is not there.
        DamagedError: a file is not as it was written.
    """
    memory = workspace.hashes()
    if not (folder / manifest.NAME).is_file():
        raise not_made(folder, first)
    found = manifest.verify(folder, memory, first)
    memory.save()
    return found, digest_json({path: output.sha256 for path, output in found.outputs.items()})


def refuse_foreign(target: Path) -> None:
    """Refuse to put a result in place of what recmtl has not made.

    Raises:
        ConfigError: there is something without a manifest.
    """
    there = any(target.iterdir()) if target.is_dir() else os.path.lexists(target)
    if there and not os.path.lexists(target / manifest.NAME):
        raise ConfigError(
            f"{target} is taken: recmtl has not made it, and will not replace it.",
            hint="Move it elsewhere, or give the result another name.",
        )


def _fingerprint(stage: Stage, plan: Plan) -> str:
    code = code_version() if stage.depends_on_code else ""
    return digest_json(
        {"stage": stage.name, "config": plan.config, "inputs": plan.inputs, "seed": plan.seed, "code": code}
    )


def _finished(plan: Plan, fingerprint: str, memory: HashMemory) -> dict[str, Any] | None:
    """The notes of a result that is there already and whole."""
    try:
        found = manifest.read(plan.target)
        if found.fingerprint != fingerprint:
            return None
        manifest.verify(plan.target, memory)
    except (MissingError, DamagedError):
        return None
    if {key: found.notes.get(key) for key in plan.remembered} != plan.remembered:
        # later stages ask for these, and the user may have edited a section that is not this stage's
        found = manifest.remember(plan.target, found, dict(plan.remembered))
    return dict(found.notes)


def _prepare(partial: Path, fingerprint: str | None) -> None:
    """An empty folder; or, for a stage that resumes, what an earlier run with the same fingerprint left."""
    mark = partial / ".fingerprint"
    if partial.exists() and not (fingerprint and mark.is_file() and mark.read_bytes() == fingerprint.encode()):
        discard(partial)
    partial.mkdir(parents=True, exist_ok=True)
    if fingerprint:
        write_text(mark, fingerprint)


def _make(
    stage: Stage, workspace: Workspace, plan: Plan, fingerprint: str, partial: Path, progress: Progress
) -> dict[str, Any]:
    started, clock = datetime.now(UTC).isoformat(timespec="seconds"), monotonic()
    try:
        # a stage that cannot go on later has nothing to put away: it may as well end at once
        with signals_wait() if stage.resumes else nullcontext():
            notes = {**stage.run(Context(partial, progress)), **plan.remembered}
        if dict(stage.plan(workspace).inputs) != dict(plan.inputs):
            raise DamagedError(
                f"an input of {stage.name} changed while it was read; nothing is published.", hint="Run it again."
            )
        for hidden in partial.glob(".*"):
            shutil.rmtree(hidden) if hidden.is_dir() else hidden.unlink()
        manifest.write(
            partial, stage=stage.name, fingerprint=fingerprint, config=dict(plan.config), inputs=dict(plan.inputs),
            seed=plan.seed, started=started, seconds=monotonic() - clock, notes=notes,
        )  # fmt: skip
        publish(partial, plan.target)
    except BaseException as error:
        # what a stopped run or a full disk left is gone on with; after any other failure it may be the cause itself
        kept = stage.resumes and isinstance(error, Interrupted | MissingError | OSError)
        if partial.exists() and not kept:
            discard(partial)
        if isinstance(error, DamagedError) and str(partial) in error.message:
            raise DamagedError(error.message, hint="It is put away: the same command begins anew.") from error
        raise
    return notes


def _news(stage: Stage, plan: Plan, fingerprint: str, memory: HashMemory) -> str:
    """Why the stage would run; empty if it would not."""
    try:
        found = manifest.read(plan.target)
        manifest.verify(plan.target, memory)
    except MissingError:
        return "there is no result yet"
    except DamagedError as error:
        return error.message
    if found.fingerprint == fingerprint:
        return ""
    before, now = _flat(dict(found.config)), _flat(dict(plan.config))
    changes = [f"{k} {before.get(k)} -> {now.get(k)}" for k in sorted({*before, *now}) if before.get(k) != now.get(k)]
    changes += [
        f"input {k} changed" for k in sorted({*found.inputs, *plan.inputs}) if found.inputs.get(k) != plan.inputs.get(k)
    ]
    return "; ".join(changes) or "the code changed"


def _flat(value: Any, path: str = "") -> dict[str, Any]:
    if not isinstance(value, dict):
        return {path: list(value) if isinstance(value, tuple) else value}
    return {k: v for key, inner in value.items() for k, v in _flat(inner, f"{path}.{key}" if path else key).items()}
