"""What every model must keep, whatever its sharing, interaction and adapters are. For the author of a new one:

    import pytest
    from recmtl.testing.model_contract import CHECKS

    @pytest.mark.parametrize("check", CHECKS)
    def test_my_model(check):
        check(MyModelConfig(interaction=...))

Each check takes a model's config, builds it on planted rows and raises AssertionError. Use few and narrow layers. Where
the model's `check` refuses a task that is observed only in clicked rows, it is observed in all.
"""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import torch
from torch import Tensor, nn

from recmtl.adapters.mask import Masks
from recmtl.artifacts import tensors
from recmtl.artifacts.progress import Silent
from recmtl.batch import Batch, Ragged
from recmtl.errors import ConfigError
from recmtl.metrics.skill import task_skill
from recmtl.models.flat import FlatConfig
from recmtl.models.heads import Heads
from recmtl.models.model import TABLES, Model
from recmtl.models.sharing import SharingConfig
from recmtl.nn.towers import Towers
from recmtl.pruning.magnitude import full_mask, prunable
from recmtl.testing.planted import Planted, planted, planted_schema
from recmtl.training.config import TrainConfig
from recmtl.training.loop import train
from recmtl.training.optimizers import AdamConfig, LazyAdamConfig
from recmtl.training.predict import predict_rows, task_predictions
from recmtl.training.state import weights_of

Mask = dict[str, Tensor]
_planted = cache(planted)

_ROWS = planted(64, seed=1)
_TASKS = range(len(_ROWS.schema.tasks))
_TRUTH = TrainConfig(
    epochs=3,
    batch_size=400,
    optimizer=AdamConfig(learning_rate=8e-3),
    table_optimizer=LazyAdamConfig(learning_rate=3e-2),
)
_BY_HEART = TrainConfig(
    epochs=60,
    patience=10,  # after the last fault, too
    optimizer=AdamConfig(learning_rate=1e-2),
    table_optimizer=LazyAdamConfig(learning_rate=5e-2),
)
_FEW_STEPS = TrainConfig(epochs=2, batch_size=32)


def gives_a_logit_for_each_asked_task(config: SharingConfig) -> None:
    """Shape [rows, asked tasks], finite, for all tasks, for some and in any order; for one row too."""
    model, batch = _model(config), _ROWS.rows.batch
    for rows in (batch, batch.take(torch.tensor([0])), _bare(batch)):
        for tasks in (None, *([task] for task in _TASKS), list(reversed(_TASKS))):
            logits_BT = model(rows, tasks)
            expected = (len(rows), len(_TASKS) if tasks is None else len(tasks))
            _require(logits_BT.shape == expected, f"tasks {tasks}: logits are {tuple(logits_BT.shape)}, not {expected}")
            _require(bool(logits_BT.isfinite().all()), f"tasks {tasks}: logits are not finite")


def computes_a_subset_as_it_computes_all(config: SharingConfig) -> None:
    """A task's logit is the same whatever other tasks are asked for, and has the same gradient."""
    model, batch = _model(config), _ROWS.rows.batch
    for tasks in (*([task] for task in _TASKS), list(reversed(_TASKS))):
        _require_close(model(batch, tasks), model(batch)[:, tasks], f"logits of tasks {tasks} alone")
    for task in _TASKS:
        alone = _gradients(model, model(batch, [task])[:, 0])
        for name, gradient in _gradients(model, model(batch)[:, task]).items():
            _require_close(alone[name], gradient, f"the gradient of task {task} by {name}")


def leaves_other_tasks_alone(config: SharingConfig) -> None:
    """A task's logit gives no gradient to the tower or the head of another task, but for those it is made of."""
    model = _model(config)
    for task in _TASKS:
        own = [model.routes.of([task], domain) for domain in range(model.routes.domains)]
        needed = {route for routes in own for route in model.sharing.needed(routes)}
        touched = _gradients(model, model(_ROWS.rows.batch)[:, task])
        for name in _private(model, [route for route in range(len(model.routes)) if route not in needed]):
            _require(not touched[name].any(), f"task {task} gives a gradient to {name} of another task")


def a_domain_trains_its_own_parts_alone(config: SharingConfig) -> None:
    """Rows of a domain give gradients to its own parts: towers, heads, what a module list called `of_domain` holds for
    it; and none to those of other domains.
    """
    model, batch = _model(config), _ROWS.rows.batch
    own = [_parts_of_domain(model, domain) for domain in range(len(model.schema.domains))]
    for domain, names in enumerate(own):
        touched = _gradients(model, _weighted(model(batch.take((batch.domain_B == domain).nonzero()[:, 0]))))
        for name in names:
            _require(bool(touched[name].any()), f"domain {domain} gives no gradient to {name} of its own")
        for name in {name for other in own for name in other} - names:
            _require(not touched[name].any(), f"domain {domain} gives a gradient to {name} of another domain")


