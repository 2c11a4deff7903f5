"""What split-domains says of the split it made: its table, its JSON, its leaks, and what --strict leaves."""

import hashlib
import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

CONFIG = {
    "dataset": {
        "name": "table", "train": "log.csv", "tasks": [{"name": "click", "kind": "binary"}],
        "categorical": ["user", "item"], "numbers": ["price"], "domain": {"column": "land"},
        "keys": {"user": "user", "item": "item", "time": "time"},
    },
    "split": {"name": "random"},
}  # fmt: skip


def a_log(**columns):
    chance = np.random.default_rng(2)
    size = 2000
    frame = pd.DataFrame(
        {
            "user": chance.integers(0, 90, size),
            "item": chance.integers(0, 40, size),
            "land": np.where(np.arange(size) % 4, "nl", "fr"),
            "price": chance.normal(size=size).round(2),
            "time": np.arange(size),
            "click": (chance.random(size) < 0.3).astype(int),
        }
    )
    return frame.assign(**columns)


def written(tmp_path, frame, **dataset):
    frame.to_csv(tmp_path / "log.csv", index=False)
    config = {**CONFIG, "dataset": {**CONFIG["dataset"], **dataset}}
    (tmp_path / "shop.json").write_text(json.dumps(config))


def leaky(tmp_path):
    frame = a_log()
    written(tmp_path, frame.assign(dwell=frame["click"] * 9.5), numbers=["price", "dwell"])


def split(cli, tmp_path, *words):
    return cli("split-domains", "--config", "shop.json", *words, cwd=tmp_path)


def table(out, title):
    """The lines of the table below a title, of the first one without any."""
    titles = ("mean labels by part", "shares missing, and not seen in training")
    lines = out.splitlines()
    begin = lines.index(title) + 1 if title else 1
    size = next((size for size, line in enumerate(lines[begin:]) if line in titles), len(lines) - begin)
    return lines[begin : begin + size]


