"""recmtl doctor: the command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from recmtl.cli.options import WorkspaceOptions, with_options
from recmtl.cli.report import SCHEMA_VERSION, error_fields, print_error, print_json, print_table

if TYPE_CHECKING:
    from recmtl.pipelines.doctor import Report


@with_options
def doctor(*, options: WorkspaceOptions) -> None:
    """Look at the installation, the machine and the workspace, and say what is in the way.

    Example: recmtl doctor --workspace nightly
    """
    from recmtl.pipelines.doctor import examine

    report = examine(options.workspace)
    error = report.error()
    if options.as_json:
        status = {"status": "done"} if error is None else error_fields(error)
        print_json({"schema_version": SCHEMA_VERSION, "command": "doctor", **status, **_document(report)})
    else:
        _print(report)
    if error is not None:
        print_error(error, "doctor", as_json=False)  # the JSON has it already
        raise typer.Exit(error.exit_code)


def _print(report: Report) -> None:
    print(f"recmtl {report.version}, Python {report.python}, {report.system}")
    rows = [
        {"package": p.name, "version": p.version, "needed": p.needed, "state": p.problem or "fine"}
        for p in report.packages
    ]
    print_table(rows, ["package", "version", "needed", "state"])
    print()
    print_table([{"what": what, "found": found} for what, found in _facts(report).items()], ["what", "found"])
    print()
    print_table([_extra(name, report) for name in report.extras], ["extra", "adds", "missing", "install with"])
    print()
    remarks = [f"note: {problem.what}. {problem.mend}" for problem in report.problems if not problem.fatal]
    print("\n".join(remarks) if remarks or report.error() else "all is well")


def _facts(report: Report) -> dict[str, str]:
    from recmtl.artifacts.explain import bytes_text

    machine, place = report.machine, report.place
    threads = "unknown" if machine.torch_threads is None else str(machine.torch_threads)
    facts = {"cores": f"{machine.cores}, of which {machine.usable_cores:g} may be used", "threads of torch": threads}
    facts |= machine.variables
    known = {True: "multiplied by the processor", False: "only emulated: f32 is faster", None: "unknown"}
    facts |= {"bfloat16": known[machine.bfloat16], "CUDA device": machine.device or "none"}
    if machine.total_memory is not None and machine.available_memory is not None:
        facts["memory"] = f"{bytes_text(machine.total_memory)}, {bytes_text(machine.available_memory)} available"
    return facts | {
        "workspace": str(place.folder),
        "free disk": bytes_text(place.free),
        "locks": {True: "keep two runs apart", False: "do not work", None: "unknown"}[place.locks],
        "a new result": {True: "takes the old one's place in one step", None: "unknown"}.get(
            place.exchange, "takes the old one's place in two steps: after a kill between them it is put back"
        ),
    }


def _extra(name: str, report: Report) -> dict[str, str]:
    packages = report.extras[name]
    return {
        "extra": name,
        "adds": ", ".join(package.name for package in packages),
        "missing": ", ".join(package.name for package in packages if package.problem) or "nothing",
        "install with": f"pip install 'recmtl[{name}]'",
    }


def _document(report: Report) -> dict[str, Any]:
    from dataclasses import asdict

    return {**asdict(report), "place": {**asdict(report.place), "folder": str(report.place.folder)}}
