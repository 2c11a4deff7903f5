"""recmtl demo: the command."""

from recmtl.cli.options import WorkspaceOptions, with_options


@with_options
def demo(*, options: WorkspaceOptions) -> None:
    """Run the whole job on the embedded sample: split-domains, prune-single for each task, train-mtl, evaluate.

    Example: recmtl demo --workspace demo
    """
    from recmtl.cli.evaluate import print_scorecard
    from recmtl.cli.report import show
    from recmtl.cli.running import run_stage
    from recmtl.pipelines.demo import demo_stages

    for stage in demo_stages():
        outcome = run_stage(stage, options)
        is_last = stage.name == "evaluate"
        if (is_last or not options.as_json) and show(outcome, options.as_json) and is_last:
            print_scorecard(outcome.notes)
