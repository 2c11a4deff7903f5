"""MovieLens 1M: ratings with their people and films, the domains, and lines that are not in the format."""

import zipfile
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from recmtl.data.datasets.movielens import GROUPS, MovielensConfig
from recmtl.data.policies import SplitConfig
from recmtl.data.split import build_split
from recmtl.errors import DataError, MissingError
from recmtl.sample_data import folder
from recmtl.schema import Schema

SAMPLE = folder() / "movielens"
USERS = "1::F::1::10::48067\n2::M::56::16::70072-1234\n"
MOVIES = '7::Élan & Co: a "film", or two (1995)::Animation|Children\'s|Comedy\n9::Café::Drama\n'
RATINGS = "2::7::5::978300760\n1::9::3::978302109\n1::7::4::978300761\n"


def files(raw: Path, ratings: str = RATINGS, users: str = USERS, movies: str = MOVIES) -> Path:
    for name, text in {"ratings": ratings, "users": users, "movies": movies}.items():
        (raw / f"{name}.dat").write_bytes(text.encode("latin-1"))
    return raw


def read(raw: Path, threads: int = 2, **options: Any) -> pd.DataFrame:
    with duckdb.connect(config={"threads": threads}) as connection:
        query = MovielensConfig(**options).read(raw, connection)
        return connection.execute(f"SELECT * FROM ({query}) ORDER BY row").df()


def split(raw: Path, out: Path, **options: Any) -> Schema:
    out.mkdir()
    policy = SplitConfig.kinds["random"].model_validate({"shares": [0.8, 0.1, 0.1]})
    return build_split(MovielensConfig(**options), policy, raw, out)


def pandas_reads(raw: Path) -> pd.DataFrame:
    def table(name: str, columns: str) -> pd.DataFrame:
        lines = (raw / f"{name}.dat").read_text("latin-1").splitlines()
        return pd.DataFrame([line.split("::") for line in lines], columns=columns.split())

    ratings = table("ratings", "user_id movie_id rating timestamp")
    people = ratings.merge(table("users", "user_id gender age occupation zip"), "left", validate="m:1")
    return people.merge(table("movies", "movie_id title genres"), "left", validate="m:1")


def same_as_pandas(found: pd.DataFrame, raw: Path) -> None:
    expected = pandas_reads(raw)
    for name in ("user_id", "movie_id", "gender", "age", "occupation", "zip", "timestamp"):
        assert found[name].tolist() == expected[name].tolist(), name
    assert found["genres"].map("|".join).tolist() == expected["genres"].tolist()
    stars = expected["rating"].astype(int)
    assert found["liked"].tolist() == (stars > 3).tolist() and found["loved"].tolist() == (stars > 4).tolist()
    assert found["row"].tolist() == list(range(1, len(expected) + 1))


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory, real_data: Any) -> Path:
    """The published files, unpacked."""
    out: Path = tmp_path_factory.mktemp("movielens")
    with zipfile.ZipFile(real_data("movielens-1m") / "ml-1m.zip") as archive:
        archive.extractall(out)
    return out / "ml-1m"


@pytest.mark.realdata
def test_the_published_files(raw: Path) -> None:
    found = read(raw)
    assert len(found) == 1_000_209
    assert (found["user_id"].nunique(), found["movie_id"].nunique()) == (6040, 3706)
    assert (found["liked"].mean(), found["loved"].mean()) == pytest.approx((0.5752, 0.2263), abs=5e-5)
    assert found["age"].map(GROUPS["age"]).value_counts().to_dict() == {
        "25 to 34": 395_556, "35 and over": 393_906, "under 25": 210_747,
    }  # fmt: skip
    assert found["occupation"].nunique() == 21 == len(GROUPS["occupation"])
    seconds = found["timestamp"].astype(int)
    assert (seconds.min(), seconds.max()) == (956_703_932, 1_046_454_590)
    same_as_pandas(found, raw)


@pytest.mark.realdata
def test_the_age_groups_of_the_published_files_are_domains(tmp_path: Path, raw: Path) -> None:
    schema = split(raw, tmp_path / "split", domain="age")
    assert set(schema.domains) == {"under 25", "25 to 34", "35 and over"}
    assert {task.name for task in schema.tasks} == {"liked", "loved"}


def test_the_sample_files() -> None:
    same_as_pandas(read(SAMPLE), SAMPLE)


def test_the_columns_of_a_rating(tmp_path: Path) -> None:
    found = read(files(tmp_path))
    layout = MovielensConfig().layout()
    assert set(found.columns) == {*layout.categorical, "genres", "timestamp", "liked", "loved", "row"}
    assert found["user_id"].tolist() == ["2", "1", "1"]
    assert found["liked"].tolist() == [1, 0, 1] and found["loved"].tolist() == [1, 0, 0]
    family = ["Animation", "Children's", "Comedy"]
    assert found["genres"].map(list).tolist() == [family, ["Drama"], family]
    assert found["zip"].tolist() == ["70072-1234", "48067", "48067"]
    assert dict(layout.keys) == {"user": "user_id", "item": "movie_id", "time": "timestamp"}


def test_the_rating_itself(tmp_path: Path) -> None:
    found, layout = read(files(tmp_path), labels="rating"), MovielensConfig(labels="rating").layout()
    assert found["rating"].tolist() == [5, 3, 4] and "liked" not in found
    assert [(task.name, task.kind, task.bounds) for task in layout.tasks] == [("rating", "regression", (1, 5))]
    assert [task.name for task in split(SAMPLE, tmp_path / "split", labels="rating").tasks] == ["rating"]


