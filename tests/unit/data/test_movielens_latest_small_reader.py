"""MovieLens latest-small: half stars, quoted titles, films without genres, and lines that are not in the format."""

from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from recmtl.data.datasets.movielens_latest_small import MovielensLatestSmallConfig
from recmtl.data.policies import SplitConfig
from recmtl.data.split import build_split
from recmtl.errors import DataError, MissingError

MOVIES = (
    'movieId,title,genres\n7,"Élan, or: ""The Film"" (1995)",Animation|Children\n'
    "8,Nothing (2001),(no genres listed)\n9,Café (1994),Sci-Fi\n"
)
RATINGS = (
    "userId,movieId,rating,timestamp\n2,7,4.5,964982703\n1,9,3.5,964982704\n1,8,3.0,964982705\n"
    "3,7,4.0,964982700\n3,9,0.5,964982701\n"
)


def files(raw: Path, ratings: str = RATINGS, movies: str = MOVIES) -> Path:
    (raw / "ratings.csv").write_text(ratings, encoding="utf-8")
    (raw / "movies.csv").write_text(movies, encoding="utf-8")
    return raw


def read(raw: Path, **options: Any) -> pd.DataFrame:
    with duckdb.connect() as connection:
        query = MovielensLatestSmallConfig(**options).read(raw, connection)
        return connection.execute(f"SELECT * FROM ({query}) ORDER BY row").df()


def test_the_columns_of_a_rating(tmp_path: Path) -> None:
    found, layout = read(files(tmp_path)), MovielensLatestSmallConfig().layout()
    assert set(found.columns) == {*layout.categorical, "genres", "timestamp", "liked", "loved", "row"}
    assert found["row"].tolist() == [1, 2, 3, 4, 5]
    assert found["userId"].tolist() == ["2", "1", "1", "3", "3"]
    assert found["movieId"].tolist() == ["7", "9", "8", "7", "9"]
    assert found["genres"].map(list).tolist() == [
        ["Animation", "Children"], ["Sci-Fi"], [], ["Animation", "Children"], ["Sci-Fi"],
    ]  # fmt: skip
    assert found["timestamp"].tolist()[0] == "964982703"
    assert dict(layout.keys) == {"user": "userId", "item": "movieId", "time": "timestamp"}
    assert layout.domain is None


def test_three_and_a_half_stars_are_liked_and_four_and_a_half_loved(tmp_path: Path) -> None:
    found = read(files(tmp_path))
    assert found["liked"].tolist() == [1, 1, 0, 1, 0]
    assert found["loved"].tolist() == [1, 0, 0, 0, 0]


def test_the_rating_itself(tmp_path: Path) -> None:
    found, layout = read(files(tmp_path), labels="rating"), MovielensLatestSmallConfig(labels="rating").layout()
    assert found["rating"].tolist() == [4.5, 3.5, 3.0, 4.0, 0.5]
    assert [(task.name, task.bounds) for task in layout.tasks] == [("rating", (0.5, 5.0))]


def test_a_split_has_one_domain(tmp_path: Path) -> None:
    lines = [f"{u},{7 + (u + i) % 3},{(1 + (u * i) % 10) / 2},{900000000 + i}\n" for u in range(40) for i in range(9)]
    raw, out = files(tmp_path, RATINGS + "".join(lines)), tmp_path / "split"
    out.mkdir()
    policy = SplitConfig.kinds["random"].model_validate({"shares": [0.8, 0.1, 0.1]})
    schema = build_split(MovielensLatestSmallConfig(), policy, raw, out)
    assert schema.domains == ("movielens_latest_small",)
    assert [feature.name for feature in schema.features] == ["userId", "movieId", "genres"]
    assert schema.tables["genres"] == 3 + 3  # Animation, Children, Sci-Fi beside the reserved ids


@pytest.mark.parametrize(
    ("good", "bad", "problem"),
    [
        ("3.5", "3.7", "ratings.csv: line 3, column rating: '3.7' is no rating of 0.5 to 5.0 stars in half stars"),
        ("3.5", "0.0", "ratings.csv: line 3, column rating: '0.0' is no rating"),
        ("3.5", "", "ratings.csv: line 3, column rating: '' is no rating"),
        ("964982704", "soon", "ratings.csv: line 3, column timestamp: 'soon' is no time in seconds"),
        ("1,9", "1,6", "ratings.csv: line 3, column movieId: '6' is not in movies.csv"),
        ("1,9", "9", "ratings.csv: line 3 has 3 columns, expected 4"),
        ("userId,", "user,", "ratings.csv: line 1 names no column 'userId'"),
    ],
)
def test_a_broken_rating_is_named(tmp_path: Path, good: str, bad: str, problem: str) -> None:
    assert good in RATINGS
    with pytest.raises(DataError) as caught:
        read(files(tmp_path, ratings=RATINGS.replace(good, bad, 1)))
    assert f"{tmp_path}/{problem}" in caught.value.message


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("7,Again,Drama", "line 5, column movieId: '7' is there a second time"),
        (",Nameless,Drama", "line 5, column movieId: '' is no id"),
        ("6,A, B,Drama", "line 5 has 4 columns, expected 3"),
    ],
)
def test_a_broken_movie_is_named(tmp_path: Path, line: str, problem: str) -> None:
    with pytest.raises(DataError) as caught:
        read(files(tmp_path, movies=MOVIES + line + "\n"))
    assert f"{tmp_path / 'movies.csv'}: {problem}" in caught.value.message


@pytest.mark.parametrize("name", ["ratings.csv", "movies.csv"])
def test_a_file_that_is_not_there_is_missing(tmp_path: Path, name: str) -> None:
    (files(tmp_path) / name).unlink()
    with pytest.raises(MissingError, match=rf"{name} is not there"):
        read(tmp_path)
