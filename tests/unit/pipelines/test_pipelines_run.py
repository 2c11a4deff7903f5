"""Which runs and splits the configs of one comparison ask for."""

import json

import pytest

from recmtl.errors import ConfigError
from recmtl.pipelines.run import Jobs, read_seeds

DOCUMENT = {"dataset": "sample", "split": "random", "model": "mmoe"}


@pytest.fixture
def write(tmp_path):
    """A config's path."""

    def written(name, **keys):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(json.dumps({**DOCUMENT, **keys}))
        return str(tmp_path / name)

    return written


def test_a_run_is_named_after_its_config_and_its_seed(write):
    assert Jobs(()).job(write("wide.json")).runs == {"wide": None}
    assert Jobs((3, 5)).job(write("wide.json")).runs == {"wide-seed3": 3, "wide-seed5": 5}
    assert Jobs((3,)).job(write("wide.json", run="deep")).runs == {"deep-seed3": 3}


def test_a_split_comes_once_and_each_run_trains_and_is_evaluated(write):
    stages = [stage.name for stage in Jobs((0, 1)).job(write("wide.json")).stages()]
    assert stages == ["split-domains", "train-mtl", "evaluate", "train-mtl", "evaluate"]


def test_a_config_without_a_data_set_takes_a_split_that_is_there(write, tmp_path):
    path = tmp_path / "model.json"
    path.write_text(json.dumps({"model": "mmoe", "data": "wide"}))
    assert [stage.name for stage in Jobs(()).job(str(path)).stages()] == ["train-mtl", "evaluate"]


def test_two_configs_of_one_name_are_refused(write):
    jobs, first = Jobs(()), write("a/wide.json")
    jobs.job(first)
    with pytest.raises(ConfigError, match="both name their run 'wide'"):
        jobs.job(write("b/wide.json"))
    jobs.job(write("c/wide.json", run="other"))


def test_one_split_is_not_made_in_two_ways(write):
    jobs = Jobs(())
    jobs.job(write("a.json", data="mine"))
    jobs.job(write("b.json", data="mine", split={"name": "random", "seed": 0}))  # which is the default
    with pytest.raises(ConfigError, match=r"c\.json and .*a\.json both name their split 'mine'"):
        jobs.job(write("c.json", data="mine", split={"name": "random", "seed": 1}))
    jobs.job(write("d.json", split={"name": "random", "seed": 1}))


def test_a_config_that_is_refused_takes_no_name(write):
    jobs = Jobs(())
    with pytest.raises(ConfigError):
        jobs.job(write("a/wide.json", dataset="no_such"))
    assert jobs.job(write("b/wide.json")).runs == {"wide": None}


def test_seeds_are_numbers_between_commas():
    assert read_seeds("0, 7,12") == [0, 7, 12]


@pytest.mark.parametrize("text", ["", "1,", "a", "-1", "1.5", "0 1", "1,1", "01,1", "9" * 5000, "²"])
def test_what_is_no_list_of_seeds_is_refused(text):
    with pytest.raises(ConfigError, match="--seeds"):
        read_seeds(text)
