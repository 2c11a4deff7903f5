"""The five published categories of Amazon reviews hold what they are known to hold, read and split."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from raw_rows import decoded

from recmtl.data.datasets.amazon import AmazonConfig
from recmtl.data.policies import SplitConfig
from recmtl.data.split import build_split

PAIR = ["category", "reviewerID", "asin"]
PUBLISHED = {  # reviews, users, items, users and items that meet
    "AMAZON FASHION": (3176, 406, 31, 3042),
    "All Beauty": (5269, 991, 85, 4092),
    "Appliances": (2277, 47, 48, 183),
    "Gift Cards": (2972, 458, 148, 2965),
    "Magazine Subscriptions": (2375, 348, 157, 2302),
}


def read(raw: Path, threads: int = 2, **options: Any) -> pd.DataFrame:
    with duckdb.connect(config={"threads": threads}) as connection:
        query = AmazonConfig(**options).read(raw, connection)
        return connection.execute(f"SELECT * FROM ({decoded(connection, query)}) ORDER BY row").df()


def counted(found: pd.DataFrame) -> dict[str, tuple[int, int, int]]:
    return {
        str(category): (len(rows), rows["reviewerID"].nunique(), rows["asin"].nunique())
        for category, rows in found.groupby("category")
    }


@pytest.mark.realdata
def test_the_published_files_hold_what_they_are_known_to_hold(real_data: Any) -> None:
    raw = real_data("amazon-2018")
    stars = read(raw, categories=tuple(PUBLISHED), labels="stars")
    assert counted(stars) == {name: counts[:3] for name, counts in PUBLISHED.items()}
    assert stars["row"].tolist() == list(range(1, 16_070))
    assert stars.groupby("category")["liked"].mean().round(3).to_dict() == {
        "AMAZON FASHION": 0.828, "All Beauty": 0.945, "Appliances": 0.805, "Gift Cards": 0.978,
        "Magazine Subscriptions": 0.807,
    }  # fmt: skip
    assert (stars["verified"] == "true").groupby(stars["category"]).mean().round(3).tolist() == [
        0.969, 0.812, 0.987, 0.955, 0.727,
    ]  # fmt: skip
    assert stars.groupby("category")["vote"].count().div(stars.groupby("category").size()).round(3).tolist() == [
        0.094, 0.105, 0.911, 0.070, 0.240,
    ]  # fmt: skip
    drawn = read(raw, categories=tuple(PUBLISHED))
    assert Counter(drawn[drawn["review"] == 1]["category"]) == {name: counts[3] for name, counts in PUBLISHED.items()}
    assert not drawn.duplicated(PAIR).any()


@pytest.mark.realdata
@pytest.mark.parametrize("labels", ["review", "stars"])
def test_a_split_of_the_published_files_has_all_of_them(real_data: Any, tmp_path: Path, labels: str) -> None:
    config = AmazonConfig.model_validate({"categories": list(PUBLISHED), "labels": labels})
    policy = SplitConfig.kinds["random"].model_validate({"shares": [0.6, 0.2, 0.2]})
    schema = build_split(config, policy, real_data("amazon-2018"), tmp_path)
    assert set(schema.domains) == set(PUBLISHED)
    profile = json.loads((tmp_path / "profile.json").read_text())
    rows = {cell["domain"]: cell for cell in profile["totals"]}
    keys = {entry["domain"]: (entry["users"]["all"], entry["items"]["all"]) for entry in profile["keys"]}
    for name, (reviews, users, items, pairs) in PUBLISHED.items():
        assert keys[name] == (users, items)
        if labels == "stars":
            assert rows[name]["rows"] == reviews
        else:
            assert round(rows[name]["rows"] * rows[name]["tasks"]["review"]["mean"]) == pairs


@pytest.mark.realdata
@pytest.mark.parametrize("kind", ["random", "time"])
def test_every_part_has_both_labels_by_chance_and_by_time(real_data: Any, tmp_path: Path, kind: str) -> None:
    policy = SplitConfig.kinds[kind].model_validate({})
    config = AmazonConfig(categories=("Gift_Cards",))
    build_split(config, policy, real_data("amazon-2018"), tmp_path)
    means = {cell["part"]: cell["tasks"]["review"]["mean"] for cell in json.loads(
        (tmp_path / "profile.json").read_text())["totals"]}  # fmt: skip
    assert len(means) == 4
    assert all(0.1 < mean < 0.5 for mean in means.values()), means