def every_parameter_learns(config: SharingConfig) -> None:
    """Each parameter has a gradient from some task or the model's own loss: none is dead weight, none is cut off."""
    model, batch = _model(config), _ROWS.rows.batch
    output = model.output(batch)
    extra = model.sharing.extra_loss(output, batch, _TASKS)
    for name, gradient in _gradients(model, _weighted(output.logits_BT) + (0 if extra is None else extra)).items():
        _require(bool(gradient.any()), f"no task gives a gradient to {name}")


def computes_in_bfloat16(config: SharingConfig) -> None:
    """Logits stay single, and near those of single products."""
    model, batch = _model(config), _ROWS.rows.batch
    single_BT = model(batch)
    model.precision = "bf16"
    narrow_BT = model(batch)
    _require(narrow_BT.dtype == torch.float32, f"logits are {narrow_BT.dtype}")
    torch.testing.assert_close(narrow_BT, single_BT, rtol=0.05, atol=0.05)


def tells_a_row_alone_what_it_tells_it_in_a_batch(config: SharingConfig) -> None:
    """In evaluation a prediction depends on its row only, not on its neighbours or their order: probabilities differ
    by a millionth at most.
    """
    model, batch = _model(config), _ROWS.rows.batch
    together = model(batch).sigmoid()  # not by predict_rows, which sets copies of a row beside it
    order_B = torch.randperm(len(batch), generator=torch.Generator().manual_seed(0))
    shuffled = model(batch.take(order_B)).sigmoid()
    _require_close(shuffled, together[order_B], "predictions of shuffled rows", rtol=0, atol=1e-6)
    some_B = torch.arange(0, len(batch), 4)
    alone = torch.cat([model(batch.take(index_B)) for index_B in some_B.split(1)]).sigmoid()
    _require_close(alone, together[some_B], "predictions of rows alone", rtol=0, atol=1e-6)


def drops_values_on_every_way_to_a_logit(config: SharingConfig) -> None:
    """With nearly everything dropped, training sees next to nothing of a row: most rows have one and the same logit."""
    plain = {"dropout": 0.9999, "interaction": FlatConfig()}  # what other interactions add to a logit is not dropped
    model, batch = _model(config.model_copy(update=plain)).train(), _ROWS.rows.batch
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        logits_BT = model(batch).detach()
    for domain in range(len(model.schema.domains)):
        seen_BT = logits_BT[batch.domain_B == domain]
        alike_T = (seen_BT - seen_BT.median(0).values).abs().lt(1e-5).float().mean(0)
        _require(bool((alike_T > 0.5).all()), f"with a dropout of 0.9999 training sees rows: {alike_T.tolist()} alike")


def starts_from_its_seed(config: SharingConfig) -> None:
    """Initial weights are a function of the seed alone, and drawing them moves no one else's random numbers."""
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = weights_of(_model(config, seed=3))
    _require(torch.equal(before, torch.get_rng_state()), "building a model moves the global random generator")
    torch.manual_seed(2)
    again, other = weights_of(_model(config, seed=3)), weights_of(_model(config, seed=4))
    for name, weight in first.items():
        _require(torch.equal(weight, again[name]), f"{name} starts otherwise with the same seed")
    for name in [TABLES, *(f"sharing.{name}" for name in prunable(_model(config).sharing))]:
        _require(not torch.equal(first[name], other[name]), f"{name} starts alike with another seed")


def comes_back_from_a_checkpoint(config: SharingConfig) -> None:
    """All that a prediction depends on is in the state: the same bits after a file."""
    model, other = _model(config, seed=1), _model(config, seed=2)
    with tempfile.TemporaryDirectory() as folder:
        tensors.save(Path(folder) / "weights.pt", weights_of(model))
        other.load_state_dict(tensors.load(Path(folder) / "weights.pt"))
    batch = _ROWS.rows.batch
    _require(torch.equal(_predictions(other, batch), _predictions(model, batch)), "predictions differ after a file")


