import pytest

import recmtl.models  # noqa: F401  (registers them)
from recmtl.errors import ConfigError
from recmtl.models.sharing import SharingConfig
from recmtl.recipe import Recipe


@pytest.mark.parametrize(("name", "asked", "must"), [("star", False, "true"), ("sar_net", True, "false")])
def test_another_choice_than_the_only_one_is_refused_in_the_words_of_json(name, asked, must):
    recipe = Recipe("my.json", "my", {"model": {"name": name, "per_domain": asked}})
    with pytest.raises(ConfigError, match=f"model.per_domain must be {must}, not {str(asked).lower()}"):
        recipe.section("model", SharingConfig)
