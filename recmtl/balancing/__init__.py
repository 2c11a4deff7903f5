"""How the tasks' losses become one update: one method a file. Importing this package registers every balance by
name.
"""

import importlib
import pkgutil

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
