"""A folder of vocabularies of all kinds: each file says by its columns which kind it holds."""

from pathlib import Path

import pyarrow as pa
import pytest

from recmtl.artifacts.tables import TableWriter
from recmtl.data.vocabulary import FittedValues, HashBuckets, Intervals, load_vocabularies, save_vocabularies
from recmtl.errors import DamagedError, MissingError

VALUES = FittedValues(pa.array(["b", "数"]), pa.array([2, 1]))


def write(path: Path, columns: dict[str, pa.Array]) -> None:
    table = pa.table(columns)
    with TableWriter(path, table.schema) as writer:
        writer.write(table)


def test_each_comes_back_as_what_it_was(tmp_path: Path) -> None:
    saved = {"city": VALUES, "item/id": HashBuckets(9), "age": Intervals((1.0, 2.0)), "price": Intervals((0.5,), 2)}
    save_vocabularies(saved, tmp_path / "vocabulary")
    found = load_vocabularies(tmp_path / "vocabulary", saved)
    values = found.pop("city")
    assert isinstance(values, FittedValues)
    assert values.values.equals(VALUES.values) and values.counts.equals(VALUES.counts)
    assert found == {name: vocabulary for name, vocabulary in saved.items() if name != "city"}


def test_fitted_values_have_the_bytes_that_they_always_had(tmp_path: Path) -> None:
    """Value, count and id: splits that were made before there were other kinds are read as they are."""
    columns = {"value": pa.array(["b", "数"]), "count": pa.array([2, 1]), "id": pa.array([3, 4], pa.int32())}
    (tmp_path / "old").mkdir()
    write(tmp_path / "old/city.parquet", columns)
    save_vocabularies({"city": VALUES}, tmp_path / "new")
    assert (tmp_path / "new/city.parquet").read_bytes() == (tmp_path / "old/city.parquet").read_bytes()
    assert isinstance(load_vocabularies(tmp_path / "old", ["city"])["city"], FittedValues)


def test_a_file_of_none_of_these_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "city.parquet", {"value": pa.array(["a"]), "id": pa.array([3], pa.int32())})
    with pytest.raises(DamagedError, match=r"city.parquet holds no vocabulary: its columns are value, id\.") as refused:
        load_vocabularies(tmp_path, ["city"])
    assert refused.value.hint


def test_a_file_that_is_gone_is_missing(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match=r"city\.parquet"):
        load_vocabularies(tmp_path, ["city"])
