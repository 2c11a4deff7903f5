"""split.history over the commands: the past of a user is made by the split, trained on, and given by the user as a
column of new rows.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from recmtl import sample_data
from recmtl.artifacts import manifest
from recmtl.data.loader import load_columns, load_part
from recmtl.pipelines.selection import Asked, select_model
from recmtl.pipelines.trained import open_trained
from recmtl.pipelines.workspace import Workspace
from recmtl.training.predict import predict_rows

CONFIG = {
    "dataset": {
        "name": "table", "train": "log.csv", "separator": ";", "tasks": [{"name": "click", "kind": "binary"}],
        "categorical": ["user", "item"], "keys": {"user": "user", "item": "item", "time": "time"},
    },
    "split": {"name": "time", "history": {"length": 4}},
    "model": {"name": "shared_bottom", "bottom": [8], "tower": []},
    "train": {"epochs": 1, "batch_size": 128, "learning_rate_schedule": "constant"},
}  # fmt: skip


def log(size: int = 1200, start: str = "2026-03-01") -> pd.DataFrame:
    """A click is likely where the last one was on an item of the same half."""
    chance, last, rows = np.random.default_rng(11), {}, []
    for i in range(size):
        user, item = f"u{chance.integers(20)}", f"i{chance.integers(12)}"
        click = chance.random() < (0.8 if last.get(user, "i0") < "i5" and item < "i5" else 0.2)
        rows.append((user, item, str(pd.Timestamp(start) + pd.Timedelta(minutes=7 * (i // 2))), int(click)))
        last = last | ({user: item} if click else {})
    return pd.DataFrame(rows, columns=["user", "item", "time", "click"])


def past(frame: pd.DataFrame, length: int) -> list[list[str]]:
    """What each row's user clicked before it, by the rule that users are told."""
    lists = []
    for row in frame.itertuples():
        before = frame[(frame["user"] == row.user) & (frame["time"] < row.time) & (frame["click"] == 1)]
        lists.append(before.sort_values(["time", "item"])["item"].tolist()[-length:])
    return lists


@pytest.fixture
def trained(tmp_path, cli):
    log().to_csv(tmp_path / "log.csv", index=False)
    (tmp_path / "log.json").write_text(json.dumps(CONFIG))
    for words in (("split-domains", "--config", "log.json"), ("train-mtl", "--config", "log.json")):
        ran = cli(*words, cwd=tmp_path)
        assert ran.code == 0, ran.err
        assert "warning" not in ran.err
    return tmp_path


def of_the_split(folder: Path) -> pd.Series:
    """What the model predicts for the rows of the split, by row."""
    found = open_trained(select_model(Asked(), Workspace(folder)), Workspace(folder))
    model, split, schema = found.load(found.checkpoint("best")), found.experiment.split, found.experiment.schema
    parts = []
    for part in ("train", "valid", "test"):
        predictions = predict_rows(model, load_part(split, schema, part).batch, range(1))
        rows = load_columns(split, schema, part, ["row"])["row"].to_numpy()
        parts.append(pd.Series(np.asarray(predictions)[:, 0], rows))
    return pd.concat(parts).sort_index()


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_new_rows_with_the_past_as_a_column_have_the_scores_of_the_split(trained, cli, form):
    new = log().drop(columns=["click", "time"])
    lists = past(log(), 4)
    source = trained / f"new.{form}"
    if form == "csv":
        new.assign(past_items=[";".join(items) for items in lists]).to_csv(source, index=False)
    elif form == "jsonl":
        new.assign(past_items=lists).to_json(source, orient="records", lines=True)
    else:
        new.assign(past_items=lists).to_parquet(source)
    ran = cli("predict", "--input", source.name, "--output", "scored.parquet", cwd=trained)
    assert ran.code == 0, ran.err
    assert "past_items" not in ran.err  # no remark: it is as it was in training
    found = pq.read_table(trained / "scored.parquet").to_pandas()["score_click"]
    assert found.to_numpy().tobytes() == of_the_split(trained).to_numpy().astype(found.dtype).tobytes()


def test_the_past_matters_and_must_be_given(trained, cli):
    new = log().drop(columns=["click", "time"])
    new.to_csv(trained / "bare.csv", index=False)
    ran = cli("predict", "--input", "bare.csv", "--output", "scored.csv", cwd=trained)
    assert ran.code == 3 and "past_items" in ran.err
    new.assign(past_items="").to_csv(trained / "empty.csv", index=False)
    assert cli("predict", "--input", "empty.csv", "--output", "scored.csv", cwd=trained).code == 0
    found = pd.read_csv(trained / "scored.csv")["score_click"].to_numpy()
    assert not np.allclose(found, of_the_split(trained).to_numpy(), atol=1e-4)


def test_rows_that_stay_on_disk_train_the_same_model(trained, cli):
    weights = {}
    for name, how in (("loaded", "--no-stream"), ("streamed", "--stream")):
        ran = cli("train-mtl", "--config", "log.json", "--run", name, how, cwd=trained)
        assert ran.code == 0, ran.err
        weights[name] = (trained / "runs" / name / "model/best.pt").read_bytes()
    assert weights["loaded"] == weights["streamed"]


def test_the_next_day_extends_the_split_with_the_past_of_its_own_rows(trained, cli):
    day = log(600, "2026-04-01").replace({"item": {"i11": "new"}})
    day.to_csv(trained / "log.csv", index=False)
    words = ("split-domains", "--config", "log.json", "--data", "april", "--extend", "log", "--json")
    ran = cli(*words, cwd=trained)
    assert ran.code == 0, ran.err
    assert ran.json["grew"]["item"]["after"] == ran.json["grew"]["item"]["before"] + 1
    lengths = {}
    for path in (trained / "data/april").glob("*/*/part-0.parquet"):
        rows = pq.read_table(path)
        lengths |= dict(zip(rows["row"].to_pylist(), map(len, rows["ids:past_items"].to_pylist()), strict=True))
    assert [lengths[row + 1] for row in range(len(day))] == [len(items) for items in past(day, 4)]
    ran = cli(*words[:4], "may", *words[5:], "--set", "split.history=null", cwd=trained)
    assert ran.code == 2 and "past_items" in ran.err


def test_films_liked_before_by_the_movielens_preset(tmp_path, cli):
    raw = tmp_path / "data/raw/movielens_1m"
    raw.mkdir(parents=True)
    for path in (sample_data.folder() / "movielens").iterdir():
        (raw / path.name).write_bytes(path.read_bytes())
    manifest.write(
        raw, stage="download", fingerprint="", config={}, inputs={}, seed=None, started="", seconds=0, notes={}
    )
    asked = ("--config", "movielens_age.json", "--set")
    ran = cli("split-domains", *asked, "split.name=time", "--set", "split.history.length=10", cwd=tmp_path)
    assert ran.code == 0, ran.err
    assert "warning" not in ran.err
    ran = cli("train-mtl", *asked, "train.epochs=1", "--set", "train.learning_rate_schedule=constant", cwd=tmp_path)
    assert ran.code == 0, ran.err
    (schema,) = (tmp_path / "data").glob("movielens*/schema.json")
    sequences = [f for f in json.loads(schema.read_text())["features"] if f["kind"] == "sequence"]
    assert [(f["name"], f["table"]) for f in sequences] == [("genres", "genres"), ("past_items", "movie_id")]


def test_a_data_set_without_times_says_what_is_missing(tmp_path, cli):
    ran = cli("split-domains", "--sample", "--set", "split.history.length=10", cwd=tmp_path)
    assert ran.code == 2
    assert "split.history needs the key 'time', which the data set does not have" in ran.err
