"""Raw files that are missing, cut off or changed after they were downloaded."""

from pathlib import Path

from bad_input.case import case
from bad_input.spoiling import cut, download_taobao, edit, flip

SPLIT = "split-domains --config taobao_10.json"


@case()
def nothing_was_downloaded(here: Path) -> str:
    return SPLIT


@case()
def a_file_is_missing(here: Path) -> str:
    (download_taobao(here) / "theme_click_log.csv").unlink()
    return SPLIT


@case()
def a_file_is_cut_off(here: Path) -> str:
    cut(download_taobao(here) / "theme_click_log.csv")
    return SPLIT


@case()
def a_file_has_one_flipped_bit(here: Path) -> str:
    flip(download_taobao(here) / "theme_click_log.csv")
    return SPLIT


@case()
def a_file_is_empty(here: Path) -> str:
    (download_taobao(here) / "theme_click_log.csv").write_bytes(b"")
    return SPLIT


@case()
def a_folder_stands_in_place_of_a_file(here: Path) -> str:
    path = download_taobao(here) / "theme_click_log.csv"
    path.unlink()
    path.mkdir()
    return SPLIT


@case()
def a_link_stands_in_place_of_a_file(here: Path) -> str:
    path = download_taobao(here) / "theme_click_log.csv"
    path.unlink()
    path.symlink_to(here / "taobao" / "theme_click_log.csv")
    return SPLIT


@case()
def a_file_of_the_user_s_lies_among_them(here: Path) -> str:
    (download_taobao(here) / "notes.txt").write_text("look at theme 7174")
    return SPLIT


@case()
def files_were_put_there_by_hand(here: Path) -> str:
    raw = here / "data/raw/taobao"
    raw.parent.mkdir()
    (here / "taobao").rename(raw)
    return SPLIT


@case()
def the_manifest_was_edited(here: Path) -> str:
    edit(download_taobao(here) / "manifest.json", '"stage": "download"', '"stage": "upload"')
    return SPLIT


@case()
def the_manifest_is_no_json(here: Path) -> str:
    (download_taobao(here) / "manifest.json").write_text("<html>")
    return SPLIT


@case()
def the_manifest_is_a_list(here: Path) -> str:
    (download_taobao(here) / "manifest.json").write_text("[]")
    return SPLIT


@case()
def the_raw_folder_is_a_file(here: Path) -> str:
    (here / "data/raw").mkdir()
    (here / "data/raw/taobao").write_text("")
    return SPLIT
