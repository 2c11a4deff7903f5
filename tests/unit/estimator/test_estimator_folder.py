"""A saved estimator: whole or not there, the same bits in another process, and never believed when damaged."""

import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from recmtl.artifacts import manifest
from recmtl.errors import ConfigError, DamagedError, MissingError
from recmtl.estimator import MultiTaskRanker
from recmtl.schema import FIRST_ID

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def saved(fitted, tmp_path_factory):
    """Read only."""
    path = tmp_path_factory.mktemp("saved") / "models" / "ranker"
    fitted.save(path)
    return path


@pytest.fixture
def folder(saved, tmp_path):
    """A copy, to damage."""
    return shutil.copytree(saved, tmp_path / "ranker")


def resealed(folder, stage="estimator"):
    """With a manifest that lists the files as they are now."""
    (folder / manifest.NAME).unlink()
    manifest.write(
        folder, stage=stage, fingerprint="0" * 64, config={}, inputs={}, seed=None,
        started=datetime.now(UTC).isoformat(), seconds=0.0, notes={},
    )  # fmt: skip


def test_another_process_predicts_the_same_bits(saved, fitted, fresh, tmp_path):
    fresh.X.to_pickle(tmp_path / "X.pkl")
    program = (
        "import sys, numpy, pandas, torch\n"
        "torch.set_num_threads(1)\n"
        "from recmtl import MultiTaskRanker\n"
        "folder, X, out = sys.argv[1:]\n"
        "numpy.save(out, MultiTaskRanker.load(folder).predict(pandas.read_pickle(X)))\n"
    )
    words = [sys.executable, "-c", program, str(saved), str(tmp_path / "X.pkl"), str(tmp_path / "out.npy")]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert np.array_equal(np.load(tmp_path / "out.npy"), fitted.predict(fresh.X))


def test_what_was_fitted_comes_back(saved, fitted, fresh):
    loaded = MultiTaskRanker.load(saved)
    assert loaded.get_params() == fitted.get_params()
    for name in ("tasks_", "schema_", "history_", "best_epoch_", "n_features_in_"):
        assert getattr(loaded, name) == getattr(fitted, name)
    assert loaded.feature_names_in_.tolist() == fitted.feature_names_in_.tolist()
    assert loaded.score(fresh.X, fresh.y) == fitted.score(fresh.X, fresh.y)
    assert not clone(loaded).__sklearn_is_fitted__()


def test_a_1d_fit_to_arrays_comes_back_as_one(ranker, rows, tmp_path):
    X, y = rows.X[["item", "price"]].to_numpy(), rows.y["click"].to_numpy()
    plain = clone(ranker).set_params(categorical=None, domain="x0", random_state=np.random.RandomState(3)).fit(X, y)
    plain.save(tmp_path / "plain")
    loaded = MultiTaskRanker.load(str(tmp_path / "plain"))
    assert np.array_equal(loaded.predict(X), plain.predict(X)) and loaded.predict(X).ndim == 1
    assert not hasattr(loaded, "feature_names_in_")
    assert np.array_equal(clone(loaded).fit(X, y).predict(X), plain.predict(X))  # by the seed that was drawn


def test_hashes_and_buckets_come_back(ranker, rows, fresh, tmp_path):
    split = {"hashing": {"item": 20}, "buckets": {"price": [0.0, 1.0]}}
    fitted = clone(ranker).set_params(split=split).fit(rows.X, rows.y)
    assert (fitted.schema_.tables["item"], fitted.schema_.tables["price"]) == (FIRST_ID + 20, FIRST_ID + 3)
    fitted.save(tmp_path / "ranker")
    loaded = MultiTaskRanker.load(tmp_path / "ranker")
    assert loaded.get_params()["split"] == split
    assert np.array_equal(loaded.predict(fresh.X), fitted.predict(fresh.X))


def test_a_later_save_replaces_an_earlier_one_and_nothing_else(fitted, ranker, rows, fresh, folder, tmp_path):
    other = clone(ranker).set_params(random_state=9).fit(rows.X, rows.y)
    (tmp_path / ".ranker.partial").mkdir()  # of a save that was killed
    (tmp_path / ".ranker.partial" / "junk").write_text("")
    other.save(folder)
    assert np.array_equal(MultiTaskRanker.load(folder).predict(fresh.X), other.predict(fresh.X))
    assert not (tmp_path / ".ranker.partial").exists()
    own = tmp_path / "thesis"
    own.mkdir()
    (own / "chapter.txt").write_text("years of work")
    with pytest.raises(ValueError, match="thesis is there and is no saved estimator"):
        fitted.save(own)
    assert (own / "chapter.txt").read_text() == "years of work"


def test_every_damaged_file_is_noticed(saved, tmp_path):
    names = [path.relative_to(saved) for path in saved.rglob("*") if path.is_file()]
    assert len(names) > 5
    for place, name in enumerate(names):
        folder = shutil.copytree(saved, tmp_path / str(place))
        content = bytearray((folder / name).read_bytes())
        content[len(content) // 2] ^= 1
        (folder / name).write_bytes(content)
        with pytest.raises(DamagedError):
            MultiTaskRanker.load(folder)


def test_what_is_not_there_is_missing(folder, tmp_path):
    with pytest.raises(MissingError, match="nowhere holds no saved estimator"):
        MultiTaskRanker.load(tmp_path / "nowhere")
    (folder / "weights.pt").unlink()
    with pytest.raises(DamagedError, match=r"weights.pt is missing.*Save the estimator again"):
        MultiTaskRanker.load(folder)


def test_a_folder_of_a_stage_is_none(folder):
    resealed(folder, stage="train-mtl")
    with pytest.raises(DamagedError, match="no saved estimator: `recmtl train-mtl` made it"):
        MultiTaskRanker.load(folder)


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document["parameters"].update(colour="red"),
        lambda document: document["fitted"].pop("columns"),
        lambda document: document["fitted"]["columns"][0].update(kind="picture"),
        lambda document: document["fitted"].update(model={"name": "mmoe"}),
        lambda document: document.pop("history"),
    ],
)
def test_a_description_of_something_else_is_refused(change, folder):
    document = json.loads((folder / "estimator.json").read_text())
    change(document)
    (folder / "estimator.json").write_text(json.dumps(document))
    resealed(folder)
    with pytest.raises(DamagedError):
        MultiTaskRanker.load(folder)


def test_what_cannot_be_saved_is_said(fitted, ranker, tmp_path):
    with pytest.raises(NotFittedError):
        clone(ranker).save(tmp_path / "x")
    odd = clone(fitted)
    odd.__dict__.update(vars(fitted))
    with pytest.raises(ConfigError, match="the parameter domain cannot be saved"):
        odd.set_params(domain=object()).save(tmp_path / "x")
    assert not (tmp_path / "x").exists()
