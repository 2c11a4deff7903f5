"""The whole job on the embedded sample, as a night's script would run it."""

from collections.abc import Iterator

from recmtl.pipelines.evaluate import Evaluate
from recmtl.pipelines.prune_single import PruneSingle
from recmtl.pipelines.selection import Asked
from recmtl.pipelines.split_domains import SplitDomains
from recmtl.pipelines.stage import Stage
from recmtl.pipelines.train_mtl import TrainMtl

ASKED = Asked(sample=True)


def demo_stages() -> Iterator[Stage]:
    """One after the other: each is checked when its turn comes, since it reads what the one before made."""
    split = SplitDomains(ASKED)
    yield split
    for task in split.dataset.layout().tasks:
        yield PruneSingle(ASKED, task.name)
    yield TrainMtl(ASKED)
    yield Evaluate(ASKED)
