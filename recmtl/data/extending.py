"""A split that takes over what another one fitted, and only adds to it: what was learnt on yesterday's ids stays valid.

Old values keep their ids and old domains their places; new ones come behind. Knots, the buckets of numbers and of
hashes, and the mean and spread of labels, stay as they were: they are part of what a model learnt to read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from recmtl.data.vocabulary import FittedValues, Vocabulary, load_vocabularies
from recmtl.errors import ConfigError
from recmtl.schema import Feature, NumberFeature, Schema, VectorFeature

_HINT = "Make a split of its own, without --extend."


@dataclass(frozen=True)
class Fitted:
    """What a split fitted."""

    schema: Schema
    vocabularies: Mapping[str, Vocabulary]

    @classmethod
    def load(cls, split: Path, schema: Schema) -> "Fitted":
        """Of the split at `split`. Errors as in `read_table`."""
        return cls(schema, load_vocabularies(split / "vocabulary", schema.tables))

    def extend(self, found: Mapping[str, Vocabulary]) -> dict[str, Vocabulary]:
        """The vocabularies with what is new in `found` behind what they had.

        Raises:
            ConfigError: a table's ids come about in another way.
        """
        numbers = {feature.table for feature in self.schema.numbers}
        extended = dict(found)
        for table, old in self.vocabularies.items():
            if table in found:
                extended[table] = _extended(table, old, found[table], table in numbers)
        return extended

    def keep(self, found: Schema) -> Schema:
        """The schema `found`, with what was fitted before in its place.

        Raises:
            ConfigError: it has other features, tasks or keys: no vocabulary could grow into that.
        """
        for what, before, now in (
            ("features", _described(self.schema), _described(found)),
            ("tasks", _tasks(self.schema), _tasks(found)),
            ("domain column", {"": self.schema.domain_column or "none"}, {"": found.domain_column or "none"}),
        ):
            if before != now:
                other = min(name for name in {*before, *now} if before.get(name) != now.get(name))
                words = f"{before.get(other, 'nothing')} there and {now.get(other, 'nothing')} here"
                raise ConfigError(f"the {what} are not those of the split to extend: {other} is {words}.", hint=_HINT)
        fitted = {feature.name: feature for feature in self.schema.features}
        features = [f if isinstance(f, VectorFeature) else fitted[f.name] for f in found.features]
        tasks = {task.name: task for task in self.schema.tasks}
        new_domains = [domain for domain in found.domains if domain not in self.schema.domains]
        return found.model_copy(
            update={
                "features": tuple(features),
                "tasks": tuple(tasks[task.name] for task in found.tasks),
                "domains": (*self.schema.domains, *new_domains),
            }
        )

    def growth(self, schema: Schema) -> dict[str, dict[str, int]]:
        """Ids before and after of each table, and domains, that grew."""
        tables = {name: (rows, schema.tables[name]) for name, rows in self.schema.tables.items()}
        counts = tables | {"domains": (len(self.schema.domains), len(schema.domains))}
        return {name: {"before": old, "after": new} for name, (old, new) in sorted(counts.items()) if old != new}


def _extended(table: str, old: Vocabulary, found: Vocabulary, number: bool) -> Vocabulary:
    if old.rule != found.rule:
        raise ConfigError(
            f"the ids of {table!r} are those {old.rule} in the split to extend and those {found.rule} here.", hint=_HINT
        )
    if not isinstance(old, FittedValues) or not isinstance(found, FittedValues):
        return old
    # a number that was no category of its distinct values does not become one
    return old if number and not len(old.values) else _grown(old, found)


def _grown(old: FittedValues, found: FittedValues) -> FittedValues:
    places = pc.index_in(old.values, value_set=found.values)
    again = pc.fill_null(pc.take(found.counts, places), 0)
    new = pc.invert(pc.is_in(found.values, value_set=old.values))
    return FittedValues(
        pa.concat_arrays([old.values, found.values.filter(new)]),
        pa.concat_arrays([pc.add(old.counts, again), found.counts.filter(new)]),
    )


def _described(schema: Schema) -> dict[str, str]:
    return {feature.name: _words(feature) for feature in schema.features}


def _words(feature: Feature) -> str:
    knots = f" of {len(feature.knots)} knots" if isinstance(feature, NumberFeature) else ""
    return f"a {feature.kind} feature{knots} in table {feature.table!r}"


def _tasks(schema: Schema) -> dict[str, str]:
    return {task.name: f"{task.kind}, bounds {task.bounds}" for task in schema.tasks}
