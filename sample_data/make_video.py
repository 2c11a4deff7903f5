"""A made-up video log in LT4REC's record format: impressions with click and watched share, in four domains.

    click logit  = domain + group + category + group x topic + domain x topic + age + cover quality
                   + 0.7 where the video's category is one of the user's own (FEA_ICAT2 in FEA_UCAT)
    completion   = 1 with chance sigmoid(u), otherwise about sigmoid(u - 1) of the duration, in whole seconds; u takes
                   most of the user's taste from the click logit, and has its own part of category and duration

Everything on the right is a column of the log and has few values, so that a model can learn it from some thousand rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import RandomState

from recmtl.sample_data.planted import Floats, Ints, best_auc, best_r2, normal, pick, sigmoid
from recmtl.testing.tfrecord_writer import Feature, write_examples

SEED = 20201011
ROWS, USERS, VIDEOS, SESSIONS, GROUPS, PROVIDERS, TAGS = 7000, 300, 240, 560, 30, 30, 60
FIRST_MILLISECOND = 1602403200000  # 2020-10-11 08:00 UTC; sessions follow every 21.577 seconds
DOMAINS = {"similar_taste": 0.42, "trending": 0.30, "same_provider": 0.18, "editors_pick": 0.10}
DOMAIN_EFFECT = np.array([0.4, -0.1, -0.6, -1.1])
TOPICS = {
    "food": ["baking", "noodles", "street_food", "vegan"],
    "music": ["concerts", "covers", "folk", "piano"],
    "sport": ["climbing", "football", "running", "swimming"],
    "science": ["animals", "maths", "oceans", "space"],
    "travel": ["cities", "islands", "mountains", "trains"],
}
CATEGORIES = [category for categories in TOPICS.values() for category in categories]
TOPIC_OF = np.repeat(np.arange(5), 4)
WORDS = [
    "how",
    "best",
    "new",
    "first",
    "slow",
    "tiny",
    "secret",
    "classic",
    "自然",
    "教程",
    "旅行",
    "音乐",
    "été",
    "niño",
]
AGES, AGE_EFFECT = ["0", "18", "25", "35", "45", "55"], np.array([0.0, 0.7, 0.35, 0.0, -0.5, -0.9])
QUALITIES, QUALITY_EFFECT = ["cover_low", "cover_plain", "cover_good", "-1"], np.array([-0.65, 0.0, 0.65, 0.0])
DURATIONS = np.array([20, 30, 45, 60, 75, 90, 120, 150, 180, 240, 300, 360, 480, 600])
OWN_CATEGORY = 0.7
NO_SCORE, NO_TAG = 0.03, 0.2


@dataclass(frozen=True)
class Catalogue:
    """The videos, by number."""

    category: Ints
    provider: Ints
    duration: Ints
    quality: Ints
    words: list[list[str]]
    tags: list[list[str]]


@dataclass(frozen=True)
class Impressions:
    """The drawn rows: who saw what where."""

    session: Ints
    order: Ints
    user: Ints
    video: Ints
    seed_video: Ints
    domain: Ints


def make(out: Path) -> dict[str, Any]:
    """Write video/part-r-00000.gz under `out` and return its truth."""
    chance = RandomState(SEED)
    videos = _catalogue(chance)
    group, age = pick(chance, USERS, np.ones(GROUPS)), pick(chance, USERS, [0.3, 0.2, 0.2, 0.15, 0.1, 0.05])
    own = [chance.permutation(len(CATEGORIES))[: 2 + user % 4] for user in range(USERS)]
    rows = _impressions(chance, videos, own)
    is_own = np.array([videos.category[video] in own[user] for user, video in zip(rows.user, rows.video, strict=True)])
    taste = _taste(chance, group[rows.user], videos.category[rows.video]) + OWN_CATEGORY * is_own
    logit = taste + _circumstances(chance, rows, age[rows.user], videos)
    click = (chance.random_sample(ROWS) < sigmoid(logit)).astype(np.int64)
    completion, expected = _completion(chance, taste, videos, rows.video)
    completion = completion * click
    score = np.round(sigmoid(logit + normal(chance, 1.0, ROWS)), 6)
    scored = chance.random_sample(ROWS) >= NO_SCORE

    people = {"group": group, "age": age}
    labels = {"label": click, "cvrlabel": completion, "pctr": np.where(scored, score, np.nan)}
    (out / "video").mkdir(exist_ok=True)
    write_examples(
        out / "video" / "part-r-00000.gz",
        (_example(row, rows, videos, people, own, labels) for row in range(ROWS)),
    )
    return _truth(rows, sigmoid(logit), expected, labels)


def _catalogue(chance: RandomState) -> Catalogue:
    category = pick(chance, VIDEOS, np.linspace(2.0, 0.7, len(CATEGORIES)))
    return Catalogue(
        category=category,
        provider=pick(chance, VIDEOS, np.ones(PROVIDERS)),
        duration=DURATIONS[pick(chance, VIDEOS, np.ones(len(DURATIONS)))],
        quality=pick(chance, VIDEOS, [0.25, 0.4, 0.3, 0.05]),
        words=[
            [CATEGORIES[category[video]], *(WORDS[word] for word in chance.permutation(len(WORDS))[: 1 + video % 5])]
            for video in range(VIDEOS)
        ],
        tags=[[f"tag_{tag:03d}" for tag in chance.permutation(TAGS)[: 1 + video % 6]] for video in range(VIDEOS)],
    )


def _impressions(chance: RandomState, videos: Catalogue, own: list[Ints]) -> Impressions:
    """Sessions of some users, about 12 videos each; every fourth video is drawn from the user's own categories."""
    session = np.sort(np.concatenate([np.arange(SESSIONS), chance.randint(0, SESSIONS, ROWS - SESSIONS)]))
    first = np.searchsorted(session, np.arange(SESSIONS))
    user_of = np.concatenate([chance.permutation(USERS), chance.randint(0, USERS, SESSIONS - USERS)])
    seed_of = chance.randint(0, VIDEOS, SESSIONS)
    user, video = user_of[session], chance.randint(0, VIDEOS, ROWS)
    for row in np.flatnonzero(chance.random_sample(ROWS) < 0.25):
        video[row] = chance.choice(np.flatnonzero(np.isin(videos.category, own[user[row]])))
    domain = pick(chance, ROWS, list(DOMAINS.values()))
    return Impressions(session, np.arange(ROWS) - first[session], user, video, seed_of[session], domain)


