"""Digests are right, remembered, and never believed when the file may have changed."""

import hashlib
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recmtl.artifacts.hashing import HashMemory, digest_json, sha256_file
from recmtl.errors import MissingError

OLD = 1_000_000_000  # seconds: a file time long past
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture
def settled(monkeypatch):
    """Files made by a test are younger than two seconds: tell the memory that an hour has passed."""
    real = __import__("time").time_ns
    monkeypatch.setattr("recmtl.artifacts.hashing.time.time_ns", lambda: real() + 3_600_000_000_000)


def reads(monkeypatch) -> list[Path]:
    """The files that are really hashed from now on."""
    seen: list[Path] = []

    def spy(path):
        seen.append(path)
        return sha256_file(path)

    monkeypatch.setattr("recmtl.artifacts.hashing.sha256_file", spy)
    return seen


def test_sha256_of_known_content(tmp_path):
    (tmp_path / "x").write_bytes(b"abc")
    assert sha256_file(tmp_path / "x") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_absent_file_is_missing(tmp_path):
    for digest in (sha256_file, HashMemory(tmp_path / "m").digest):
        with pytest.raises(MissingError, match=r"x is not there"):
            digest(tmp_path / "x")


def test_what_may_have_no_end_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        for digest in (sha256_file, HashMemory(tmp_path / "m").digest):
            with pytest.raises(MissingError, match="is a device or a pipe"):
                digest(path)


@given(values)
def test_json_digest_ignores_only_the_order_of_keys(value):
    text = json.dumps(value)
    assert digest_json(value) == digest_json(json.loads(text))
    assert digest_json({"a": value, "b": 1}) == digest_json({"b": 1, "a": value})
    assert digest_json([value]) != digest_json(value)


def test_json_digest_is_sha256_of_the_canonical_text():
    assert digest_json({"b": [1, None], "a": "x"}) == hashlib.sha256(b'{"a":"x","b":[1,null]}').hexdigest()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_json_digest_refuses_what_json_has_not(value):
    with pytest.raises(ValueError, match="not JSON compliant"):
        digest_json({"x": value})


def test_memory_reads_a_file_once_across_runs(tmp_path, monkeypatch, settled):
    path = tmp_path / "big"
    path.write_text("1")
    seen = reads(monkeypatch)
    first = HashMemory(tmp_path / "memory.json")
    digest = first.digest(path)
    first.save()
    assert HashMemory(tmp_path / "memory.json").digest(path) == digest
    assert seen == [path]


@pytest.mark.parametrize("change", ["content", "content and old time", "replaced"])
def test_memory_sees_a_change_of_the_same_size(tmp_path, settled, change):
    path = tmp_path / "x"
    path.write_text("1")
    os.utime(path, (OLD, OLD))
    memory = HashMemory(tmp_path / "memory.json")
    before = memory.digest(path)
    if change == "replaced":
        (tmp_path / "y").write_text("2")
        (tmp_path / "y").replace(path)
    else:
        path.write_text("2")
    if change != "content":
        os.utime(path, (OLD, OLD))
    assert memory.digest(path) == hashlib.sha256(b"2").hexdigest() != before


def test_memory_does_not_trust_a_file_that_has_just_changed(tmp_path, monkeypatch):
    """Within the clock's tick a second change would look like the first."""
    path = tmp_path / "x"
    path.write_text("1")
    seen = reads(monkeypatch)
    memory = HashMemory(tmp_path / "memory.json")
    memory.digest(path)
    memory.digest(path)
    assert len(seen) == 2


def test_memory_forgets_files_that_are_gone(tmp_path, settled):
    memory = HashMemory(tmp_path / "memory.json")
    for name in ("here", "gone"):
        (tmp_path / name).write_text(name)
        memory.digest(tmp_path / name)
    (tmp_path / "gone").unlink()
    memory.save()
    text = (tmp_path / "memory.json").read_text()
    assert "here" in text
    assert "gone" not in text


@pytest.mark.parametrize("damage", ["", "[]", "{}", '{"entries": 3, "sha256": 1}', "\x00", "flip"])
def test_a_damaged_memory_is_forgotten(tmp_path, settled, damage):
    path, remembered = tmp_path / "x", tmp_path / "memory.json"
    path.write_text("1")
    memory = HashMemory(remembered)
    digest = memory.digest(path)
    memory.save()
    if damage == "flip":
        other = "f" if digest[0] != "f" else "0"
        remembered.write_text(remembered.read_text().replace(digest, other + digest[1:]))
    else:
        remembered.write_text(damage)
    assert HashMemory(remembered).digest(path) == digest
