"""One file a theme."""

import importlib
import pkgutil

from bad_input.case import CASES

__all__ = ["CASES"]

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
