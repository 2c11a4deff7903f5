"""A model is composed of four parts: encoder, interaction, sharing, heads; and adapters that bend the deep part's
weights by task. If it has parts for each domain, a batch is sorted by domain once, and each domain's rows pass the deep
part along routes of their own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.func import functional_call

from recmtl.adapters.mask import Masks
from recmtl.batch import Batch
from recmtl.models.encoder import Encoded, Encoder
from recmtl.models.heads import Heads
from recmtl.models.interaction import Read
from recmtl.models.interactions import Interactions
from recmtl.models.output import Output, joined
from recmtl.models.routes import Plan, Routes
from recmtl.models.sharing import SharingConfig
from recmtl.models.targets import targets_of
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
        self.routes = Routes(schema.task_names, len(schema.domains) if config.per_domain else 1)
        copies, tasks = config.copies(self.routes), len(schema.tasks)
        with torch.random.fork_rng(devices=[]):  # the start is a function of the seed alone
            torch.manual_seed(seed)
            wide = tasks if config.interaction.wide else 0
            unpooled = config.unpooled or config.interaction.unpooled
            self.encoder = Encoder(config.encoder, schema, seed, vectors, copies, wide, unpooled)
            self.interaction = Interactions(config.interaction, self.encoder, tasks, copies, len(self.routes))
            in_dim, fields, dim = self.interaction.out_dim, self.encoder.fields, self.encoder.dim
            dense_dim, targets = self.encoder.dense_dim, targets_of(schema, fields)
            plan = Plan(in_dim, self.routes, fields, dim, schema.domains, dense_dim, targets)
            self.sharing = config.build(plan)
            self.heads = Heads(self.routes, self.sharing.out_dim)
        self.masks: Masks | None = None
        self.precision: Precision = "f32"

    def forward(self, batch: Batch, tasks: Sequence[int] | None = None) -> Tensor:
        """Logits of `tasks` (positions in the schema; all if None), computing only what these need."""
        return self.output(batch, tasks).logits_BT

    def output(self, batch: Batch, tasks: Sequence[int] | None = None) -> Output:
        """The same, with what the paper's own loss needs beside the logits."""
        tasks = range(len(self.schema.tasks)) if tasks is None else tasks
        with products_in(self.precision, self.device.type):
            encoded = self.encoder(batch)
            read = self.interaction(encoded)
            if self.precision == "bf16":
                read = replace(read, x_BI=read.x_BI.bfloat16())  # once, not in each layer that reads it
            if self.routes.domains == 1:
                return self._along(self.routes.of(tasks, 0), read, encoded)
            return self._by_domain(tasks, read, encoded)

    def _by_domain(self, tasks: Sequence[int], read: Read, encoded: Encoded) -> Output:
        """Each domain's rows along its own routes."""
        order_B = encoded.domain_B.argsort(stable=True)
        rows_D = encoded.domain_B.bincount(minlength=self.routes.domains).tolist()
        parts = zip(read.rows(order_B).split(rows_D), encoded.rows(order_B).split(rows_D), strict=True)
        outputs = [
            self._along(self.routes.of(tasks, domain), of_domain, encoded_there)
            for domain, (of_domain, encoded_there) in enumerate(parts)
            if rows_D[domain]
        ]
        if not outputs:  # no rows at all
            return self._along(self.routes.of(tasks, 0), read, encoded)
        return joined(outputs, dim=0).rows(order_B.argsort())

    def _along(self, routes: Sequence[int], read: Read, encoded: Encoded) -> Output:
        heads = partial(self.heads, wide=read.wide_BT)
        if self.masks is None:
            return cast(Output, self.sharing(read.x_BI, encoded, routes, heads))
        weights = dict(self.sharing.named_parameters())  # each task sees weights of its own
        return joined(
            [
                functional_call(
                    self.sharing, self.masks(weights, self.routes.task(route)), (read.x_BI, encoded, [route], heads)
                )
                for route in routes
            ],
            dim=1,
        )

    def dense_weights(self) -> dict[str, Tensor]:
        """All parameters but the embedding tables: what does not depend on the vocabularies."""
        tables = {id(table) for table in self.all_tables}
        return {name: value for name, value in self.named_parameters() if id(value) not in tables}

    @property
    def tables(self) -> nn.Parameter:
        """The embedding tables of the usual width, whose gradients are sparse."""
        return self.encoder.embeddings.weight

    @property
    def all_tables(self) -> list[nn.Parameter]:
        """These, the narrower ones, and vectors that came with the data and are trained: all have sparse gradients."""
        return self.encoder.tables()

    @property
    def device(self) -> torch.device:
        """Where its weights lie."""
        return self.tables.device


TABLES = "encoder.embeddings.weight"
