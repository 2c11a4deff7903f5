"""The estimator's parameters, checked as the sections of a config are."""

import secrets
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field, ValidationError, field_validator

import recmtl.models  # noqa: F401 (registers the models)
from recmtl.config import Config, OneOf, nearest, problems
from recmtl.data.policies import FilesSplit
from recmtl.errors import ConfigError
from recmtl.estimator.labels import TaskSettings
from recmtl.models.sharing import SharingConfig
from recmtl.training.config import TrainConfig

SEEDS = 2**32
MEAN = "mean"
"""In place of an unknown domain: the mean over all domains."""


class Settings(Config):
    """What the estimator was asked for. The words are those of a config's sections."""

    model: Annotated[SharingConfig, OneOf()]
    train: TrainConfig = TrainConfig()
    split: FilesSplit = FilesSplit()
    categorical: tuple[str, ...] = ()
    domain: str | None = None
    unknown_domain: str | None = None
    tasks: dict[str, TaskSettings] = Field(default_factory=dict)
    validation_share: Annotated[float, Field(gt=0, lt=1)]
    random_state: Annotated[int, Field(ge=0, lt=SEEDS)]

    elsewhere: ClassVar[dict[str, dict[str, str]]] = {
        "train": {"seed": "random_state", "keep_checkpoints": ""},
        "split": {"name": "", "seed": "random_state", "valid_share": "validation_share"},
    }
    """Section -> key that the stages know -> the parameter that says it here."""

    @field_validator("train", "split", mode="before")
    @classmethod
    def _nothing_twice(cls, value: Any, info: Any) -> Any:
        for key, parameter in cls.elsewhere[info.field_name].items():
            if isinstance(value, Mapping) and key in value:
                raise ValueError(f"{key!r} means nothing here{f': it is the parameter {parameter}' * bool(parameter)}")
        return value

    @field_validator("tasks", mode="before")
    @classmethod
    def _bare_kinds(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        return {name: {"kind": of_task} if isinstance(of_task, str) else of_task for name, of_task in value.items()}

    @property
    def training(self) -> TrainConfig:
        """The section `train`, with its seed."""
        return self.train.model_copy(update={"seed": self.random_state})

    @property
    def policy(self) -> FilesSplit:
        """The section `split`: all rows are training rows, of which validation takes its share."""
        return self.split.model_copy(update={"seed": self.random_state, "valid_share": self.validation_share})


def read_settings(parameters: Mapping[str, Any]) -> Settings:
    """The estimator's parameters, defaults filled in.

    Raises:
        ConfigError: naming everything that is wrong.
    """
    given = {name: plain(value) for name, value in parameters.items() if value is not None}
    given["random_state"] = _seed(parameters["random_state"])
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        found = "; ".join(f"{path} {what}" for path, what in problems(error, Settings))
        raise ConfigError(f"MultiTaskRanker: {found}.") from error


def plain(value: Any) -> Any:
    """A parameter as JSON values: without numpy's types, which a search over a grid of them brings."""
    if isinstance(value, Config):
        return value.document()
    if isinstance(value, Mapping):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value.item() if isinstance(value, np.generic) else value


def check_columns(settings: Settings, names: list[str]) -> None:
    """Refuse columns that X does not have.

    Raises:
        ConfigError: naming the parameter and the column.
    """
    asked = {"categorical": settings.categorical, "domain": (settings.domain,) if settings.domain is not None else ()}
    for parameter, columns in asked.items():
        for column in columns:
            if column not in names:
                raise ConfigError(f"{parameter} names {column!r}, which is no column of X{nearest(column, names)}.")


def _seed(random_state: Any) -> Any:
    """A number is the seed itself, as in a config; a generator is asked for one; None is another one each time."""
    if random_state is None:
        return secrets.randbelow(SEEDS)
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(SEEDS, dtype=np.int64))
    return plain(random_state)
