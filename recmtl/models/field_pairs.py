"""What an interaction of pairs of features asks of the data."""

from recmtl.errors import ConfigError
from recmtl.models.encoder import Encoder


def check_pairs(name: str, encoder: Encoder) -> None:
    """Refuse data without a pair of features that have embeddings.

    Raises:
        ConfigError: naming the interaction, and what to do.
    """
    if len(encoder.fields) < 2:
        there = f"only {encoder.fields[0]!r} has" if encoder.fields else "none has"
        raise ConfigError(
            f"the interaction {name!r} is one of pairs of features with an embedding, and {there} one.",
            hint="Choose the interaction 'flat', 'wide_deep' or 'dcn'.",
        )
