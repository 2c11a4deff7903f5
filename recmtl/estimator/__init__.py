"""The Python interface: an estimator in the manner of scikit-learn on the same code as the stages."""

from recmtl.estimator.ranker import MultiTaskRanker

__all__ = ["MultiTaskRanker"]
