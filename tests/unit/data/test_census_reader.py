"""UCI Census-Income: the published files as they are described, and lines that are not in their format."""

import gzip
import itertools
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from recmtl.data.datasets.census import NAMES, NUMBERS, CensusConfig
from recmtl.data.policies import SplitConfig
from recmtl.data.split import build_split
from recmtl.errors import DataError, MissingError

# made up, one value a column in the published order
ANSWERS = {
    "age": "41", "class_worker": "Private", "det_ind_code": "37", "det_occ_code": "19",
    "education": "Bachelors degree(BA AB BS)", "wage_per_hour": "1250", "hs_college": "Not in universe",
    "marital_stat": "Never married", "major_ind_code": "Utilities and sanitary services",
    "major_occ_code": "Adm support including clerical", "race": "Black", "hisp_origin": "Cuban", "sex": "Male",
    "union_member": "No", "unemp_reason": "Not in universe", "full_or_part_emp": "Full-time schedules",
    "capital_gains": "0", "capital_losses": "1408", "stock_dividends": "20", "tax_filer_stat": "Single",
    "region_prev_res": "Not in universe", "state_prev_res": "?", "det_hh_fam_stat": "Nonfamily householder",
    "det_hh_summ": "Householder", "instance_weight": "1234.56", "mig_chg_msa": "?", "mig_chg_reg": "?",
    "mig_move_reg": "?", "mig_same": "Not in universe under 1 year old", "mig_prev_sunbelt": "?", "num_emp": "4",
    "fam_under_18": "Not in universe", "country_father": "Cuba", "country_mother": "?",
    "country_self": "United-States", "citizenship": "Foreign born- Not a citizen of U S ", "own_or_self": "0",
    "vet_question": "Not in universe", "vet_benefits": "2", "weeks_worked": "52", "year": "95",
    "income_50k": "- 50000.",
}  # fmt: skip
MISSING = {"state_prev_res", "mig_chg_msa", "mig_chg_reg", "mig_move_reg", "mig_prev_sunbelt", "country_mother"}


def line(**changes: str) -> bytes:
    return ", ".join({**ANSWERS, **changes}.values()).encode() + b"\n"


OTHER = line(marital_stat="Divorced", income_50k="50000+.", sex="Female", year="94", age="29")


def files(raw: Path, train: bytes = line() + OTHER, test: bytes = OTHER) -> Path:
    (raw / "census-income.data.gz").write_bytes(gzip.compress(train))
    (raw / "census-income.test.gz").write_bytes(gzip.compress(test))
    return raw


def read(raw: Path, **options: Any) -> pd.DataFrame:
    with duckdb.connect() as connection:
        query = CensusConfig(**options).read(raw, connection)
        return connection.execute(f"SELECT * FROM ({query}) ORDER BY row").df()


@pytest.fixture(scope="module")
def published(real_data: Any) -> pd.DataFrame:
    return read(real_data("census-income"))


@pytest.mark.realdata
def test_the_published_files(published: pd.DataFrame) -> None:
    train, test = published[published["part"] == "train"], published[published["part"] == "test"]
    assert (len(train), len(test)) == (199_523, 99_762)
    assert (train["income"].mean(), test["income"].mean()) == pytest.approx((0.0621, 0.0620), abs=5e-5)
    assert (train["never_married"].mean(), test["never_married"].mean()) == pytest.approx((0.4335, 0.4325), abs=5e-5)
    assert train["year"].value_counts().to_dict() == {"94": 99_827, "95": 99_696}
    assert published["row"].tolist() == list(range(1, 299_286))


@pytest.mark.realdata
def test_every_value_of_the_published_files_is_as_pandas_reads_it(real_data: Any, published: pd.DataFrame) -> None:
    raw = real_data("census-income")
    expected = pd.concat(
        pd.read_csv(
            raw / f"census-income.{part}.gz", header=None, names=list(NAMES), skipinitialspace=True, na_values="?",
            keep_default_na=False, dtype={name: str for name in NAMES if name not in NUMBERS},
        )
        for part in ("data", "test")
    )  # fmt: skip
    assert published["income"].tolist() == (expected["income_50k"] == "50000+.").astype(float).tolist()
    assert published["never_married"].tolist() == (expected["marital_stat"] == "Never married").astype(float).tolist()
    layout = CensusConfig().layout()
    for name in layout.categorical:
        assert published[name].fillna("?").tolist() == expected[name].str.strip().fillna("?").tolist(), name
    for name in layout.numbers:
        assert published[name].tolist() == expected[name].tolist(), name


