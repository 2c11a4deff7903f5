"""A look at the installation, the machine and the workspace: what recmtl has to work with, and what is in its way.

Packages are imported here and there, never at the top: this must work where one of them is missing.
"""

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from recmtl.artifacts.code_version import code_version
from recmtl.artifacts.cores import usable_cores
from recmtl.errors import MissingError, RecmtlError
from recmtl.pipelines.installation import Package, declared, packages, python_problem

THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass(frozen=True)
class Problem:
    """Something in the way."""

    what: str
    mend: str
    fatal: bool = True
    """Nothing works until it is mended."""


@dataclass(frozen=True)
class Machine:
    """Processor and memory; None where the package that knows is missing."""

    cores: int
    usable_cores: float
    torch_threads: int | None
    bfloat16: bool | None
    """Whether the processor multiplies it: what --precision auto goes by."""
    device: str | None
    """The CUDA device that torch finds; None: none."""
    variables: dict[str, str]
    """Those that set the number of threads."""
    total_memory: int | None
    available_memory: int | None


@dataclass(frozen=True)
class Place:
    """The workspace's file system; None where it could not be tried."""

    folder: Path
    """The workspace, or the folder in which it would be made."""
    free: int
    locks: bool | None = None
    """Whether two runs are kept apart."""
    exchange: bool | None = None
    """Whether a result is replaced in one step."""
    refused: str = ""
    """Why nothing can be written there."""


@dataclass(frozen=True)
class Report:
    """All of it."""

    version: str
    python: str
    system: str
    packages: list[Package]
    extras: dict[str, list[Package]]
    machine: Machine
    place: Place
    problems: list[Problem]

    def error(self) -> MissingError | None:
        """What makes recmtl unusable, in one error; None if nothing does."""
        fatal = [problem for problem in self.problems if problem.fatal]
        if not fatal:
            return None
        mends = dict.fromkeys(problem.mend for problem in fatal)
        return MissingError(f"{'; '.join(problem.what for problem in fatal)}.", hint=" ".join(mends))


def examine(workspace: Path) -> Report:
    """Look at everything. Writes a few bytes into the workspace (or where it would be made) and removes them."""
    needs = declared()
    required = packages(needs.required, load=True)
    extras = {name: packages(wanted, load=False) for name, wanted in needs.extras.items()}
    machine, place = look_at_machine(), try_folder(workspace)
    problems = [*_of_python(needs.python), *_of_packages(required), *of_machine(machine), *_of_place(place)]
    return Report(
        code_version(), platform.python_version(), platform.platform(), required, extras, machine, place, problems
    )


def look_at_machine() -> Machine:
    """Without torch or psutil some of it stays unknown."""
    threads = bfloat16 = device = total = available = None
    with suppress(ImportError, OSError):
        import torch

        from recmtl.nn.precision import resolve_precision

        threads, bfloat16 = torch.get_num_threads(), resolve_precision("auto", "cpu") == "bf16"
        device = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    with suppress(ImportError):
        from recmtl.artifacts.memory import available_memory, total_memory

        total, available = total_memory(), available_memory()
    variables = {name: os.environ[name] for name in THREAD_VARIABLES if name in os.environ}
    return Machine(os.cpu_count() or 1, usable_cores(), threads, bfloat16, device, variables, total, available)


def try_folder(workspace: Path) -> Place:
    """Lock a file against another process, and exchange two names."""
    folder = next(path for path in (workspace.absolute(), *workspace.absolute().parents) if path.exists())
    free = shutil.disk_usage(folder).free
    try:
        with tempfile.TemporaryDirectory(prefix=".recmtl-doctor-", dir=folder) as temporary:
            return Place(folder, free, _locks(Path(temporary)), _exchanges(Path(temporary)))
    except OSError as error:
        return Place(folder, free, refused=error.strerror or str(error))
    except RecmtlError as error:
        return Place(folder, free, refused=str(error))


_ANOTHER_RUN = """
import sys
from pathlib import Path
from recmtl.artifacts.lock import hold
from recmtl.errors import LockedError
try:
    with hold(Path(sys.argv[1])):
        pass
except LockedError as error:
    sys.exit(error.exit_code)
"""


def _locks(folder: Path) -> bool | None:
    try:
        from recmtl.artifacts.lock import hold
    except ImportError:
        return None
    target = folder / "target"
    with hold(target):
        another = subprocess.run(
            [sys.executable, "-c", _ANOTHER_RUN, str(target)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            capture_output=True,
            check=False,
        )
    return another.returncode == 75


def _exchanges(folder: Path) -> bool:
    from recmtl.artifacts.syncing import exchange

    one, other = folder / "one", folder / "other"
    for path in (one, other):
        path.mkdir()
        (path / path.name).touch()
    return exchange(one, other) and (one / "other").exists() and (other / "one").exists()


def _of_python(needed: str) -> Iterator[Problem]:
    wrong = python_problem(needed)
    if wrong:
        yield Problem(wrong, "Make an environment with another Python.")


def _of_packages(found: list[Package]) -> Iterator[Problem]:
    wrong = [package for package in found if package.problem]
    broken = any(package.version is not None and "import" in package.problem for package in wrong)
    wanted = " ".join(f"'{package.requirement}'" for package in wrong)
    for package in wrong:
        yield Problem(
            f"{package.name} {package.problem}",
            f"Run: {sys.executable} -m pip install {'--force-reinstall ' if broken else ''}{wanted}.",
        )


def of_machine(machine: Machine) -> Iterator[Problem]:
    """What slows it down."""
    if machine.torch_threads is not None and machine.torch_threads > machine.usable_cores:
        yield Problem(
            f"torch uses {machine.torch_threads} threads on {machine.usable_cores:g} cores, which makes it slow",
            f"Set OMP_NUM_THREADS={max(1, int(machine.usable_cores))}.",
            fatal=False,
        )


def _of_place(place: Place) -> Iterator[Problem]:
    if place.refused:
        yield Problem(
            f"nothing can be written in {place.folder}: {place.refused.rstrip('.')}", "Choose another --workspace."
        )
    if place.locks is False:
        yield Problem(
            f"the file system of {place.folder} has no locks that work",
            "Keep the workspace on a local disk, or never start two runs in it at once.",
            fatal=False,
        )
