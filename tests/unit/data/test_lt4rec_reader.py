"""LT4REC's TFRecords: the published sample as it is described, and the embedded one; what is not as it should be."""

from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from recmtl.data.datasets.lt4rec import MULTI, SINGLE, Lt4recConfig
from recmtl.data.datasets.sample import SampleConfig
from recmtl.errors import DataError, MissingError
from recmtl.sample_data import folder
from recmtl.testing.tfrecord_writer import write_examples

ROW: dict[str, Any] = {
    "label": 1,
    "cvrlabel": 0.5,
    "seqnum": "s1",
    "pctr": "0.25",
    **{name: f"{name} 1" for name in SINGLE},
    **{name: ["x", "y"] for name in MULTI},
}


def read(raw: Path, dataset: Lt4recConfig | None = None) -> pd.DataFrame:
    with duckdb.connect() as connection:
        query = (dataset or Lt4recConfig()).read(raw, connection)
        return connection.execute(f"SELECT * FROM ({query}) ORDER BY row").df()


def reads(raw: Path, *rows: dict[str, Any]) -> pd.DataFrame:
    write_examples(raw / "part-0.gz", [ROW | row for row in rows])
    return read(raw)


@pytest.mark.realdata
def test_the_published_sample(real_data: Any) -> None:
    found = read(real_data("lt4rec"))
    assert len(found) == 4322
    assert found["row"].tolist() == list(range(1, 4323))
    assert found["click"].sum() == 1677
    assert set(found["click"]) == {0.0, 1.0}
    assert (found["completion"].notna() == (found["click"] == 1)).all()
    assert found["completion"].mean() == pytest.approx(0.8178, abs=5e-5)
    assert found["completion"].dropna().between(0, 1).all()
    assert (found["completion"] == 1).sum() == 860
    scored = found.dropna(subset=["pctr"])
    assert len(scored) == 4191
    assert roc_auc_score(scored["click"], scored["pctr"]) == pytest.approx(0.6385, abs=5e-5)
    distinct = {"FEA_UID": 500, "FEA_VID": 4191, "FEA_SVID": 489, "seqnum": 603, "FEA_ALGID": 13, "FEA_UGROUP": 267}
    assert {name: found[name].nunique() for name in distinct} == distinct
    assert (found["FEA_STAG"].map(len) == 0).sum() == 923  # "-1" there
    assert found["FEA_ALGID"].notna().all()
    assert {name: found[name].map(len).max() for name in MULTI} == {
        "FEA_SIKEYWORD": 8, "FEA_STAG": 6, "FEA_IXFTAG": 6, "FEA_IKEYWORD": 8, "FEA_UCAT": 6,
    }  # fmt: skip


def test_the_embedded_sample_is_read_wherever_raw_is(tmp_path: Path) -> None:
    found = read(tmp_path, SampleConfig())
    assert len(found) == 7000
    assert (found["completion"].notna() == (found["click"] == 1)).all()
    pd.testing.assert_frame_equal(found, read(folder() / "video"))


def test_the_signs_for_missing_are_null(tmp_path: Path) -> None:
    found = reads(tmp_path, *({"FEA_UID": text, "pctr": text, "seqnum": text} for text in ("-1", "N", "", "0")))
    for name, last in (("FEA_UID", "0"), ("pctr", 0.0), ("seqnum", "0")):
        assert found[name].isna().tolist() == [True, True, True, False]
        assert found[name][3] == last
    lists = reads(tmp_path, {"FEA_UCAT": ["-1", "a", "N", "", "b"]}, {"FEA_UCAT": ["-1"]}, {"FEA_UCAT": []})["FEA_UCAT"]
    assert [list(values) for values in lists] == [["a", "b"], [], []]


def test_completion_is_observed_only_where_clicked(tmp_path: Path) -> None:
    found = reads(
        tmp_path, {"label": 1, "cvrlabel": 0.0}, {"label": 0, "cvrlabel": 0.7}, {"label": [], "cvrlabel": 0.7}
    )
    assert found["completion"].isna().tolist() == [False, True, True]
    assert found["click"].isna().tolist() == [False, False, True]


def test_files_are_read_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name, user in (("part-r-00010.gz", "c"), ("part-r-00002", "b"), ("part-r-00001.gz", "a"), ("_SUCCESS", "x")):
        write_examples(tmp_path / name, [ROW | {"FEA_UID": user}] * 2)
    found = read(tmp_path)
    assert found["FEA_UID"].tolist() == list("aabbcc")
    assert found["row"].tolist() == [1, 2, 3, 4, 5, 6]


def test_nothing_there_is_missing(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match=r"holds no file part-\*.*recmtl download lt4rec"):
        read(tmp_path)


def test_a_file_of_no_records_has_no_rows(tmp_path: Path) -> None:
    write_examples(tmp_path / "part-0.gz", [])
    assert len(read(tmp_path)) == 0


@pytest.mark.parametrize("score", ["high", "0,5", "0.5.1"])
def test_a_score_that_is_no_number_is_named(tmp_path: Path, score: str) -> None:
    with pytest.raises(DataError, match=rf"record 3: feature 'pctr' is '{score}', which is not a number"):
        reads(tmp_path, {}, {"pctr": "-1"}, {"pctr": score}, {"pctr": "low"})


def test_a_feature_of_another_kind_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"part-0.gz, record 2 .*feature 'label' holds floats, not integers"):
        reads(tmp_path, {}, {"label": 1.0})
    with pytest.raises(DataError, match=r"record 1 .*feature 'FEA_UID' has 2 values where one belongs"):
        reads(tmp_path, {"FEA_UID": ["a", "b"]})


def test_a_feature_that_is_in_no_record_is_named(tmp_path: Path) -> None:
    write_examples(tmp_path / "part-0.gz", [{key: value for key, value in ROW.items() if key != "FEA_VID"}])
    with pytest.raises(DataError, match="has no feature 'FEA_VID' in any record"):
        read(tmp_path)


def test_the_layout_names_what_is_read(tmp_path: Path) -> None:
    found = reads(tmp_path, {})
    layout = Lt4recConfig().layout()
    for name in (*layout.categorical, *layout.sequences, *layout.keys.values(), "click", "completion", "pctr", "row"):
        assert name in found.columns
    assert {layout.table(name) for name in (*SINGLE, *MULTI)} <= {*SINGLE, *MULTI}
    assert layout.domain == "FEA_ALGID"
    assert Lt4recConfig(domain=None).layout().domain is None
