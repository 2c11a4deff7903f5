"""Config files that are no JSON, or say what cannot be."""

import json
from pathlib import Path
from typing import Any

from bad_input.case import case

DOCUMENT: dict[str, Any] = {"dataset": "sample", "split": "random", "model": "mmoe", "train": {"epochs": 1}}


def config(here: Path, content: str | bytes, stage: str = "split-domains") -> str:
    (here / "my.json").write_bytes(content if isinstance(content, bytes) else content.encode())
    return f"{stage} --config my.json"


def with_section(here: Path, section: str, value: object) -> str:
    stage = "split-domains" if section in ("dataset", "split") else "train-mtl --data sample"
    return config(here, json.dumps(DOCUMENT | {section: value}), stage)


@case()
def no_such_file(here: Path) -> str:
    return "split-domains --config my.json"


@case()
def a_preset_is_misspelt(here: Path) -> str:
    return "split-domains --config taobao10.json"


@case()
def a_folder(here: Path) -> str:
    return "split-domains --config data"


@case()
def an_empty_file(here: Path) -> str:
    return config(here, "")


@case()
def a_file_that_is_cut_off(here: Path) -> str:
    return config(here, json.dumps(DOCUMENT, indent=1)[:60])


@case()
def a_comma_too_many(here: Path) -> str:
    return config(here, '{\n "dataset": "sample",\n}')


@case()
def single_quotes(here: Path) -> str:
    return config(here, "{'dataset': 'sample'}")


@case()
def yaml(here: Path) -> str:
    return config(here, "dataset: sample\nsplit: random\n")


@case()
def a_comment(here: Path) -> str:
    return config(here, '{"dataset": "sample"} // for the night')


@case()
def binary(here: Path) -> str:
    return config(here, b"\x80\x02}q\x00.")


@case()
def a_list(here: Path) -> str:
    return config(here, "[1, 2]")


@case()
def null(here: Path) -> str:
    return config(here, "null")


@case()
def a_key_twice(here: Path) -> str:
    return config(here, '{"dataset": "sample", "split": {"name": "random", "seed": 1, "seed": 2}}')


@case()
def nan(here: Path) -> str:
    return config(here, '{"dataset": "sample", "split": "random", "train": {"clip_norm": NaN}}')


@case()
def a_number_that_is_infinite(here: Path) -> str:
    text = json.dumps(DOCUMENT).replace('"epochs": 1', '"clip_norm": 1e999')
    return config(here, text, "train-mtl --data sample")


@case()
def objects_without_end(here: Path) -> str:
    return config(here, '{"dataset": ' + '{"a": ' * 100_000 + "1" + "}" * 100_000 + "}")


@case()
def an_unknown_section(here: Path) -> str:
    return config(here, json.dumps(DOCUMENT | {"trian": {}}))


@case()
def an_unknown_key(here: Path) -> str:
    return with_section(here, "train", {"epoch": 1})


@case()
def an_unknown_key_in_a_component(here: Path) -> str:
    return with_section(here, "train", {"optimizer": {"name": "adam", "lr": 0.1}})


@case()
def everything_wrong_is_said_at_once(here: Path) -> str:
    return with_section(here, "train", {"epoch": 1, "batch_size": 0, "seed": "seven", "clip_norm": -1})


@case()
def a_section_is_missing(here: Path) -> str:
    return config(here, '{"dataset": "sample"}')


@case()
def the_data_set_is_unknown(here: Path) -> str:
    return with_section(here, "dataset", "adlut")


@case()
def the_model_has_no_name(here: Path) -> str:
    return with_section(here, "model", {"num_experts": 4})


@case()
def the_model_is_a_number(here: Path) -> str:
    return with_section(here, "model", 3)


@case()
def a_number_is_text(here: Path) -> str:
    return with_section(here, "train", {"epochs": "10"})


@case()
def a_number_is_true(here: Path) -> str:
    return with_section(here, "train", {"epochs": True})


@case()
def a_whole_number_is_not_whole(here: Path) -> str:
    return with_section(here, "train", {"epochs": 2.5})


@case()
def a_number_is_out_of_range(here: Path) -> str:
    return with_section(here, "model", {"name": "mmoe", "dropout": 1.5})


@case()
def a_layer_has_no_units(here: Path) -> str:
    return with_section(here, "model", {"name": "shared_bottom", "bottom": [64, 0]})


@case()
def shares_do_not_sum_to_1(here: Path) -> str:
    return with_section(here, "split", {"name": "random", "shares": [0.6, 0.3, 0.3]})


@case()
def shares_for_two_parts_of_three(here: Path) -> str:
    return with_section(here, "split", {"name": "random", "shares": [0.6, 0.4]})


@case()
def a_name_that_is_a_path(here: Path) -> str:
    return config(here, json.dumps(DOCUMENT | {"data": "../elsewhere"}))


@case()
def a_name_that_is_a_number(here: Path) -> str:
    return config(here, json.dumps(DOCUMENT | {"run": 3}), "train-mtl --data sample")


@case()
def a_text_with_half_a_character(here: Path) -> str:
    return config(here, '{"dataset": "sample", "split": "random", "data": "\\ud800"}')


@case()
def another_data_set_than_the_split_s(here: Path) -> str:
    return "train-mtl --data sample --config adult.json"
