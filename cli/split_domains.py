"""recmtl split-domains: the command."""

from collections.abc import Mapping
from typing import Any

from recmtl.cli.options import SplitOptions, with_options
from recmtl.cli.report import print_table, show

TOP = 10
"""So many features are shown."""


@with_options
def split_domains(*, options: SplitOptions) -> None:
    """Deal a data set's rows to train, valid and test of each domain, and turn values into ids.

    Example: recmtl split-domains --config adult.json
    """
    from recmtl.cli.running import asked_by, run_stage
    from recmtl.data.leaks import refuse_leaks
    from recmtl.pipelines.split_domains import SplitDomains

    outcome = run_stage(SplitDomains(asked_by(options), options.strict), options)
    if options.strict:  # a split that was made without it, and is done already, may have leaks
        refuse_leaks([leak["words"] for leak in outcome.notes.get("leaks", [])])
    if show(outcome, options.as_json):
        _print_domains(outcome.notes)
        _print_unknown(outcome.notes)
        if "grew" in outcome.notes:
            _print_growth(outcome.notes["grew"])


def _print_domains(notes: Mapping[str, Any]) -> None:
    """A row a domain, and one for all where there are more: rows, keys and mean labels; then these of each part."""
    rows = [*notes["rows"], *([notes["all"]] if len(notes["rows"]) > 1 else [])]
    keys = [key for key in ("users", "items") if key in notes["all"]]
    parts = list(next(iter(notes["all"]["means_by_part"].values())))
    # no heading of the table has a colon, but a task may be called like one
    flat = [{**row, **{f"mean:{name}": mean for name, mean in row["means"].items()}} for row in rows]
    headings = {name: name for name in ("domain", *parts, *keys)}
    print_table(flat, headings | {f"mean:{name}": f"mean {name}" for name in notes["tasks"]})
    flat = [
        {"domain": row["domain"]}
        | {f"{part}:{name}": row["means_by_part"][name][part] for name in notes["tasks"] for part in parts}
        for row in rows
    ]
    headings = {f"{part}:{name}": f"{name} {part}" for name in notes["tasks"] for part in parts}
    print_table(flat, {"domain": "domain"} | headings, "mean labels by part")


def _print_unknown(notes: Mapping[str, Any]) -> None:
    """The features of which most is missing, or unseen."""
    unknown = notes["unknown"]
    if unknown:
        more = f", the first {TOP} of {len(unknown)}" if len(unknown) > TOP else ""
        columns = {name: name.replace("_", " ") for name in unknown[0]}
        print_table(unknown[:TOP], columns, f"shares missing, and not seen in training{more}")


def _print_growth(grew: Mapping[str, Mapping[str, int]]) -> None:
    """Of --extend: the domains, and the ids of each table, that grew."""
    if grew:
        print_table([{"what": name, **sizes} for name, sizes in grew.items()], ("what", "before", "after"), "grew")
    else:
        print("grew: nothing; no new ids and no new domains")
