"""Which stages come before one on the embedded sample: asked for with --sample, never a fall-back."""

from dataclasses import replace

from recmtl.pipelines.selection import Asked
from recmtl.pipelines.stage import Stage


def stages_before(stage: str, asked: Asked) -> list[Stage]:
    """The stages whose results `stage` reads; those done already cost nothing."""
    from recmtl.pipelines.split_domains import SplitDomains

    if stage == SplitDomains.name:
        return []
    stages: list[Stage] = [SplitDomains(replace(asked, run=None))]
    if stage in ("evaluate", "predict"):
        from recmtl.pipelines.train_mtl import TrainMtl

        stages.append(TrainMtl(asked))
    return stages
