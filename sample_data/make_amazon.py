"""Made-up reviews of two categories in the format of Amazon Review Data 2018, 5-core JSON lines.

A person reviews the items nearest to a taste of 4 numbers; the stars follow what the item is worth and how kind the
person is. A third of the people are in both categories and keep their taste and kindness there.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import RandomState

from recmtl.sample_data.planted import Floats, Ints, best_auc, choose, chosen_auc, normal
from recmtl.testing.tfrecord_writer import gzipped

SEED = 20180617
PEOPLE, SHARED, ITEMS, TASTES = 95, 32, 60, 4
CATEGORIES = {"Made_Up_Toys": "T", "Made_Up_Games": "G"}
DUPLICATES = 5
FIRST_DAY, LAST_DAY = 16_000, 17_700  # since 1970: from October 2013 to June 2018
NAMES = [
    "Ada",
    "Bo",
    "Chen",
    "Dana",
    "Eli",
    "Fay",
    "Gus",
    "Hana",
    "Ivo",
    "Jun",
    "Kai",
    "Lea",
    "Mo",
    "Nia",
    "Ola",
    "Zoë",
]
VERDICTS = {1: "Broke at once", 2: "Not for me", 3: "Fine", 4: "Good", 5: "Five stars"}
REMARKS = [
    "Came on time.",
    "A gift for my niece.",
    'We call it "the bear".',
    "Would buy again.",
    "Smaller than I thought.",
]


def make(out: Path) -> dict[str, Any]:
    """Write two files under `out`/amazon and return their truth."""
    chance = RandomState(SEED)
    (out / "amazon").mkdir(exist_ok=True)
    tastes, kindness = normal(chance, 1.0, 2 * PEOPLE - SHARED, TASTES), normal(chance, 0.5, 2 * PEOPLE - SHARED)
    truth: dict[str, Any] = {"seed": SEED, "categories": {}}
    seen: list[set[int]] = []
    for number, (category, letter) in enumerate(CATEGORIES.items()):
        people = np.arange(PEOPLE) + number * (PEOPLE - SHARED)
        affinity = tastes[people] @ normal(chance, 0.6, ITEMS, TASTES).T + normal(chance, 0.4, ITEMS)
        reviews = _five_core(choose(chance, affinity, chance.randint(5, 10, PEOPLE)))
        person, item = np.nonzero(reviews)
        liking = 4.0 + normal(chance, 0.7, ITEMS)[item] + kindness[people[person]]
        stars = np.clip(np.rint(liking + normal(chance, 0.7, len(item))), 1, 5).astype(np.int64)
        lines = _lines(chance, people[person], item, stars, letter)
        (out / "amazon" / f"{category}_5.json.gz").write_bytes(gzipped("".join(lines).encode()))
        seen.append(set(people[person].tolist()))
        truth["categories"][category] = {
            "rows": len(lines),
            "duplicate_rows": DUPLICATES,
            "users": len(seen[number]),
            "items": len(np.unique(item)),
            "affinity_auc": chosen_auc(reviews, affinity),
            "four_stars_rate": round(float((stars >= 4).mean()), 4),
            "four_stars_best_auc": best_auc(stars >= 4, liking),
        }
    return truth | {"users_in_both": len(seen[0] & seen[1])}


def _five_core(reviews: Ints) -> Ints:
    """Drop people and items with fewer than 5 reviews until none is left."""
    while True:
        kept: Ints = reviews * (reviews.sum(1) >= 5)[:, None] * (reviews.sum(0) >= 5)
        if kept.sum() == reviews.sum():
            return reviews
        reviews = kept


def _lines(chance: RandomState, person: Ints, item: Ints, stars: Ints, letter: str) -> list[str]:
    """One JSON object a line in random order, a few of them twice."""
    day = chance.randint(FIRST_DAY, LAST_DAY, len(item))
    dice = chance.random_sample((len(item), 4))
    lines = [
        json.dumps(_review(int(person[row]), int(item[row]), int(stars[row]), int(day[row]), dice[row], letter)) + "\n"
        for row in chance.permutation(len(item))
    ]
    return lines + lines[:DUPLICATES]


def _review(person: int, item: int, stars: int, day: int, dice: Floats, letter: str) -> dict[str, Any]:
    date = datetime.fromtimestamp(day * 86_400, UTC)
    style = {"style": {"Color:": f" {('Red', 'Blue')[item % 2]}"}} if dice[0] < 0.3 else {}
    vote = {"vote": str(2 + int(50 * dice[1]))} if dice[1] < 0.1 else {}
    text = {"reviewText": f"{VERDICTS[stars]}. {REMARKS[(person + item) % len(REMARKS)]}"} if dice[3] < 0.98 else {}
    return {
        "overall": float(stars),
        "verified": bool(dice[2] < 0.9),
        "reviewTime": f"{date.month:02d} {date.day}, {date.year}",
        "reviewerID": f"AMADEUP{person:04d}",
        "asin": f"B0{letter}{item:05d}X",
        **style,
        "reviewerName": NAMES[person % len(NAMES)],
        **text,
        "summary": VERDICTS[stars],
        "unixReviewTime": day * 86_400,
        **vote,
    }
