"""Draws negatives: items of a domain that a user has not touched, as click-only logs need (MAMDR, MLoRA)."""

import hashlib
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field

MAX_ROUNDS = 20


def _ascending(ratios: tuple[float, float]) -> tuple[float, float]:
    if ratios[0] > ratios[1]:
        raise ValueError(f"the first of {ratios} must not be greater than the second")
    return ratios


Ratio = Annotated[float, Field(gt=0, le=1000)]
Ratios = Annotated[tuple[Ratio, Ratio], AfterValidator(_ascending)]
"""Negatives for a positive: the least and the most."""


def chance_of(seed: int, domain: str) -> np.random.Generator:
    """The chance of one domain: no other domain has a part in it."""
    digest = hashlib.sha256(f"{seed}:{domain}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest, "big"))


def count_negatives(
    positives: NDArray[np.int64], ratios: Ratios, chance: np.random.Generator, compat: bool
) -> NDArray[np.int64]:
    """How many negatives each user of a domain gets.

    Args:
        positives: how many positives each user has there.
        ratios: the domain's ratio is drawn between these two.
        chance: draws it.
        compat: draw the inverse instead, positives for a negative, rounded to hundredths, and round each user's
            number down, as MLoRA and MAMDR do.
    """
    low, high = ratios
    if compat:
        inverse = max(round(chance.uniform(1 / high, 1 / low), 2), 0.01)
        return np.floor(positives / inverse).astype(np.int64)
    return np.rint(positives * chance.uniform(low, high)).astype(np.int64)


def draw_negatives(
    user: NDArray[np.int64], item: NDArray[np.int64], items: int, wanted: NDArray[np.int64], seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each user, so many different items that the user has not touched, by chance.

    Args:
        user: index of the user of each positive, in 0..len(wanted).
        item: index of its item, in 0..items.
        items: how many items the domain has.
        wanted: negatives for each user; a user with fewer untouched items gets all of them.
        seed: the same seed draws the same items.

    Returns:
        user and item of each negative, ordered by user, then item.
    """
    chance = np.random.default_rng(seed)
    touched = distinct(user * items + item)
    left = items - np.bincount(touched // items, minlength=len(wanted))
    wanted = np.minimum(wanted, left)
    drawn = np.empty(0, np.int64)
    for _ in range(MAX_ROUNDS):
        lack = wanted - np.bincount(drawn // items, minlength=len(wanted))
        if not lack.any():
            break
        fresh = np.repeat(np.arange(len(wanted)), lack) * items
        fresh = distinct(fresh + chance.integers(0, items, len(fresh)))
        drawn = distinct(np.concatenate([drawn, fresh[~_among(fresh, touched)]]))
    lack = wanted - np.bincount(drawn // items, minlength=len(wanted))
    rest = [drawn]
    for index in np.flatnonzero(lack):  # users who have nearly everything by now: chance seldom finds what is left
        mine = [index * items, (index + 1) * items]
        taken = [pairs[slice(*np.searchsorted(pairs, mine))] for pairs in (touched, drawn)]
        rest.append(chance.choice(np.setdiff1d(np.arange(*mine), np.concatenate(taken)), lack[index], replace=False))
    drawn = np.sort(np.concatenate(rest))
    return drawn // items, drawn % items


def distinct(pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sorted, each once: numpy's own `unique` hashes, which takes ten times as long."""
    pairs = np.sort(pairs)
    return pairs[np.append(True, pairs[1:] != pairs[:-1])] if len(pairs) else pairs


def _among(pairs: NDArray[np.int64], known: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each is in `known`; both are sorted."""
    places = np.searchsorted(known, pairs)
    return known[np.minimum(places, len(known) - 1)] == pairs if len(known) else np.zeros(len(pairs), bool)
