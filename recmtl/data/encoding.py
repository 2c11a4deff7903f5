"""Writes the rows of a split: values turned into ids, one Parquet file for each part and domain."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, pairwise
from operator import itemgetter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from duckdb import DuckDBPyConnection

from recmtl.artifacts.progress import SILENT, Progress
from recmtl.artifacts.tables import TableWriter
from recmtl.data.ahead import ahead
from recmtl.data.coded import count_texts, texts_of
from recmtl.data.folders import domain_folder
from recmtl.data.layout import DOMAIN, PART, Layout, dictionary
from recmtl.data.policies import PARTS
from recmtl.data.policies.base import BY_CHANCE
from recmtl.data.sql import quote_name, quote_text
from recmtl.data.vocabulary import Lookup, Vocabulary
from recmtl.schema import (
    MISSING,
    WEIGHT,
    Feature,
    NumberFeature,
    Schema,
    SequenceFeature,
)

BATCH_ROWS = 65_536
MAX_TEXTS = 1 << 20
"""Texts of a key that are held in memory beside the database."""
BATCH_VALUES = 4 * BATCH_ROWS
"""Values that the lists of a batch hold at most: they are outside the database's bound of memory."""


@dataclass(frozen=True)
class FeatureEncoder:
    """Raw columns of features to ids and values: of the rows of a split, and of rows to predict."""

    schema: Schema
    vocabularies: Mapping[str, Vocabulary]

    @property
    def fields(self) -> list[pa.Field]:
        """Column names and types, in order."""
        fields = []
        for feature in self.schema.features:
            lists = isinstance(feature, SequenceFeature)
            fields.append(pa.field(feature.column, pa.list_(pa.int32()) if lists else pa.int32()))
            if isinstance(feature, NumberFeature):
                fields.append(pa.field(feature.value_column, pa.float32()))
        return fields

    def encode(self, raw: pa.RecordBatch) -> list[pa.Array]:
        """One column for each field. `raw` has the schema's raw columns: text, double or lists of text."""
        columns = []
        for feature, column in zip(self.schema.features, self.schema.raw_columns, strict=True):
            lookup, values = self.lookup(feature, column), raw[column]
            lists = isinstance(feature, SequenceFeature)
            columns.append(lookup.encode_lists(values) if lists else lookup.encode(values))
            if isinstance(feature, NumberFeature):
                columns.append(values.cast(pa.float32()))
        return columns

    def lookup(self, feature: Feature, column: str) -> Lookup:
        """What gives the values in the feature's raw column their ids."""
        return self.vocabularies[feature.table]


@dataclass(frozen=True)
class IdsByCode(Lookup):
    """The ids of a column of codes: each of its texts was looked up once, and not in each row."""

    ids: pa.Array

    def encode(self, values: pa.Array) -> pa.Array:
        """int32 ids of codes."""
        return pc.fill_null(self.ids.take(values), pa.scalar(MISSING, pa.int32()))


@dataclass(frozen=True)
class CodedFeatures(FeatureEncoder):
    """Of rows whose texts are codes."""

    texts: Mapping[str, pa.Array]
    """Column of codes, or of lists of codes -> the texts, by code."""

    def lookup(self, feature: Feature, column: str) -> Lookup:
        """Of codes, where the column has such."""
        return self._by_code.get(feature.name) or super().lookup(feature, column)

    @cached_property
    def _by_code(self) -> dict[str, IdsByCode]:
        return {
            feature.name: IdsByCode(self.vocabularies[feature.table].encode(self.texts[column]))
            for feature, column in zip(self.schema.features, self.schema.raw_columns, strict=True)
            if column in self.texts
        }


