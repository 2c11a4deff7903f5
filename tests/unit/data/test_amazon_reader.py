"""Amazon reviews: what is a positive, the stars as labels, and lines that are refused."""

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from pydantic import ValidationError
from raw_rows import decoded

from recmtl.data.datasets.amazon import AmazonConfig
from recmtl.errors import DataError, MissingError
from recmtl.sample_data import folder

PAIR = ["category", "reviewerID", "asin"]
SAMPLE = ("Made_Up_Toys", "Made Up Games")


def read(raw: Path, threads: int = 2, **options: Any) -> pd.DataFrame:
    with duckdb.connect(config={"threads": threads}) as connection:
        query = AmazonConfig(**options).read(raw, connection)
        return connection.execute(f"SELECT * FROM ({decoded(connection, query)}) ORDER BY row").df()


def review(user: str, item: str, stars: float = 5.0, time: int = 1_400_000_000, **more: Any) -> str:
    return json.dumps({"overall": stars, "reviewerID": user, "asin": item, "unixReviewTime": time, **more}) + "\n"


def file(raw: Path, *lines: str, name: str = "Toys_5.json.gz") -> Path:
    (raw / name).write_bytes(gzip.compress("".join(lines).encode()))
    return raw


def positives(found: pd.DataFrame) -> list[tuple[str, ...]]:
    return [tuple(row) for row in found[found["review"] == 1][PAIR].to_numpy()]


# the sample, held against pandas


def pandas_reads(name: str) -> pd.DataFrame:
    return pd.read_json(folder() / "amazon" / f"{name}_5.json.gz", lines=True, dtype={"vote": str})


@pytest.mark.parametrize("label", ["liked", "loved"])
def test_one_of_the_tasks_about_stars_has_the_rows_and_features_of_both(label: Any) -> None:
    one, both = (AmazonConfig(categories=SAMPLE, labels=labels).layout() for labels in (label, "stars"))
    assert [task.name for task in one.tasks] == [label]
    assert [task.name for task in both.tasks] == ["liked", "loved"]
    assert (one.categorical, one.keys, one.domain) == (both.categorical, both.keys, both.domain)
    found, expected = (read(folder() / "amazon", categories=SAMPLE, labels=labels) for labels in (label, "stars"))
    pd.testing.assert_frame_equal(found[[*one.categorical, label]], expected[[*one.categorical, label]])


def test_every_review_is_a_row_where_stars_are_the_labels() -> None:
    found = read(folder() / "amazon", categories=SAMPLE, labels="stars")
    expected = pd.concat([pandas_reads("Made_Up_Toys"), pandas_reads("Made_Up_Games")])
    date = pd.to_datetime(expected["unixReviewTime"], unit="s")
    assert found["row"].tolist() == list(range(1, len(expected) + 1))
    for name, values in {
        "reviewerID": expected["reviewerID"], "asin": expected["asin"], "year": date.dt.year.astype(str),
        "month": date.dt.month.astype(str), "unixReviewTime": expected["unixReviewTime"].astype(str),
        "verified": expected["verified"].map({True: "true", False: "false"}),
        "liked": (expected["overall"] > 3).astype(float), "loved": (expected["overall"] > 4).astype(float),
    }.items():  # fmt: skip
        assert found[name].tolist() == values.tolist(), name
    assert found["vote"].dropna().tolist() == expected["vote"].dropna().tolist()
    assert [json.loads(style) for style in found["style"].dropna()] == expected["style"].dropna().tolist()
    assert found["vote"].isna().tolist() == expected["vote"].isna().tolist()
    assert Counter(found["category"]) == {
        "Made Up Toys": len(pandas_reads("Made_Up_Toys")), "Made Up Games": len(pandas_reads("Made_Up_Games")),
    }  # fmt: skip


@pytest.mark.parametrize("compat", [False, True])
def test_positives_are_those_of_pandas_and_the_ratio_is_kept(compat: bool) -> None:
    found = read(folder() / "amazon", categories=("Made_Up_Toys",), negatives_per_review=(2.5, 2.5), compat=compat)
    expected = pandas_reads("Made_Up_Toys").drop_duplicates(["reviewerID", "asin"])
    assert len(expected) < len(pandas_reads("Made_Up_Toys"))
    assert [pair[1:] for pair in positives(found)] == [tuple(p) for p in expected[["reviewerID", "asin"]].to_numpy()]
    items = expected["asin"].nunique()
    for _, rows in found.groupby("reviewerID"):
        has = int(rows["review"].sum())
        wanted = int(has / 0.4) if compat else round(has * 2.5)
        assert len(rows) - has == min(wanted, items - has)
    assert not found.duplicated(PAIR).any()
    assert set(found["asin"]) == set(expected["asin"])


