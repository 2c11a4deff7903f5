"""How many negatives a user gets, and that a domain's draw is its own affair."""

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from recmtl.data.negatives import Ratios, chance_of, count_negatives


def counts(positives: list[int], ratios: tuple[float, float], compat: bool, domain: str = "a") -> list[int]:
    return count_negatives(np.array(positives), ratios, chance_of(1, domain), compat).tolist()


def test_a_fixed_ratio_is_of_negatives_to_positives_and_rounded_to_the_nearest() -> None:
    assert counts([1, 2, 3, 10], (2.5, 2.5), compat=False) == [2, 5, 8, 25]


def test_compat_divides_by_the_inverse_in_hundredths_and_rounds_down() -> None:
    # the original's ctr_ratio 0.3: int(1 / 0.3), int(2 / 0.3), int(3 / 0.3), int(10 / 0.3)
    assert counts([1, 2, 3, 10], (3.333333, 3.333333), compat=True) == [3, 6, 10, 33]
    assert counts([1, 3, 7], (2.0, 2.0), compat=True) == [2, 6, 14]
    assert counts([1], (1000.0, 1000.0), compat=True) == [100]  # hundredths have nothing smaller than 0.01


def test_compat_draws_the_inverse_evenly_and_otherwise_the_ratio_is_drawn_evenly() -> None:
    many = 10_000
    names = [f"domain {i}" for i in range(600)]
    inverses = [many / counts([many], (2.0, 5.0), True, name)[0] for name in names]
    ratios = [counts([many], (2.0, 5.0), False, name)[0] / many for name in names]
    assert {round(inverse, 2) for inverse in inverses} == {round(0.2 + i / 100, 2) for i in range(31)}
    assert np.mean(inverses) == pytest.approx(0.35, abs=0.015)  # five standard errors
    assert np.mean(ratios) == pytest.approx(3.5, abs=0.18)
    assert 2.0 <= min(ratios) < 2.1 and 4.9 < max(ratios) <= 5.0


def test_the_chance_of_a_domain_follows_from_seed_and_name() -> None:
    drawn = [chance_of(seed, name).integers(2**60) for seed, name in [(1, "a"), (1, "a"), (1, "b"), (2, "a")]]
    assert drawn[0] == drawn[1] and len(set(drawn)) == 3


@pytest.mark.parametrize("value", [(5.0, 2.0), (0.0, 1.0), (1.0, 1001.0), (1.0,)])
def test_ratios_that_mean_nothing_are_refused(value: tuple[float, ...]) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Ratios).validate_python(value)
