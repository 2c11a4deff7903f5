"""The estimator."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import Tags
from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data

from recmtl.estimator import folder
from recmtl.estimator.columns import checked, named
from recmtl.estimator.errors import as_value_errors
from recmtl.estimator.fitted import Fitted, fit
from recmtl.estimator.labels import labels_of, read_labels, read_weights
from recmtl.estimator.scoring import mean_skill
from recmtl.estimator.settings import read_settings
from recmtl.metrics.predictions import TaskPredictions
from recmtl.models.sharing import SharingConfig

Section = Mapping[str, Any]


class MultiTaskRanker(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A ranking model of several tasks, trained as `recmtl train-mtl` trains it.

    Each column of X is a feature: text, categories, objects and bools are categories, numbers are numbers, lists are
    sequences. Each column of y is a task, NaN where it was not observed: a binary one if all its labels are 0 or 1,
    else a regression.

    Args:
        model: the section `model` of a config, or the name alone.
        train: the section `train`, without its seed.
        split: of the section `split`, what turns values into numbers: min_count, max_distinct, knots, hashing,
            buckets.
        categorical: columns of numbers that are categories nevertheless, ids for example.
        domain: the column that tells the domains apart. It is a category as well.
        unknown_domain: what a row to predict counts as whose domain fit has not seen: "mean" for the mean over all
            domains, or the name of one; None refuses it.
        tasks: by name, the kind of a task, or a mapping with `kind` and `bounds`; for those where the labels do not
            say it.
        validation_share: of the rows (of each domain), drawn by chance; early stopping looks at them.
        random_state: the seed of that draw, of the initial weights, of the order of rows and of dropout; a
            RandomState is asked for one; None is another one each time.

    Attributes:
        tasks_: names of the tasks, in the order of predictions.
        schema_: the features with their tables and knots, the tasks with their kinds, the domains.
        model_: the trained module, at its best epoch.
        history_: one record an epoch: its loss by task, its validation by task, its score.
        best_epoch_: which record of the history the model is from.
        n_features_in_: columns of X.
        feature_names_in_: their names, if X was a frame.
    """

    n_features_in_: int
    feature_names_in_: NDArray[np.object_]

    def __init__(
        self,
        model: str | Section | SharingConfig = "shared_bottom",
        *,
        train: Section | None = None,
        split: Section | None = None,
        categorical: Sequence[str] | None = None,
        domain: str | None = None,
        unknown_domain: str | None = None,
        tasks: Mapping[str, Literal["binary", "regression"] | Section] | None = None,
        validation_share: float = 0.1,
        random_state: int | np.random.RandomState | None = 0,
    ) -> None:
        self.model = model
        self.train = train
        self.split = split
        self.categorical = categorical
        self.domain = domain
        self.unknown_domain = unknown_domain
        self.tasks = tasks
        self.validation_share = validation_share
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on a frame or a 2-D array and its labels.

        Args:
            X: one row for each row of y; an array's columns are called x0, x1, ...
            y: 1-D for one task; a frame, or 2-D, for one task a column.
            sample_weight: how much a row counts in the losses; validation counts all its rows alike.

        Raises:
            ValueError: a parameter, X, y or the weights are refused (as a ConfigError or DataError of recmtl too).
        """
        if hasattr(self, "_fitted"):
            del self._fitted  # else a fit that fails would leave the names of one frame and the model of another
        with as_value_errors():
            settings = read_settings(self.get_params(deep=False))
            X = checked(X, least_rows=2)
            validate_data(self, X, y, skip_check_array=True)
            labels, weight_B = read_labels(y), read_weights(sample_weight, X)
            check_consistent_length(X, labels.label_BT)
            self._take(fit(named(X), labels, weight_B, settings))
        return self

    def predict(self, X: Any) -> NDArray[np.float32]:
        """Probabilities of binary tasks, values of regressions: one column a task, 1-D if y was.

        Columns are found by name where X and what was fitted have names. Values that fit has not seen share the
        vector of unseen ones.

        Raises:
            NotFittedError: there is nothing to predict with.
            ValueError: X is refused: other columns, a value that does not fit its column, an unknown domain.
        """
        predictions_BT = self._predict(X)
        return predictions_BT[:, 0] if self._fitted.flat else predictions_BT

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """The mean skill of the tasks: AUC of a binary one, 1 - MSE / variance of a regression, each over the rows
        where it was observed; a task without a skill there (one class only) is left out. The same number as that of
        early stopping.

        Raises:
            ValueError: as in `predict`; y is refused; no task has a skill.
        """
        predictions_BT = self._predict(X)
        with as_value_errors():
            label_BT = labels_of(y, self.tasks_, self._fitted.flat)
            weight_B = read_weights(sample_weight, label_BT)
            check_consistent_length(predictions_BT, label_BT)
            predictions = [
                TaskPredictions(task.name, task.kind, label_BT[:, place], predictions_BT[:, place])
                for place, task in enumerate(self.schema_.tasks)
            ]
            return mean_skill(predictions, weight_B)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted estimator as one folder, which is there whole or not at all, in place of an earlier one.

        Raises:
            NotFittedError: there is nothing to save.
            ValueError: a parameter cannot be written as JSON; something else is at `path`.
        """
        check_is_fitted(self)
        with as_value_errors():
            folder.save(Path(path), self._fitted, self.get_params(deep=False), hasattr(self, "feature_names_in_"))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read what `save` wrote; it predicts the same bits.

        Raises:
            MissingError: nothing is there.
            DamagedError: a file is not as it was written, or is none of these.
        """
        return cls.of(folder.load(Path(path), cls._get_param_names()))

    @classmethod
    def of(cls, saved: folder.Saved) -> Self:
        """The estimator that such a folder holds."""
        ranker = cls(**saved.parameters)
        ranker._take(saved.fitted)
        ranker.n_features_in_ = len(saved.fitted.columns)
        if saved.named:
            ranker.feature_names_in_ = np.array([column.name for column in saved.fitted.columns], object)
        return ranker

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_fitted")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = tags.target_tags.multi_output = True
        tags.input_tags.allow_nan = tags.input_tags.string = tags.input_tags.categorical = True
        return tags

    def _predict(self, X: Any) -> NDArray[np.float32]:
        """predictions_BT."""
        check_is_fitted(self)
        with as_value_errors():
            X = checked(X, least_rows=1)
            names = getattr(self, "feature_names_in_", None)
            if names is not None and isinstance(X, pd.DataFrame) and set(X.columns) == set(names):
                X = X[list(names)]
            validate_data(self, X, reset=False, skip_check_array=True)
            frame = named(X).set_axis([column.name for column in self._fitted.columns], axis=1)
            return self._fitted.predict(frame, self.unknown_domain)

    def _take(self, fitted: Fitted) -> None:
        self._fitted, self.model_, self.schema_ = fitted, fitted.scorer.model, fitted.scorer.model.schema
        self.tasks_ = list(self.schema_.task_names)
        self.history_, self.best_epoch_ = fitted.history, fitted.best_epoch
