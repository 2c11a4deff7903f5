"""Formulas over task scores, against Python's own arithmetic."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from recmtl.errors import ConfigError
from recmtl.training.formula import parse_formula

TASKS = ("click", "conversion", "watch ratio")
SCORES = {
    "click": np.array([0.1, 0.5, 0.0, 1.0]), "conversion": np.array([0.25, 0.5, 1.0, 0.0]),
    "watch ratio": np.array([3.0, -2.0, 0.5, 1e200]),
}  # fmt: skip

expressions = st.recursive(
    st.sampled_from(["click", "conversion", "2", "0.5", "1e3"]),
    lambda inner: (
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", " ** "]), inner).map("".join)
        | inner.map(lambda text: f"({text})")
        | inner.map(lambda text: f"-{text}")
    ),
    max_leaves=8,
)


@given(expressions)
def test_as_python_computes_it(text):
    found = parse_formula(f"x={text}", TASKS)(SCORES)
    for row in range(4):
        names = {name: SCORES[name][row] for name in ("click", "conversion")}
        with np.errstate(all="ignore"):
            try:
                expected = eval(text, {"__builtins__": {}}, names)
            except (ZeroDivisionError, OverflowError):  # of two numbers, where numpy is not asked
                assume(False)
        if isinstance(expected, complex) or not np.isfinite(expected):
            assert not np.isfinite(found[row])
        else:
            assert found[row] == pytest.approx(expected, rel=1e-12)


def test_names_between_quotes_and_without_rows():
    assert parse_formula('x = "watch ratio" * click', TASKS)(SCORES)[0] == pytest.approx(0.3)
    assert parse_formula("two=2", TASKS)(SCORES).tolist() == [2.0] * 4
    assert parse_formula("x=click", TASKS)({"click": np.zeros(0)}).tolist() == []


def test_what_has_no_value_is_not_finite():
    assert np.isfinite(parse_formula("x=1/click", TASKS)(SCORES)).tolist() == [True, True, False, True]
    assert np.isfinite(parse_formula("x=1/0", TASKS)(SCORES)).tolist() == [False] * 4
    assert np.isfinite(parse_formula('x="watch ratio" ** 2', TASKS)(SCORES)).tolist() == [True, True, True, False]
    assert np.isfinite(parse_formula('x="watch ratio" ** 0.5', TASKS)(SCORES)).tolist() == [True, False, True, True]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("click*conversion", "is not NAME=FORMULA"),
        ("=click", "is not NAME=FORMULA"),
        ("x=", "is not NAME=FORMULA"),
        ("x=clik*2", "there is no task 'clik' (did you mean 'click'?)"),
        ('x="watch"', "there is no task 'watch'"),
        ("x=click*", "is no formula"),
        ("x=click conversion", "is no formula"),
        ("x=click==1", "it may not hold 'click==1'"),
        ("x=click if click else 2", "it may not hold"),
        ("x=click.real", "it may not hold 'click.real'"),
        ("x=abs(click)", "it may not hold 'abs(click)'"),
        ("x=__import__('os').system('true')", "it may not hold"),
        ("x=[click][0]", "it may not hold"),
        ("x=click // 2", "it may not hold 'click // 2'"),
        ("x=1j*click", "it may not hold '1j'"),
        ("x=True*click", "it may not hold 'True'"),
        ("x=1e999*click", "it may not hold '1e999'"),
        ("x=click*" + "9" * 400, "it may not hold"),
        ("x=" + "(" * 400 + "click" + ")" * 400, "is no formula"),
        ("x=" + "-" * 990 + "click", "is no formula"),
        ("x=" + "-" * 150 + "click", "more than 100 operations"),
        ("x=" + "9" * 1001, "longer than 1,000 characters"),
        ("x=(y:=click)", "it may not hold"),
        ("x=lambda: click", "it may not hold"),
        ("x=click\0", "is no formula"),
        ("a\nb=click", "may not be called"),
    ],
)
def test_what_is_no_formula(given, says):
    with pytest.raises(ConfigError) as error:
        parse_formula(given, TASKS)
    assert says in error.value.message
    assert error.value.hint
