"""What the lists of models say, against the classes themselves."""

from dataclasses import replace
from typing import Literal

import pytest

from recmtl.config import Config
from recmtl.errors import ConfigError
from recmtl.models.gating import GatingConfig
from recmtl.models.interaction import InteractionConfig
from recmtl.models.sharing import SharingConfig
from recmtl.pipelines.model_list import LEARNS, as_markdown, entries, entry, first_sentence, per_domain_of

FAMILIES = (("model", SharingConfig), ("model.interaction", InteractionConfig), ("model.gating", GatingConfig))


def test_every_model_interaction_and_gating_of_ours_is_listed_once_under_a_name_of_its_own():
    ours = {
        (where, name)
        for where, family in FAMILIES
        for name, kind in family.kinds.items()
        if kind.__module__.startswith("recmtl.models.")
    }
    found = [(one.where, one.name) for one in entries() if entry_is_ours(one)]
    assert len(found) == len(set(found)) and set(found) == ours
    assert len({name for _, name in ours}) == len(ours), "`recmtl models show` could not tell them apart"


def entry_is_ours(one):
    """Other tests register components of theirs."""
    family = dict(FAMILIES)[one.where]
    return family.kinds[one.name].__module__.startswith("recmtl.models.")


@pytest.mark.parametrize("one", [one for one in entries() if entry_is_ours(one)], ids=lambda one: one.name)
def test_each_says_what_it_is(one):
    assert one.what and not one.what.endswith(".") and one.paper not in one.what
    assert one.rule.endswith(".") and one.paper


def test_an_entry_has_the_keys_that_are_not_its_familys():
    own = {key.name: key.default for key in entry("shared_bottom").keys}
    assert own == {"bottom": "[256, 128]", "tower": "[64]"}
    assert "encoder" in SharingConfig.model_fields  # which all have


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Experts (Ma et al., KDD 2018). More of it.", "Experts"),
        ("Experts (Caruana 1997).", "Experts (Caruana 1997)"),
        ("One at 0.5 or e.g. so. Then more", "One at 0.5 or e.g. so"),
    ],
)
def test_the_first_sentence_is_without_the_paper(text, sentence):
    assert first_sentence(text, "Ma et al., KDD 2018") == sentence


class IfAsked(Config):
    per_domain: bool = False


class Always(Config):
    per_domain: Literal[True] = True


class Never(Config):
    per_domain: Literal[False] = False


class Neither(Config):
    width: int = 1


def test_what_a_class_says_of_domains():
    found = [per_domain_of(kind) for kind in (IfAsked, Always, Never, Neither)]
    assert found == ["if asked", "always", "never", None]
    assert set(LEARNS) == {*found[:3]}


def test_a_wrong_name_is_refused_with_the_nearest():
    with pytest.raises(ConfigError, match=r"interaction or gating 'shared_botom' .did you mean 'shared_bottom'"):
        entry("shared_botom")


def test_a_bar_in_a_text_does_not_break_the_table():
    one = replace(entry("mmoe"), what="a | b")
    lines = as_markdown([one]).splitlines()
    assert lines[2].startswith("| `mmoe` | a \\| b | Ma et al., KDD 2018 | if asked | `num_experts`, ")


def test_the_command_shows_what_the_list_holds(cli, tmp_path):
    listed = cli("models", "list", "--json", cwd=tmp_path).json["models"]
    assert {one["name"] for one in listed} >= {"mmoe", "ple", "flat"}
    shown = cli("models", "show", "ple", "--json", cwd=tmp_path).json
    assert shown in listed and shown["keys"][0] == {
        "name": "num_levels", "type": "integer > 0", "default": 2, "required": False,
        "meaning": "Levels of extraction; one is CGC.", "family": None,
    }  # fmt: skip
    text = cli("models", "show", "ple", cwd=tmp_path).out
    assert "paper: Tang et al., RecSys 2020\n" in text and "multi-domain and both with per_domain: true" in text
    assert any(line.startswith("num_levels ") and "[" not in line for line in text.splitlines())
    assert cli("models", "show", "flat", cwd=tmp_path).out.count("no keys of its own") == 1
    assert "ple " in cli("models", "list", cwd=tmp_path).out


def test_a_wrong_name_is_an_error_of_usage(cli, tmp_path):
    ran = cli("models", "show", "mmo", "--json", cwd=tmp_path)
    assert (ran.code, ran.json["command"], ran.json["code"]) == (2, "models", 2)
    assert "did you mean 'mmoe'" in ran.err
