"""Small made-up raw data in the formats of real data sets, with the seeded program that made it.

Everything here is drawn by `generate.py`: no row comes from a real data set, and no person in it exists. Licence: MIT,
as the rest of recmtl. README.md describes the files and what was planted in them, truth.json the best possible scores.
"""

from pathlib import Path


def folder() -> Path:
    """Return the folder that holds video/, taobao/, amazon/, movielens/, adult/ and truth.json."""
    return Path(__file__).parent
