"""The models: functions that take feature columns and give a `Network`.

Their parameters are those of the Keras models on DeepCTR that users know. What is common to all:

    dnn_feature_columns     what X holds
    num_tasks               at least 2
    task_types              "binary" or "regression", one for each task
    task_names              what outputs, metrics and labels are called
    tower_dnn_units_lists   widths of each task's tower; the same for all
    l2_reg_embedding        adds this times the sum of squares of the embedding vectors to the loss
    l2_reg_dnn              the same for all other weights
    seed                    of the start, the order of rows and dropout
    dnn_dropout             share of values that training drops after every hidden layer
    dnn_activation          "relu"
    dnn_use_bn              False
"""

from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import ValidationError

from recmtl.config import NAME_RULE
from recmtl.deepctr.checks import number, refuse_others, units, whole
from recmtl.deepctr.columns import FeatureColumn, VarLenSparseFeat, checked_columns, embedded
from recmtl.deepctr.network import Network, Penalties
from recmtl.estimator.errors import RefusedParameters
from recmtl.estimator.settings import SEEDS
from recmtl.schema import Task

Columns = Iterable[FeatureColumn]
Lists = Sequence[Sequence[int]]

START = 1e-4
"""Standard deviation of embedding vectors at their start."""


def Shared_Bottom(
    dnn_feature_columns: Columns, num_tasks: int, task_types: Sequence[str], task_names: Sequence[str],
    bottom_dnn_units: Sequence[int] = (128, 128), tower_dnn_units_lists: Lists = ((64, 32), (64, 32)),
    l2_reg_embedding: float = 1e-5, l2_reg_dnn: float = 0, seed: int = 1024, dnn_dropout: float = 0,
    dnn_activation: str = "relu", dnn_use_bn: bool = False,
) -> Network:  # fmt: skip
    """One network of the widths `bottom_dnn_units` for all tasks, then a tower for each.

    Raises:
        ValueError: a parameter makes no sense, or asks for what is not there.
    """
    common = _Common(l2_reg_embedding, l2_reg_dnn, seed, dnn_dropout, dnn_activation, dnn_use_bn)
    tasks, tower = _tasks(num_tasks, task_types, task_names), _tower(tower_dnn_units_lists, num_tasks)
    section = {"name": "shared_bottom", "bottom": units("bottom_dnn_units", bottom_dnn_units, 1), "tower": tower}
    return common.network(section, dnn_feature_columns, tasks)


def ESMM(
    dnn_feature_columns: Columns, task_type: str = "binary", task_names: Sequence[str] = ("ctr", "ctcvr"),
    tower_dnn_units_lists: Lists = ((128, 128), (128, 128)), l2_reg_embedding: float = 1e-5, l2_reg_dnn: float = 0,
    seed: int = 1024, dnn_dropout: float = 0, dnn_activation: str = "relu", dnn_use_bn: bool = False,
) -> Network:  # fmt: skip
    """A network of its own for each of two tasks on shared vectors; the outputs are p(click) and p(click and
    conversion) = p(click) * p(conversion given a click).

    Raises:
        ValueError: a parameter makes no sense, or asks for what is not there.
    """
    common = _Common(l2_reg_embedding, l2_reg_dnn, seed, dnn_dropout, dnn_activation, dnn_use_bn)
    if task_type != "binary":
        raise RefusedParameters(f"task_type must be 'binary', as probabilities are multiplied, not {task_type!r}.")
    if isinstance(task_names, str) or len(task_names) != 2:
        raise RefusedParameters(f"the length of task_names must be equal to 2, not {task_names!r}.")
    tasks, tower = _tasks(2, ["binary"] * 2, task_names), _tower(tower_dnn_units_lists, 2, least=1)
    return common.network({"name": "esmm", "tower": tower}, dnn_feature_columns, tasks)


ESSM = ESMM
"""The same, as it is also spelt."""