def names_what_tasks_share(config: SharingConfig) -> None:
    """`shared` names submodules; what can be pruned are their parameters called "weight", and every task uses each.
    A model whose tasks share no layer names none.
    """
    model = _model(config)
    sharing, found = model.sharing, prunable(model.sharing)
    children = dict(sharing.named_children())
    for name in sharing.shared:
        _require(name in children, f"`shared` names {name!r}, which is no submodule; there are {sorted(children)}")
    parameters = {f"{top}.{name}" for top in sharing.shared for name, _ in children[top].named_parameters()}
    expected = {name for name in parameters if name.rpartition(".")[2] == "weight"}
    _require(set(found) == expected, f"prunable are {sorted(found)}, not {sorted(expected)}")
    _require(bool(found) or not sharing.shared, "no weight is shared: there is nothing to find a ticket in")
    for task in _TASKS:
        touched = _gradients(model, model(_ROWS.rows.batch, [task])[:, 0])
        for name in found:
            _require(bool(touched[f"sharing.{name}"].any()), f"task {task} does not use {name}, which `shared` covers")


def a_full_mask_changes_nothing(config: SharingConfig) -> None:
    """With all weights kept, for one task or for all, logits are as without masks."""
    model, batch = _model(config), _ROWS.rows.batch
    plain = model(batch).detach()
    full = full_mask(prunable(model.sharing))
    for masked in ([0], _TASKS):
        model.masks = Masks(dict.fromkeys(masked, full))
        for tasks in (_TASKS, list(reversed(_TASKS))):
            what = f"logits of the tasks {list(tasks)} with full masks for the tasks {list(masked)}"
            _require_close(model(batch, tasks), plain[:, tasks], what)


def a_mask_binds_its_task_alone(config: SharingConfig) -> None:
    """A masked weight gets exactly no gradient from that task; the other tasks see the weights as they are."""
    model, batch = _model(config), _ROWS.rows.batch
    if not model.sharing.shared:
        return
    plain, masks = model(batch).detach(), [_half(model, seed) for seed in _TASKS]
    for task in _TASKS:
        model.masks = Masks({task: masks[task]})
        logits_BT = model(batch)
        others = [other for other in _TASKS if other != task]
        _require_close(logits_BT[:, others], plain[:, others], f"other tasks' logits under a mask of task {task}")
        _require(not torch.allclose(logits_BT[:, task], plain[:, task]), f"a mask of task {task} changes nothing")
        touched = _gradients(model, logits_BT[:, task])
        for name, mask in masks[task].items():
            gradient = touched[f"sharing.{name}"]
            _require(not gradient[~mask].any(), f"weights of {name} outside the mask get a gradient")
            _require(bool(gradient[mask].any()), f"weights of {name} inside the mask get no gradient")


def a_cut_weight_never_moves(config: SharingConfig) -> None:
    """Weights outside every task's mask keep their bits through training; inside they move."""
    model = _model(config)
    masks = {task: _half(model, seed=task) for task in _TASKS}
    model.masks = Masks(masks)
    before = weights_of(model)
    rows = _drawn(config, 64, seed=1).rows
    train(model, rows, rows, _FEW_STEPS, list(_TASKS), Silent())
    after = weights_of(model)
    for name in masks[0]:
        used = torch.stack([mask[name] for mask in masks.values()]).any(0)
        moved = after[f"sharing.{name}"] != before[f"sharing.{name}"]
        _require(not moved[~used].any(), f"weights of {name} outside all masks moved")
        _require(bool(moved[used].any()), f"weights of {name} did not move at all")


def learns_a_few_rows_by_heart(config: SharingConfig) -> None:
    """64 rows are ranked without a fault after some steps: nothing on the way from features to logits is cut."""
    model = _model(config)
    rows = _drawn(config, 64, seed=1).rows
    state = train(model, rows, rows, _BY_HEART, list(_TASKS), Silent())
    found = state.history[state.best_epoch]["validation"]
    _require(min(found.values()) > 0.999, f"AUC on the rows that were learnt by heart is only {found}")


def learns_the_planted_truth(config: SharingConfig, share: float = 0.9) -> None:
    """On rows it has not seen each task's AUC reaches `share` of the way from chance to the best possible."""
    model, held_out = _model(config), _drawn(config, 4000, seed=12)
    # a domain with tables of its own has its own rows alone to learn from
    alone = config.copies(model.routes) == len(model.routes)
    rows = _drawn(config, 16000 * (model.routes.domains if alone else 1), seed=10).rows
    state = train(model, rows, _drawn(config, 2000, seed=11).rows, _TRUTH, list(_TASKS), Silent())
    model.load_state_dict(state.best_weights)
    for task, prediction in enumerate(task_predictions(model, held_out.rows, _TASKS)):
        reached = (task_skill(prediction) - 0.5) / (held_out.best_skill(task) - 0.5)
        _require(reached >= share, f"task {task} reaches {reached:.1%} of what is possible, less than {share:.0%}")