def _taste(chance: RandomState, group: Ints, category: Ints) -> Floats:
    """What the user's group thinks of the video: the part of the logit that click and completion share."""
    of_group, of_category = normal(chance, 0.7, GROUPS), normal(chance, 0.7, len(CATEGORIES))
    of_both = normal(chance, 0.25, GROUPS, len(TOPICS))
    return np.asarray(of_group[group] + of_category[category] + of_both[group, TOPIC_OF[category]] - 0.5)


def _circumstances(chance: RandomState, rows: Impressions, age: Ints, videos: Catalogue) -> Floats:
    """The part of the click logit that completion does not share."""
    of_both = normal(chance, 0.3, len(DOMAINS), len(TOPICS))
    of_both -= of_both.mean(axis=1, keepdims=True)  # so that the domains' rates keep the order of their own effects
    topic = TOPIC_OF[videos.category[rows.video]]
    by_domain = DOMAIN_EFFECT[rows.domain] + of_both[rows.domain, topic]
    return np.asarray(by_domain + AGE_EFFECT[age] + QUALITY_EFFECT[videos.quality[rows.video]])


def _completion(chance: RandomState, taste: Floats, videos: Catalogue, video: Ints) -> tuple[Floats, Floats]:
    """The watched share if clicked, in whole seconds, and what is to be expected of it."""
    duration = videos.duration[video]
    of_category = normal(chance, 0.5, len(CATEGORIES))
    drive = 0.8 * taste + of_category[videos.category[video]] - 0.8 * np.log(duration / 120.0)
    to_the_end, partly = sigmoid(drive), sigmoid(drive - 1.0)
    share = np.where(chance.random_sample(ROWS) < to_the_end, 1.0, chance.beta(4.0 * partly, 4.0 * (1.0 - partly)))
    seconds = np.clip(np.rint(share * duration), 1.0, duration)
    return seconds / duration, to_the_end + (1.0 - to_the_end) * partly


