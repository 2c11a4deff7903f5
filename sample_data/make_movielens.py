"""Made-up ratings in the three '::' files of MovieLens 1M, latin-1.

liking = 3.6 + worth of the movie + mean over its genres of (gender x genre + age x genre) + how kind the user is
rating = liking + noise, rounded, from 1 to 5
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import RandomState

from recmtl.sample_data.planted import Ints, best_auc, normal

SEED = 956703932
USERS, MOVIES, OCCUPATIONS = 120, 150, 21
AGES = [1, 18, 25, 35, 45, 50, 56]
GENRES = [
    "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama", "Fantasy", "Film-Noir",
    "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western",
]  # fmt: skip
QUALITIES = ["Quiet", "Last", "Crimson", "Little", "Forgotten", "Señor", "Midnight", "Paper", "Élan &", "Slow"]
THINGS = ["Harbour", "Clockwork", "Café", "Orchard", "Lighthouse", "Übermut", "Parade", "Señorita", "Winter", "Caravan"]
FIRST_SECOND = 956703932
NOISE = 0.75


def make(out: Path) -> dict[str, Any]:
    """Write ratings.dat, users.dat and movies.dat under `out`/movielens and return their truth."""
    chance = RandomState(SEED)
    gender, age = np.arange(USERS) % 3 % 2, chance.permutation(np.arange(USERS) % len(AGES))
    occupation = chance.permutation(np.arange(USERS) % OCCUPATIONS)
    genres = np.zeros((MOVIES, len(GENRES)))
    for number, row in enumerate(genres):
        row[[number % len(GENRES), *chance.permutation(len(GENRES))[: number % 3]]] = 1.0
    taste = normal(chance, 0.5, 2, len(GENRES))[gender] + normal(chance, 0.4, len(AGES), len(GENRES))[age]
    liking = 3.6 + normal(chance, 0.5, MOVIES) + taste @ (genres / genres.sum(1, keepdims=True)).T
    liking += normal(chance, 0.3, USERS)[:, None]
    user, movie = _who_rates_what(chance)
    wish = liking[user, movie]
    rating = np.clip(np.rint(wish + normal(chance, NOISE, len(user))), 1, 5).astype(np.int64)
    moment = FIRST_SECOND + user * 86_400 + np.arange(len(user)) * 37

    movie_ids = 1 + np.arange(MOVIES) * 5 // 4  # with gaps, as the real ones
    _write(out, "ratings.dat", zip(user + 1, movie_ids[movie], rating, moment, strict=True))
    zips = [f"{code:05d}" if code % 17 else f"{code:05d}-{code % 9999:04d}" for code in chance.randint(0, 99999, USERS)]
    people = zip(range(1, USERS + 1), np.take(["M", "F"], gender), np.take(AGES, age), occupation, zips, strict=True)
    _write(out, "users.dat", people)
    _write(out, "movies.dat", ((movie_ids[m], _title(m), _genres(genres[m])) for m in range(MOVIES)))
    return {
        "seed": SEED,
        "rows": len(rating),
        "users": USERS,
        "movies": MOVIES,
        "overall": _scores(rating, wish),
        "genders": {"MF"[code]: _scores(rating[gender[user] == code], wish[gender[user] == code]) for code in (0, 1)},
    }


def _who_rates_what(chance: RandomState) -> tuple[Ints, Ints]:
    """20 to 30 movies a user."""
    chosen = chance.random_sample((USERS, MOVIES)).argsort(1) < chance.randint(20, 31, USERS)[:, None]
    user, movie = np.nonzero(chosen)
    return user, movie


def _title(movie: int) -> str:
    quality, thing = QUALITIES[movie % len(QUALITIES)], THINGS[movie // len(QUALITIES) % len(THINGS)]
    return f"{quality} {thing} {'II ' if movie >= 100 else ''}({1930 + movie * 7 % 70})"


def _genres(row: Any) -> str:
    return "|".join(genre for genre, there in zip(GENRES, row, strict=True) if there)


def _scores(rating: Ints, wish: Any) -> dict[str, Any]:
    return {
        "rows": len(rating),
        "five_rate": round(float((rating == 5).mean()), 4),
        "five_best_auc": best_auc(rating == 5, wish),
        "four_rate": round(float((rating >= 4).mean()), 4),
        "four_best_auc": best_auc(rating >= 4, wish),
    }


def _write(out: Path, name: str, rows: Any) -> None:
    (out / "movielens").mkdir(exist_ok=True)
    text = "".join("::".join(map(str, row)) + "\n" for row in rows)
    (out / "movielens" / name).write_bytes(text.encode("latin-1"))
