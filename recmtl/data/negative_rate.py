"""Down-sampling of negatives: which training rows stay, and how scores are put right afterwards.

Where a share `rate` of the negatives stays in training, the odds that a model learns are 1 / rate times too large. From
its prediction p the true probability is

    p' = p * rate / (p * rate + 1 - p)

Ranking within the task does not change. The schema holds each task's rate in `negative_rates`, by which logits become
true probabilities (`nn.link`); losses, which see training rows alone, are of p.
"""

from recmtl.data.layout import CHANCE, PART, Layout
from recmtl.data.policies import SplitConfig
from recmtl.data.policies.base import binary_task
from recmtl.data.sql import hash_bits, quote_name


def dealing(policy: SplitConfig, layout: Layout) -> str:
    """What the policy deals, without the training rows of label 0 that chance takes away. That chance is another one
    than that by which rows are dealt.

    Raises:
        ConfigError: the data set lacks what the policy needs, or the task.
    """
    dealt = policy.dealt(layout)
    if policy.negative_rate is None:
        return dealt
    label = quote_name(binary_task(layout, policy.negative_rate.task, "split.negative_rate").name)
    drawn = hash_bits(f"{policy.seed}:negative:", f"{quote_name(CHANCE)}::VARCHAR")
    taken = f"coalesce({label} = 0, false) AND {drawn} >= {int(policy.negative_rate.rate * 2**64)}"
    return f"SELECT * FROM ({dealt}) WHERE {quote_name(PART)} <> 'train' OR NOT ({taken})"


def negative_rates(policy: SplitConfig) -> dict[str, float]:
    """Task -> the share of its negatives that stayed in training."""
    return {} if policy.negative_rate is None else {policy.negative_rate.task: policy.negative_rate.rate}
