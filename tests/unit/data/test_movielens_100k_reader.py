"""MovieLens 100K: ratings with their people and films, the domains, and lines that are not in the format."""

from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recmtl.data.datasets.movielens_100k import FLAGS, GROUPS, Movielens100kConfig
from recmtl.data.policies import SplitConfig
from recmtl.data.split import build_split
from recmtl.errors import DataError, MissingError
from recmtl.schema import Schema

USERS = "1|24|F|student|48067\n2|25|M|writer|T8H1N\n3|35|M|none|01234\n"
RATINGS = "2\t7\t5\t881250949\n1\t9\t3\t881250950\n3\t7\t4\t881250948\n1\t8\t1\t881250951\n"


def movie(number: str, title: str, *genres: str) -> str:
    flags = "|".join("1" if flag in genres else "0" for flag in FLAGS)
    return f"{number}|{title}|01-Jan-1995||http://example.org/?{title}|{flags}\n"


MOVIES = (
    movie("7", 'Élan & Co: a "film", or two (1995)', "Animation", "Children's", "Comedy")
    + movie("8", "unknown", "unknown")
    + movie("9", "Café (1994)", "Western")
)


def files(raw: Path, ratings: str = RATINGS, users: str = USERS, movies: str = MOVIES) -> Path:
    for name, text in {"data": ratings, "user": users, "item": movies}.items():
        (raw / f"u.{name}").write_bytes(text.encode("latin-1"))
    return raw


def read(raw: Path, threads: int = 2, **options: Any) -> pd.DataFrame:
    with duckdb.connect(config={"threads": threads}) as connection:
        query = Movielens100kConfig(**options).read(raw, connection)
        return connection.execute(f"SELECT * FROM ({query}) ORDER BY row").df()


def many(raw: Path) -> Path:
    """Ninety people of ages 10 to 69 who rate twenty films each."""
    people = [
        f"{user}|{10 + user % 60}|{'FM'[user % 2]}|{('student', 'artist', 'other')[user % 3]}|{user:05}\n"
        for user in range(1, 91)
    ]
    films = [movie(str(film), f"Film {film}", FLAGS[film % 19], FLAGS[film % 7]) for film in range(1, 51)]
    ratings = [
        f"{user}\t{1 + (user * 7 + turn) % 50}\t{1 + (user + turn * turn) % 5}\t{880_000_000 + user * 100 + turn}\n"
        for user in range(1, 91)
        for turn in range(20)
    ]
    return files(raw, "".join(ratings), "".join(people), "".join(films))


def split(raw: Path, out: Path, **options: Any) -> Schema:
    out.mkdir()
    policy = SplitConfig.kinds["random"].model_validate({"shares": [0.8, 0.1, 0.1]})
    return build_split(Movielens100kConfig(**options), policy, raw, out)


def test_the_columns_of_a_rating(tmp_path: Path) -> None:
    found, layout = read(files(tmp_path)), Movielens100kConfig().layout()
    assert set(found.columns) == {*layout.categorical, "genres", "timestamp", "liked", "loved", "row"}
    assert found["row"].tolist() == [1, 2, 3, 4]
    assert found["user_id"].tolist() == ["2", "1", "3", "1"]
    assert found["movie_id"].tolist() == ["7", "9", "7", "8"]
    assert found["age"].tolist() == ["25", "24", "35", "24"]
    assert found["gender"].tolist() == ["M", "F", "M", "F"]
    assert found["occupation"].tolist() == ["writer", "student", "none", "student"]
    assert found["zip"].tolist() == ["T8H1N", "48067", "01234", "48067"]
    assert found["liked"].tolist() == [1, 0, 1, 0] and found["loved"].tolist() == [1, 0, 0, 0]
    family = ["Animation", "Children's", "Comedy"]
    assert found["genres"].map(list).tolist() == [family, ["Western"], family, []]
    assert dict(layout.keys) == {"user": "user_id", "item": "movie_id", "time": "timestamp"}


def test_every_row_is_as_pandas_reads_it(tmp_path: Path) -> None:
    raw = many(tmp_path)

    def table(name: str, columns: str, sep: str) -> pd.DataFrame:
        return pd.read_csv(raw / f"u.{name}", sep=sep, names=columns.split(), dtype=str, encoding="latin-1", quoting=3)

    expected = table("data", "user_id movie_id rating timestamp", "\t")
    expected = expected.merge(table("user", "user_id age gender occupation zip", "|"), "left", validate="m:1")
    films = table("item", " ".join(("movie_id title released video url", *FLAGS)), "|")
    films["genres"] = ["|".join(flag for flag in FLAGS[1:] if row[flag] == "1") for _, row in films.iterrows()]
    expected = expected.merge(films[["movie_id", "genres"]], "left", validate="m:1")
    found = read(raw)
    assert len(found) == 1800
    for name in ("user_id", "movie_id", "gender", "age", "occupation", "zip", "timestamp"):
        assert found[name].tolist() == expected[name].tolist(), name
    assert found["genres"].map("|".join).tolist() == expected["genres"].tolist()
    assert found["liked"].tolist() == (expected["rating"].astype(int) > 3).tolist()


