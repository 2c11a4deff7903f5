"""Tensors come back as they were, the same content is the same bytes, and nothing else is written."""

import hashlib
import math
from collections import OrderedDict

import numpy as np
import pytest
import torch
from torch import nn

from recmtl.artifacts.tensors import check_like, hash_tensors, load, save
from recmtl.errors import DamagedError, MissingError

torch.set_num_threads(1)
DTYPES = [
    torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8,
    torch.uint8, torch.uint16, torch.uint32, torch.uint64, torch.bool,
]  # fmt: skip


def equal(a, b):
    if isinstance(a, torch.Tensor):
        return type(a) is type(b) and a.dtype == b.dtype and torch.equal(a, b)
    if isinstance(a, dict):
        return list(a) == list(b) and all(equal(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return type(a) is type(b) and len(a) == len(b) and all(map(equal, a, b))
    return type(a) is type(b) and a == b


def test_nested_content_comes_back(tmp_path):
    content = {
        "weights": {"trunk.0": torch.randn(3, 4), "mask": torch.rand(5) > 0.5, "empty": torch.zeros(0, 2)},
        "position": {"epoch": 3, "share": 0.5, "done": False, "best": None, "name": "mmoe ä"},
        "state": {0: {"step": torch.tensor(7.0)}, 1: {}},
        "lists": [1, (2, [True, "x"]), (), []],
        "big": 2**80,
    }
    save(tmp_path / "x.pt", content)
    assert equal(load(tmp_path / "x.pt"), content)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_every_type_of_number(tmp_path, dtype):
    content = {"x": torch.tensor([[0, 1], [1, 1]]).to(dtype)}
    save(tmp_path / "x.pt", content)
    assert equal(load(tmp_path / "x.pt"), content)


def test_nan_and_infinity_come_back(tmp_path):
    save(tmp_path / "x.pt", {"x": torch.tensor([math.nan, math.inf]), "y": math.nan})
    found = load(tmp_path / "x.pt")
    assert found["x"].isnan().tolist() == [True, False]
    assert math.isnan(found["y"])


def test_the_state_of_a_real_optimizer(tmp_path):
    model = nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.randn(4, 3)).sum().backward()
    optimizer.step()
    save(tmp_path / "x.pt", {"model": model.state_dict(), "optimizer": optimizer.state_dict()})
    found = load(tmp_path / "x.pt")
    assert equal(found["optimizer"], optimizer.state_dict())
    torch.optim.AdamW(model.parameters()).load_state_dict(found["optimizer"])


def test_equal_content_is_the_same_bytes(tmp_path):
    """Whatever the file's name, the tensors' past, and which strings or storages are one object."""
    base = torch.arange(12.0)
    plain = {"a": torch.arange(12.0).reshape(3, 4), "b": torch.arange(4.0), "c": "word", "d": ["word", (1, 2)]}
    word = "".join(["wo", "rd"])
    odd = OrderedDict(
        a=nn.Parameter(base.reshape(3, 4)),  # shares its storage with b
        b=base[:4],
        c=word,
        d=["word", (1, 2)],
    )
    save(tmp_path / "one.pt", plain)
    save(tmp_path / "other-name.pt", odd)
    save(tmp_path / "turned.pt", {**plain, "a": plain["a"].t().contiguous().t()})
    first = (tmp_path / "one.pt").read_bytes()
    assert (tmp_path / "other-name.pt").read_bytes() == first
    assert (tmp_path / "turned.pt").read_bytes() == first


def test_strides_of_single_rows_leave_no_trace(tmp_path):
    save(tmp_path / "one", {"x": torch.arange(5.0).reshape(1, 5).t()})
    save(tmp_path / "other", {"x": torch.arange(5.0).reshape(5, 1)})
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_a_view_does_not_bring_its_whole_storage(tmp_path):
    save(tmp_path / "x.pt", {"x": torch.zeros(1_000_000)[:2]})
    assert (tmp_path / "x.pt").stat().st_size < 5000


class Odd:
    pass


@pytest.mark.parametrize(
    ("content", "where"),
    [
        ({"a": {"b": [1, Odd()]}}, r"content\['a'\]\['b'\]\[1\] is a Odd"),
        ({"a": np.float64(1)}, "float64"),
        ({"a": np.zeros(2)}, "ndarray"),
        ({"a": {1, 2}}, "set"),
        ({"a": b"bytes"}, "bytes"),
        ({"a": torch.float32}, "dtype"),
        ({"a": nn.Linear(1, 1)}, "Linear"),
        ({"a": torch.eye(2).to_sparse()}, "only dense tensors"),
        ({"a": {(1, 2): 3}}, r"content\['a'\] has the key \(1, 2\)"),
        ({"a": {True: 3}}, "has the key True"),
        ({1: 3}, "must be str"),
    ],
)
def test_anything_else_is_refused_and_named(tmp_path, content, where):
    with pytest.raises(TypeError, match=where):
        save(tmp_path / "x.pt", content)
    assert list(tmp_path.iterdir()) == []


def test_absent_is_missing(tmp_path):
    with pytest.raises(MissingError, match=r"x\.pt is not there"):
        load(tmp_path / "x.pt")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no archive at all", b"\x80\x02}q\x00."])
