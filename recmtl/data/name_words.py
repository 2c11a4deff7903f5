"""What the names of columns say in logs of recommenders and shops."""

import re


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


LABELS = _set(
    "click clicked clicks label target conversion conversions converted conv cvr like liked likes buy bought purchase "
    "purchased pay paid order ordered cart carted follow followed share shared comment commented forward forwarded "
    "favorite favourite fav collect install installed download downloaded subscribe subscribed signup finish finished "
    "valid_click long_view"
)
"""Words of a column of 0 and 1 that people predict."""
VALUES = ("watch_ratio", "play_ratio", "watch_time", "play_time", "completion", "rating", "stars", "dwell")
"""Of a column of numbers that people predict."""
COUNTED = _set("num count cnt counts total sum avg mean rate ratio hist history last prev past before days")
"""A column with such a word tells of earlier rows, and is no label."""
DOMAINS = ("domain", "theme", "scene", "scenario", "tab", "channel", "country", "category", "site", "market", "region")
"""What domains are called, the likeliest first."""
KEYS = {
    "user": ("user", "userid", "uid", "memberid", "customer", "customerid", "visitorid", "deviceid"),
    "item": (
        "item", "itemid", "iid", "video", "videoid", "movie", "movieid", "ad", "adid", "product", "productid",
        "goodsid", "sku", "newsid", "docid", "postid", "photoid", "creativeid", "songid",
    ),
    "time": ("time", "timestamp", "ts", "datetime", "date", "eventtime", "timems", "day", "dt", "ds"),
    "group": ("session", "sessionid", "requestid", "pvid", "searchid", "impressionid", "queryid"),
}  # fmt: skip
"""Key -> names, the likeliest first."""
WEIGHTS = ("sampleweight", "rowweight", "instanceweight", "importanceweight")
_IDS = {name for names in KEYS.values() for name in names} | _set("shopid brandid authorid sellerid storeid campaignid")
_CATEGORIES = _set(
    "id ids code zip cat cate category categorical sparse gender occupation type brand tag city region hash bucket "
    "class level tab"
)


def words(name: str) -> list[str]:
    """In lower case: "isClick", "is_click" and "Is Click" are all is and click."""
    return re.findall(r"[^\W_]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).lower())


def squeezed(name: str) -> str:
    """The words as one, without one that says only that it is a feature."""
    found = words(name)
    return "".join(found[1:] if len(found) > 1 and found[0] in ("fea", "feat", "feature") else found)


def names_label(name: str) -> bool:
    """A column of 0 and 1 that is called so is a label."""
    found = words(name)
    return not COUNTED & set(found) and bool(LABELS & {*found, "_".join(found)})


def may_name_label(name: str) -> bool:
    """It may be one: is_something."""
    found = words(name)
    return not COUNTED & set(found) and len(found) > 1 and found[0] == "is"


def names_value(name: str) -> bool:
    """A column of numbers that is called so is the label of a regression."""
    joined = f"_{'_'.join(words(name))}_"
    there = any(f"_{value}_" in joined or squeezed(value) == squeezed(name) for value in VALUES)
    return there and not (COUNTED - {"ratio"}) & set(words(name))


def names_category(name: str) -> bool:
    """Whole numbers in a column that is called so, or by a field's number alone, are categories."""
    found = words(name)
    return bool(_CATEGORIES & set(found)) or name.isdecimal() or squeezed(name) in _IDS