def test_the_rating_itself(tmp_path: Path) -> None:
    found, layout = read(files(tmp_path), labels="rating"), Movielens100kConfig(labels="rating").layout()
    assert found["rating"].tolist() == [5, 3, 4, 1] and "liked" not in found
    assert [(task.name, task.kind, task.bounds) for task in layout.tasks] == [("rating", "regression", (1, 5))]


@pytest.mark.parametrize(
    ("domain", "names"),
    [
        (None, {"movielens_100k"}),
        ("gender", {"female", "male"}),
        ("age", {"under 25", "25 to 34", "35 and over"}),
        ("occupation", {"student", "artist", "other"}),
    ],
)
def test_the_split_has_the_domains_that_were_asked_for(tmp_path: Path, domain: Any, names: set[str]) -> None:
    assert set(split(many(tmp_path), tmp_path / "split", domain=domain).domains) == names


@given(st.integers(1, 120))
def test_the_age_groups_are_those_of_movielens_1m(age: int) -> None:
    name = GROUPS["age"][str(age)]
    assert (age < 25) == (name == "under 25") and (age >= 35) == (name == "35 and over")


def test_the_order_is_the_file_s_on_any_number_of_threads(tmp_path: Path) -> None:
    one, four = (read(many(tmp_path), threads)[["row", "user_id", "movie_id"]] for threads in (1, 4))
    assert one.equals(four)


@pytest.mark.parametrize(
    ("good", "bad", "problem"),
    [
        ("9\t3", "9\t6", "u.data: line 2, column rating: '6' is no rating of 1 to 5 stars"),
        ("9\t3", "9\t3.5", "u.data: line 2, column rating: '3.5' is no rating"),
        ("881250950", "", "u.data: line 2, column timestamp: '' is no time in seconds"),
        ("1\t9", "4\t9", "u.data: line 2, column user_id: '4' is not in u.user"),
        ("1\t9", "1\t6", "u.data: line 2, column movie_id: '6' is not in u.item"),
        ("1\t9", "1 9", "u.data: line 2 has 3 columns, expected 4"),
    ],
)
def test_a_broken_rating_is_named(tmp_path: Path, good: str, bad: str, problem: str) -> None:
    assert good in RATINGS
    with pytest.raises(DataError) as caught:
        read(files(tmp_path, ratings=RATINGS.replace(good, bad, 1)))
    assert f"{tmp_path}/{problem}" in caught.value.message


@pytest.mark.parametrize(
    ("user", "problem"),
    [
        ("4|24|X|student|1", "line 4, column gender: 'X' is none of F, M"),
        ("4|0|F|student|1", "line 4, column age: '0' is no age of 1 to 120 years"),
        ("4|2x|F|student|1", "line 4, column age: '2x' is no age"),
        ("4|024|F|student|1", "line 4, column age: '024' is no age"),
        ("4|24|F||1", "line 4, column occupation: '' is no occupation"),
        ("1|24|F|student|1", "line 4, column user_id: '1' is there a second time"),
        ("4|24|F|student", "line 4 has 4 columns, expected 5"),
    ],
)
def test_a_broken_user_is_named(tmp_path: Path, user: str, problem: str) -> None:
    with pytest.raises(DataError) as caught:
        read(files(tmp_path, users=USERS + user + "\n"))
    assert f"{tmp_path / 'u.user'}: {problem}" in caught.value.message


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (movie("7", "Again", "War"), "line 4, column movie_id: '7' is there a second time"),
        (movie("6", "A|B", "War"), "line 4 has 25 columns, expected 24"),
        (movie("6", "A", "War").replace("|1|0\n", "|2|0\n"), "line 4, column War: '2' is neither 0 nor 1"),
        (movie("6", "A", "War").replace("|1|0\n", "||0\n"), "line 4, column War: '' is neither 0 nor 1"),
    ],
)
def test_a_broken_movie_is_named(tmp_path: Path, line: str, problem: str) -> None:
    with pytest.raises(DataError) as caught:
        read(files(tmp_path, movies=MOVIES + line))
    assert f"{tmp_path / 'u.item'}: {problem}" in caught.value.message


@pytest.mark.parametrize("name", ["u.data", "u.user", "u.item"])
def test_a_file_that_is_not_there_is_missing(tmp_path: Path, name: str) -> None:
    (files(tmp_path) / name).unlink()
    with pytest.raises(MissingError, match=rf"{name} is not there"):
        read(tmp_path)
