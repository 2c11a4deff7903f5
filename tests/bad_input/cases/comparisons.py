"""Several configs at once."""

from pathlib import Path

from bad_input.case import case


@case()
def the_config_is_not_there(here: Path) -> str:
    return "run simple.json"


@case()
def a_seed_is_no_number(here: Path) -> str:
    return "run sample.json --seeds 0,one"


@case()
def a_seed_twice(here: Path) -> str:
    return "run sample.json --seeds 1,2,1"


@case()
def no_config_at_all(here: Path) -> str:
    return "run"
