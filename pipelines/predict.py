"""predict: score new rows with a run's model.

Reads rows in the form of the raw data, a run's model and its split's encoding; writes the same rows with their scores,
whole or not at all. It is no stage: the result is the user's, where the user wants it, and nothing comes after it.
"""

import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from recmtl.artifacts.atomic import open_atomic, remove_leftovers
from recmtl.artifacts.explain import writing
from recmtl.artifacts.progress import Progress
from recmtl.config import nearest
from recmtl.data.table_files import STDIN, open_table
from recmtl.data.table_form import WRITTEN, TableForm, form_of
from recmtl.data.table_writers import row_writer
from recmtl.errors import ConfigError, DamagedError
from recmtl.pipelines.scoring import Scoring
from recmtl.pipelines.selection import Asked, select_model
from recmtl.pipelines.stage import Outcome
from recmtl.pipelines.trained import Trained, open_trained
from recmtl.pipelines.workspace import Workspace
from recmtl.schema import Schema
from recmtl.training.formula import Formula, parse_formula
from recmtl.training.scorer import ANY_DOMAIN

NAME = "predict"
STDOUT = STDIN
MANY = 0.5
"""A greater share of unseen values is worth a remark."""
MEAN = "mean"
"""In place of a domain's name: the mean over all."""


@dataclass(frozen=True)
class Request:
    """What shall be scored, where to, and how."""

    source: str
    """A file, a folder, or "-"."""
    target: str
    """A file, or "-"."""
    source_form: TableForm | None = None
    target_form: TableForm | None = None
    checkpoint: str = "best"
    unknown_domain: str | None = None
    formulas: tuple[str, ...] = ()


def predict(asked: Asked, request: Request, workspace: Workspace, progress: Progress, *, dry_run: bool) -> Outcome:
    """Score all rows; or only check what can be checked beforehand.

    Raises:
        ConfigError: a form, a formula or a domain is none; the output would replace the input.
        MissingError: the input, the run or its split is not there; the disk is full.
        DamagedError: the run, its split or the input is damaged, or these do not belong together.
        DataError: rows are refused.
    """
    form = _target_form(request)
    _refuse_overwriting(request)
    selection = select_model(asked, workspace)
    trained = open_trained(selection, workspace, asked)
    for line in selection.remark.splitlines():
        progress.say(line)
    checkpoint = trained.checkpoint(request.checkpoint)
    scoring = _scoring(request, trained, checkpoint)
    facts = {"run": selection.run, "data": selection.data, "checkpoint": str(checkpoint), "scores": scoring.columns}
    if dry_run:
        if request.source != STDIN:
            scoring.check(open_table(request.source, request.source_form))
        why = f"{', '.join(scoring.columns)} by {checkpoint}"
        return Outcome(NAME, "would run", Path(request.target), facts, why)
    table = open_table(request.source, request.source_form)
    scoring.check(table)
    progress.begin("scoring", table.about_rows)
    with _whole(request.target) as file, row_writer(form, file, Path(request.target)) as writer:
        for batch in scoring.scored(table):
            writer.write(batch)
            progress.advance(len(batch))
    progress.say(f"scored {scoring.tally.rows:,} rows")
    for remark in _remarks(scoring):
        progress.say(remark)
    return Outcome(NAME, "done", Path(request.target), {**facts, **_counts(scoring, request)})


def _scoring(request: Request, trained: Trained, checkpoint: Path) -> Scoring:
    schema = trained.experiment.schema
    formulas = parse_formulas(request.formulas, schema.task_names)
    unknown = _unknown(request.unknown_domain, schema)
    try:
        return Scoring(trained.scorer(checkpoint), formulas, unknown)
    except DamagedError as error:
        # no other split would do here
        raise DamagedError(error.message, hint="Train it again with recmtl train-mtl.") from error


def parse_formulas(given: Sequence[str], tasks: Sequence[str]) -> tuple[Formula, ...]:
    """Formulas whose names are each their own.

    Raises:
        ConfigError: one is none, or has the name of a task or of another.
    """
    formulas = tuple(parse_formula(text, tasks) for text in given)
    names = [*tasks, *(formula.name for formula in formulas)]
    for place, name in enumerate(names):
        if name in names[:place]:
            raise ConfigError(f"two scores are called {name!r}.", hint="Give the formula a name of its own.")
    return formulas