CHECKS: tuple[Callable[[SharingConfig], None], ...] = (
    gives_a_logit_for_each_asked_task,
    computes_a_subset_as_it_computes_all,
    leaves_other_tasks_alone,
    a_domain_trains_its_own_parts_alone,
    every_parameter_learns,
    computes_in_bfloat16,
    tells_a_row_alone_what_it_tells_it_in_a_batch,
    drops_values_on_every_way_to_a_logit,
    starts_from_its_seed,
    comes_back_from_a_checkpoint,
    names_what_tasks_share,
    a_full_mask_changes_nothing,
    a_mask_binds_its_task_alone,
    a_cut_weight_never_moves,
    learns_a_few_rows_by_heart,
    learns_the_planted_truth,
)
"""The whole contract."""


def _model(config: SharingConfig, seed: int = 0) -> Model:
    """In evaluation: nothing of it is random."""
    return Model(config, planted_schema(_entire_space(config)), seed).eval()


def _drawn(config: SharingConfig, rows: int, seed: int) -> Planted:
    return _planted(rows, seed, _entire_space(config))


def _entire_space(config: SharingConfig) -> bool:
    """It learns no task that is observed only in clicked rows."""
    try:
        config.check(planted_schema())
    except ConfigError:
        return True
    return False


def _predictions(model: Model, batch: Batch) -> Tensor:
    return torch.from_numpy(predict_rows(model, batch, _TASKS))


def _bare(batch: Batch) -> Batch:
    """The rows without what may be missing: every number, every sequence."""
    empty = Ragged(torch.empty(0, dtype=torch.int32), torch.zeros(len(batch) + 1, dtype=torch.int64))
    nothing_BN = torch.full_like(batch.numbers_BN, torch.nan)
    sequences = tuple(empty for _ in batch.sequences)
    return replace(batch, numbers_BN=nothing_BN, sequences=sequences)


def _weighted(logits_BT: Tensor) -> Tensor:
    """A sum in which no two logits count alike."""
    return (torch.rand(logits_BT.shape, generator=torch.Generator().manual_seed(0)) * logits_BT).sum()


def _gradients(model: Model, logits: Tensor) -> dict[str, Tensor]:
    """By every parameter, of the sum; zeros where there is none."""
    model.zero_grad()
    logits.sum().backward()
    found = {}
    for name, parameter in model.named_parameters():
        gradient = parameter.grad
        found[name] = torch.zeros_like(parameter) if gradient is None else gradient.to_dense().clone()
    return found


def _private(model: Model, routes: Sequence[int]) -> list[str]:
    """Names of the parameters of these routes' own towers and heads."""
    lists = {name: module.tower for name, module in model.named_modules() if isinstance(module, Towers)}
    lists |= {name: module.head for name, module in model.named_modules() if isinstance(module, Heads)}
    own = [weight for networks in lists.values() for route in routes for weight in networks[route].parameters()]
    return [name for name, parameter in model.named_parameters() if any(parameter is weight for weight in own)]


def _parts_of_domain(model: Model, domain: int) -> set[str]:
    """Names of the parameters that a domain has of its own."""
    routes = [route for route in range(len(model.routes)) if model.routes.domain(route) == domain]
    found = set(_private(model, routes) if model.routes.domains > 1 else ())
    for path, module in model.named_modules():
        if (
            path.endswith(".of_domain")
            and isinstance(module, nn.ModuleList)
            and len(module) == len(model.schema.domains)
        ):
            found |= {f"{path}.{domain}.{name}" for name, _ in module[domain].named_parameters()}
    return found


def _half(model: Model, seed: int) -> Mask:
    """A mask that keeps about half of the shared weights."""
    chance = torch.Generator().manual_seed(seed)
    return {name: torch.rand(weight.shape, generator=chance) < 0.5 for name, weight in prunable(model.sharing).items()}


def _require(holds: bool, otherwise: str) -> None:
    # no assert: python -O would pass everything
    if not holds:
        raise AssertionError(otherwise)


def _require_close(found: Tensor, expected: Tensor, what: str, rtol: float = 1e-4, atol: float = 1e-5) -> None:
    torch.testing.assert_close(found, expected, rtol=rtol, atol=atol, msg=lambda text: f"{what} differ: {text}")
