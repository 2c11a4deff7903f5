"""recmtl split-domains: the command."""

from recmtl.cli.options import SplitOptions, with_options
from recmtl.cli.report import print_table, show


@with_options
def split_domains(*, options: SplitOptions) -> None:
    """Deal a data set's rows to train, valid and test of each domain, and turn values into ids.

    Example: recmtl split-domains --config adult.json
    """
    from recmtl.cli.running import asked_by, run_stage
    from recmtl.pipelines.split_domains import SplitDomains

    outcome = run_stage(SplitDomains(asked_by(options)), options)
    if show(outcome, options.as_json):
        print_table(outcome.notes["rows"], ["domain", "train", "valid", "test"])
