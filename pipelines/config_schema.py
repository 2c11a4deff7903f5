"""The JSON Schema of a whole config: every section, with every component that is registered."""

from typing import Annotated, Any

from pydantic import Field, create_model

from recmtl.config import Component, Config, OneOf
from recmtl.data.datasets.base import DatasetConfig
from recmtl.data.policies import SplitConfig
from recmtl.models.sharing import SharingConfig
from recmtl.pipelines.evaluate import EvaluateConfig
from recmtl.pruning.config import PruneConfig
from recmtl.training.config import TrainConfig

SECTIONS: dict[str, type[Config]] = {
    "dataset": DatasetConfig,
    "split": SplitConfig,
    "model": SharingConfig,
    "train": TrainConfig,
    "prune": PruneConfig,
    "evaluate": EvaluateConfig,
}
"""A class, or the family that the section chooses from."""


def config_schema() -> dict[str, Any]:
    """JSON Schema, draft 2020-12."""
    return document_model().model_json_schema()


def document_model() -> type[Config]:
    """A whole config as one class; no stage reads it, since each validates its own sections alone."""
    sections: dict[str, Any] = {key: (_section(kind) | None, None) for key, kind in SECTIONS.items()}
    return create_model(
        "recmtl config",
        __base__=Config,
        schema_address=(
            str | None,
            Field(default=None, alias="$schema", description="Address of the JSON Schema, for editors."),
        ),
        about=(str | None, Field(default=None, description="What the config is for, in a line.")),
        data=(str | None, Field(default=None, description="Name of the split, instead of the config file's own.")),
        run=(str | None, Field(default=None, description="Name of the run, instead of the config file's own.")),
        **sections,
    )


def _section(kind: type[Config]) -> Any:
    return Annotated[kind, OneOf()] if issubclass(kind, Component) else kind
