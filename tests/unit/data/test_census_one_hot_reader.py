"""Census-Income in 501 numbers a line: flags become categories again, and lines that are not in the format."""

import gzip
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from recmtl.data.datasets.census import NAMES, CensusConfig
from recmtl.data.datasets.census_one_hot import DOMAINS, NUMBERS, SIZES, CensusOneHotConfig
from recmtl.data.policies import SplitConfig
from recmtl.data.split import build_split
from recmtl.errors import DataError, MissingError

# made up: age, wage, gains, losses, dividends, survey weight, employers, own business, benefits, weeks, year
ANSWERS = ("41", "1250", "0", "1408", "20", "1234.56", "4", "0", "2", "52", "95")


def flags(places: dict[str, int]) -> list[str]:
    """Every category's first flag is set, or the one at its place."""
    return [str(int(place == places.get(name, 1))) for name, size in SIZES.items() for place in range(1, size + 1)]


def line(married: str = "1", income: str = "0", numbers: tuple[str, ...] = ANSWERS, **places: int) -> str:
    return ",".join([married, income, *numbers, *flags(places)]) + "\n"


LAST = line("0", "1", **SIZES)


def files(folder: Path, train: str = line() + LAST, test: str = line(sex=2)) -> Path:
    for part, text in {"train": train, "test": test}.items():
        (folder / part).mkdir()
        (folder / part / f"{part}.txt").write_text(text)
    return folder


def config(**options: Any) -> CensusOneHotConfig:
    return CensusOneHotConfig(train="train", test="test", **options)


def read(folder: Path, **options: Any) -> pd.DataFrame:
    with duckdb.connect() as connection:
        query = config(**options).read(folder, connection)
        return connection.execute(f"SELECT * FROM ({query}) ORDER BY row").df()


def test_the_values_of_a_line(tmp_path: Path) -> None:
    found = read(files(tmp_path))
    assert found["part"].tolist() == ["train", "train", "test"] and found["row"].tolist() == [1, 2, 3]
    assert found["never_married"].tolist() == [1, 0, 1] and found["income"].tolist() == [0, 1, 0]
    assert found.loc[0, list(NUMBERS)].tolist() == [float(number) for number in ANSWERS]
    assert set(found.loc[0, list(SIZES)]) == {"1"}
    assert found.loc[1, list(SIZES)].tolist() == [str(size) for size in SIZES.values()]
    assert found.loc[2, "sex"] == "2" and found.loc[2, "race"] == "1"


def test_the_flags_are_those_of_census_income() -> None:
    """Three codes and the survey's weight are numbers in these lines."""
    codes = {"own_or_self", "vet_benefits", "year"}
    assert len(SIZES) == 29 and sum(SIZES.values()) == 488
    assert set(SIZES) == set(CensusConfig().layout().categorical) - codes
    assert list(SIZES) == [name for name in NAMES if name in SIZES]
    assert list(NUMBERS) == [name for name in NAMES if name in NUMBERS]


@pytest.mark.realdata
def test_the_published_files_in_this_form_give_the_same_people(tmp_path: Path, real_data: Any) -> None:
    """An independent oracle: pandas makes the lines of the first people of the file, and every value is found again."""
    raw = real_data("census-income") / "census-income.data.gz"
    people = pd.read_csv(raw, header=None, names=list(NAMES), skipinitialspace=True, keep_default_na=False, dtype=str)
    dummies = pd.get_dummies(people[list(SIZES)], dtype=int).head(3000)
    assert dummies.shape[1] == 488
    head = people.head(3000)
    labels = pd.DataFrame({"m": head["marital_stat"] == "Never married", "i": head["income_50k"] == "50000+."}) * 1
    lines = pd.concat([labels, head[list(NUMBERS)], dummies], axis=1)
    text = lines.to_csv(header=False, index=False)
    assert isinstance(text, str)
    found = read(files(tmp_path, train=text)).query("part == 'train'")
    assert len(found) == 3000
    assert found["income"].tolist() == labels["i"].tolist() and found["never_married"].tolist() == labels["m"].tolist()
    for name in SIZES:
        values = np.array(sorted(people[name].unique()))
        assert values[found[name].astype(int) - 1].tolist() == head[name].tolist(), name
    for name, names in DOMAINS.items():
        assert found[name].map(names).tolist() == head[name].tolist()
    assert found["instance_weight"].tolist() == head["instance_weight"].astype(float).tolist()