def test_neither_a_label_nor_the_survey_s_weight_is_a_feature(tmp_path: Path) -> None:
    layout = CensusConfig().layout()
    features = {*layout.categorical, *layout.numbers}
    assert set(NAMES) - features == {"marital_stat", "instance_weight", "income_50k"}
    assert (len(layout.categorical), len(layout.numbers)) == (32, 7)
    assert {"det_ind_code", "det_occ_code", "own_or_self", "vet_benefits", "year"} < set(layout.categorical)
    assert set(read(files(tmp_path)).columns) == {*features, "row", "part", "income", "never_married"}
    assert layout.ready_made and layout.weight is None


def test_the_values_of_a_line(tmp_path: Path) -> None:
    found = read(files(tmp_path))
    assert found["part"].tolist() == ["train", "train", "test"]
    assert found["income"].tolist() == [0, 1, 1]
    assert found["never_married"].tolist() == [1, 0, 0]
    assert found["age"].tolist() == [41.0, 29.0, 29.0]
    first = found.iloc[0]
    assert first["vet_benefits"] == "2" and first["capital_losses"] == 1408.0
    assert first["citizenship"] == "Foreign born- Not a citizen of U S"
    assert {name for name in ANSWERS if name in found and pd.isna(first[name])} == MISSING
    assert first["fam_under_18"] == "Not in universe"


def test_files_that_somebody_unpacked(tmp_path: Path) -> None:
    files(tmp_path)
    (tmp_path / "census-income.test.gz").write_bytes(line() * 3)
    assert read(tmp_path)["part"].value_counts().to_dict() == {"train": 2, "test": 3}


@pytest.mark.parametrize("domain", [None, "year", "sex", "race"])
def test_the_split_has_the_domains_that_were_asked_for(tmp_path: Path, domain: Any) -> None:
    answers = itertools.product(("94", "95"), ("Male", "Female"), ("White", "Black"), ("Widowed", "Never married"))
    people = [
        line(year=y, sex=s, race=r, marital_stat=m, income_50k="50000+." if m == "Widowed" else "- 50000.")
        for y, s, r, m in answers
    ]
    raw, out = tmp_path / "raw", tmp_path / "split"
    raw.mkdir()
    out.mkdir()
    files(raw, b"".join(people) * 4, b"".join(people))
    policy = SplitConfig.kinds["files"].model_validate({"valid_share": 0.5})
    schema = build_split(CensusConfig(domain=domain), policy, raw, out)
    named = {None: {"census"}, "year": {"94", "95"}, "sex": {"Male", "Female"}, "race": {"White", "Black"}}
    assert set(schema.domains) == named[domain]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"age": "forty"}, "line 3, column age: 'forty' is not a number"),
        ({"weeks_worked": "52, 1"}, "line 3 has 43 columns, expected 42"),
        ({"instance_weight": "heavy"}, "line 3, column instance_weight: 'heavy' is not a number"),
        ({"income_50k": "50000"}, "line 3, column income_50k: '50000' is neither '- 50000.' nor '50000+.'"),
        ({"income_50k": "?"}, "line 3, column income_50k: '' is neither"),
        ({"race": "Whi\0te"}, "line 3, column race: 'Whi\\x00te' holds a NUL byte"),
    ],
)
@pytest.mark.parametrize("name", ["census-income.data.gz", "census-income.test.gz"])
def test_a_broken_line_is_named(tmp_path: Path, name: str, changes: dict[str, str], problem: str) -> None:
    (files(tmp_path) / name).write_bytes(gzip.compress(line() + OTHER + line(**changes) + OTHER))
    with pytest.raises(DataError) as caught:
        read(tmp_path)
    assert f"{tmp_path / name}: {problem}" in caught.value.message


def test_a_file_that_is_not_there_is_missing(tmp_path: Path) -> None:
    (files(tmp_path) / "census-income.test.gz").unlink()
    with pytest.raises(MissingError, match=r"census-income\.test\.gz is not there"):
        read(tmp_path)
