"""What recmtl needs to be installed, and what is. Nothing here needs a package but `packaging`: it must work where
others are missing.
"""

import importlib
import sys
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import recmtl


@dataclass(frozen=True)
class Package:
    """A requirement and what became of it."""

    requirement: str
    """As pip takes it, such as `torch>=2.10,<2.14`."""
    name: str
    needed: str
    """Versions that will do; empty if all do."""
    version: str | None
    """None if it is not installed."""
    problem: str = ""
    """Empty if it can be used."""


@dataclass(frozen=True)
class Declared:
    """What the release says that it needs."""

    python: str
    required: Sequence[str]
    extras: dict[str, list[str]]
    """Requirements by the name of the extra."""


def declared() -> Declared:
    """From pyproject.toml in a checkout (what is installed beside it may be of another day), else from the metadata."""
    project = Path(recmtl.__file__).parent.parent / "pyproject.toml"
    if project.is_file():
        content = tomllib.loads(project.read_text(encoding="utf-8"))["project"]
        return Declared(content["requires-python"], content["dependencies"], content.get("optional-dependencies", {}))
    about = metadata.metadata("recmtl")
    found = [Requirement(text) for text in metadata.requires("recmtl") or ()]
    extras = about.get_all("Provides-Extra") or []
    return Declared(
        about["Requires-Python"],
        [_plain(requirement) for requirement in found if _applies(requirement, "")],
        {
            extra: [_plain(r) for r in found if not _applies(r, "") and _applies(r, canonicalize_name(extra))]
            for extra in extras
        },
    )


def python_problem(needed: str) -> str:
    """Empty if this Python will do."""
    version = ".".join(map(str, sys.version_info[:3]))
    if SpecifierSet(needed).contains(version, prereleases=True):
        return ""
    return f"Python {version} is running; recmtl needs {needed}"


def packages(requirements: Iterable[str], *, load: bool) -> list[Package]:
    """Each requirement, in the order of names.

    Args:
        requirements: as pip takes them.
        load: import each one too: a package may be there and not work, for want of a system library or because another
            one was built against a different version of it.
    """
    modules = _modules() if load else {}
    found = [_package(Requirement(text), modules) for text in requirements if _applies(Requirement(text), "")]
    return sorted(found, key=lambda package: package.name)


def _package(requirement: Requirement, modules: dict[str, list[str]]) -> Package:
    name, needed, text = canonicalize_name(requirement.name), _versions(requirement), _plain(requirement)
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return Package(text, name, needed, None, "is not installed")
    problem = ""
    if not requirement.specifier.contains(version, prereleases=True):
        problem = f"is {version}; recmtl needs {needed}"
    elif name in modules:
        problem = _load(modules[name][0])
    return Package(text, name, needed, version, problem)


def _load(module: str) -> str:
    try:
        importlib.import_module(module)
    except Exception as error:  # what a broken package raises may be anything
        return f"cannot be imported ({type(error).__name__}: {' '.join(str(error).split())[:200]})"
    return ""


def _modules() -> dict[str, list[str]]:
    """Top modules by distribution; the one of its own name comes first."""
    found: dict[str, list[str]] = {}
    for module, distributions in metadata.packages_distributions().items():
        for distribution in distributions:
            found.setdefault(canonicalize_name(distribution), []).append(module)
    for name, modules in found.items():
        modules.sort(key=lambda module: (canonicalize_name(module) != name, module))
    return found


def _applies(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def _plain(requirement: Requirement) -> str:
    """Without its marker."""
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    return f"{requirement.name}{extras}{_versions(requirement)}"


def _versions(requirement: Requirement) -> str:
    """The lower bound first, as people write it."""
    return ",".join(sorted(map(str, requirement.specifier), reverse=True))
