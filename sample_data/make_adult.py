"""Made-up people in the two files of UCI Adult.

    income logit        = -2.6 + 0.45 (education-num - 10) + 0.05 (hours - 40) + max(1.6 (1 - ((age - 48) / 18)^2), -4)
    never-married logit = 0.2 - 0.14 (age - 30) + 0.10 (education-num - 10) + 0.02 (hours - 40)

The two labels are independent given these three columns. `relationship` is drawn from the marital status and so tells
something about it; the truth takes that into account. The other columns are noise.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import RandomState

from recmtl.sample_data.planted import Floats, Ints, best_auc, pick, sigmoid

SEED = 19940501
TRAIN, TEST = 2000, 1000
EDUCATION = [
    "Preschool", "1st-4th", "5th-6th", "7th-8th", "9th", "10th", "11th", "12th", "HS-grad", "Some-college", "Assoc-voc",
    "Assoc-acdm", "Bachelors", "Masters", "Prof-school", "Doctorate",
]  # fmt: skip
EDUCATION_SHARE = [1, 2, 3, 5, 5, 6, 7, 4, 60, 45, 10, 9, 35, 14, 4, 3]
WORK = ["Private", "Self-emp-not-inc", "Local-gov", "State-gov", "Self-emp-inc", "Federal-gov", "Without-pay", "?"]
WORK_SHARE = [70, 8, 6, 4, 3, 3, 0.5, 5.5]
OCCUPATION = [
    "Prof-specialty", "Craft-repair", "Exec-managerial", "Adm-clerical", "Sales", "Other-service", "Machine-op-inspct",
    "Transport-moving", "Handlers-cleaners", "Farming-fishing", "Tech-support", "Protective-serv", "Priv-house-serv",
]  # fmt: skip
RACE, RACE_SHARE = ["White", "Black", "Asian-Pac-Islander", "Amer-Indian-Eskimo", "Other"], [85, 10, 3, 1, 1]
COUNTRY = ["United-States", "Mexico", "Philippines", "Germany", "Canada", "India", "?"]
COUNTRY_SHARE = [90, 2, 1.5, 1.5, 1.5, 1.5, 2]
ONCE_MARRIED = ["Married-civ-spouse", "Divorced", "Separated", "Widowed", "Married-spouse-absent"]
ONCE_MARRIED_SHARE = [68, 20, 5, 5, 2]
RELATIONSHIP = ["spouse", "Not-in-family", "Own-child", "Unmarried", "Other-relative"]
NEVER_SHARE = np.array([0.02, 0.46, 0.36, 0.10, 0.06])
ONCE_SHARE = np.array([0.50, 0.26, 0.04, 0.15, 0.05])


def make(out: Path) -> dict[str, Any]:
    """Write adult.data and adult.test under `out`/adult and return their truth."""
    chance = RandomState(SEED)
    size = TRAIN + TEST
    age, hours = _between(chance.gamma(8.0, 5.0, size), 17, 90), _between(chance.normal(40.0, 11.0, size), 1, 99)
    education, male = pick(chance, size, EDUCATION_SHARE), chance.random_sample(size) < 0.67
    rich_chance, never_prior = _chances(age, education + 1, hours)
    rich, never = chance.random_sample(size) < rich_chance, chance.random_sample(size) < never_prior
    relation = np.where(never, pick(chance, size, NEVER_SHARE), pick(chance, size, ONCE_SHARE))
    once = pick(chance, size, ONCE_MARRIED_SHARE)
    marital = np.where(never, "Never-married", np.take(ONCE_MARRIED, once))
    never_chance = sigmoid(np.log(never_prior / (1 - never_prior)) + np.log(NEVER_SHARE / ONCE_SHARE)[relation])

    work = pick(chance, size, WORK_SHARE)
    occupation = np.where(
        work == WORK.index("?"), "?", np.take(OCCUPATION, pick(chance, size, np.ones(len(OCCUPATION))))
    )
    spouse = np.where(male, "Husband", "Wife")
    columns = [
        age,
        np.take(WORK, work),
        chance.randint(20_000, 500_000, size),
        np.take(EDUCATION, education),
        education + 1,
        marital,
        occupation,
        np.where(relation == 0, spouse, np.take(RELATIONSHIP, relation)),
        np.take(RACE, pick(chance, size, RACE_SHARE)),
        np.where(male, "Male", "Female"),
        np.where(chance.random_sample(size) < 0.08, chance.randint(1, 150, size) * 100, 0),
        np.where(chance.random_sample(size) < 0.05, chance.randint(10, 25, size) * 100, 0),
        hours,
        np.take(COUNTRY, pick(chance, size, COUNTRY_SHARE)),
        np.where(rich, ">50K", "<=50K"),
    ]
    lines = [", ".join(map(str, row)) for row in zip(*columns, strict=True)]
    _write(out, lines)
    labels = {"income": (rich, rich_chance), "never_married": (never, never_chance)}
    parts = {"train": np.arange(size) < TRAIN, "test": np.arange(size) >= TRAIN}
    return {
        "seed": SEED,
        **{part: _scores(labels, where) for part, where in parts.items()},
        "test_by_sex": {
            "Male": _scores(labels, parts["test"] & male),
            "Female": _scores(labels, parts["test"] & ~male),
        },
    }


def _between(values: Floats, low: int, high: int) -> Ints:
    return np.clip(np.rint(values), low, high).astype(np.int64)


def _chances(age: Ints, education: Ints, hours: Ints) -> tuple[Floats, Floats]:
    """The chances of more than 50,000 dollars and of never having been married, from the three columns alone."""
    of_age = np.maximum(1.6 * (1.0 - ((age - 48.0) / 18.0) ** 2), -4.0)
    rich = sigmoid(-2.6 + 0.45 * (education - 10.0) + 0.05 * (hours - 40.0) + of_age)
    never = sigmoid(0.2 - 0.14 * (age - 30.0) + 0.10 * (education - 10.0) + 0.02 * (hours - 40.0))
    return rich, never


def _scores(labels: dict[str, tuple[Any, Floats]], where: Any) -> dict[str, Any]:
    scores: dict[str, Any] = {"rows": int(where.sum())}
    for name, (label, probability) in labels.items():
        scores[f"{name}_rate"] = round(float(label[where].mean()), 4)
        scores[f"{name}_best_auc"] = best_auc(label[where], probability[where])
    return scores


def _write(out: Path, lines: list[str]) -> None:
    (out / "adult").mkdir(exist_ok=True)
    (out / "adult" / "adult.data").write_bytes("\n".join([*lines[:TRAIN], "", ""]).encode())
    test = [f"{line}." for line in lines[TRAIN:]]
    (out / "adult" / "adult.test").write_bytes("\n".join(["|1x3 Cross validator", *test, "", ""]).encode())
