"""Tables whose content is wrong: each is refused with its file, its line and its column."""

import gzip
from pathlib import Path

from bad_input.case import case
from bad_input.spoiling import change_line, cut, download_taobao, edit, publish_adult, publish_raw
from recmtl import sample_data

LOG = "taobao/theme_click_log.csv"
TAOBAO = "split-domains --config taobao_10.json"
ADULT = "split-domains --config adult.json"


def split_taobao(here: Path) -> str:
    download_taobao(here)
    return TAOBAO


def split_adult(here: Path) -> str:
    publish_adult(here)
    return ADULT


def adult_value(here: Path, value: str, column: int, line: int = 7) -> str:
    """Put another value into the training file."""

    def put(text: str) -> str:
        values = text.split(", ")
        return ", ".join([*values[:column], value, *values[column + 1 :]])

    change_line(here / "adult/adult.data", line, put)
    return split_adult(here)


@case()
def a_column_is_missing(here: Path) -> str:
    edit(here / LOG, "user_id,theme_id,item_id,", "user_id,item_id,")
    return split_taobao(here)


@case()
def a_column_is_misspelt(here: Path) -> str:
    edit(here / LOG, "theme_id", "theme_ids")
    return split_taobao(here)


@case()
def a_column_is_named_twice(here: Path) -> str:
    edit(here / LOG, "leaf_cate_id", "user_id")
    return split_taobao(here)


@case()
def the_header_is_missing(here: Path) -> str:
    change_line(here / LOG, 1, lambda _: "10146,7120,500116,2036,34,1,20181207000252")
    return split_taobao(here)


@case()
def columns_are_divided_by_semicolons(here: Path) -> str:
    (here / LOG).write_text((here / LOG).read_text().replace(",", ";"))
    return split_taobao(here)


@case()
def a_line_has_too_few_columns(here: Path) -> str:
    change_line(here / LOG, 12, lambda line: line.rpartition(",")[0])
    return split_taobao(here)


@case()
def a_line_has_too_many_columns(here: Path) -> str:
    change_line(here / LOG, 12, lambda line: line + ",1")
    return split_taobao(here)


@case()
def the_last_line_is_cut_off(here: Path) -> str:
    cut(here / LOG, 0.999)
    return split_taobao(here)


@case()
def a_quote_does_not_end(here: Path) -> str:
    change_line(here / LOG, 12, lambda line: '"' + line)
    return split_taobao(here)


@case()
def text_is_not_utf_8(here: Path) -> str:
    (here / LOG).write_bytes((here / LOG).read_bytes().replace(b"7120", "Gem\xfcse".encode("latin-1")))
    return split_taobao(here)


@case()
def text_is_utf_16(here: Path) -> str:
    (here / LOG).write_text((here / LOG).read_text(), encoding="utf-16")
    return split_taobao(here)


@case()
def a_value_holds_a_nul_byte(here: Path) -> str:
    change_line(here / LOG, 12, lambda line: line.replace(",", "\0,", 1))
    return split_taobao(here)


@case()
def the_file_is_empty(here: Path) -> str:
    (here / LOG).write_text("")
    return split_taobao(here)


@case()
def there_is_a_header_and_no_rows(here: Path) -> str:
    (here / LOG).write_text((here / LOG).read_text().partition("\n")[0] + "\n")
    return split_taobao(here)


@case()
def nothing_in_one_file_fits_the_other(here: Path) -> str:
    (here / "taobao/user_embedding.csv").write_text("user_id,emb\nnobody,0.5\n")
    return split_taobao(here)


@case()
def the_file_is_binary(here: Path) -> str:
    (here / LOG).write_bytes(bytes(range(256)) * 40)
    return split_taobao(here)


@case()
def the_file_is_a_spreadsheet(here: Path) -> str:
    (here / LOG).write_bytes(b"PK\x03\x04\x14\x00\x06\x00" + bytes(range(256)) * 10)
    return split_taobao(here)


@case()
def a_packed_file_is_cut_off(here: Path) -> str:
    (here / LOG).write_bytes(gzip.compress((here / LOG).read_bytes()))
    cut(here / LOG)
    return split_taobao(here)


@case()
def a_packed_file_is_corrupt(here: Path) -> str:
    packed = bytearray(gzip.compress((here / LOG).read_bytes()))
    packed[-8] ^= 1
    (here / LOG).write_bytes(packed)
    return split_taobao(here)


@case()
def text_stands_where_a_number_belongs(here: Path) -> str:
    return adult_value(here, "forty", column=0)


@case()
def a_number_is_nan(here: Path) -> str:
    return adult_value(here, "nan", column=0)


@case()
def a_number_is_infinite(here: Path) -> str:
    return adult_value(here, "-inf", column=10)


@case()
def a_number_is_beyond_all_measure(here: Path) -> str:
    return adult_value(here, "1e39", column=10)


@case()
def a_number_has_a_comma_for_its_point(here: Path) -> str:
    return adult_value(here, "39,5", column=0)


@case()
def a_label_is_none_of_the_known(here: Path) -> str:
    return adult_value(here, ">50000", column=14)


@case()
def a_label_is_missing(here: Path) -> str:
    return adult_value(here, "?", column=14)


@case()
def one_of_two_files_is_empty(here: Path) -> str:
    (here / "adult/adult.test").write_text("")
    return split_adult(here)


@case()
def both_files_are_empty(here: Path) -> str:
    (here / "adult/adult.test").write_text("")
    (here / "adult/adult.data").write_text("\n\n")
    return split_adult(here)


@case()
def ends_of_lines_are_mixed(here: Path) -> str:
    change_line(here / "adult/adult.data", 12, lambda line: line + "\r")
    return split_adult(here)


def movielens(here: Path, name: str, old: str, new: str) -> str:
    """Replace the first `old` in one of MovieLens' files."""
    files = {path.name: path.read_bytes() for path in (sample_data.folder() / "movielens").iterdir()}
    assert old.encode() in files[name]
    publish_raw(here, "movielens_1m", files | {name: files[name].replace(old.encode(), new.encode(), 1)})
    return "split-domains --config movielens_age.json"


@case()
def a_rating_out_of_range(here: Path) -> str:
    return movielens(here, "ratings.dat", "::5::", "::6::")


@case()
def a_rating_by_nobody(here: Path) -> str:
    return movielens(here, "users.dat", "1::", "999999::")


@case()
def a_user_who_is_there_twice(here: Path) -> str:
    return movielens(here, "users.dat", "\n2::", "\n1::")


@case()
def a_code_that_stands_for_no_domain(here: Path) -> str:
    return movielens(here, "users.dat", "::25::", "::24::")


@case()
def one_delimiter_in_place_of_another(here: Path) -> str:
    return movielens(here, "ratings.dat", "::", ",")
