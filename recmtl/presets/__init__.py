"""Configs that are shipped: `--config adult.json` finds them by name."""