def contents(folder):
    """Every file but hidden ones: locks and remembered hashes say nothing of a split."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and not any(name.startswith(".") for name in path.relative_to(folder).parts)
    }


def test_the_table_has_rows_users_items_and_rates_of_each_domain_and_of_all(tmp_path, cli):
    frame = a_log()
    written(tmp_path, frame)
    ran = split(cli, tmp_path)
    assert ran.code == 0 and "warning" not in ran.err
    head, *lines = [line.split() for line in table(ran.out, "")]
    assert head == ["domain", "train", "valid", "test", "users", "items", "mean", "click"]
    assert [line[0] for line in lines] == ["fr", "nl", "all"]
    for name, *numbers in lines:
        rows = frame if name == "all" else frame[frame["land"] == name]
        train, valid, test, users, items = (int(number.replace(",", "")) for number in numbers[:5])
        assert train + valid + test == len(rows)
        assert (users, items) == (rows["user"].nunique(), rows["item"].nunique())
        assert numbers[5] == f"{rows['click'].mean():.4f}"


def test_the_table_has_the_rates_of_each_part_and_what_is_missing_and_unseen(tmp_path, cli):
    frame = a_log()
    frame.loc[::4, "price"] = np.nan
    frame["item"] = np.where(np.arange(len(frame)) % 20, frame["item"], 1000 + np.arange(len(frame)))
    written(tmp_path, frame)
    ran = split(cli, tmp_path)
    files = (tmp_path / "data/shop").glob("t*/*/*.parquet"), (tmp_path / "data/shop").glob("valid/*/*.parquet")
    parts = pd.concat(
        pq.ParquetFile(path).read(["row"]).to_pandas().assign(part=path.parts[-3]) for found in files for path in found
    )
    rows = frame.assign(part=parts.set_index("row")["part"].sort_index().to_numpy())
    head, *lines = [line.split() for line in table(ran.out, "mean labels by part")]
    assert head == ["domain", "click", "train", "click", "valid", "click", "test"]
    wanted = rows.groupby(["land", "part"])["click"].mean().unstack()
    wanted.loc["all"] = rows.groupby("part")["click"].mean()
    assert lines == [
        [name, *(f"{wanted.loc[name, part]:.4f}" for part in ("train", "valid", "test"))]
        for name in ("fr", "nl", "all")
    ]
    head, *lines = [line.split() for line in table(ran.out, "shares missing, and not seen in training")]
    assert [line[0] for line in lines] == ["price", "item"]  # most is missing of the price
    missing = rows["price"].isna().groupby(rows["part"]).mean()
    assert lines[0][1:4] == [f"{missing[part]:.4f}" for part in ("train", "valid", "test")]
    known = set(rows.loc[rows["part"] == "train", "item"])
    unseen = (~rows["item"].isin(known)).groupby(rows["part"]).mean()
    assert lines[1][1:] == ["0.0000"] * 3 + [f"{unseen[part]:.4f}" for part in ("valid", "test")]


def test_without_keys_and_with_one_domain_there_is_one_line(tmp_path, cli):
    written(tmp_path, a_log(), domain=None, keys={})
    head, *lines = table(split(cli, tmp_path).out, "")
    assert head.split() == ["domain", "train", "valid", "test", "mean", "click"]
    assert [line.split()[:4] for line in lines] == [["table", "1,200", "400", "400"]]


def test_json_has_what_the_table_has_and_the_leaks(tmp_path, cli):
    leaky(tmp_path)
    ran = split(cli, tmp_path, "--json")
    assert (ran.code, ran.json["status"]) == (0, "done")
    assert [row["domain"] for row in ran.json["rows"]] == ["fr", "nl"]
    assert ran.json["rows"][1]["train"] == 900 and ran.json["rows"][1]["users"] == 90
    assert ran.json["all"]["means"] == {"click": pytest.approx(a_log()["click"].mean())}
    (leak,) = ran.json["leaks"]
    assert (leak["kind"], leak["what"], leak["task"], leak["value"]) == ("tells", "dwell", "click", 1.0)
    assert f"warning: {leak['words']}" in ran.err and "dataset.numbers" in leak["words"]
    again = split(cli, tmp_path, "--json")
    assert again.json["status"] == "done already" and again.json["leaks"] == [leak]
    assert json.loads((tmp_path / "data/shop/profile.json").read_text())["leaks"] == [leak]


def test_strict_lets_an_honest_log_pass(tmp_path, cli):
    written(tmp_path, a_log())
    ran = split(cli, tmp_path, "--strict", "--json")
    assert (ran.code, ran.json["leaks"]) == (0, [])


def test_strict_refuses_a_leak_and_leaves_nothing(tmp_path, cli):
    leaky(tmp_path)
    before = contents(tmp_path)
    ran = split(cli, tmp_path, "--strict", "--json")
    assert (ran.code, ran.json["code"], ran.json["status"]) == (3, 3, "error")
    assert "'dwell' alone tells 'click'" in ran.json["message"] and "--strict" in ran.json["hint"]
    assert contents(tmp_path) == before and not (tmp_path / "data/shop").exists()
    assert not list(tmp_path.rglob("*.partial"))


def test_strict_leaves_an_earlier_split_as_it_was(tmp_path, cli):
    written(tmp_path, a_log())
    assert split(cli, tmp_path).code == 0
    honest = contents(tmp_path / "data")
    leaky(tmp_path)
    assert split(cli, tmp_path, "--strict").code == 3
    assert contents(tmp_path / "data") == honest


def test_strict_refuses_a_split_that_was_made_without_it(tmp_path, cli):
    leaky(tmp_path)
    assert split(cli, tmp_path).code == 0
    made = contents(tmp_path / "data")
    ran = split(cli, tmp_path, "--strict")
    assert ran.code == 3 and "'dwell' alone tells 'click'" in ran.err and not ran.out
    assert contents(tmp_path / "data") == made


def test_strict_refuses_events_in_two_parts(tmp_path, cli):
    frame = a_log()
    written(tmp_path, pd.concat([frame, frame.iloc[:50]]))
    ran = split(cli, tmp_path, "--strict")
    assert ran.code == 3 and "events (user, item, time) lie in more than one part" in ran.err
    # a user's rows together, as the error advises, have no event in two parts
    ran = split(cli, tmp_path, "--strict", "--set", "split.name=group", "--set", "split.by=user")
    assert ran.code == 0, ran.err


@pytest.mark.parametrize(
    ("folder", "name", "preset", "repeats"),
    [
        ("adult", "adult", "adult_sex", ("rows", 29)),
        ("lt4rec", "lt4rec", "lt4rec", ("pairs", 2)),
        ("movielens-1m", "movielens_1m", "movielens_gender", ("events", 0)),
    ],
)
def test_real_data_has_no_leaks(tmp_path, cli, real_data, folder, name, preset, repeats):
    assert cli("download", name, "--from", str(real_data(folder)), cwd=tmp_path).code == 0
    ran = cli("split-domains", "--config", f"{preset}.json", "--strict", "--json", cwd=tmp_path)
    assert ran.code == 0, ran.err
    profile = json.loads((tmp_path / f"data/{preset}/profile.json").read_text())
    assert profile["leaks"] == ran.json["leaks"] == []
    assert (profile["repeats"]["of"], profile["repeats"]["count"]) == repeats


def test_the_sample_has_no_leaks(tmp_path, cli):
    assert cli("split-domains", "--sample", "--strict", cwd=tmp_path).code == 0