def MMOE(
    dnn_feature_columns: Columns, num_tasks: int, task_types: Sequence[str], task_names: Sequence[str],
    num_experts: int = 4, expert_dnn_units: Sequence[int] = (32, 32), gate_dnn_units: Sequence[int] | None = None,
    tower_dnn_units_lists: Lists = ((16, 8), (16, 8)), l2_reg_embedding: float = 1e-5, l2_reg_dnn: float = 0,
    seed: int = 1024, dnn_dropout: float = 0, dnn_activation: str = "relu", dnn_use_bn: bool = False,
) -> Network:  # fmt: skip
    """Experts that all tasks share, mixed by a gate of each task, which has layers of its own if `gate_dnn_units`
    says so.

    Raises:
        ValueError: a parameter makes no sense, or asks for what is not there.
    """
    common = _Common(l2_reg_embedding, l2_reg_dnn, seed, dnn_dropout, dnn_activation, dnn_use_bn)
    tasks, tower = _tasks(num_tasks, task_types, task_names), _tower(tower_dnn_units_lists, num_tasks)
    section = {"name": "mmoe", "num_experts": whole("num_experts", num_experts)}
    section |= _experts(expert_dnn_units, gate_dnn_units) | {"tower": tower}
    return common.network(section, dnn_feature_columns, tasks)


def PLE_CGC(
    dnn_feature_columns: Columns, num_tasks: int, task_types: Sequence[str], task_names: Sequence[str],
    num_experts_specific: int = 8, num_experts_shared: int = 4, expert_dnn_units: Sequence[int] = (64, 64),
    gate_dnn_units: Sequence[int] | None = None, tower_dnn_units_lists: Lists = ((16, 16), (16, 16)),
    l2_reg_embedding: float = 1e-5, l2_reg_dnn: float = 0, seed: int = 1024, dnn_dropout: float = 0,
    dnn_activation: str = "relu", dnn_use_bn: bool = False,
) -> Network:  # fmt: skip
    """Experts of each task and shared ones, mixed by a gate of each task: `PLE` with one level.

    Raises:
        ValueError: a parameter makes no sense, or asks for what is not there.
    """
    return PLE(
        dnn_feature_columns, num_tasks, task_types, task_names, 1, num_experts_specific, num_experts_shared,
        expert_dnn_units, gate_dnn_units, tower_dnn_units_lists, l2_reg_embedding, l2_reg_dnn, seed, dnn_dropout,
        dnn_activation, dnn_use_bn,
    )  # fmt: skip


def PLE(
    dnn_feature_columns: Columns, num_tasks: int, task_types: Sequence[str], task_names: Sequence[str],
    num_levels: int = 2, num_experts_specific: int = 8, num_experts_shared: int = 4,
    expert_dnn_units: Sequence[int] = (64, 64), gate_dnn_units: Sequence[int] | None = None,
    tower_dnn_units_lists: Lists = ((16, 16), (16, 16)), l2_reg_embedding: float = 1e-5, l2_reg_dnn: float = 0,
    seed: int = 1024, dnn_dropout: float = 0, dnn_activation: str = "relu", dnn_use_bn: bool = False,
) -> Network:  # fmt: skip
    """Experts of each task and shared ones in levels, mixed by gates; a level's gates read what the one before made.

    Raises:
        ValueError: a parameter makes no sense, or asks for what is not there.
    """
    common = _Common(l2_reg_embedding, l2_reg_dnn, seed, dnn_dropout, dnn_activation, dnn_use_bn)
    tasks, tower = _tasks(num_tasks, task_types, task_names), _tower(tower_dnn_units_lists, num_tasks)
    section = {
        "name": "ple",
        "num_levels": whole("num_levels", num_levels),
        "num_specific_experts": whole("num_experts_specific", num_experts_specific, 0),
        "num_shared_experts": whole("num_experts_shared", num_experts_shared),
    }
    section |= _experts(expert_dnn_units, gate_dnn_units) | {"tower": tower}
    return common.network(section, dnn_feature_columns, tasks)