def _unknown(asked: str | None, schema: Schema) -> int | None:
    if asked is None:
        return None
    if len(schema.domains) == 1:
        raise ConfigError(
            f"--unknown-domain {asked}: the model has one domain, to which all rows belong.", hint="Leave it out."
        )
    if asked == MEAN and MEAN not in schema.domains:
        return ANY_DOMAIN
    if asked == MEAN or asked not in schema.domains:
        if asked == MEAN:
            raise ConfigError(
                f"--unknown-domain {MEAN}: a domain has this name, which is also the word for the mean over all.",
                hint="Give the name of another domain.",
            )
        raise ConfigError(
            f"--unknown-domain {asked}: that is no domain{nearest(asked, [*schema.domains, MEAN])}.",
            hint="Give the name of a domain, or mean.",
        )
    return schema.domains.index(asked)


def _target_form(request: Request) -> TableForm:
    form = request.target_form
    if form is None and request.target == STDOUT:
        return TableForm.CSV
    if form is None and not request.target.endswith(".gz"):
        form = form_of(Path(request.target).name)
    names = ", ".join(written.value for written in WRITTEN)
    if form is not None and form not in WRITTEN:
        raise ConfigError(f"--output {request.target}: {form.value} is read, not written.", hint=f"Write: {names}.")
    if form is None:
        raise ConfigError(
            f"--output {request.target}: the name does not say in which form to write.",
            hint=f"Give it one of these endings, or --output-format: {names}.",
        )
    return form


def _refuse_overwriting(request: Request) -> None:
    if request.target == STDOUT:
        return
    there = Path(request.target)
    if there.exists() and not there.is_file() and not there.is_dir():
        raise ConfigError(
            f"--output {request.target} is a pipe or a device.",
            hint="Write to standard output, with --output -, and lead that there.",
        )
    if request.source == STDIN:
        return
    source, target = Path(request.source).resolve(), Path(request.target).resolve()
    if source == target or (source.is_dir() and source in target.parents):
        raise ConfigError(
            f"--output {request.target} is {'the input itself' if source == target else 'in the folder of the input'}.",
            hint="Write to another place.",
        )


@contextmanager
def _whole(target: str) -> Iterator[BinaryIO]:
    """A file that comes to be at the target, or on standard output, when the block ends well."""
    if target != STDOUT:
        path = Path(target)
        path = path.resolve() if path.is_symlink() else path  # a link stays one
        remove_leftovers(path.parent)
        with open_atomic(path) as file:
            yield file
        return
    with tempfile.TemporaryFile() as spool:
        with writing(Path(tempfile.gettempdir())):
            yield cast(BinaryIO, spool)
            spool.seek(0)
        with writing(Path("standard output")):
            shutil.copyfileobj(spool, sys.stdout.buffer)
            sys.stdout.buffer.flush()


def _counts(scoring: Scoring, request: Request) -> dict[str, Any]:
    names, counted = scoring.schema.domains, scoring.tally.domains
    domains = [{"domain": name, "rows": counted[index]} for index, name in enumerate(names)]
    unknown = {
        "rows": scoring.homeless.total + scoring.without,
        "missing": scoring.without,
        "values": dict(scoring.homeless.counts.most_common()),
        "others": scoring.homeless.others,
        "scored_as": request.unknown_domain,
    }
    return {
        "rows": scoring.tally.rows,
        "domains": domains + ([{"domain": MEAN, "rows": counted[ANY_DOMAIN]}] if counted[ANY_DOMAIN] else []),
        "unknown_domains": unknown,
        "undefined": scoring.undefined,
        "features": scoring.tally.features(),
    }


def _remarks(scoring: Scoring) -> Iterator[str]:
    """What a person should look at."""
    rows = scoring.tally.rows
    for counts in scoring.tally.features():
        name, asked = repr(counts["feature"]), "is it the column that was trained on, written in the same way?"
        if counts["missing_share"] == 1:
            yield f"every value of {name} is missing: {asked}"
        elif (unseen := scoring.tally.unseen_of_known(counts["feature"])) > MANY:
            yield f"{unseen:.0%} of the values of {name} were not seen in training: {asked}"
    for name, count in scoring.undefined.items():
        if count:
            yield f"the score {name!r} has no value in {count:,} of {rows:,} rows (a division by 0?): it is null there"
