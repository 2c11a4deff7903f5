"""download of data sets whose files depend on what is asked for: a folder's files are taken, as many as there are."""

import shutil

import pytest

from recmtl import sample_data

AMAZON = "amazon"


def folder(tmp_path, *names):
    """A copy of the sample's reviews, of some categories or all."""
    mine = tmp_path / "mine"
    mine.mkdir()
    for path in (sample_data.folder() / AMAZON).iterdir():
        if not names or path.name in names:
            shutil.copyfile(path, mine / path.name)
    (mine / "notes.txt").write_text("not a category")
    return mine


def taken(tmp_path, dataset=AMAZON):
    return {path.name for path in (tmp_path / "data/raw" / dataset).iterdir()} - {"source.json", "manifest.json"}


def test_all_categories_of_a_folder_are_taken_and_nothing_else(tmp_path, cli):
    mine = folder(tmp_path)
    ran = cli("download", AMAZON, "--from", str(mine), cwd=tmp_path)
    assert ran.code == 0, ran.err
    assert taken(tmp_path) == {"Made_Up_Toys_5.json.gz", "Made_Up_Games_5.json.gz"}
    again = cli("download", AMAZON, cwd=tmp_path)
    assert (again.code, again.out) == (0, "download: done already: data/raw/amazon\n")


def test_a_category_that_is_added_later_is_taken(tmp_path, cli):
    mine = folder(tmp_path, "Made_Up_Toys_5.json.gz")
    assert cli("download", AMAZON, "--from", str(mine), cwd=tmp_path).code == 0
    assert taken(tmp_path) == {"Made_Up_Toys_5.json.gz"}
    config = (
        '{"dataset": {"name": "amazon", "categories": ["Made Up Toys", "Made Up Games"]}, "split": {"name": "random"}}'
    )
    (tmp_path / "mine.json").write_text(config)
    ran = cli("split-domains", "--config", "mine.json", cwd=tmp_path)
    assert ran.code == 5
    assert "Made_Up_Games_5.json.gz is not there: it has the reviews of the category 'Made Up Games'" in ran.err
    assert not list((tmp_path / "data").glob("mine*"))
    shutil.copyfile(sample_data.folder() / "amazon/Made_Up_Games_5.json.gz", mine / "Made_Up_Games_5.json.gz")
    assert cli("download", AMAZON, "--from", str(mine), cwd=tmp_path).code == 0
    ran = cli("split-domains", "--config", "mine.json", cwd=tmp_path)
    assert ran.code == 0, ran.err


@pytest.mark.parametrize("source", ["mine/notes.txt", "empty", "mine/Made_Up_Toys_5.json.gz"])
def test_what_is_no_folder_of_categories_is_refused(tmp_path, cli, source):
    folder(tmp_path)
    (tmp_path / "empty").mkdir()
    ran = cli("download", AMAZON, "--from", source, cwd=tmp_path)
    assert ran.code == 5
    assert f"--from {source} is no folder with *_5.json.gz in it" in ran.err
    assert "deepyeti.ucsd.edu" in ran.err
    assert not (tmp_path / "data/raw/amazon").exists()


def test_without_a_folder_it_is_said_where_the_files_are(tmp_path, cli):
    ran = cli("download", AMAZON, cwd=tmp_path)
    assert ran.code == 5 and "deepyeti.ucsd.edu" in ran.err and "--from" in ran.err
    ran = cli("download", AMAZON, "--from", "http://127.0.0.1:9/x", cwd=tmp_path)
    assert ran.code == 2 and "is taken from a folder" in ran.err


def test_an_optional_file_is_taken_where_it_is(tmp_path, cli):
    mine = tmp_path / "clicks"
    shutil.copytree(sample_data.folder() / "taobao", mine)
    assert cli("download", "taobao", "--from", str(mine), cwd=tmp_path).code == 0
    assert "user_item_purchase_log.csv" not in taken(tmp_path, "taobao")
    (mine / "user_item_purchase_log.csv").write_text("user_id,item_id,paytime\n")
    assert cli("download", "taobao", "--from", str(mine), cwd=tmp_path).code == 0
    assert "user_item_purchase_log.csv" in taken(tmp_path, "taobao")
