"""Which code made a result: part of a stage's fingerprint, so that changed code is never taken for done work."""

import hashlib
import os
from functools import cache
from pathlib import Path

import recmtl

# beside recmtl/ in a checkout; sample data decides nothing
_FOLDERS = ("recmtl", "cli", "pipelines")


@cache
def code_version() -> str:
    """The release ("0.1.0"), or in a source checkout the release and a hash of the sources ("0.1.0+3fa9c1d2e4b5")."""
    return version_of(Path(recmtl.__file__).parent.parent, recmtl.__version__)


def version_of(root: Path, release: str) -> str:
    """The same for the code in `root`, which is a checkout if it holds a pyproject.toml."""
    if not (root / "pyproject.toml").is_file():
        return release
    digest = hashlib.sha256()
    for path in _sources(root):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return f"{release}+{digest.hexdigest()[:12]}"


def _sources(root: Path) -> list[Path]:
    """Python files and presets. Links inside recmtl/ are not followed: what they lead to is listed by itself."""
    found = []
    for name in _FOLDERS:
        for folder, _, files in os.walk(root / name, followlinks=False):
            presets = Path(folder).name == "presets"
            found += [Path(folder, f) for f in files if f.endswith(".py") or (presets and f.endswith(".json"))]
    return sorted(found)
