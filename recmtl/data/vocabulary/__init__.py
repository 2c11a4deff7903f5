"""How values become ids. Ids 0, 1, 2 are padding, missing and unseen in every vocabulary."""

from recmtl.data.vocabulary.base import Lookup, Vocabulary
from recmtl.data.vocabulary.files import load_vocabularies, save_vocabularies
from recmtl.data.vocabulary.hash_buckets import HashBuckets
from recmtl.data.vocabulary.intervals import Intervals
from recmtl.data.vocabulary.quantiles import fit_quantiles
from recmtl.data.vocabulary.values import FittedValues, fit_vocabulary

__all__ = [
    "FittedValues",
    "HashBuckets",
    "Intervals",
    "Lookup",
    "Vocabulary",
    "fit_quantiles",
    "fit_vocabulary",
    "load_vocabularies",
    "save_vocabularies",
]
