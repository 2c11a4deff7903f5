"""Made-up theme clicks in the files of Tianchi data set 9716 (cloud theme click), which MAMDR and MLoRA split by theme.

    affinity(user, item, theme) = 0.55 sum_k w_theme,k * taste_user,k * taste_item,k + popularity_item
    who visits a theme draws some of its items in proportion to exp(affinity), without repeating

The themes' weights w scatter around 1: what holds in one theme mostly holds in the others. The published vectors are
the tastes, turned into 128 numbers, plus noise.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import RandomState

from recmtl.sample_data.planted import Floats, Ints, choose, chosen_auc, normal

SEED = 20181207
USERS, ITEMS, TASTES, WIDTH = 250, 400, 8, 128
POOLS = [120, 105, 95, 85, 75, 70, 60, 55, 50, 45, 40, 35]
"""How many items each theme has; themes are visited in proportion."""
UNKNOWN_USERS, UNKNOWN_ITEMS = 3, 5
"""The last of them have clicks but no vector, as some of the real ones do."""
DUPLICATES = 25
FIRST_USER, FIRST_ITEM, FIRST_THEME, FIRST_LEAF, FIRST_LEVEL = 10001, 500001, 7100, 2001, 31
DAYS = 7


def make(out: Path) -> dict[str, Any]:
    """Write the three files under `out`/taobao and return their truth."""
    chance = RandomState(SEED)
    users, items = normal(chance, 1.0, USERS, TASTES), normal(chance, 1.0, ITEMS, TASTES)
    popularity, weights = normal(chance, 0.5, ITEMS), 1.0 + normal(chance, 0.4, len(POOLS), TASTES)
    clicks, scores = [], []
    for theme, size in enumerate(POOLS):
        pool = np.sort(chance.permutation(ITEMS)[:size])
        visitors = np.sort(chance.permutation(USERS)[: 2 * size])
        affinity = 0.55 * (users[visitors] * weights[theme]) @ items[pool].T + popularity[pool]
        chosen = choose(chance, affinity, chance.randint(2, 3 + size // 8, len(visitors)))
        who, what = np.nonzero(chosen)
        clicks.append(np.stack([visitors[who], np.full(len(who), theme), pool[what]], axis=1))
        scores.append(_score(chosen, affinity, visitors < USERS - UNKNOWN_USERS, pool < ITEMS - UNKNOWN_ITEMS))
    rows = _log(chance, np.concatenate(clicks))
    folder = out / "taobao"
    folder.mkdir(exist_ok=True)
    header = "user_id,theme_id,item_id,leaf_cate_id,cate_level1_id,clk_cnt,reach_time"
    (folder / "theme_click_log.csv").write_bytes("\n".join([header, *rows, ""]).encode())
    turn = normal(chance, TASTES**-0.5, TASTES, WIDTH)
    _write_vectors(chance, folder / "user_embedding.csv", "user_id", FIRST_USER, users[:-UNKNOWN_USERS] @ turn)
    _write_vectors(chance, folder / "item_embedding.csv", "item_id", FIRST_ITEM, items[:-UNKNOWN_ITEMS] @ turn)
    return {
        "seed": SEED,
        "rows": len(rows),
        "duplicate_rows": DUPLICATES,
        "users_with_vector": USERS - UNKNOWN_USERS,
        "items_with_vector": ITEMS - UNKNOWN_ITEMS,
        "mean_affinity_auc": round(float(np.mean([score["affinity_auc"] for score in scores])), 4),
        "themes": {str(_theme_id(theme)): score for theme, score in enumerate(scores)},
    }


def _score(chosen: Ints, affinity: Floats, known_visitors: Any, known_items: Any) -> dict[str, Any]:
    kept = np.ix_(known_visitors, known_items)
    return {"clicks": int(chosen[kept].sum()), "affinity_auc": chosen_auc(chosen[kept], affinity[kept])}


def _theme_id(theme: int) -> int:
    return FIRST_THEME + theme * 37 % 101


def _log(chance: RandomState, clicks: Ints) -> list[str]:
    """The clicks as lines in order of time, some of them twice."""
    clicks = clicks[chance.permutation(len(clicks))]
    seconds = np.sort(chance.randint(0, DAYS * 86_400, len(clicks)))
    times = np.datetime64("2018-12-07T00:00:00") + seconds
    counts = 1 + (chance.random_sample(len(clicks)) < 0.2)
    rows = [
        f"{FIRST_USER + user},{_theme_id(theme)},{FIRST_ITEM + item},{FIRST_LEAF + item % 40},{FIRST_LEVEL + item % 8},"
        f"{count},{''.join(filter(str.isdigit, str(time)))}"
        for (user, theme, item), count, time in zip(clicks, counts, times, strict=True)
    ]
    for place in sorted(chance.permutation(len(rows))[:DUPLICATES], reverse=True):
        rows.insert(place, rows[place])
    return rows


def _write_vectors(chance: RandomState, path: Path, name: str, first: int, vectors: Floats) -> None:
    noisy = vectors + normal(chance, 0.3, *vectors.shape)
    lines = [f"{first + i},{' '.join(f'{x:.3f}' for x in vector)}" for i, vector in enumerate(noisy)]
    path.write_bytes("\n".join([f"{name},emb", *lines, ""]).encode())
