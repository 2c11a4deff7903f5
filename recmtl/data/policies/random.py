"""The `random` policy."""

from typing import Literal, Self

from pydantic import model_validator

from recmtl.data.layout import PART, Key, Layout
from recmtl.data.policies.base import BY_CHANCE, DOMAIN_COLUMN, Shares, binary_task, key_column
from recmtl.data.policies.by_chance import cut_by_chance
from recmtl.data.sql import quote_name


class RandomSplit(Shares):
    """Every row by itself, the shares kept within each domain."""

    name: Literal["random"] = "random"
    stratify: bool = False
    """Keep the shares among the rows of each label of the first task, too. Rows without a label are one kind more."""
    compat: bool = False
    """Count as MLoRA and MAMDR do: positives (of the first task) are cut by domain, the others by user and domain,
    what is held out is rounded up, and of that test is rounded up. A user's 1 / 2 / 3 / 4 / 5 negatives give train
    1 / 1 / 1 / 2 / 3, valid 0 / 0 / 1 / 1 / 1, test 0 / 1 / 1 / 1 / 1. (The originals stop at a user with one.)"""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.stratify and self.compat:
            raise ValueError("'stratify' and 'compat' exclude each other: compat tells labels apart already")
        return self

    def needs(self) -> tuple[Key, ...]:
        """The user, where users count."""
        return ("user",) if self.compat else ()

    def query(self, layout: Layout) -> str:
        """As `dealt`, or as the originals."""
        if self.compat:
            return self._as_originals(layout)
        return f"SELECT row, {quote_name(PART)} AS part FROM ({self.dealt(layout)})"

    def dealt(self, layout: Layout) -> str:
        """Line the rows of a domain up by chance and cut at the shares."""
        if self.compat:
            return super().dealt(layout)
        within = {"domain": DOMAIN_COLUMN}
        if self.stratify:
            within["label"] = f"coalesce({quote_name(binary_task(layout, None, 'split.stratify').name)}, -1)"
        return cut_by_chance(within, self.part_at)

    def _as_originals(self, layout: Layout) -> str:
        """Rank as ever, and cut at whole numbers of rows."""
        positive = f"coalesce({quote_name(binary_task(layout, None, 'split.compat').name)} = 1, false)"
        user = quote_name(key_column(layout, "user", "split.compat"))
        whose = f"SELECT {DOMAIN_COLUMN}, {positive} AS positive, CASE WHEN NOT {positive} THEN {user} END AS whose"
        within = f"{DOMAIN_COLUMN}, positive, whose"
        train, valid, test = self.shares
        of_held_out = test / (valid + test) if valid + test else 0.0
        counted = f"SELECT *, count(*) OVER (PARTITION BY {within}) AS n FROM ({whose}, {BY_CHANCE} FROM raw_rows)"
        return f"""
            SELECT row, CASE WHEN place <= n - held_out THEN 'train'
                WHEN place <= n - {_round_up("held_out", of_held_out)} THEN 'valid' ELSE 'test' END AS part
            FROM (
                SELECT row, n, CASE WHEN n = 1 THEN 0 ELSE {_round_up("n", 1 - train)} END AS held_out,
                    row_number() OVER (PARTITION BY {within} ORDER BY {BY_CHANCE}) AS place
                FROM ({counted}))"""


def _round_up(number: str, share: float) -> str:
    """SQL: in the very arithmetic of the originals, where 1 - 0.7 is above 0.3 and 10 rows give 4."""
    return f"ceil({number} * {share!r}::DOUBLE)"