@pytest.mark.realdata
def test_the_lines_that_paddlerec_comes_with(tmp_path: Path, real_data: Any) -> None:
    text = (real_data("samples") / "census" / "paddlerec_mmoe_train_data.txt").read_text()
    found = read(files(tmp_path, train=text)).query("part == 'train'")
    assert len(found) == 30
    assert found["age"].tolist()[:6] == [73, 73, 73, 58, 18, 9]
    assert found["never_married"].tolist()[:6] == [0, 0, 0, 0, 1, 1]
    assert found["instance_weight"][0] == 1700.09 and set(found["year"]) == {94, 95}
    assert found["sex"].map(DOMAINS["sex"])[0] == "Female" and found["race"].map(DOMAINS["race"])[0] == "White"


def test_the_survey_s_weight_is_a_feature_only_on_demand() -> None:
    assert "instance_weight" not in config().layout().numbers and len(config().layout().numbers) == 10
    assert config(instance_weight=True).layout().numbers == NUMBERS
    assert config().layout().weight is None and config().layout().ready_made


def test_files_are_read_in_the_order_of_their_names_plain_or_gzip(tmp_path: Path) -> None:
    train = files(tmp_path, train=line(education=2)) / "train"
    (train / "a.txt").write_text("\n" + line(education=1).rstrip("\n"))
    (train / "z.gz").write_bytes(gzip.compress((line(education=3) + "\n\n" + line(education=4)).encode()))
    assert read(tmp_path)["education"].tolist() == ["1", "2", "3", "4", "1"]
    assert [path.name for path in config().own_files(tmp_path)] == ["a.txt", "train.txt", "z.gz", "test.txt"]


def test_a_long_file_keeps_its_order(tmp_path: Path) -> None:
    """More than one block of lines."""
    ages = [str(1 + row % 90) for row in range(20_000)]
    lines = "".join(line(numbers=(age, *ANSWERS[1:])) for age in ages)
    assert read(files(tmp_path, train=lines))["age"].tolist()[:-1] == [float(age) for age in ages]


@pytest.mark.parametrize(
    ("domain", "names"),
    [(None, {"census_one_hot"}), ("sex", {"Female", "Male"}), ("race", {"Black", "White"})],
)
def test_the_split_has_the_domains_that_were_asked_for(tmp_path: Path, domain: Any, names: set[str]) -> None:
    people = [line(m, i, sex=s, race=r) for m in "01" for i in "01" for s in (1, 2) for r in (3, 5)]
    raw, out = files(tmp_path, "".join(people) * 4, "".join(people)), tmp_path / "split"
    out.mkdir()
    policy = SplitConfig.kinds["files"].model_validate({"valid_share": 0.5})
    schema = build_split(config(domain=domain), policy, raw, out)
    assert set(schema.domains) == names
    assert len(schema.features) == 39 and {task.name for task in schema.tasks} == {"income", "never_married"}


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        (line(numbers=("forty", *ANSWERS[1:])), "line 3, column 'age' is 'forty', which is no number"),
        (line().replace("1,0,41", "2,0,41", 1), "line 3, column 'never_married' is '2', which is neither 0 nor 1"),
        (line().replace("1,0,41", "1,,41", 1), "line 3, column 'income' is '', which is neither 0 nor 1"),
        (line(sex=3), "line 3, column 'sex 1' and the 1 after it have 0 flags that are 1; it must be one"),
        (line()[:-2] + "1\n", "line 3, column 'vet_question 1' and the 2 after it have 2 flags that are 1"),
        (line()[:-2] + "0.5\n", "line 3, column 'vet_question 3' is '0.5', which is neither 0 nor 1"),
        (line()[:-3] + "\n", "line 3 has 500 values; there are 501 columns"),
    ],
)
@pytest.mark.parametrize("part", ["train", "test"])
def test_a_broken_line_is_named(tmp_path: Path, part: str, bad: str, problem: str) -> None:
    with pytest.raises(DataError) as caught:
        read(files(tmp_path, **{part: line() + LAST + bad + line()}))
    assert f"{tmp_path / part / part}.txt, {problem}" in caught.value.message


def test_a_part_without_files_is_missing(tmp_path: Path) -> None:
    (files(tmp_path) / "test" / "test.txt").unlink()
    with pytest.raises(MissingError, match="test holds no files"):
        read(tmp_path)


def test_a_part_without_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="test holds no rows"):
        read(files(tmp_path, test="\n\n"))


def test_test_rows_are_not_trained_on(tmp_path: Path) -> None:
    same = CensusOneHotConfig(train="train", test="train")
    with pytest.raises(DataError, match=r"train\.txt is a file of train and of test"):
        same.own_files(files(tmp_path))