def _example(
    row: int,
    rows: Impressions,
    videos: Catalogue,
    people: Mapping[str, Ints],
    own: list[Ints],
    labels: Mapping[str, Floats | Ints],
) -> dict[str, Feature]:
    user, video, seed, session = rows.user[row], rows.video[row], rows.seed_video[row], int(rows.session[row])
    moment = FIRST_MILLISECOND + session * 21_577
    score = labels["pctr"][row]
    return {
        "label": int(labels["label"][row]),
        "cvrlabel": float(labels["cvrlabel"][row]),
        "pctr": "-1" if np.isnan(score) else f"{score:.6f}",
        "seqnum": f"session_{session:03d}@{moment}@{session % 7}",
        "FEA_UID": f"user_{user:03d}",
        "FEA_UGROUP": f"group_{people['group'][user]:02d}",
        "FEA_AGE": AGES[people["age"][user]],
        "FEA_UCAT": [CATEGORIES[category] for category in own[user]],
        **_video("I", "", videos, video),
        "FEA_DURATION": str(videos.duration[video]),
        "FEA_COVERQUALITY": QUALITIES[videos.quality[video]],
        "FEA_IKEYWORD": videos.words[video],
        "FEA_IXFTAG": videos.tags[video],
        **_video("SI", "S", videos, seed),
        "FEA_SIKEYWORD": videos.words[seed],
        "FEA_STAG": ["-1"] if seed % 5 == 0 else videos.tags[seed],
        "FEA_ALGID": list(DOMAINS)[rows.domain[row]],
        "FEA_ORDER": str(rows.order[row]),
    }


def _video(item: str, seed: str, videos: Catalogue, video: int) -> dict[str, Feature]:
    category = videos.category[video]
    return {
        f"FEA_{seed}VID": f"video_{video:03d}",
        f"FEA_{seed}CP": f"provider_{videos.provider[video]:02d}",
        f"FEA_{item}CAT1": list(TOPICS)[TOPIC_OF[category]],
        f"FEA_{item}CAT2": CATEGORIES[category],
    }


def _truth(
    rows: Impressions, probability: Floats, expected: Floats, labels: Mapping[str, Floats | Ints]
) -> dict[str, Any]:
    """What the best possible model would reach, over all rows and in each domain."""

    def scores(where: Any) -> dict[str, Any]:
        click, completion = labels["label"][where], labels["cvrlabel"][where]
        clicked = click == 1
        return {
            "rows": len(click),
            "click_rate": round(float(click.mean()), 4),
            "click_best_auc": best_auc(click, probability[where]),
            "completion_mean": round(float(completion[clicked].mean()), 4),
            "completion_best_r2": best_r2(completion[clicked], expected[where][clicked]),
        }

    scored = ~np.isnan(labels["pctr"])
    return {
        "seed": SEED,
        "users": USERS,
        "sessions": SESSIONS,
        "videos": len(np.unique(rows.video)),
        "pctr_missing": int((~scored).sum()),
        "pctr_auc": best_auc(labels["label"][scored], labels["pctr"][scored]),
        "overall": scores(slice(None)),
        "domains": {name: scores(rows.domain == number) for number, name in enumerate(DOMAINS)},
    }