class _Common:
    """What all models take."""

    def __init__(
        self, l2_reg_embedding: float, l2_reg_dnn: float, seed: int, dnn_dropout: float, dnn_activation: str,
        dnn_use_bn: bool,
    ) -> None:  # fmt: skip
        self.penalties = Penalties(number("l2_reg_embedding", l2_reg_embedding), number("l2_reg_dnn", l2_reg_dnn))
        self.seed, self.dropout = whole("seed", seed, 0), number("dnn_dropout", dnn_dropout, below=1)
        if self.seed >= SEEDS:
            raise RefusedParameters(f"seed must be below {SEEDS}, not {self.seed}.")
        self.dnn_activation, self.dnn_use_bn = dnn_activation, dnn_use_bn
        refuse_others("the network", self, dnn_activation="relu", dnn_use_bn=False)

    def network(self, section: dict[str, Any], dnn_feature_columns: Columns, tasks: tuple[Task, ...]) -> Network:
        """Of a config's section `model`."""
        columns = checked_columns(dnn_feature_columns)
        section |= {"dropout": self.dropout, "encoder": _encoder(columns)}
        return Network(section, columns, tasks, self.penalties, self.seed)


def _encoder(columns: tuple[FeatureColumn, ...]) -> dict[str, Any]:
    dims = {feature.name: feature.embedding_dim for feature in embedded(columns)}
    widest = max(dims.values(), default=1)
    # uniform between -scale and scale over sqrt(dim), whose standard deviation is this over sqrt(3)
    found = {"initial_scale": START * (3 * widest) ** 0.5, "unseen_rate": 0.0, "numbers": "plain"}
    found |= {"embedding_dim": widest}
    if narrower := {name: dim for name, dim in dims.items() if dim < widest}:
        found["embedding_dims"] = narrower
    sequences = [column for column in columns if isinstance(column, VarLenSparseFeat)]
    if others := {column.name: column.combiner for column in sequences if column.combiner != "mean"}:
        found["pooling"] = others
    return found


def _tasks(num_tasks: int, task_types: Sequence[str], task_names: Sequence[str]) -> tuple[Task, ...]:
    if whole("num_tasks", num_tasks) <= 1:
        raise RefusedParameters("num_tasks must be greater than 1.")
    for what, given in (("task_types", task_types), ("task_names", task_names)):
        if isinstance(given, str) or len(given) != num_tasks:
            raise RefusedParameters(f"num_tasks must be equal to the length of {what}, not {num_tasks} with {given!r}.")
    for kind in task_types:
        if kind not in ("binary", "regression"):
            raise RefusedParameters(f"a task must be binary or regression, {kind!r} is illegal.")
    lowered = [str(name).lower() for name in task_names]
    if twice := [name for name in lowered if lowered.count(name) > 1]:
        raise RefusedParameters(f"two tasks are called {twice[0]!r}.")
    return tuple(_task(name, kind) for name, kind in zip(task_names, task_types, strict=True))


def _task(name: str, kind: str) -> Task:
    try:
        return Task.model_validate({"name": name, "kind": kind})
    except ValidationError as error:
        raise RefusedParameters(f"no task can be called {name!r}: {NAME_RULE}.") from error


def _tower(lists: Lists, num_tasks: int, least: int = 0) -> list[int]:
    if isinstance(lists, str) or len(lists) != num_tasks:
        raise RefusedParameters(
            f"the length of tower_dnn_units_lists must be equal to num_tasks, {num_tasks}, not {len(lists)}."
        )
    found = [units(f"tower_dnn_units_lists[{place}]", widths, least) for place, widths in enumerate(lists)]
    if any(tower != found[0] for tower in found):
        raise RefusedParameters(f"tower_dnn_units_lists must give all tasks the same widths, not {found}.")
    return found[0]


def _experts(expert: Sequence[int], gate: Sequence[int] | None) -> dict[str, Any]:
    layers = [] if gate is None else units("gate_dnn_units", gate)
    return {"expert": units("expert_dnn_units", expert, 1)} | ({"gate": layers} if layers else {})
