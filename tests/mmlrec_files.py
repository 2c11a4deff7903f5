"""Made-up raw files of the data sets of MMLRec's benchmark, each in its published format; amazon's and movielens's are
in the sample data.
"""

import gzip
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from recmtl import sample_data
from recmtl.data.datasets.census import NAMES as CENSUS
from recmtl.data.datasets.census import NUMBERS as CENSUS_NUMBERS
from recmtl.data.datasets.ijcai15 import LOG
from recmtl.data.datasets.ijcai18 import COLUMNS as IJCAI18
from recmtl.data.datasets.kuairec import USERS

ROWS = 300


def _chance() -> np.random.Generator:
    return np.random.default_rng(7)


def _text(lines: Iterable[Sequence[object]], separator: str = ",") -> str:
    return "".join(separator.join(map(str, line)) + "\n" for line in lines)


def census(raw: Path) -> Path:
    """Two packed files."""
    chance = _chance()

    def lines() -> bytes:
        rows = []
        for _ in range(ROWS):
            row = {name: chance.integers(9) if name in CENSUS_NUMBERS else f"a{chance.integers(3)}" for name in CENSUS}
            row |= {"instance_weight": "1234.56", "marital_stat": chance.choice(["Never married", "Divorced"]),
                    "income_50k": chance.choice(["- 50000.", "50000+."])}  # fmt: skip
            rows.append([*row.values()])
        return gzip.compress(_text(rows, ", ").encode())

    (raw / "census-income.data.gz").write_bytes(lines())
    (raw / "census-income.test.gz").write_bytes(lines())
    return raw


def ijcai15(raw: Path) -> Path:
    """A log of actions, and who acted."""
    chance = _chance()
    log = [(user, item, item % 7, item % 5, item % 3, day, action) for user, item, day, action in zip(
        chance.integers(30, size=ROWS), chance.integers(20, size=ROWS), chance.choice(["829", "1111"], ROWS),
        chance.choice(4, ROWS, p=(0.4, 0.2, 0.2, 0.2)), strict=True,
    )]  # fmt: skip
    people = [("user_id", "age_range", "gender"), *((user, user % 8, user % 2) for user in range(30))]
    (raw / "user_log_format1.csv").write_text(_text([tuple(LOG), *log]))
    (raw / "user_info_format1.csv").write_text(_text(people))
    return raw


def ijcai18(raw: Path) -> Path:
    """One file; columns of lists have semicolons between their items."""
    chance = _chance()
    rows: list[dict[str, object]] = []
    for row in range(ROWS):
        values: dict[str, object] = dict.fromkeys(IJCAI18, "5") | {
            "instance_id": row, "item_id": chance.integers(20), "user_id": chance.integers(30),
            "item_category_list": "7908;5799", "item_property_list": f"2072;{chance.integers(4)}",
            "user_gender_id": chance.choice(["-1", "0", "1", "2"]), "context_timestamp": 1537236544 + row,
            "predict_category_property": "5799:9172;5710:-1", "shop_review_positive_rate": "1.0",
            "shop_score_service": "0.9", "shop_score_delivery": "0.985", "shop_score_description": "0.97",
            "is_trade": chance.integers(2),
        }  # fmt: skip
        rows.append(values)
    lines = [tuple(rows[0]), *(tuple(row.values()) for row in rows)]
    (raw / "round1_ijcai_18_train_20180301.txt").write_text(_text(lines, " "))
    return raw


def kuairec(raw: Path) -> Path:
    """Two matrices of views, users and videos."""
    chance = _chance()
    header = ("user_id", "video_id", "play_duration", "video_duration", "time", "date", "timestamp", "watch_ratio")

    def views(pairs: Iterable[tuple[int, int]]) -> str:
        rows: list[Sequence[object]] = [header]
        for place, (user, video) in enumerate(pairs):
            played = chance.choice([4000, 11000, 25000])
            seconds = f"{place // 60 % 60:02}:{place % 60:02}"
            rows.append((user, video, played, 10000, f"2020-07-05 00:{seconds}.100", "20200705",
                         1593878400 + place, played / 10000))  # fmt: skip
        return _text(rows)

    (raw / "big_matrix.csv").write_text(views((user, video) for user in range(8, 40) for video in range(10)))
    (raw / "small_matrix.csv").write_text(views((user, video) for user in range(8) for video in range(10)))
    degrees = ("high_active", "full_active", "middle_active", "UNKNOWN")
    people = [[*(dict.fromkeys(USERS, "0") | {"user_id": user, "user_active_degree": degrees[user % 4]}).values()]
              for user in range(40)]  # fmt: skip
    (raw / "user_features.csv").write_text(_text([tuple(USERS), *people]))
    (raw / "item_categories.csv").write_text(
        "video_id,feat\n" + _text((video, f'"[{video}, 9]"') for video in range(10))
    )
    return raw


def aliexpress(raw: Path) -> Path:
    """The pairs of two countries: 33 columns of a search, 49 of an item shown in it."""
    chance = _chance()
    categories = {*range(2, 9), 32, 33}
    of_items = {19, 34, 35, 36, 40, 41, 42}
    for country in ("nl", "es"):
        for part in ("train", "test"):
            searches = [[s, *(c + s % 3 if c in categories else f"{c + s}.5" for c in range(2, 34))] for s in range(60)]
            items = [
                [s, *(c + s % 4 if c in of_items else f"{c}.25" for c in range(2, 49)), chance.choice([0, 1, 2])]
                for s in range(60) for _ in range(5)
            ]  # fmt: skip
            (raw / f"{country}_user_{part}.csv").write_text(_text(searches))
            (raw / f"{country}_item_{part}.csv").write_text(_text(items))
    return raw


FILES: dict[str, Callable[[Path], Path]] = {
    "census": census,
    "ijcai15": ijcai15,
    "ijcai18": ijcai18,
    "kuairec": kuairec,
    "aliexpress": aliexpress,
    "amazon": lambda _: sample_data.folder() / "amazon",
    "movielens_1m": lambda _: sample_data.folder() / "movielens",
}
"""Writes a data set's files into a folder, and says where they lie."""
CHOICES = {
    "amazon": ['dataset.categories=["Made Up Games", "Made Up Toys"]'],
    "aliexpress": ['dataset.countries=["NL", "ES"]'],
}
"""What MMLRec does not say."""
