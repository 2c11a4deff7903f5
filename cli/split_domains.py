"""recmtl split-domains: the command."""

from collections.abc import Mapping
from typing import Any

from recmtl.cli.options import SplitOptions, with_options
from recmtl.cli.report import print_table, show


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


def _print_domains(notes: Mapping[str, Any]) -> None:
    """A row a domain, and one for all where there are more."""
    rows = [*notes["rows"], *([notes["all"]] if len(notes["rows"]) > 1 else [])]
    keys = [key for key in ("users", "items") if key in notes["all"]]
    # no heading of the table has a colon, but a task may be called like one
    flat = [{**row, **{f"mean:{name}": mean for name, mean in row["means"].items()}} for row in rows]
    headings = {name: name for name in ("domain", "train", "valid", "test", *keys)}
    print_table(flat, headings | {f"mean:{name}": f"mean {name}" for name in notes["tasks"]})
