"""recmtl predict: new raw rows get the bits that the model gives to the same rows of its split; what it says and
refuses.
"""

import csv
import gzip
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recmtl import sample_data
from recmtl.artifacts import manifest
from recmtl.artifacts.progress import Silent
from recmtl.data.datasets.adult import COLUMNS
from recmtl.data.datasets.lt4rec import KINDS
from recmtl.data.loader import load_columns, load_part
from recmtl.data.tfrecord import read_examples
from recmtl.pipelines.predict import Request, predict
from recmtl.pipelines.selection import Asked, select_model
from recmtl.pipelines.split_domains import SplitDomains
from recmtl.pipelines.stage import execute
from recmtl.pipelines.train_mtl import TrainMtl
from recmtl.pipelines.trained import open_trained
from recmtl.pipelines.workspace import Workspace
from recmtl.training.predict import predict_rows


def made(folder: Path, config: str, *settings: str) -> Workspace:
    """A workspace where a model was trained for an epoch or two."""
    workspace, quick = Workspace(folder), ("train.epochs=2", "train.learning_rate_schedule=constant")
    execute(SplitDomains(Asked(config, settings)), workspace, Silent())
    execute(TrainMtl(Asked(settings=quick)), workspace, Silent())
    return workspace


def publish(workspace: Path, dataset: str, names: tuple[str, ...], source: str) -> None:
    """A raw folder as `download` leaves it, of the made-up files."""
    raw = workspace / "data/raw" / dataset
    raw.mkdir(parents=True)
    for name in names:
        (raw / name).write_bytes((sample_data.folder() / source / name).read_bytes())
    manifest.write(
        raw, stage="download", fingerprint="", config={}, inputs={}, seed=None, started="", seconds=0, notes={}
    )


def of_the_split(workspace: Workspace) -> pd.DataFrame:
    """What the model predicts for the encoded rows of all parts, by raw row."""
    trained = open_trained(select_model(Asked(), workspace), workspace)
    model, experiment = trained.load(trained.checkpoint("best")), trained.experiment
    tasks = experiment.schema.task_names
    parts = []
    for part in ("train", "valid", "test"):
        predictions = predict_rows(model, load_part(experiment.split, experiment.schema, part).batch, range(len(tasks)))
        rows = load_columns(experiment.split, experiment.schema, part, ["row"])["row"].to_numpy()
        parts.append(pd.DataFrame(predictions, rows, [f"score_{task}" for task in tasks]))
    return pd.concat(parts).sort_index()


def scored(workspace: Workspace, source: Path, **request) -> pd.DataFrame:
    target = workspace.root / "scored.parquet"
    predict(Asked(), Request(str(source), str(target), **request), workspace, Silent(), dry_run=False)
    return pq.read_table(target).to_pandas()


