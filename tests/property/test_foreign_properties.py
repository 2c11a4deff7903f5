"""Whatever stands in a foreign config, it is translated to JSON values or refused by its key."""

import json
from copy import deepcopy

import pytest
from foreign_documents import AMAZON, LT4REC, MLORA_README, MMLREC, MOVIELENS, PADDLEREC, TAOBAO
from hypothesis import given
from hypothesis import strategies as st

from recmtl.errors import ConfigError
from recmtl.foreign import translate
from recmtl.foreign.yaml_text import read_yaml

DOCUMENTS = {
    "taobao": TAOBAO,
    "amazon": AMAZON,
    "movielens": MOVIELENS,
    "mlora": MLORA_README,
    "mmlrec": MMLREC,
    "lt4rec": read_yaml(LT4REC, "x"),
    "paddlerec": read_yaml(PADDLEREC.format(sizes="  bottom_size: 117"), "x"),
}
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=5,
)


def places(value, path=()):
    if path:
        yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*path, key))


@pytest.mark.parametrize("name", DOCUMENTS)
@given(data=st.data())
def test_a_value_of_any_kind_does_no_harm(name, data):
    document = deepcopy(DOCUMENTS[name])
    *path, last = data.draw(st.sampled_from(list(places(document))))
    place = document
    for key in path:
        place = place[key]
    place[last] = data.draw(VALUES)
    try:
        found = translate(document, "theirs.json")
    except ConfigError as error:
        assert str(error).startswith("theirs.json: ")
        return
    if found is not None:
        json.dumps(found.document, allow_nan=False)
        assert set(found.document) <= {"dataset", "split", "model", "train"}


@pytest.mark.parametrize("name", DOCUMENTS)
@given(key=st.text(min_size=1, max_size=12), data=st.data())
def test_a_key_that_is_new_is_always_named(name, key, data):
    document = deepcopy(DOCUMENTS[name])
    sections = [None, *(name for name, inner in document.items() if isinstance(inner, dict))]
    section = data.draw(st.sampled_from(sections if name in ("mlora", "mmlrec") else [None]))
    place = document if section is None else document[section]
    key = f"zz_{key}"
    place[key] = 1
    found = translate(document, "theirs.json")
    path = key if section is None else f"{section}.{key}"
    assert [note for note in found.notes if note.startswith(f"{path} is not known in ")]
