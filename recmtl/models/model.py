"""A model is composed of four parts: encoder, interaction, sharing, heads; and adapters that bend the deep part's
weights by task.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.func import functional_call

from recmtl.adapters.mask import Masks
from recmtl.batch import Batch
from recmtl.models.encoder import Encoded, Encoder
from recmtl.models.heads import Heads
from recmtl.models.sharing import SharingConfig
from recmtl.nn.precision import Precision, products_in
from recmtl.schema import Schema


class Model(nn.Module):
    """batch -> logits_BT for the asked tasks.

    Args:
        config: the deep part, which names the other parts.
        schema: of the rows.
        seed: the start is a function of it.
        vectors: vectors_RV of each vector feature, as `load_vectors` gives them.

    Raises:
        ConfigError: the deep part cannot learn these tasks.
    """

    def __init__(
        self,
        config: SharingConfig,
        schema: Schema,
        seed: int,
        vectors: Mapping[str, NDArray[np.float32]] = MappingProxyType({}),
    ) -> None:
        super().__init__()
        config.check(schema)
        self.schema = schema
        with torch.random.fork_rng(devices=[]):  # the start is a function of the seed alone
            torch.manual_seed(seed)
            self.encoder = Encoder(config.encoder, schema, seed, vectors)
            self.interaction = config.interaction.build(self.encoder)
            self.sharing = config.build(self.interaction.out_dim, schema.task_names)
            self.heads = Heads(len(schema.tasks), self.sharing.out_dim)
        self.masks: Masks | None = None
        self.precision: Precision = "f32"

    def forward(self, batch: Batch, tasks: Sequence[int] | None = None) -> Tensor:
        """Logits of `tasks` (positions in the schema; all if None), computing only what these need."""
        tasks = range(len(self.schema.tasks)) if tasks is None else tasks
        needed = self.sharing.needed(tasks)
        with products_in(self.precision, self.device.type):
            encoded = self.encoder(batch)
            x_BI = self.interaction(encoded)
            if self.precision == "bf16":
                x_BI = x_BI.bfloat16()  # once, not in each layer that reads it
            h_BTH = self._deep_part(x_BI, encoded, needed)
        return self.sharing.combined(self.heads(h_BTH.float(), needed), tasks)

    def _deep_part(self, x_BI: Tensor, encoded: Encoded, tasks: Sequence[int]) -> Tensor:
        if self.masks is None:
            return self.sharing(x_BI, encoded, tasks)
        weights = dict(self.sharing.named_parameters())  # each task sees weights of its own
        of_each = [functional_call(self.sharing, self.masks(weights, task), (x_BI, encoded, [task])) for task in tasks]
        return torch.cat(of_each, dim=1)

    def dense_weights(self) -> dict[str, Tensor]:
        """All parameters but the embedding tables: what does not depend on the vocabularies."""
        return {name: value for name, value in self.named_parameters() if name != TABLES}

    @property
    def tables(self) -> nn.Parameter:
        """The embedding tables, whose gradients are sparse."""
        return self.encoder.embeddings.weight

    @property
    def device(self) -> torch.device:
        """Where its weights lie."""
        return self.tables.device


TABLES = "encoder.embeddings.weight"