@dataclass(frozen=True)
class RowEncoder:
    """Raw columns to the columns of the Parquet files."""

    layout: Layout
    features: FeatureEncoder
    texts: Mapping[str, pa.Array]
    """Text column -> its texts, by code; of a key with many texts (see `held_texts`) each batch brings its own."""

    @property
    def schema(self) -> pa.Schema:
        """Column names and types, in order."""
        split = self.features.schema
        fields = [pa.field("row", pa.int64()), *self.features.fields]
        fields += [pa.field(task.column, pa.float32()) for task in split.tasks]
        fields += [pa.field(f"key:{key}", pa.string()) for key in split.keys]
        fields += [pa.field(score.column, pa.float32()) for score in split.scores]
        fields += [pa.field(WEIGHT, pa.float32())] if split.weighted else []
        return pa.schema(fields)

    def encode(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """One batch, encoded."""
        split = self.features.schema
        columns = [batch["row"].cast(pa.int64()), *self._coded.encode(batch)]
        columns += [batch[task.name].cast(pa.float32()) for task in split.tasks]
        columns += [self._key(batch, self.layout.keys[key]) for key in split.keys]
        columns += [batch[score.name].cast(pa.float32()) for score in split.scores]
        columns += [batch[self.layout.weight].cast(pa.float32())] if split.weighted else []
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)

    def _key(self, batch: pa.RecordBatch, column: str) -> pa.Array:
        held = self.texts.get(column)
        return batch[_brought(column)] if held is None else held.take(batch[column])

    @cached_property
    def _coded(self) -> CodedFeatures:
        listed = {sequence: self.texts[column] for sequence, column in self.layout.listed.items()}
        return CodedFeatures(self.features.schema, self.features.vocabularies, {**self.texts, **listed})


def held_texts(connection: DuckDBPyConnection, layout: Layout, schema: Schema) -> dict[str, pa.Array]:
    """Text column -> its texts, by code: of all that features need, as long as their vocabularies, and of keys with no
    more than `MAX_TEXTS`. A time may be another one in each row.
    """
    needed = {DOMAIN, *schema.raw_columns, *layout.listed.values()}
    return {
        column: texts_of(connection, column)
        for column in layout.text_columns
        if column in needed or count_texts(connection, column) <= MAX_TEXTS
    }


def _brought(column: str) -> str:
    return f"text:{column}"


def write_rows(connection: DuckDBPyConnection, encoder: RowEncoder, out: Path, progress: Progress = SILENT) -> None:
    """The table `rows` as `<part>/domain=<d>/part-0.parquet` below `out`, in the order of part, domain and
    chance.
    """
    for (part_name, domain_name), pieces in groupby(ahead(encoded_pieces(connection, encoder)), key=itemgetter(0)):
        folder = out / part_name / domain_folder(domain_name)
        folder.mkdir(parents=True)
        with TableWriter(folder / "part-0.parquet", encoder.schema) as writer:
            for _, piece in pieces:
                writer.write(piece)
                progress.advance(len(piece))


def encoded_pieces(
    connection: DuckDBPyConnection, encoder: RowEncoder
) -> Iterator[tuple[tuple[str, str], pa.RecordBatch]]:
    """The table `rows`, encoded, in the order of part, domain and chance: ((part, domain), some of its rows)."""
    part, domain, names = quote_name(PART), quote_name(DOMAIN), encoder.texts[DOMAIN]
    place = " ".join(f"WHEN {quote_text(name)} THEN {i}" for i, name in enumerate(PARTS))
    far = [column for column in dict.fromkeys(encoder.layout.keys.values()) if column not in encoder.texts]
    texts = "".join(f", d{i}.text AS {quote_name(_brought(column))}" for i, column in enumerate(far))
    joins = " ".join(
        f"LEFT JOIN {dictionary(column)} AS d{i} ON d{i}.code = rows.{quote_name(column)}"
        for i, column in enumerate(far)
    )
    reader = connection.sql(f"""
        SELECT rows.* REPLACE (CASE {part} {place} END AS {part}){texts} FROM rows {joins}
        ORDER BY {part}, {domain}, {BY_CHANCE}""").to_arrow_reader(_batch_rows(connection, encoder.layout))
    for batch in reader:
        encoded = encoder.encode(batch)
        # cut where the part or the domain changes
        places = np.stack([batch[name].to_numpy() for name in (PART, DOMAIN)])
        cuts = np.flatnonzero((places[:, 1:] != places[:, :-1]).any(axis=0)) + 1
        for start, end in pairwise([0, *cuts.tolist(), len(batch)]):
            of_part, of_domain = places[:, start]
            yield (PARTS[of_part], names[of_domain].as_py()), encoded.slice(start, end - start)


def _batch_rows(connection: DuckDBPyConnection, layout: Layout) -> int:
    """How many rows to take at once."""
    if not layout.sequences:
        return BATCH_ROWS
    longest = " + ".join(f"coalesce(max(len({quote_name(name)})), 0)" for name in layout.sequences)
    values = int(connection.execute(f"SELECT {longest} FROM rows").fetchall()[0][0])
    return max(1, min(BATCH_ROWS, BATCH_VALUES // max(values, 1)))
