"""Formulas over task scores, such as `click * conversion`: + - * / **, parentheses, numbers and names of tasks.

Python's parser reads them; nothing is ever executed. A name that Python would not read as one stands between quotes:
`"watch ratio" ** 0.5`.
"""

import ast
import math
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recmtl.config import nearest
from recmtl.errors import ConfigError

MAX_CHARACTERS = 1000
MAX_NAME = 128
MAX_DEPTH = 100
"""Operations within each other."""

Numbers = NDArray[np.float64]

_BINARY: dict[type[ast.operator], Callable[[Numbers, Numbers], Numbers]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_ALLOWED = "A formula holds names of tasks, numbers, + - * / ** and parentheses."


@dataclass(frozen=True)
class Formula:
    """A score made of the tasks' scores."""

    name: str
    text: str
    parsed: ast.expr

    def __call__(self, scores: Mapping[str, Numbers]) -> Numbers:
        """The score of each row, in double precision; not finite where it has no value, as after a division by 0."""
        with np.errstate(all="ignore"):
            rows = len(next(iter(scores.values())))
            return np.broadcast_to(_value(self.parsed, scores), rows).astype(np.float64)


def parse_formula(given: str, tasks: Sequence[str]) -> Formula:
    """NAME=FORMULA.

    Raises:
        ConfigError: it is none, or names something that is no task.
    """
    name, equals, text = (part.strip() for part in given.partition("="))
    if not equals or not name or not text:
        raise ConfigError(f"--score {given!r} is not NAME=FORMULA.", hint="For example: --score ctcvr=click*conversion")
    if len(name) > MAX_NAME or not name.isprintable():
        raise ConfigError(f"a score may not be called {name[:MAX_NAME]!r}.", hint="Give it a short, plain name.")
    if len(text) > MAX_CHARACTERS:
        raise ConfigError(
            f"the formula of the score {name!r} is longer than {MAX_CHARACTERS:,} characters.", hint=_ALLOWED
        )
    try:
        parsed = ast.parse(text, mode="eval").body
        found = list(_names(parsed, text, MAX_DEPTH))
    except SyntaxError as error:
        reason = f"{error.msg} at character {error.offset}"
        raise ConfigError(f"the score {name!r}: {text!r} is no formula: {reason}.", hint=_ALLOWED) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise ConfigError(f"the score {name!r}: {text[:50]!r} is no formula: {error}.", hint=_ALLOWED) from error
    for task in found:
        if task not in tasks:
            raise ConfigError(f"the score {name!r}: there is no task {task!r}{nearest(task, tasks)}.", hint=_ALLOWED)
    return Formula(name, text, parsed)


def _names(node: ast.expr, text: str, depth: int) -> Iterator[str]:
    """The tasks in a formula; ValueError where it holds anything but what a formula may."""
    if not depth:
        raise ValueError(f"more than {MAX_DEPTH} operations stand in each other")
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        yield from _names(node.left, text, depth - 1)
        yield from _names(node.right, text, depth - 1)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield from _names(node.operand, text, depth - 1)
    elif isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif not (isinstance(node, ast.Constant) and _is_finite(node.value)):
        raise ValueError(f"it may not hold {ast.get_source_segment(text, node)!r}")


def _is_finite(value: object) -> bool:
    """Whether it is a number, and one that a double holds; true and false are none."""
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(float(value))
    except OverflowError:
        return False


def _value(node: ast.expr, scores: Mapping[str, Numbers]) -> Numbers:
    if isinstance(node, ast.BinOp):
        return _BINARY[type(node.op)](_value(node.left, scores), _value(node.right, scores))
    if isinstance(node, ast.UnaryOp):
        return -_value(node.operand, scores)
    if isinstance(node, ast.Name):
        return scores[node.id]
    assert isinstance(node, ast.Constant), "parse_formula lets nothing else pass"
    value: Any = node.value
    if isinstance(value, str):
        return scores[value]
    return np.array([value], np.float64)  # an array, so that 1 / 0 is infinite and no exception
