"""From raw rows to a split: reading, splitting, vocabularies, encoding; and from a split to batches."""
