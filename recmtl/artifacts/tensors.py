"""The only writer and reader of .pt files: tensors and plain values, never code.

torch.load checks neither the archive's checksums nor that a tensor is as large as it claims; `load` does both.
"""

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO
from zipfile import ZIP_STORED, ZipFile

import torch
from torch import Tensor

from recmtl.artifacts.atomic import open_atomic
from recmtl.artifacts.explain import bytes_text, reading
from recmtl.errors import DamagedError

_PLAIN = (str, int, float, bool, type(None))
_KEYS = (str, int)
_HINT = "Make it again with the command that wrote it."
_NAMED = 3  # differences named in one message


def save(path: Path, content: Mapping[str, Any]) -> None:
    """Write dicts, lists and tuples of dense tensors and plain values; equal content gives equal bytes.

    A dict's order is part of its content. Tensors are brought to the CPU.
    Errors: TypeError naming the place of anything else; MissingError if the disk is full.
    """
    if not all(type(key) is str for key in content):
        raise TypeError(f"the keys of the content must be str: {list(content)}")
    plain = _to_plain(content, "content", {})
    buffer = (
        io.BytesIO()
    )  # given a path, torch would write its name into the file; on a full disk it hides why it failed
    torch.save(plain, buffer)
    with open_atomic(path) as file:
        file.write(buffer.getbuffer())


def load(path: Path) -> dict[str, Any]:
    """Read what `save` wrote, onto the CPU, with plain dicts throughout.

    Errors: MissingError if it is not there; DamagedError for a damaged file and for anything that `save` cannot have
    written, code above all.
    """
    with reading(path), path.open("rb") as file:
        try:
            _check_archive(file)
            content = torch.load(file, map_location="cpu", weights_only=True)
            _check_content(content, file.seek(0, 2))
        except _Refused as error:
            raise DamagedError(f"{path} is damaged: {error}.", hint=_HINT) from error
        except Exception as error:  # a parser of bytes that may hold anything fails in any way
            raise DamagedError(f"{path} is damaged, or was not written by recmtl.", hint=_HINT) from error
    return dict(content)


def check_like(
    found: Mapping[str, Tensor],
    expected: Mapping[str, tuple[Sequence[int], torch.dtype]],
    what: str,
    path: Path,
) -> None:
    """Refuse tensors whose names, shapes or types are not as expected.

    `what` names the tensors in messages ("weights"). Errors: DamagedError naming the first few differences.
    """
    faults = [
        f"{label}: {_few(names)}"
        for label, names in (
            (f"{what} missing", [n for n in expected if n not in found]),
            ("unexpected", [n for n in found if n not in expected]),
        )
        if names
    ]
    faults += [
        text
        for name, (shape, dtype) in expected.items()
        if name in found and (text := _difference(name, found[name], tuple(shape), dtype))
    ]
    if faults:
        raise DamagedError(
            f"{path} does not fit this model: {_few(faults)}.",
            hint="Name the run that it was made in with --run, or make it again in this one.",
        )


