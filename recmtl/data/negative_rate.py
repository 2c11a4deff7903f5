"""Down-sampling of negatives: which training rows stay, and how scores are put right afterwards.

Where a share `rate` of the negatives stays in training, the odds that a model learns are 1 / rate times too large. From
its prediction p the true probability is

    p' = p * rate / (p * rate + 1 - p)

Ranking within the task does not change. The schema holds each task's rate in `negative_rates`, by which logits become
true probabilities (`nn.link`); losses, which see training rows alone, are of p.
"""

from recmtl.data.layout import CHANCE, Layout
from recmtl.data.policies import SplitConfig
from recmtl.data.policies.base import binary_task
from recmtl.data.sql import hash_bits, quote_name


def dealing(policy: SplitConfig, layout: Layout) -> str:
    """The policy's query, without the training rows of label 0 that chance takes away. That chance is another one than
    that by which rows are dealt.

    Raises:
        ConfigError: the data set lacks what the policy needs, or the task.
    """
    query = policy.query(layout)
    if policy.negative_rate is None:
        return query
    label = quote_name(binary_task(layout, policy.negative_rate.task, "split.negative_rate").name)
    drawn = hash_bits(f"{policy.seed}:negative:", f"{quote_name(CHANCE)}::VARCHAR")
    taken = f"coalesce({label} = 0, false) AND {drawn} >= {int(policy.negative_rate.rate * 2**64)}"
    return f"""
        SELECT dealt.row, dealt.part FROM ({query}) AS dealt
        JOIN (SELECT row, {taken} AS taken FROM raw_rows) USING (row) WHERE dealt.part <> 'train' OR NOT taken"""


def negative_rates(policy: SplitConfig) -> dict[str, float]:
    """Task -> the share of its negatives that stayed in training."""
    return {} if policy.negative_rate is None else {policy.negative_rate.task: policy.negative_rate.rate}
