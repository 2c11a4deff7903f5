"""Configs of other systems, recognised by their shape and translated to the sections of a recipe. One file a shape."""

from collections.abc import Callable, Mapping
from typing import Any

from recmtl.foreign import lt4rec, mlora_dataset, mlora_run, mmlrec, paddlerec
from recmtl.foreign.base import Reader, Translation

SHAPES: tuple[tuple[Callable[[Mapping[str, Any]], bool], Callable[[Reader], Translation]], ...] = tuple(
    (shape.recognise, shape.translate) for shape in (mlora_dataset, mlora_run, mmlrec, lt4rec, paddlerec)
)
"""Of each shape: whether a document has it, and how such a document is translated."""


def translate(document: Mapping[str, Any], source: str) -> Translation | None:
    """The document as a recipe's, if it has the shape of another system's config.

    Raises:
        ConfigError: a value is not of the kind that it has there; begins with `source`.
    """
    for recognise, translated in SHAPES:
        if recognise(document):
            return translated(Reader(document, source))
    return None