def hash_tensors(tensors: Mapping[str, Tensor]) -> str:
    """sha256 over names (sorted), types, shapes and bytes, as 64 hex digits."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        digest.update(json.dumps([name, str(tensor.dtype), list(tensor.shape)]).encode() + b"\n")
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


class _Refused(Exception):
    """Why a file is none that `save` wrote."""


def _to_plain(value: Any, where: str, strings: dict[str, str]) -> Any:
    """A copy that shares nothing: pickle writes a second use of one object differently from a second equal object."""
    if isinstance(value, Tensor):
        return _to_plain_tensor(value, where)
    if isinstance(value, Mapping):
        for key in value:
            if type(key) not in _KEYS:
                raise TypeError(f"{where} has the key {key!r}; keys must be str or int")
        return {
            _to_plain(key, where, strings): _to_plain(part, f"{where}[{key!r}]", strings) for key, part in value.items()
        }
    if isinstance(value, (list, tuple)):
        parts = [_to_plain(part, f"{where}[{i}]", strings) for i, part in enumerate(value)]
        return parts if isinstance(value, list) else tuple(parts)
    if type(value) is str:
        return strings.setdefault(value, value)
    if type(value) in _PLAIN:  # exact: a numpy float is a float by inheritance, and pickles as code
        return value
    raise TypeError(f"{where} is a {type(value).__name__}; only tensors, dict, list, tuple and plain values are saved")


def _to_plain_tensor(value: Tensor, where: str) -> Tensor:
    tensor = value.detach().cpu()
    if type(tensor) is not Tensor or tensor.layout != torch.strided or tensor.is_quantized:
        raise TypeError(
            f"{where} is a {type(tensor).__name__} of {tensor.dtype} and {tensor.layout}; only dense tensors are saved"
        )
    # a copy in plain order: a view would bring the whole storage that it looks into
    return tensor.clone(memory_format=torch.contiguous_format)


def _check_archive(file: BinaryIO) -> None:
    size = file.seek(0, 2)
    with ZipFile(file) as archive:
        members = archive.infolist()
        # torch reads a member with the mark of a folder as uninitialised memory, and would unpack a compressed bomb
        if any(m.compress_type != ZIP_STORED or m.external_attr or m.flag_bits & 1 for m in members):
            raise _Refused("it holds something that is not a plain stored member")
        if len({m.filename for m in members}) < len(members) or sum(m.file_size for m in members) > size:
            raise _Refused("its members overlap")
        broken = archive.testzip()
        if broken is not None:
            raise _Refused(f"the checksum of {broken} is wrong")
    file.seek(0)


def _check_content(content: Any, file_bytes: int) -> None:
    if type(content) is not dict or not all(type(key) is str for key in content):
        raise _Refused("it does not hold named parts")
    tensor_bytes = 0
    seen: set[int] = set()
    todo: list[Any] = [content]
    while todo:
        part = todo.pop()
        if type(part) in _PLAIN or (type(part) is tuple and not part):
            continue
        # nothing we save is used twice; a few lists that hold each other twice would take for ever to walk
        if id(part) in seen:
            raise _Refused("it uses one part twice")
        seen.add(id(part))
        if type(part) is Tensor:
            tensor_bytes += _checked_bytes(part)
        elif type(part) is dict and all(type(key) in _KEYS for key in part):
            todo += part.values()
        elif type(part) in (list, tuple):
            todo += part
        else:
            raise _Refused(f"it holds a {type(part).__name__}")
    if tensor_bytes > file_bytes:
        raise _Refused(f"its tensors claim {bytes_text(tensor_bytes)}, the file has {bytes_text(file_bytes)}")


def _checked_bytes(tensor: Tensor) -> int:
    plain = tensor.layout == torch.strided and tensor.device.type == "cpu"
    if not plain or tensor.is_quantized or tensor.requires_grad:
        raise _Refused(f"it holds a tensor of {tensor.dtype} and {tensor.layout} on {tensor.device}")
    if not tensor.is_contiguous():
        raise _Refused(f"it holds a tensor of shape {tuple(tensor.shape)} whose elements share memory or have gaps")
    return tensor.numel() * tensor.element_size()


def _difference(name: str, tensor: Tensor, shape: tuple[int, ...], dtype: torch.dtype) -> str:
    if tuple(tensor.shape) != shape:
        return f"shape of {name} is {tuple(tensor.shape)}, expected {shape}"
    return f"type of {name} is {_plain(tensor.dtype)}, expected {_plain(dtype)}" if tensor.dtype != dtype else ""


def _plain(kind: torch.dtype) -> str:
    return str(kind).removeprefix("torch.")


def _few(texts: Sequence[str]) -> str:
    more = len(texts) - _NAMED
    return ", ".join(texts[:_NAMED]) + (f" and {more} more" if more > 0 else "")
