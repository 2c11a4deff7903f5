"""An own table in TFRecord: split, trained on, and scored like the same rows in another form."""

import csv
import json
import random

import pytest

from recmtl.testing.tfrecord_writer import write_examples

CONFIG = {
    "dataset": {
        "name": "table", "train": "rows.tfrecord.gz", "tasks": [{"name": "click", "kind": "binary"}],
        "categorical": ["user"], "numbers": ["age"], "sequences": ["tags"], "domain": {"column": "site"},
    },
    "split": "random",
    "model": {"name": "shared_bottom", "bottom": [8], "tower": []},
    "train": {"epochs": 1, "batch_size": 64},
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory, recmtl):
    folder, chance = tmp_path_factory.mktemp("tfrecord"), random.Random(3)
    rows = [
        {"user": f"u{chance.randrange(9)}", "age": chance.choice([18, 30, 55]), "site": chance.choice("ab"),
         "tags": chance.sample(["x", "y", "z"], chance.randrange(1, 4)), "click": chance.randrange(2)}
        for _ in range(300)
    ]  # fmt: skip
    write_examples(folder / "rows.tfrecord.gz", rows)
    write_examples(folder / "new.tfrecord", rows[:5])
    write_examples(folder / "alone.tfrecord", [row | {"tags": row["tags"][0]} for row in rows[:5]])
    for name, tags in (("new.jsonl", slice(None)), ("alone.jsonl", slice(1))):
        lines = [json.dumps(row | {"tags": row["tags"][tags]}) + "\n" for row in rows[:5]]
        (folder / name).write_text("".join(lines))
    (folder / "own.json").write_text(json.dumps(CONFIG))
    for words in (("split-domains", "--config", "own.json"), ("train-mtl",)):
        ran = recmtl(*words, cwd=folder)
        assert ran.code == 0, ran.err
    return folder


def scores(folder, cli, source, *words):
    target = f"{source}.csv"
    ran = cli("predict", "--input", source, "--output", target, *words, cwd=folder)
    assert ran.code == 0, ran.err
    return [row["score_click"] for row in csv.DictReader((folder / target).open())]


@pytest.mark.parametrize("name", ["new", "alone"])
def test_the_same_rows_have_the_same_scores_in_every_form(folder, cli, name):
    """Also where no record has more than one tag."""
    from_records = scores(folder, cli, f"{name}.tfrecord")
    assert len(from_records) == 5 and from_records == scores(folder, cli, f"{name}.jsonl")


def test_the_form_may_be_said(folder, cli):
    (folder / "part-0").write_bytes((folder / "new.tfrecord").read_bytes())
    assert scores(folder, cli, "part-0", "--input-format", "tfrecord") == scores(folder, cli, "new.tfrecord")


@pytest.mark.parametrize("words", [("scores.tfrecord",), ("scores", "--output-format", "tfrecord")])
def test_it_is_read_and_not_written(folder, cli, words):
    ran = cli("predict", "--input", "new.tfrecord", "--output", *words, cwd=folder)
    assert ran.code == 2 and "tfrecord is read, not written" in ran.err and "csv, tsv, jsonl, parquet" in ran.err
    assert not (folder / words[0]).exists()


def test_a_changed_record_is_refused_and_leaves_no_scores(folder, cli):
    content = bytearray((folder / "new.tfrecord").read_bytes())
    content[-7] ^= 1
    (folder / "bad.tfrecord").write_bytes(content)
    ran = cli("predict", "--input", "bad.tfrecord", "--output", "none.csv", cwd=folder)
    assert ran.code == 6 and "bad.tfrecord, record 5 (byte " in ran.err
    assert not (folder / "none.csv").exists()
