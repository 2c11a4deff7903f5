"""Runs a stage for a command: with progress, and with the stages before it when it is tried on the sample."""

from recmtl.cli.options import ConfigOptions, RunOptions, SplitOptions, StageOptions, TrainOptions, WorkspaceOptions
from recmtl.cli.terminal import Terminal
from recmtl.pipelines.sample import stages_before
from recmtl.pipelines.selection import Asked
from recmtl.pipelines.stage import Outcome, Stage, execute
from recmtl.pipelines.workspace import Workspace


def asked_by(options: ConfigOptions) -> Asked:
    """What the options say about config, split and run."""
    return Asked(
        config=options.config,
        settings=tuple(options.settings or ()),
        data=options.data,
        run=options.run if isinstance(options, RunOptions) else None,
        seed=options.seed if isinstance(options, SplitOptions | TrainOptions) else None,
        sample=options.sample,
        precision=options.precision if isinstance(options, RunOptions) else None,
        device=options.device if isinstance(options, RunOptions) else None,
        stream=options.stream if isinstance(options, TrainOptions) else None,
        extend=options.extend if isinstance(options, SplitOptions) else None,
        memory_limit=options.memory_limit if isinstance(options, SplitOptions) else None,
        since=options.since if isinstance(options, SplitOptions) else None,
        until=options.until if isinstance(options, SplitOptions) else None,
    )


def run_stage(stage: Stage, options: WorkspaceOptions) -> Outcome:
    """Run it in the options' workspace."""
    workspace, terminal = Workspace(options.workspace), Terminal(options.quiet, options.log_file, stage.counts)
    dry_run = isinstance(options, StageOptions) and options.dry_run
    try:
        if isinstance(options, ConfigOptions) and options.sample and not dry_run:
            for earlier in stages_before(stage.name, asked_by(options)):
                execute(earlier, workspace, terminal)
        return execute(stage, workspace, terminal, dry_run=dry_run)
    finally:
        terminal.close()
