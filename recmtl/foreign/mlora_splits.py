"""The data sets of MLoRA and MAMDR, as their split scripts make them. A run's config knows only the folder that a
split was written to, so the names of the shipped ones say what is in them.
"""

import re
from typing import Any

from recmtl.foreign.base import NULL

AMAZON_6 = (
    "Musical Instruments", "Office Products", "Patio Lawn and Garden", "Prime Pantry", "Toys and Games", "Video Games",
)  # fmt: skip
AMAZON_13 = (
    "Arts Crafts and Sewing", "Digital Music", "Gift Cards", "Industrial and Scientific", "Luxury Beauty",
    "Magazine Subscriptions", "Musical Instruments", "Office Products", "Patio Lawn and Garden", "Prime Pantry",
    "Software", "Toys and Games", "Video Games",
)  # fmt: skip
TIME = (
    "split_time.py deals what follows the training clicks to valid and test by chance, and all negatives, which have "
    "no time there; here test follows valid, and a negative has the time of a click of its user"
)
"""What the user should know of a split by time."""
LABEL = "the label there (5 stars) is the task 'loved' here"
"""What the user should know of MovieLens."""
SHARES = [0.6, 0.2, 0.2]
NEGATIVES = [2.0, 5.0]
"""What a ctr_ratio_range of [0.2, 0.5] gives: that ratio is of clicks to others."""
ALL = -1
"""All themes, as `theme_num`."""
FIELDS = ("gender", "age", "occupation")


def taobao(themes: int | None, negatives: list[float] | None, seed: int | None) -> dict[str, Any]:
    """The section `dataset`, negatives counted as the scripts count them."""
    first = NULL if themes == ALL else themes
    return {"name": "taobao", "themes": first, "negatives_per_click": negatives, "seed": seed, "compat": True}


def amazon(categories: list[str] | None, negatives: list[float] | None, seed: int | None) -> dict[str, Any]:
    """The section `dataset`: every review is a positive, negatives are counted as the scripts count them."""
    return {"name": "amazon", "categories": categories, "negatives_per_review": negatives, "seed": seed, "compat": True}


def movielens(field: str) -> dict[str, Any]:
    """The section `dataset`: a domain for each value of one of the `FIELDS` of the user."""
    domain = field.lower()
    return {"name": "movielens_1m", "labels": "loved", "domain": "seven_ages" if domain == "age" else domain}


def by_time(folder: str) -> bool:
    """Whether a split's folder is one that split_time.py writes."""
    return folder.endswith("_time")


def split(dataset: str, shares: list[float] | None, seed: int | None, timed: bool = False) -> dict[str, Any]:
    """The section `split`: rows are counted as the scripts count them, or cut at times where they are."""
    if timed and dataset == "taobao":
        return {"name": "time", "within": "domain", "shares": shares, "seed": seed}
    way = {"stratify": True} if dataset == "movielens_1m" else {"compat": True}
    return {"name": "random", "shares": shares, "seed": seed, **way}


def named(folder: str, seed: int | None) -> dict[str, Any] | None:
    """The section `dataset` of the split in a shipped config's folder, such as split_by_theme_10; None if it is no
    shipped one.
    """
    found = re.fullmatch(r"split_by_(category|theme|gender|age|occupation)(?:_(\d+|all))?(_time)?", folder)
    if found is None:
        return None
    by, size, timed = found.groups()
    if timed and by != "theme":
        return None
    if by == "theme" and size is not None:
        return taobao(ALL if size == "all" else int(size), NEGATIVES, seed)
    if by == "category" and size in ("6", "13"):
        return amazon(list(AMAZON_6 if size == "6" else AMAZON_13), NEGATIVES, seed)
    return movielens(by) if by in ("gender", "age", "occupation") and size is None else None