def test_a_category_draws_the_same_whatever_stands_beside_it(tmp_path: Path) -> None:
    both = read(folder() / "amazon", categories=SAMPLE)
    turned = read(folder() / "amazon", 4, categories=SAMPLE[::-1])
    one = read(folder() / "amazon", categories=("Made_Up_Games",))
    lines = gzip.decompress((folder() / "amazon/Made_Up_Games_5.json.gz").read_bytes()).decode().splitlines(True)
    shuffled = read(file(tmp_path, *lines[::-1], name="Made_Up_Games_5.json.gz"), categories=("Made Up Games",))

    def games(found: pd.DataFrame) -> list[tuple[str, ...]]:
        mine = found[found["category"] == "Made Up Games"]
        return sorted(map(tuple, mine[["reviewerID", "asin", "review", "unixReviewTime"]].to_numpy()))

    assert games(both) == games(turned) == games(one) == games(shuffled)
    assert games(both) != games(read(folder() / "amazon", categories=SAMPLE, seed=124))


# what counts


def test_reviews_of_one_item_are_one_with_the_first_one_s_time(tmp_path: Path) -> None:
    lines = review("u", "a", 5, 30), review("u", "b", 1, 20), review("u", "a", 5, 10), review("u", "a", 2, 10)
    found = read(file(tmp_path, *lines), categories=("Toys",))
    assert positives(found) == [("Toys", "u", "a"), ("Toys", "u", "b")]
    assert found["unixReviewTime"].tolist() == ["30", "20"]


def test_compat_counts_other_stars_as_another_positive(tmp_path: Path) -> None:
    lines = review("u", "a", 5), review("u", "a", 5), review("u", "a", 2), *(review("v", name) for name in "bcdefgh")
    found = read(file(tmp_path, *lines), categories=("Toys",), compat=True, negatives_per_review=(2.0, 2.0))
    mine = found[found["reviewerID"] == "u"]
    assert mine["review"].tolist() == [1.0, 1.0, 0.0, 0.0, 0.0, 0.0]  # two positives, int(2 / 0.5) negatives
    assert "a" not in set(mine[mine["review"] == 0]["asin"])


def test_negatives_have_their_user_s_times_in_turn(tmp_path: Path) -> None:
    lines = review("u", "a", 5, 30), review("u", "b", 5, 20), *(review("v", name, 5, 99) for name in "cdefgh")
    found = read(file(tmp_path, *lines), categories=("Toys",), negatives_per_review=(2.0, 2.0))
    mine = found[(found["reviewerID"] == "u") & (found["review"] == 0)]
    assert mine["unixReviewTime"].tolist() == ["30", "20", "30", "20"]


def test_the_files_of_2014_have_other_names_and_no_details(tmp_path: Path) -> None:
    file(tmp_path, review("u", "a", 4, helpful=[2, 3]), review("v", "b", 3), name="reviews_Toys_5.json.gz")
    found = read(tmp_path, categories=("Toys",), edition=2014, labels="stars")
    assert found[["reviewerID", "asin", "year", "month", "liked", "loved"]].to_numpy().tolist() == [
        ["u", "a", "2014", "5", 1.0, 0.0], ["v", "b", "2014", "5", 0.0, 0.0],
    ]  # fmt: skip
    layout = AmazonConfig(categories=("Toys",), edition=2014, labels="stars").layout()
    assert layout.categorical == ("reviewerID", "asin", "year", "month")


# what is refused


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (review("", "a"), "column reviewerID: '' is no user"),
        (review("u", "a").replace("reviewerID", "reviewer"), "column reviewerID: '' is no user"),
        (review("u", "a").replace("asin", "item"), "column asin: '' is no item"),
        (review("u", "a", 0), "column overall: '0' is no rating of 1 to 5 stars"),
        (review("u", "a", 5.5), "column overall: '5.5' is no rating of 1 to 5 stars"),
        (review("u", "a").replace("5.0", "NaN"), "column overall: "),
        (review("u", "a").replace("overall", "stars"), "column overall: '' is no rating"),
        (review("u", "a", 5, -1), "column unixReviewTime: '-1' is no time in seconds"),
    ],
)
@pytest.mark.parametrize("labels", ["review", "stars"])
def test_a_review_that_lacks_something_is_named(tmp_path: Path, line: str, problem: str, labels: str) -> None:
    file(tmp_path, review("u", "a"), "\n", line)
    with pytest.raises(DataError) as caught:
        read(tmp_path, categories=("Toys",), labels=labels)
    assert caught.value.message.startswith(f"{tmp_path}/Toys_5.json.gz: line 3, {problem}")


def test_a_line_cut_off_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"Toys_5.json.gz: line 2 is no JSON object: "):
        read(file(tmp_path, review("u", "a"), review("u", "b")[:-3]), categories=("Toys",))


def test_an_empty_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"Toys_5.json.gz holds no reviews"):
        read(file(tmp_path), categories=("Toys",))


def test_a_category_without_a_file_is_named_before_anything_is_read(tmp_path: Path) -> None:
    file(tmp_path, "broken")
    with pytest.raises(MissingError, match=r"Video_Games_5.json.gz is not there: .* category 'Video Games'") as caught:
        read(tmp_path, categories=("Toys", "Video_Games"))
    assert "recmtl download amazon --from DIR" in str(caught.value.hint)


@pytest.mark.parametrize(
    "options",
    [
        {"categories": []},
        {"categories": ["Video Games", "Video_Games"]},
        {"categories": ["../Toys"]},
        {"categories": [""]},
        {"edition": 2016},
        {"negatives_per_review": [5.0, 2.0]},
    ],
)
def test_options_that_mean_nothing_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        AmazonConfig.model_validate(options)
