"""The JSON Schema of a whole config: every section, with every component that is registered."""

from typing import Annotated, Any

from pydantic import Field, create_model

from recmtl.config import Config, OneOf
from recmtl.data.datasets.base import DatasetConfig
from recmtl.data.policies import SplitConfig
from recmtl.models.sharing import SharingConfig
from recmtl.pipelines.evaluate import EvaluateConfig
from recmtl.pruning.config import PruneConfig
from recmtl.training.config import TrainConfig


def config_schema() -> dict[str, Any]:
    """JSON Schema, draft 2020-12."""
    document = create_model(
        "recmtl config",
        __base__=Config,
        schema_address=(str | None, Field(default=None, alias="$schema")),
        data=(str | None, Field(default=None, description="Name of the split.")),
        run=(str | None, Field(default=None, description="Name of the run.")),
        dataset=(Annotated[DatasetConfig, OneOf()] | None, None),
        split=(Annotated[SplitConfig, OneOf()] | None, None),
        model=(Annotated[SharingConfig, OneOf()] | None, None),
        train=(TrainConfig | None, None),
        prune=(PruneConfig | None, None),
        evaluate=(EvaluateConfig | None, None),
    )
    return document.model_json_schema()
