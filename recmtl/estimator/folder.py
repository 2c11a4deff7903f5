"""A fitted estimator as a folder: estimator.json, schema.json, vocabulary/, weights.pt, and the manifest."""

import json
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Annotated, Any

import numpy as np

from recmtl.artifacts import manifest, tensors
from recmtl.artifacts.atomic import discard, publish
from recmtl.artifacts.explain import writing
from recmtl.artifacts.hashing import HashMemory, digest_json
from recmtl.artifacts.lock import hold
from recmtl.config import Config, OneOf
from recmtl.data.encoding import FeatureEncoder
from recmtl.data.vocabulary import load_vocabularies, save_vocabularies
from recmtl.errors import ConfigError, DamagedError, MissingError
from recmtl.estimator.columns import Column
from recmtl.estimator.fitted import Fitted
from recmtl.estimator.settings import plain
from recmtl.models.model import Model
from recmtl.models.sharing import SharingConfig
from recmtl.nn.precision import Precision
from recmtl.schema import Schema
from recmtl.training.scorer import Scorer
from recmtl.training.state import weights_of

STAGE = "estimator"
"""What the manifest calls the maker of the folder."""
_HINT = "Save the estimator again."


class Description(Config):
    """What is in estimator.json beside the parameters and the history."""

    columns: tuple[Column, ...]
    named: bool
    """The columns' names are those of the user's frame."""
    domain: str | None
    flat: bool
    model: Annotated[SharingConfig, OneOf()]
    best_epoch: int
    seed: int
    precision: Precision = "f32"


@dataclass(frozen=True)
class Saved:
    """What a folder holds."""

    fitted: Fitted
    parameters: dict[str, Any]
    """Of the estimator."""
    named: bool
    """As in the description."""


def save(target: Path, fitted: Fitted, parameters: Mapping[str, Any], named: bool) -> None:
    """Publish the folder, in place of an earlier one of these.

    Raises:
        ConfigError: a parameter is no JSON value; something else is at `target`.
        MissingError: the disk is full.
        LockedError: it is being saved there already.
    """
    started, clock = datetime.now(UTC).isoformat(timespec="seconds"), monotonic()
    description = _describe(fitted, named)
    document: dict[str, Any] = {
        "parameters": _as_json(parameters, fitted.seed),
        "fitted": description.document(),
        "history": fitted.history,
    }
    partial = target.parent / f".{target.name}.partial"
    with writing(target), hold(target):
        _check_target(target)
        if partial.exists():
            discard(partial)
        partial.mkdir(parents=True)
        model, encoder = fitted.scorer.model, fitted.scorer.encoder
        (partial / "estimator.json").write_text(json.dumps(document, indent=1, allow_nan=False) + "\n")
        (partial / "schema.json").write_text(json.dumps(model.schema.document(), indent=1) + "\n")
        save_vocabularies(encoder.vocabularies, partial / "vocabulary")
        tensors.save(partial / "weights.pt", weights_of(model))
        manifest.write(
            partial, stage=STAGE, fingerprint=digest_json(document), config=document["parameters"], inputs={},
            seed=fitted.seed, started=started, seconds=monotonic() - clock, notes={},
        )  # fmt: skip
        publish(partial, target)


def load(target: Path, known: Collection[str]) -> Saved:
    """Read what `save` wrote; `known` names the parameters that there are.

    Raises:
        MissingError: nothing is there.
        DamagedError: a file is not as it was written, or is none of these.
    """
    with _said_of(target):
        made = manifest.verify(target, HashMemory(Path(os.devnull)))
        if made.stage != STAGE:
            raise DamagedError(f"{target} is no saved estimator: `recmtl {made.stage}` made it.")
        schema = Schema.model_validate_json((target / "schema.json").read_bytes())
        document = json.loads((target / "estimator.json").read_bytes())
        description = Description.model_validate(document["fitted"])
        if not set(document["parameters"]) <= set(known):
            raise ValueError("parameters of another version")
        model = Model(description.model, schema, seed=0)
        model.precision = description.precision
        weights = tensors.load(target / "weights.pt")
        state = {name: (value.shape, value.dtype) for name, value in model.state_dict().items()}
        tensors.check_like(weights, state, "weights", target / "weights.pt")
        model.load_state_dict(weights)
        encoder = FeatureEncoder(schema, load_vocabularies(target / "vocabulary", schema.tables))
        fitted = Fitted(
            description.columns, description.domain, description.flat, description.model,
            Scorer(model.eval(), encoder), list(document["history"]), description.best_epoch, description.seed,
        )  # fmt: skip
        return Saved(fitted, dict(document["parameters"]), description.named)


def _describe(fitted: Fitted, named: bool) -> Description:
    return Description(
        columns=fitted.columns, named=named, domain=fitted.domain, flat=fitted.flat, model=fitted.config,
        best_epoch=fitted.best_epoch, seed=fitted.seed, precision=fitted.scorer.model.precision,
    )  # fmt: skip


def _as_json(parameters: Mapping[str, Any], seed: int) -> dict[str, Any]:
    found = {}
    for name, value in parameters.items():
        if isinstance(value, np.random.RandomState):
            value = seed
        try:
            found[name] = json.loads(json.dumps(plain(value), allow_nan=False))
        except (TypeError, ValueError) as error:
            raise ConfigError(f"the parameter {name} cannot be saved: {error}.") from error
    return found


def _check_target(target: Path) -> None:
    """What is replaced is deleted: it must be one of ours."""
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return
    try:
        if manifest.read(target).stage == STAGE:
            return
    except (MissingError, DamagedError):
        pass
    raise ConfigError(f"{target} is there and is no saved estimator.", hint="Give another path, or remove it first.")


@contextmanager
def _said_of(target: Path) -> Iterator[None]:
    try:
        yield
    except DamagedError as error:
        raise DamagedError(error.message, hint=_HINT) from error
    except MissingError as error:
        raise MissingError(f"{target} holds no saved estimator: {error.message}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedError(f"{target} is no estimator that this version can read.", hint=_HINT) from error