def same_bits(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Row i of the input is row i + 1 of the raw files."""
    assert len(found) == len(expected) and (expected.index == np.arange(1, len(found) + 1)).all()
    for name in expected:
        assert found[name].to_numpy().tobytes() == expected[name].to_numpy().tobytes(), name


@pytest.fixture(scope="module")
def sample(sample_workspace) -> Workspace:
    return Workspace(sample_workspace)


@pytest.fixture(scope="module")
def video() -> pa.Table:
    """The raw rows of the sample, without labels, keys and logged scores."""
    batches = read_examples(sample_data.folder() / "video/part-r-00000.gz", KINDS)
    return pa.Table.from_batches(list(batches)).drop_columns(["label", "cvrlabel", "pctr", "seqnum"])


class TestSameBits:
    """The key promise: raw rows are encoded exactly as in training."""

    def test_sample_in_every_form(self, sample, video, tmp_path):
        expected = of_the_split(sample)
        frame = video.to_pandas()
        cut = {name: frame[name].map("|".join) for name in frame if isinstance(frame[name][0], np.ndarray)}
        assert not any("|" in text for name in cut for texts in frame[name] for text in texts)
        pq.write_table(video, tmp_path / "a.parquet", row_group_size=999)
        frame.assign(**cut).to_csv(tmp_path / "a.csv", index=False)
        frame.assign(**cut).to_csv(tmp_path / "a.tsv.gz", index=False, sep="\t", quoting=csv.QUOTE_ALL)
        (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in video.to_pylist()))
        (tmp_path / "folder").mkdir()
        for start in range(0, len(video), 3000):
            pq.write_table(video.slice(start, 3000), tmp_path / "folder" / f"part-{start // 3000}.parquet")
        for name in ("a.parquet", "a.csv", "a.tsv.gz", "a.jsonl", "folder"):
            same_bits(scored(sample, tmp_path / name), expected)

    @pytest.mark.parametrize("domain", ["sex", "workclass"])
    def test_adult(self, tmp_path, domain):
        """ "?" is missing, but in the domain's column it is a domain of its own."""
        publish(tmp_path, "adult", ("adult.data", "adult.test"), "adult")
        workspace = made(tmp_path, "adult.json", f"dataset.domain={domain}")
        lines = [
            line
            for name in ("adult.data", "adult.test")
            for line in (sample_data.folder() / "adult" / name).read_text().splitlines()
            if line and not line.startswith("|")
        ]
        (tmp_path / "rows.csv").write_text("\n".join([",".join(COLUMNS), *lines]) + "\n")
        assert any("?" in line for line in lines)
        expected = of_the_split(workspace)
        same_bits(scored(workspace, tmp_path / "rows.csv"), expected)
        # the same as typed columns, with null where "?" was
        numbers = [name for name, kind in COLUMNS.items() if kind == "number"]
        frame = pd.read_csv(tmp_path / "rows.csv", skipinitialspace=True, dtype=str)
        frame = frame.astype(dict.fromkeys(numbers, float)).drop(columns=["income", "marital-status"])
        known = frame.mask(frame == "?") if domain == "sex" else frame
        known.to_parquet(tmp_path / "rows.parquet")
        same_bits(scored(workspace, tmp_path / "rows.parquet"), expected)

    def test_movielens_with_ids_as_integers_and_domains_as_groups(self, tmp_path):
        publish(tmp_path, "movielens_1m", ("ratings.dat", "users.dat", "movies.dat"), "movielens")
        workspace = made(tmp_path, "movielens_age.json")
        read = {"sep": "::", "engine": "python", "header": None, "encoding": "latin-1"}
        raw = tmp_path / "data/raw/movielens_1m"
        ratings = pd.read_csv(raw / "ratings.dat", names=["user_id", "movie_id", "rating", "timestamp"], **read)
        users = pd.read_csv(
            raw / "users.dat", names=["user_id", "gender", "age", "occupation", "zip"], dtype={"zip": str}, **read
        )
        movies = pd.read_csv(raw / "movies.dat", names=["movie_id", "title", "genres"], **read)
        rows = ratings.merge(users, on="user_id", how="left").merge(movies, on="movie_id", how="left")
        rows["occupation"] = rows["occupation"].astype(float)  # as pandas has ids as soon as one is missing
        rows.to_parquet(tmp_path / "rows.parquet")
        assert rows["user_id"].dtype.kind == "i"
        same_bits(scored(workspace, tmp_path / "rows.parquet"), of_the_split(workspace))

    def test_a_row_alone(self, sample, video, tmp_path):
        """Neighbours change nothing, nor does the size of pieces."""
        expected = of_the_split(sample)
        for start, count in ((17, 1), (200, 3), (1000, 65)):
            pq.write_table(video.slice(start, count), tmp_path / "few.parquet")
            found = scored(sample, tmp_path / "few.parquet")
            for name in expected:
                assert (found[name].to_numpy() == expected[name].to_numpy()[start : start + count]).all()


@pytest.fixture
def rows(video, workspace) -> Path:
    """200 rows of the sample as rows.parquet, in a copy of its workspace."""
    pq.write_table(video.slice(0, 200), workspace / "rows.parquet")
    return workspace


def change(path: Path, name: str, values, to: str | None = None) -> None:
    table = pq.read_table(path).to_pandas()
    table[name] = values
    table.to_parquet(path if to is None else path.parent / to)


class TestOutput:
    def test_input_columns_stay_and_scores_follow(self, rows, cli):
        ran = cli("predict", "--input", "rows.parquet", "--output", "out/scores.parquet", "--json", cwd=rows)
        assert ran.code == 0, ran.err
        before, after = pq.read_table(rows / "rows.parquet"), pq.read_table(rows / "out/scores.parquet")
        assert after.select(before.column_names).equals(before)
        assert after.column_names == [*before.column_names, "score_click", "score_completion"] and len(after) == 200
        assert after.schema.field("score_click").type == pa.float32()
        assert ran.json["scores"] == ["score_click", "score_completion"]
        assert (ran.json["rows"], ran.json["run"], ran.json["checkpoint"]) == (
            200, "sample", "runs/sample/model/best.pt",
        )  # fmt: skip
        assert sum(domain["rows"] for domain in ran.json["domains"]) == 200
        for name in ("score_click", "score_completion"):
            assert after[name].to_pandas().between(0, 1).all()

    def test_every_form_holds_the_same_scores(self, rows, cli):
        for name in ("s.parquet", "s.csv", "s.tsv", "s.jsonl"):
            assert cli("predict", "--input", "rows.parquet", "--output", name, cwd=rows).code == 0
        expected = pq.read_table(rows / "s.parquet")["score_click"].to_numpy()
        texts = [line["score_click"] for line in csv.DictReader(io.StringIO((rows / "s.csv").read_text()))]
        values = [json.loads(line)["score_click"] for line in (rows / "s.jsonl").read_text().splitlines()]
        tabbed = pd.read_csv(rows / "s.tsv", sep="\t")["score_click"]
        for found in (texts, values, tabbed):
            assert (np.array(found, np.float32) == expected).all()
        out = cli("predict", "--input", "rows.parquet", "--output", "-", "--quiet", cwd=rows)
        assert (out.out, out.err) == ((rows / "s.csv").read_text(), "")

    def test_from_a_pipe_into_a_pipe(self, rows):
        packed = gzip.compress((rows / "rows.parquet").read_bytes())
        words = ["predict", "--input", "-", "--output", "-", "--output-format", "jsonl", "-q"]
        done = subprocess.run(
            [sys.executable, "-m", "recmtl", *words], input=packed, cwd=rows, capture_output=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert len([json.loads(line) for line in done.stdout.splitlines()]) == 200

    def test_a_link_stays_one(self, rows, cli):
        (rows / "there.csv").write_text("older")
        (rows / "link.csv").symlink_to("there.csv")
        assert cli("predict", "--input", "rows.parquet", "--output", "link.csv", cwd=rows).code == 0
        assert (rows / "link.csv").is_symlink() and len((rows / "there.csv").read_text().splitlines()) == 201

    def test_a_reader_of_the_pipe_that_has_had_enough(self, rows):
        words = f"{sys.executable} -m recmtl predict --input rows.parquet --output - --quiet"
        done = subprocess.run(
            ["bash", "-c", f"set -o pipefail; {words} | true"], cwd=rows, capture_output=True, text=True
        )
        assert (done.returncode, done.stderr) == (0, "")

    def test_a_column_written_in_another_way_is_told(self, rows, cli):
        change(rows / "rows.parquet", "FEA_VID", [None] * 80 + [f"other {i}" for i in range(120)])
        ran = cli("predict", "--input", "rows.parquet", "--output", "s.csv", cwd=rows)
        assert ran.code == 0 and "100% of the values of 'FEA_VID' were not seen in training" in ran.err

    def test_checkpoints(self, rows, cli):
        for checkpoint in ("best", "last", "runs/sample/model/last.pt"):
            given = ("--checkpoint", checkpoint, "--output", f"{Path(checkpoint).name}.csv")
            assert cli("predict", "--input", "rows.parquet", *given, cwd=rows).code == 0
        best, last, path = ((rows / name).read_bytes() for name in ("best.csv", "last.csv", "last.pt.csv"))
        assert last == path != best

    def test_the_sample_s_own_model(self, video, tmp_path, cli):
        pq.write_table(video.slice(0, 5), tmp_path / "rows.parquet")
        given = ("--input", "rows.parquet", "--output", "s.csv")
        ran = cli("predict", *given, cwd=tmp_path)
        assert (ran.code, "--sample" in ran.err) == (5, True)
        assert cli("predict", *given, "--sample", cwd=tmp_path).code == 0
        assert len((tmp_path / "s.csv").read_text().splitlines()) == 6
        assert not (tmp_path / "runs/latest").exists()

    def test_a_dry_run_checks_and_writes_nothing(self, rows, cli):
        before = sorted(rows.rglob("*"))
        ran = cli("predict", "--input", "rows.parquet", "--output", "s.csv", "--dry-run", cwd=rows)
        assert ran.out == (
            "predict: would run: s.csv (score_click, score_completion by runs/sample/model/best.pt)\n"
        )  # fmt: skip
        change(rows / "rows.parquet", "FEA_VID", [0.5] * 200)
        pq.write_table(pq.read_table(rows / "rows.parquet").drop_columns(["FEA_UID"]), rows / "rows.parquet")
        ran = cli("predict", "--input", "rows.parquet", "--output", "s.csv", "--dry-run", cwd=rows)
        assert (ran.code, "there is no column 'FEA_UID'" in ran.err) == (3, True)
        assert sorted(rows.rglob("*")) == before


class TestFormulas:
    def test_a_fused_score(self, rows, cli):
        given = (
            "--score",
            "ctcvr=click*completion",
            "--score",
            "odds=click/(1-click)",
            "--score",
            "none=1/(click-click)",
        )
        ran = cli("predict", "--input", "rows.parquet", "--output", "s.parquet", *given, "--json", cwd=rows)
        assert ran.code == 0, ran.err
        frame = pq.read_table(rows / "s.parquet").to_pandas()
        assert list(frame)[-5:] == [f"score_{name}" for name in ("click", "completion", "ctcvr", "odds", "none")]
        click, completion = frame["score_click"].astype(float), frame["score_completion"].astype(float)
        assert (frame["score_ctcvr"] == click * completion).all() and frame["score_ctcvr"].dtype == np.float64
        assert (frame["score_odds"] == click / (1 - click)).all()
        assert frame["score_none"].isna().all()
        assert ran.json["undefined"] == {"ctcvr": 0, "odds": 0, "none": 200}
        assert "the score 'none' has no value in 200 of 200 rows" in ran.err

    @pytest.mark.parametrize(
        ("formula", "says"),
        [("x=clik", "did you mean 'click'?"), ("click=completion", "two scores"), ("x=open('f')", "may not hold")],
    )
    def test_what_is_refused(self, rows, cli, formula, says):
        ran = cli("predict", "--input", "rows.parquet", "--output", "s.csv", "--score", formula, cwd=rows)
        assert ran.code == 2
        assert says in ran.err
        assert not (rows / "s.csv").exists()


class TestUnknown:
    def test_ids_are_counted(self, rows, cli):
        table = pq.read_table(rows / "rows.parquet").to_pandas()
        table["FEA_VID"] = ["never seen"] * 150 + ["", None, "-1", "N"] + list(table["FEA_VID"][154:])
        table["FEA_SCP"] = "new"
        table["FEA_UCAT"] = [["new", "N", None], []] * 100
        table.to_parquet(rows / "rows.parquet")
        ran = cli("predict", "--input", "rows.parquet", "--output", "s.csv", "--json", cwd=rows)
        counts = {counts["feature"]: counts for counts in ran.json["features"]}
        assert (counts["FEA_SCP"]["unseen"], counts["FEA_SCP"]["unseen_share"], counts["FEA_SCP"]["missing"]) == (
            200,
            1,
            0,
        )
        assert (counts["FEA_UCAT"]["unseen"], counts["FEA_UCAT"]["unseen_share"], counts["FEA_UCAT"]["missing"]) == (
            100, 1, 100,
        )  # fmt: skip
        assert counts["FEA_VID"]["missing"] == 4 and counts["FEA_VID"]["unseen"] >= 150
        assert "100% of the values of 'FEA_SCP' were not seen" in ran.err
        out = cli("predict", "--input", "rows.parquet", "--output", "s.csv", cwd=rows).out
        assert "missing, and not seen in training, the first 10 of" in out or "missing, and not seen in training" in out
        assert out.index("FEA_SCP") < out.index("FEA_VID")

    def test_domains_are_refused_with_counts_over_all_rows(self, rows, cli):
        domains = pq.read_table(rows / "rows.parquet")["FEA_ALGID"].to_pylist()
        change(rows / "rows.parquet", "FEA_ALGID", ["x"] * 3 + domains[3:190] + ["y"] * 8 + [None, ""], "b.parquet")
        (rows / "s.csv").write_text("old")
        for target in ("s.csv", "-"):
            ran = cli("predict", "--input", "b.parquet", "--output", target, cwd=rows)
            assert (ran.code, ran.out) == (3, "")
            assert (
                "8 rows have" not in ran.err
                and "11 rows have a value in the domain column 'FEA_ALGID' that the model does not know: "
                "'y' (8), 'x' (3); 2 rows have no value in the domain column 'FEA_ALGID'."
                in ran.err
            )
        assert (rows / "s.csv").read_text() == "old"

    def test_domains_are_routed(self, rows, cli):
        domains = pq.read_table(rows / "rows.parquet")["FEA_ALGID"].to_pylist()
        known = sorted({d for d in domains if d})
        change(rows / "rows.parquet", "FEA_ALGID", ["x"] * 100 + domains[100:], "b.parquet")
        given = ("predict", "--input", "b.parquet", "--unknown-domain")
        ran = cli(*given, "mean", "--output", "mean.parquet", "--json", cwd=rows)
        assert (
            ran.json["unknown_domains"]["values"] == {"x": 100} and ran.json["unknown_domains"]["scored_as"] == "mean"
        )
        assert ran.json["domains"][-1] == {"domain": "mean", "rows": 100}
        each = []
        for domain in known:
            ran = cli(*given, domain, "--output", f"{domain}.parquet", "--json", cwd=rows)
            assert ran.code == 0, ran.err
            each.append(pq.read_table(rows / f"{domain}.parquet")["score_click"].to_numpy())
        mean = pq.read_table(rows / "mean.parquet")["score_click"].to_numpy()
        assert (mean[:100] == np.mean([scores[:100] for scores in each], axis=0)).all()
        assert (mean[100:] == each[0][100:]).all()

    @pytest.mark.parametrize(("asked", "says"), [("editors_pik", "did you mean 'editors_pick'?"), ("", "is no domain")])
    def test_a_domain_that_is_none(self, rows, cli, asked, says):
        ran = cli("predict", "--input", "rows.parquet", "--output", "s.csv", "--unknown-domain", asked, cwd=rows)
        assert (ran.code, says in ran.err) == (2, True)


class TestWhole:
    """The output is there whole, or as it was."""

    @pytest.fixture
    def late(self, rows, video) -> Path:
        """A file whose fault lies behind many good rows."""
        lines = [json.dumps(row) for row in video.slice(0, 200).to_pylist()]
        (rows / "late.jsonl").write_text("\n".join(lines * 60) + "\n{]\n")
        (rows / "s.csv").write_text("old")
        return rows

    def test_a_late_fault(self, late, cli):
        for target in ("s.csv", "new.parquet", "-"):
            ran = cli("predict", "--input", "late.jsonl", "--output", target, cwd=late)
            assert (ran.code, ran.out) == (3, "")
            assert "late.jsonl, line 12001 is not JSON" in ran.err
        assert (late / "s.csv").read_text() == "old"
        assert not (late / "new.parquet").exists() and not list(late.glob(".recmtl-*"))

    @pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGKILL])
    def test_a_signal(self, rows, signum):
        """While it waits for more of a pipe."""
        (rows / "s.csv").write_text("old")
        running = subprocess.Popen(
            [sys.executable, "-m", "recmtl", "predict", "--input", "-", "--input-format", "jsonl", "--output", "s.csv"],
            cwd=rows, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )  # fmt: skip
        assert running.stdin and running.stderr
        lines = [json.dumps(row) + "\n" for row in pq.read_table(rows / "rows.parquet").to_pylist()]
        for _ in range(120):  # more than two blocks
            running.stdin.writelines(lines)
        running.stdin.flush()
        deadline = time.monotonic() + 60
        while not list(rows.glob(".recmtl-new-*")) and time.monotonic() < deadline:
            time.sleep(0.05)
        running.send_signal(signum)
        _, err = running.communicate(timeout=60)
        assert running.returncode == (-9 if signum == signal.SIGKILL else 128 + signum), err
        assert (rows / "s.csv").read_text() == "old"
        if signum != signal.SIGKILL:
            assert f"stopped by {signum.name}. Nothing was written." in err and "Traceback" not in err
            assert not list(rows.glob(".recmtl-*"))
            return
        assert list(rows.glob(".recmtl-new-*"))
        ran = subprocess.run(
            [sys.executable, "-m", "recmtl", "predict", "--input", "rows.parquet", "--output", "s.csv"], cwd=rows,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}, capture_output=True,
        )  # fmt: skip
        assert ran.returncode == 0 and not list(rows.glob(".recmtl-*"))  # swept by the next run
