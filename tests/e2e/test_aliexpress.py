"""AliExpress through the commands: what lies in the folder is taken, and what a config misses is named."""

import shutil

import pytest

JOINED = ("--config", "aliexpress_nl.json", "--set", "dataset.form=joined")


@pytest.fixture
def workspace(tmp_path, real_data, cli):
    folder = tmp_path / "files"
    folder.mkdir()
    samples = real_data("samples") / "aliexpress"
    for part in ("train", "test"):
        shutil.copyfile(samples / f"fuxictr_tiny_mtl_{part}.csv", folder / f"nl_{part}.csv")
    ran = cli("download", "aliexpress", "--from", "files", cwd=tmp_path)
    assert ran.code == 0, ran.err
    return tmp_path


def test_one_country_is_enough(workspace, cli):
    ran = cli("split-domains", *JOINED, "--json", cwd=workspace)
    assert ran.code == 0, ran.err
    assert ran.json["all"]["train"] + ran.json["all"]["valid"] == 100 and ran.json["all"]["test"] == 100


def test_a_country_whose_files_are_not_there_is_named(workspace, cli):
    ran = cli("split-domains", *JOINED, "--set", 'dataset.countries=["NL", "FR"]', cwd=workspace)
    assert ran.code == 5 and "fr_train.csv" in ran.err and "dataset.countries" in ran.err
    assert not (workspace / "data/aliexpress_nl").exists()


def test_a_folder_without_any_is_refused(tmp_path, cli):
    (tmp_path / "empty").mkdir()
    ran = cli("download", "aliexpress", "--from", "empty", cwd=tmp_path)
    assert ran.code == 5 and "nl_user_train.csv" in ran.err
    assert not (tmp_path / "data").exists()
