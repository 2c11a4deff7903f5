"""The documents say what the code does: commands, options, presets, components, codes."""

import re
from pathlib import Path

import pytest

import recmtl.errors
import recmtl.models
import recmtl.training.config
from recmtl.balancing.base import BalanceConfig
from recmtl.cli import options
from recmtl.cli.options import OutputOptions
from recmtl.data.datasets.base import DatasetConfig
from recmtl.losses.base import LossConfig
from recmtl.models.interaction import InteractionConfig
from recmtl.models.sharing import SharingConfig
from recmtl.recipe import presets
from recmtl.training.learning_rate import LearningRateConfig
from recmtl.training.optimizers import OptimizerConfig, TableOptimizerConfig

ROOT = Path(__file__).parent.parent.parent
COMMANDS = (
    "download",
    "split-domains",
    "prune-single",
    "train-mtl",
    "evaluate",
    "predict",
    "run",
    "demo",
    "doctor",
    "config convert",
    "config init",
    "config keys",
    "config list",
    "config schema",
    "config presets",
    "models list",
    "models show",
)


OWN = {
    options.WorkspaceOptions: {"workspace"},
    options.StageOptions: {"dry_run"},
    options.ConfigOptions: {"config", "settings", "data", "sample"},
    options.SplitOptions: {"extend", "memory_limit", "seed", "since", "strict", "until"},
    options.RunOptions: {"run", "precision", "device"},
    options.TrainOptions: {"seed", "stream"},
}


def text(name):
    return (ROOT / name).read_text()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_documented_and_has_help_with_an_example(command, cli, tmp_path):
    assert re.search(rf"^## .*{command}", text("docs/commands.md"), re.M)
    ran = cli(*command.split(), "--help", cwd=tmp_path)
    assert ran.code == 0
    assert "Example: recmtl" in " ".join(ran.out.split())


def test_every_option_is_documented_and_none_else(cli, tmp_path):
    documented = set(re.findall(r"--[a-z][a-z-]*", text("docs/commands.md"))) - {"--help"}
    there = set()
    for command in ("", *COMMANDS):
        there |= set(re.findall(r"--[a-z][a-z-]*", cli(*command.split(), "--help", cwd=tmp_path).out)) - {"--help"}
    assert documented == there


def test_no_more_options_are_added_unnoticed():
    """A setting belongs into the config; a new flag is a decision."""
    for kind, own in OWN.items():
        assert set(kind.__dataclass_fields__) - set(kind.__base__.__dataclass_fields__) == own
    assert set(OutputOptions.__dataclass_fields__) == {"as_json", "quiet", "debug", "log_file"}


@pytest.mark.parametrize(
    ("family", "page"),
    [
        (SharingConfig, "models"), (InteractionConfig, "models"), (LossConfig, "models"), (BalanceConfig, "models"),
        (OptimizerConfig, "models"), (TableOptimizerConfig, "models"), (LearningRateConfig, "models"),
        (DatasetConfig, "data_sets"),
    ],
)  # fmt: skip
def test_every_component_is_documented(family, page):
    ours = {name for name, kind in family.kinds.items() if kind.__module__.startswith("recmtl.")}
    assert ours
    assert {name for name in ours if f"`{name}`" not in text(f"docs/{page}.md")} == set()


def test_every_preset_is_documented():
    pages = text("docs/data_sets.md") + text("docs/models.md") + text("README.md")
    assert [name for name in presets() if name not in ("sample.json",) and name not in pages] == []


def test_every_exit_code_is_documented(cli, tmp_path):
    kinds = [kind for kind in vars(recmtl.errors).values() if isinstance(kind, type) and hasattr(kind, "exit_code")]
    table = text("docs/commands.md").split("## Exit codes")[1]
    for code in {kind.exit_code for kind in kinds}:
        assert re.search(rf"^\| {code} ", table, re.M), code
        assert re.search(rf"\b{code}\b", cli("--help", cwd=tmp_path).out)


def test_the_readme_opens_with_the_two_commands():
    lines = [line.strip() for line in text("README.md").splitlines() if line.strip()]
    assert [line.split("#")[0].strip() for line in lines[1:3]] == ["make demo", "make test"]
    makefile = text("Makefile")
    assert re.search(r"^demo:", makefile, re.M) and re.search(r"^test:", makefile, re.M)


def test_links_between_documents_lead_somewhere():
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/*.md"), *ROOT.glob("benchmarks/*.md")]:
        for link in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            if not link.startswith("http"):
                assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_the_config_in_the_docs_is_valid():
    from recmtl.data.policies import SplitConfig
    from recmtl.pipelines.evaluate import EvaluateConfig
    from recmtl.pruning.config import PruneConfig
    from recmtl.recipe import Recipe, parse
    from recmtl.training.config import TrainConfig

    document = parse(re.search(r"```json\n(.*?)```", text("docs/config.md"), re.S)[1], "docs/config.md")
    sections = {"dataset": DatasetConfig, "split": SplitConfig, "model": SharingConfig, "train": TrainConfig,
                "prune": PruneConfig, "evaluate": EvaluateConfig}  # fmt: skip
    assert set(document) == set(sections)
    Recipe("docs/config.md", "config", document).check(sections)