@pytest.mark.parametrize(("label", "values"), [("liked", [1, 0, 1]), ("loved", [1, 0, 0])])
def test_one_of_the_two_tasks_alone(tmp_path: Path, label: Any, values: list[int]) -> None:
    found, layout = read(files(tmp_path), labels=label), MovielensConfig(labels=label).layout()
    assert found[label].tolist() == values and len({"liked", "loved", "rating"} & set(found.columns)) == 1
    assert [(task.name, task.kind) for task in layout.tasks] == [(label, "binary")]
    assert split(SAMPLE, tmp_path / "split", labels=label).task_names == (label,)


@pytest.mark.parametrize(
    ("domain", "names"),
    [
        (None, {"movielens_1m"}),
        ("gender", {"female", "male"}),
        ("age", {"under 25", "25 to 34", "35 and over"}),
        ("seven_ages", {"under 18", "18 to 24", "25 to 34", "35 to 44", "45 to 49", "50 to 55", "56 and over"}),
        ("occupation", set(GROUPS["occupation"].values())),
    ],
)
def test_the_domains_have_names_and_the_rows_keep_their_codes(tmp_path: Path, domain: Any, names: set[str]) -> None:
    assert set(split(SAMPLE, tmp_path / "split", domain=domain).domains) == names
    found = read(SAMPLE, domain=domain)
    assert set(found["gender"]) == {"F", "M"} and set(found["age"]) == set(GROUPS["age"])


def test_the_age_groups_are_those_of_m3oe() -> None:
    groups: dict[str, set[str]] = {}
    for code, name in GROUPS["age"].items():
        groups.setdefault(name, set()).add(code)
    assert groups == {"under 25": {"1", "18"}, "25 to 34": {"25"}, "35 and over": {"35", "45", "50", "56"}}


def test_the_occupations_are_in_the_order_of_the_codes() -> None:
    names = GROUPS["occupation"]
    assert (names["0"], names["10"], names["12"], names["20"]) == (
        "other or not specified", "K-12 student", "programmer", "writer",
    )  # fmt: skip


def test_the_order_is_the_file_s_on_any_number_of_threads() -> None:
    one, four = (read(SAMPLE, threads)[["row", "user_id", "movie_id"]] for threads in (1, 4))
    assert one.equals(four)


def test_a_film_without_genres_has_none(tmp_path: Path) -> None:
    found = read(files(tmp_path, movies=MOVIES.replace("Drama", "")))
    assert list(found["genres"][1]) == []


@pytest.mark.parametrize(
    ("good", "bad", "problem"),
    [
        ("9::3", "9::6", "ratings.dat: line 2, column rating: '6' is no rating of 1 to 5 stars"),
        ("9::3", "9::0", "ratings.dat: line 2, column rating: '0' is no rating"),
        ("9::3", "9::3.5", "ratings.dat: line 2, column rating: '3.5' is no rating"),
        ("9::3", "9::", "ratings.dat: line 2, column rating: '' is no rating"),
        ("9::3", "9::good", "ratings.dat: line 2, column rating: 'good' is not a number"),
        ("978302109", "", "ratings.dat: line 2, column timestamp: '' is no time in seconds"),
        ("978302109", "1.5", "ratings.dat: line 2, column timestamp: '1.5' is no time"),
        ("978302109", "-1", "ratings.dat: line 2, column timestamp: '-1' is no time"),
        ("1::9", "3::9", "ratings.dat: line 2, column user_id: '3' is not in users.dat"),
        ("1::9", "1::8", "ratings.dat: line 2, column movie_id: '8' is not in movies.dat"),
        ("1::9", "::9", "ratings.dat: line 2, column user_id: '' is not in users.dat"),
        ("1::9", "1:9", "ratings.dat: line 2 has 3 columns, expected 4"),
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
        ("3::X::25::0::1", "line 3, column gender: 'X' is none of F, M"),
        ("3::M::26::0::1", "line 3, column age: '26' is none of 1, 18, 25, 35, 45, 50, 56"),
        ("3::M::25::21::1", "line 3, column occupation: '21' is none of 0, 1,"),
        ("3::M::::0::1", "line 3, column age: '' is none of"),
        ("1::M::25::0::1", "line 3, column user_id: '1' is there a second time"),
        ("::M::25::0::1", "line 3, column user_id: '' is no id"),
        ("3::M::25::0", "line 3 has 4 columns, expected 5"),
    ],
)
def test_a_broken_user_is_named(tmp_path: Path, user: str, problem: str) -> None:
    with pytest.raises(DataError) as caught:
        read(files(tmp_path, users=USERS + user + "\n"))
    assert f"{tmp_path / 'users.dat'}: {problem}" in caught.value.message


@pytest.mark.parametrize(
    ("movie", "problem"),
    [
        ("7::Café II::Drama", "line 3, column movie_id: '7' is there a second time"),
        ("::Café II::Drama", "line 3, column movie_id: '' is no id"),
        ("8::Café :: II::Drama", "line 3 has 4 columns, expected 3"),
    ],
)
def test_a_broken_movie_is_named(tmp_path: Path, movie: str, problem: str) -> None:
    with pytest.raises(DataError) as caught:
        read(files(tmp_path, movies=MOVIES + movie + "\n"))
    assert f"{tmp_path / 'movies.dat'}: {problem}" in caught.value.message


@pytest.mark.parametrize("name", ["ratings.dat", "users.dat", "movies.dat"])
def test_a_file_that_is_not_there_is_missing(tmp_path: Path, name: str) -> None:
    (files(tmp_path) / name).unlink()
    with pytest.raises(MissingError, match=rf"{name} is not there"):
        read(tmp_path)
