"""A domain that lacks rows in a part is no error: it is said, and what has no value is undefined, with a reason."""

import pytest

from bad_input.spoiling import publish_adult, publish_raw
from recmtl import sample_data


@pytest.fixture
def adult(tmp_path):
    """A workspace with raw files whose training rows alone have the domain 'Alone'."""
    (tmp_path / "adult").mkdir()
    for name in ("adult.data", "adult.test"):
        lines = (sample_data.folder() / "adult" / name).read_text().splitlines(keepends=True)[:400]
        if name == "adult.data":
            lines[::9] = [line.replace(" Female,", " Alone,").replace(" Male,", " Alone,") for line in lines[::9]]
        (tmp_path / "adult" / name).write_text("".join(lines))
    publish_adult(tmp_path)
    return tmp_path


def test_a_domain_without_test_rows_has_undefined_cells(adult, cli):
    assert cli("split-domains", "--config", "adult_sex.json", cwd=adult).code == 0
    assert cli("train-mtl", "--set", "train.epochs=1", cwd=adult).code == 0
    ran = cli("evaluate", "--json", cwd=adult)
    assert ran.code == 0
    alone = [cell for cell in ran.json["cells"] if cell["domain"] == "Alone"]
    assert len(alone) == 2
    for cell in alone:
        assert cell["rows"] == 0 and cell["auc"] is None and cell["undefined"]["auc"] == "no rows"
    mean = next(mean for mean in ran.json["summary"] if mean["mean"] == "macro")
    assert (mean["domains"], mean["counted"]["auc"]) == (3, 2)


def test_a_domain_of_a_group_that_no_row_has_is_said(tmp_path, cli):
    files = {path.name: path.read_bytes() for path in (sample_data.folder() / "movielens").iterdir()}
    older = [f"::{code}::".encode() for code in (35, 45, 50, 56)]
    for code in older:
        files["users.dat"] = files["users.dat"].replace(code, b"::25::")
    publish_raw(tmp_path, "movielens_1m", files)
    ran = cli("split-domains", "--config", "movielens_age.json", "--json", cwd=tmp_path)
    assert ran.code == 0, ran.err
    assert "no row belongs to the domains 35 and over: they are left out" in ran.err
    assert [row["domain"] for row in ran.json["rows"]] == ["25 to 34", "under 25"]