def test_what_is_no_archive_is_damaged(tmp_path, content):
    (tmp_path / "x.pt").write_bytes(content)
    with pytest.raises(DamagedError, match=r"x\.pt is damaged"):
        load(tmp_path / "x.pt")


def like(tensors):
    return {name: (tensor.shape, tensor.dtype) for name, tensor in tensors.items()}


def test_tensors_as_expected_pass(tmp_path):
    found = {"a": torch.zeros(2, 3), "b": torch.zeros((), dtype=torch.int64)}
    check_like(found, like(found), "weights", tmp_path)


def test_differences_are_named(tmp_path):
    found = {"x": torch.zeros(3, 4), "y": torch.zeros(2), "extra": torch.zeros(1)}
    expected = {
        "x": ((4, 4), torch.float32),
        "y": ((2,), torch.bool),
        **dict.fromkeys("lmnop", ((1,), torch.float32)),
    }
    with pytest.raises(DamagedError) as caught:
        check_like(found, expected, "weights", tmp_path / "best.pt")
    missing = "weights missing: l, m, n and 2 more, unexpected: extra, "
    assert f"best.pt does not fit this model: {missing}" in caught.value.message
    assert "shape of x is (3, 4), expected (4, 4) and 1 more" in caught.value.message
    with pytest.raises(DamagedError, match=r"type of y is float32, expected bool"):
        check_like({"y": torch.zeros(2)}, {"y": ((2,), torch.bool)}, "masks", tmp_path)


def test_the_hash_sees_names_types_shapes_and_values_only():
    base = {"a": torch.arange(6.0), "b": torch.tensor([True, False])}
    digest = hash_tensors(base)
    assert hash_tensors(dict(reversed(base.items()))) == digest
    assert hash_tensors({**base, "a": nn.Parameter(torch.arange(12.0)[:6])}) == digest
    assert hash_tensors({**base, "a": torch.arange(6.0).reshape(2, 3).t().contiguous().t().reshape(6)}) == digest
    others = [
        {**base, "a": base["a"].reshape(2, 3)},
        {**base, "a": base["a"].to(torch.float64)},
        {**base, "a": base["a"] + 1e-6 * torch.tensor([0, 0, 0, 1, 0, 0])},
        {"c": base["a"], "b": base["b"]},
        {"a": base["a"]},
        {**base, "c": torch.zeros(0)},
    ]
    assert len({digest, *map(hash_tensors, others)}) == len(others) + 1


def test_the_hash_of_known_content():
    text = b'["x", "torch.float32", [2]]\n' + np.array([1, 2], "<f4").tobytes()
    assert hash_tensors({"x": torch.tensor([1.0, 2.0])}) == hashlib.sha256(text).hexdigest()


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_the_hash_takes_every_type_and_no_dimensions(dtype):
    tensors = [torch.ones((), dtype=dtype), torch.zeros((), dtype=dtype), torch.ones(0, dtype=dtype)]
    assert len({hash_tensors({"x": tensor}) for tensor in tensors}) == 3
