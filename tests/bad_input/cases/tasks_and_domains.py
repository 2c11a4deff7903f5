"""Tasks with nothing to learn, domains that cannot be, parts that stay empty."""

import json
from pathlib import Path

from bad_input.case import case
from bad_input.spoiling import publish_adult, run
from recmtl.pipelines.selection import Asked
from recmtl.pipelines.split_domains import SplitDomains

ADULT = "split-domains --config adult.json"


def replace(path: Path, *changes: tuple[str, str]) -> None:
    text = path.read_text()
    for old, new in changes:
        text = text.replace(old, new)
    assert text != path.read_text()
    path.write_text(text)


@case()
def a_task_has_one_class_in_training(here: Path) -> str:
    replace(here / "adult/adult.data", (">50K", "<=50K"))
    publish_adult(here)
    return ADULT


@case()
def a_task_is_observed_in_no_training_row(here: Path) -> str:
    replace(here / "adult/adult.data", ("Never-married", "?"), *((status, "?") for status in STATUSES))
    publish_adult(here)
    return ADULT


STATUSES = ("Married-civ-spouse", "Married-spouse-absent", "Married-AF-spouse", "Divorced", "Separated", "Widowed")


@case()
def a_domain_is_called_all(here: Path) -> str:
    replace(here / "adult/adult.data", (" Male,", " all,"))
    publish_adult(here)
    return "split-domains --config adult_sex.json"


@case()
def a_domain_has_an_endless_name(here: Path) -> str:
    replace(here / "adult/adult.data", (" Male,", f" {'male' * 100},"))
    publish_adult(here)
    return "split-domains --config adult_sex.json"


@case()
def a_domain_column_that_is_none(here: Path) -> str:
    publish_adult(here)
    return f"{ADULT} --set dataset.domain=country"


@case()
def a_part_has_no_share(here: Path) -> str:
    return "split-domains --config sample.json --set split.shares=[0.8,0.2,0.0]"


@case()
def a_part_has_too_small_a_share(here: Path) -> str:
    return "split-domains --config sample.json --set split.shares=[0.8,0.1999999,0.0000001]"


@case()
def nothing_is_left_for_training(here: Path) -> str:
    return "split-domains --config sample.json --set split.shares=[0,0.5,0.5]"


@case()
def no_theme_is_taken(here: Path) -> str:
    return "split-domains --config taobao_10.json --set dataset.themes=0"


@case()
def the_data_set_has_no_test_file(here: Path) -> str:
    return "split-domains --config sample.json --set split=files"


@case()
def the_data_set_has_no_groups(here: Path) -> str:
    publish_adult(here)
    return f"{ADULT} --set split=group"


@case()
def no_task_of_that_name(here: Path) -> str:
    return "prune-single --task clik"


@case()
def no_task_of_that_number(here: Path) -> str:
    return "prune-single --task 7"


@case()
def the_task_is_not_named(here: Path) -> str:
    return "prune-single"


@case()
def a_loss_for_no_task(here: Path) -> str:
    return "train-mtl --set train.losses.clik=focal"


@case()
def a_loss_of_another_kind(here: Path) -> str:
    return "train-mtl --set train.losses.completion=focal"


@case()
def a_weight_for_no_task(here: Path) -> str:
    return """train-mtl --set 'train.balance={"name": "fixed", "weights": {"clik": 2}}'"""


@case()
def a_negative_weight(here: Path) -> str:
    return """train-mtl --set 'train.balance={"name": "fixed", "weights": {"click": -2}}'"""


@case()
def no_weight_at_all(here: Path) -> str:
    weights = json.dumps({"name": "fixed", "weights": {"click": 0, "completion": 0}})
    return f"train-mtl --run new --set 'train.balance={weights}'"


@case()
def nothing_left_of_a_model(here: Path) -> str:
    return "prune-single --task 0 --final-rate 0.0000001"


@case(leaves=("runs/adult", "runs/adult/init*"))
def no_task_can_be_validated(here: Path) -> str:
    lines = (here / "adult/adult.data").read_text().splitlines(keepends=True)
    (here / "adult/adult.data").write_text("".join(lines[:30]))
    publish_adult(here)
    run(here, SplitDomains(Asked(config="adult.json", settings=("split.valid_share=0.04",))))
    return "train-mtl --data adult"
