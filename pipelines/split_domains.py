"""split-domains: raw files to a split: parts, domains, vocabularies, a schema.

Reads data/raw/<dataset>, or the user's own files; writes data/<name>.
"""

import json
from typing import Any, ClassVar

from pydantic import ByteSize, TypeAdapter, ValidationError

from recmtl.artifacts.code_version import code_version
from recmtl.data.datasets.base import DatasetConfig
from recmtl.data.extending import Fitted
from recmtl.data.fitting import check_names
from recmtl.data.policies import PARTS, SplitConfig
from recmtl.data.schema_file import load_schema
from recmtl.data.split import SplitOptions, build_split
from recmtl.errors import ConfigError
from recmtl.pipelines.lineage import BASES, extended_by
from recmtl.pipelines.selection import Asked, select_split
from recmtl.pipelines.stage import Context, Plan, Stage, read_input
from recmtl.pipelines.workspace import Workspace
from recmtl.schema import ALL, Schema


class SplitDomains(Stage):
    """Deal rows to parts and domains and turn values into ids."""

    name: ClassVar = "split-domains"

    def __init__(self, asked: Asked, strict: bool = False) -> None:
        self.asked, self.selection, self.strict = asked, select_split(asked), strict
        self.selection.recipe.check({"dataset": DatasetConfig, "split": SplitConfig})
        self.dataset = self.selection.recipe.section("dataset", DatasetConfig)
        self.policy = self.selection.recipe.section("split", SplitConfig)
        self.memory_limit = None if asked.memory_limit is None else _bytes(asked.memory_limit)

    def plan(self, workspace: Workspace) -> Plan:
        """The raw files must be there, and as they were downloaded."""
        check_names(self.dataset.layout(), self.policy)  # told before all rows are read
        self.raw = workspace.root if self.dataset.in_place else workspace.raw(self.dataset.name)
        self.dataset = self.dataset.within(self.policy, workspace.root)
        sections = {"dataset": self.dataset.document(), "split": self.policy.document()}
        remembered = self.selection.remembered()
        return Plan(
            workspace.split(self.selection.data),
            sections,
            self._inputs(workspace) | self._base_input(workspace),
            self.policy.seed,
            remembered,
            None if self.asked.sample else ("data", self.selection.data),
            f"{self.selection.remark}\n{self.dataset.remark}".strip(),
        )

    def _base_input(self, workspace: Workspace) -> dict[str, str]:
        """The split that is extended."""
        self.base: Fitted | None = None
        self.bases: list[str] = []
        if self.asked.extend is None:
            return {}
        name = self.asked.extend.removeprefix("data/").rstrip("/")
        if name == self.selection.data:
            raise ConfigError(
                f"--extend {self.asked.extend}: a split cannot extend itself.",
                hint="Give the new one a name with --data.",
            )
        folder = workspace.split(name)
        made, digest = read_input(folder, workspace, f"recmtl split-domains --data {name}")
        self.base, self.bases = Fitted.load(folder, load_schema(folder)), [digest, *extended_by(made)]
        return {"extends": digest}

    def _inputs(self, workspace: Workspace) -> dict[str, str]:
        if self.dataset.in_place:
            memory = workspace.hashes()
            inputs = {str(path): memory.digest(path) for path in self.dataset.own_files(workspace.root)}
            memory.save()
            return inputs
        if self.dataset.embedded:
            return {"raw": code_version()}
        by_hand = " --from DIR" if self.raw.exists() else ""
        return {"raw": read_input(self.raw, workspace, f"recmtl download {self.dataset.name}{by_hand}")[1]}

    def run(self, context: Context) -> dict[str, Any]:
        """Build the split."""
        options = SplitOptions(self.memory_limit, self.base, self.strict)
        schema = build_split(self.dataset, self.policy, self.raw, context.out, context.progress, options)
        found = _facts(json.loads((context.out / "profile.json").read_text()), schema)
        return found if self.base is None else {**found, "grew": self.base.growth(schema), BASES: self.bases}


def _facts(profile: dict[str, Any], schema: Schema) -> dict[str, Any]:
    """What the profile says of each domain, and of all: the rows of each part, the mean label of each task, in all
    parts and in each, and how many users and items there are, where they have keys; and of the features.
    """
    cells = {(cell["domain"], cell["part"]): cell for cell in profile["cells"] + profile["totals"]}
    keys = {entry["domain"]: entry for entry in profile["keys"]}
    key_names = [name for name in keys.get(None, {}) if name != "domain"]

    def means_by_part(domain: str | None, task: str) -> dict[str, float | None]:
        found = {part: cells.get((domain, part)) for part in PARTS}
        return {part: None if cell is None else cell["tasks"][task]["mean"] for part, cell in found.items()}

    def row(domain: str | None) -> dict[str, Any]:
        # a domain of the split that is extended may have no rows of its own
        tasks = cells[domain, None]["tasks"] if (domain, None) in cells else {}
        return {
            "domain": domain or ALL,
            **{part: cells[domain, part]["rows"] if (domain, part) in cells else 0 for part in PARTS},
            **{name: keys[domain][name]["all"] if domain in keys else 0 for name in key_names},
            "means": {name: tasks[name]["mean"] if tasks else None for name in schema.task_names},
            "means_by_part": {name: means_by_part(domain, name) for name in schema.task_names},
        }

    return {
        "tasks": list(schema.task_names),
        "features": len(schema.features),
        "rows": [row(domain) for domain in schema.domains],
        "all": row(None),
        "unknown": _unknown(profile["features"]),
        "leaks": profile["leaks"],
    }


def _unknown(features: dict[str, Any]) -> list[dict[str, Any]]:
    """The features of which values are missing or, in valid and test, unseen: those of which most is, first."""
    rows = [
        {
            "feature": name,
            **{f"missing_{part}": found["missing_by_part"][part] for part in PARTS},
            **{f"unseen_{part}": share for part, share in found["unseen"].items()},
        }
        for name, found in features.items()
    ]
    largest = {row["feature"]: max(row[name] or 0.0 for name in row if name != "feature") for row in rows}
    return sorted((row for row in rows if largest[row["feature"]]), key=lambda row: -largest[row["feature"]])


def _bytes(size: str) -> int:
    try:
        return int(TypeAdapter(ByteSize).validate_python(size))
    except ValidationError:
        raise ConfigError(f"--memory-limit {size[:50]} is no size.", hint="For example: 4GiB, or 800MB.") from None
