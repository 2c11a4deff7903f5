"""Words on the command line: commands, options, names, and what --set may say."""

from pathlib import Path

from bad_input.case import case


@case()
def an_unknown_command(here: Path) -> str:
    return "train"


@case()
def an_unknown_option(here: Path) -> str:
    return "train-mtl --epochs 3"


@case()
def an_option_without_its_value(here: Path) -> str:
    return "train-mtl --run"


@case()
def a_word_too_many(here: Path) -> str:
    return "train-mtl sample"


@case()
def a_data_set_is_not_named(here: Path) -> str:
    return "download"


@case()
def a_number_is_text(here: Path) -> str:
    return "prune-single --task 0 --final-rate some"


@case()
def a_negative_seed(here: Path) -> str:
    return "train-mtl --seed -1"


@case()
def a_huge_seed(here: Path) -> str:
    return "train-mtl --run new --seed 99999999999"


@case()
def another_seed_than_the_run_s(here: Path) -> str:
    return "train-mtl --seed 7"


@case()
def a_rate_out_of_range(here: Path) -> str:
    return "prune-single --task 0 --final-rate 1.2"


@case()
def a_rate_that_is_nan(here: Path) -> str:
    return "prune-single --task 0 --final-rate nan"


@case()
def no_iterations(here: Path) -> str:
    return "prune-single --task 0 --iterations 0"


@case()
def a_config_is_not_given(here: Path) -> str:
    return "split-domains"


@case()
def the_sample_and_a_config(here: Path) -> str:
    return "train-mtl --sample --config adult.json"


@case()
def a_part_that_is_none(here: Path) -> str:
    return "evaluate --part tset"


@case()
def a_split_called_raw(here: Path) -> str:
    return "split-domains --config sample.json --data raw"


@case()
def a_split_that_climbs_out(here: Path) -> str:
    return "split-domains --config sample.json --data ../elsewhere"


@case()
def a_split_without_a_name(here: Path) -> str:
    return "split-domains --config sample.json --data ''"


@case()
def a_run_with_an_absolute_path(here: Path) -> str:
    return "train-mtl --run /tmp/run"


@case()
def a_run_whose_name_has_a_line_break(here: Path) -> str:
    return "train-mtl --run 'a\nb'"


@case()
def a_split_that_is_not_there(here: Path) -> str:
    return "train-mtl --data nothing"


@case()
def a_run_that_is_not_there(here: Path) -> str:
    return "evaluate --run nothing"


@case()
def a_workspace_without_a_split(here: Path) -> str:
    (here / "empty").mkdir()
    return "train-mtl --workspace empty"


@case()
def a_workspace_without_a_run(here: Path) -> str:
    (here / "empty").mkdir()
    return "evaluate --workspace empty"


@case()
def a_workspace_that_is_not_there(here: Path) -> str:
    return "train-mtl --workspace nowhere"


@case()
def a_workspace_that_is_a_file(here: Path) -> str:
    return "split-domains --config sample.json --workspace sample.json"


@case()
def the_mark_of_the_last_split_leads_elsewhere(here: Path) -> str:
    (here / "data/latest").write_text("../runs\n")
    return "train-mtl"


@case()
def the_mark_of_the_last_split_names_one_that_is_gone(here: Path) -> str:
    (here / "data/latest").write_text("gone\n")
    return "train-mtl"


@case()
def the_mark_of_the_last_run_is_empty(here: Path) -> str:
    (here / "runs/latest").write_text("")
    return "evaluate"


@case()
def the_mark_of_the_last_run_is_binary(here: Path) -> str:
    (here / "runs/latest").write_bytes(b"\xff\xfe\x00")
    return "evaluate"


@case()
def a_log_file_in_a_folder_that_is_not_there(here: Path) -> str:
    return "evaluate --log-file nowhere/night.log"


@case()
def a_log_file_that_is_a_folder(here: Path) -> str:
    return "evaluate --log-file data"


@case()
def set_without_a_value(here: Path) -> str:
    return "train-mtl --set train.epochs"


@case()
def set_without_a_key(here: Path) -> str:
    return "train-mtl --set =3"


@case()
def set_an_unknown_section(here: Path) -> str:
    return "train-mtl --set trian.epochs=3"


@case()
def set_an_unknown_key(here: Path) -> str:
    return "train-mtl --set train.epoch=3"


@case()
def set_a_value_of_another_kind(here: Path) -> str:
    return "train-mtl --set train.epochs=many"


@case()
def set_nan(here: Path) -> str:
    return "train-mtl --set train.clip_norm=NaN"


@case()
def set_a_number_of_5000_digits(here: Path) -> str:
    return f"train-mtl --set train.epochs={'9' * 5000}"


@case()
def set_a_number_that_is_too_large(here: Path) -> str:
    return "train-mtl --set train.batch_size=99999999999999999999"


@case()
def set_below_a_value(here: Path) -> str:
    return "train-mtl --set train.epochs.most=3"


@case()
def set_with_a_path_that_is_none(here: Path) -> str:
    return "train-mtl --set train..epochs=3"


@case()
def set_what_the_stage_does_not_use(here: Path) -> str:
    return "train-mtl --set split.seed=3"


@case()
def set_a_key_twice_in_one_object(here: Path) -> str:
    return """train-mtl --set 'train.optimizer={"name": "adam", "name": "adamw"}'"""


@case()
def a_demo_in_a_file(here: Path) -> str:
    return "demo --workspace sample.json"


@case()
def set_a_model_that_is_none(here: Path) -> str:
    return "train-mtl --set model.name=mmoee"


@case()
def set_a_list_that_is_empty(here: Path) -> str:
    return "train-mtl --run new --set model.bottom=[]"


@case()
def set_a_section_to_a_word(here: Path) -> str:
    return "train-mtl --set train=fast"


@case()
def set_a_learning_rate_far_too_large(here: Path) -> str:
    return "train-mtl --set train.optimizer.learning_rate=1e30"


@case()
def set_a_layer_beyond_all_memory(here: Path) -> str:
    return "train-mtl --run new --set model.bottom=[1000000000000]"


@case()
def a_name_that_is_not_utf_8(here: Path) -> str:
    return "split-domains --config sample.json --data n\udcff"


@case()
def a_workspace_whose_name_is_not_utf_8(here: Path) -> str:
    return "split-domains --config sample.json --workspace w\udcff"


@case()
def a_name_that_is_too_long(here: Path) -> str:
    return f"split-domains --config sample.json --data {'x' * 101}"
