"""How rows are dealt to train, valid and test. The same seed gives the same parts on any machine and any version of
DuckDB.

Chance comes from MD5 over the seed and the row's (or the group's) own key, so it depends on neither the order of
rows nor the number of threads. A policy is a query from the table `raw_rows` (see `data.coded`) to its rows with their
parts.
"""

from recmtl.data.policies.base import PARTS, History, KCore, NegativeRate, Shares, SplitConfig
from recmtl.data.policies.files import FilesSplit
from recmtl.data.policies.group import GroupSplit
from recmtl.data.policies.random import RandomSplit
from recmtl.data.policies.time import TimeSplit
from recmtl.data.policies.user_time import Leave, UserTimeSplit
from recmtl.data.policies.window import WindowSplit

__all__ = [
    "PARTS",
    "FilesSplit",
    "GroupSplit",
    "History",
    "KCore",
    "Leave",
    "NegativeRate",
    "RandomSplit",
    "Shares",
    "SplitConfig",
    "TimeSplit",
    "UserTimeSplit",
    "WindowSplit",
]
