"""IJCAI-18: clicks on search ads as they are published, genders as domains, and lines that are not in the format."""

from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from recmtl.data.datasets.ijcai18 import Ijcai18Config
from recmtl.data.policies import SplitConfig
from recmtl.data.split import build_split
from recmtl.errors import DataError, MissingError

NAME = "round1_ijcai_18_train_20180301.txt"
# made up, in the published order
CLICK = {
    "instance_id": "108641", "item_id": "3412", "item_category_list": "7908;5799",
    "item_property_list": "2072;5131;9148",
    "item_brand_id": "1975", "item_city_id": "3948", "item_price_level": "3", "item_sales_level": "3",
    "item_collected_level": "4", "item_pv_level": "14", "user_id": "4505", "user_gender_id": "0",
    "user_age_level": "1003", "user_occupation_id": "2005", "user_star_level": "3006", "context_id": "2825",
    "context_timestamp": "1537236544", "context_page_id": "4006",
    "predict_category_property": "5799:9172;5710:-1;2011:9172,7300", "shop_id": "6765", "shop_review_num_level": "4",
    "shop_review_positive_rate": "1.0", "shop_star_level": "5002", "shop_score_service": "1.0",
    "shop_score_delivery": "0.985", "shop_score_description": "0.97", "is_trade": "0",
}  # fmt: skip
HEADER = " ".join(CLICK) + "\n"


def click(**changes: str) -> str:
    return " ".join({**CLICK, **changes}.values()) + "\n"


OTHER = click(
    item_category_list="7908;5799;1175", item_property_list="-1", item_brand_id="-1", user_id="27", user_gender_id="-1",
    user_age_level="-1", item_sales_level="-1", shop_score_service="-1", is_trade="1",
)  # fmt: skip


def file(raw: Path, text: str = HEADER + click() + OTHER) -> Path:
    (raw / NAME).write_text(text)
    return raw


def read(raw: Path, **options: Any) -> pd.DataFrame:
    with duckdb.connect() as connection:
        query = Ijcai18Config(**options).read(raw, connection)
        return connection.execute(f"SELECT * FROM ({query}) ORDER BY row").df()


def test_the_values_of_a_click(tmp_path: Path) -> None:
    found = read(file(tmp_path))
    assert found["trade"].tolist() == [0, 1] and found["row"].tolist() == [1, 2]
    first = found.iloc[0]
    assert (first["item_id"], first["user_id"], first["context_timestamp"]) == ("3412", "4505", "1537236544")
    assert (first["shop_score_delivery"], first["shop_score_description"]) == (0.985, 0.97)
    assert found["item_category_list"].map(list).tolist() == [["7908", "5799"], ["7908", "5799", "1175"]]
    assert found["item_property_list"].map(list).tolist() == [["2072", "5131", "9148"], []]


@pytest.mark.parametrize("domain", [None, "user_gender_id"])
def test_minus_one_means_missing_but_is_a_domain(tmp_path: Path, domain: Any) -> None:
    second = read(file(tmp_path), domain=domain).iloc[1]
    missing = {"item_brand_id", "user_age_level", "item_sales_level", "shop_score_service"}
    missing |= set() if domain else {"user_gender_id"}
    scalars = second.drop(["item_category_list", "item_property_list"])
    assert set(scalars.index[scalars.isna()]) == missing
    if domain:
        assert second["user_gender_id"] == "-1"


def test_the_features_are_mmlrec_s(tmp_path: Path) -> None:
    layout = Ijcai18Config().layout()
    assert (len(layout.categorical) + len(layout.sequences), len(layout.numbers)) == (18, 4)
    features = {*layout.categorical, *layout.sequences, *layout.numbers}
    left_out = {"instance_id", "context_id", "predict_category_property", "context_timestamp", "is_trade"}
    assert features == set(CLICK) - left_out
    assert set(read(file(tmp_path)).columns) == {*features, "context_timestamp", "row", "trade"}
    assert dict(layout.keys) == {"user": "user_id", "item": "item_id", "time": "context_timestamp"}


@pytest.mark.parametrize(
    ("domain", "names"), [(None, {"ijcai18"}), ("user_gender_id", {"female", "male", "family", "unknown"})]
)
def test_the_split_has_the_genders_as_domains(tmp_path: Path, domain: Any, names: set[str]) -> None:
    raw, out = tmp_path / "raw", tmp_path / "split"
    raw.mkdir()
    out.mkdir()
    genders = ("0", "1", "2", "-1")
    file(raw, HEADER + "".join(click(user_gender_id=g, is_trade=t) for g in genders for t in "01" for _ in range(10)))
    policy = SplitConfig.kinds["random"].model_validate({"shares": [0.6, 0.2, 0.2]})
    schema = build_split(Ijcai18Config(domain=domain), policy, raw, out)
    assert set(schema.domains) == names and schema.task_names == ("trade",)
    assert schema.separator == ";" and schema.missing == ("-1",)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"is_trade": "2"}, "column is_trade: '2' is neither 0 nor 1"),
        ({"is_trade": "-1"}, "column is_trade: '' is neither 0 nor 1"),
        ({"user_gender_id": "3"}, "column user_gender_id: '3' is none of 0, 1, 2, -1"),
        ({"context_timestamp": "noon"}, "column context_timestamp: 'noon' is no time in seconds"),
        ({"context_timestamp": "-1"}, "column context_timestamp: '' is no time in seconds"),
        ({"shop_score_service": "good"}, "column shop_score_service: 'good' is not a number"),
        ({"item_category_list": "7908,5799"}, "column item_category_list: '7908,5799' is no list of numbers"),
        ({"item_property_list": "2072;"}, "column item_property_list: '2072;' is no list of numbers"),
    ],
)
def test_a_broken_click_is_named(tmp_path: Path, changes: dict[str, str], problem: str) -> None:
    with pytest.raises(DataError) as caught:
        read(file(tmp_path, HEADER + click() + click(**changes) + OTHER))
    assert caught.value.message.startswith(f"{tmp_path / NAME}: line 3, {problem}")


def test_a_click_with_a_value_too_many_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"train_20180301.txt: line 3 has 28 columns, expected 27"):
        read(file(tmp_path, HEADER + click() + click(shop_id="1 2")))


def test_a_test_file_has_no_labels_and_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"line 1 names no column 'is_trade'"):
        read(file(tmp_path, HEADER.replace(" is_trade", "")))


def test_a_file_that_is_not_there_is_missing(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match=r"train_20180301\.txt is not there"):
        read(tmp_path)
