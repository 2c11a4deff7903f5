import pytest
import torch

from recmtl.artifacts.progress import Silent
from recmtl.batch import Batch
from recmtl.data.rows import RowsInMemory
from recmtl.models.cross_stitch import CrossStitchConfig
from recmtl.models.model import Model
from recmtl.models.routes import Plan, Routes
from recmtl.models.shared_bottom import SharedBottomConfig
from recmtl.nn.stitch import Stitch
from recmtl.schema import FIRST_ID, CategoricalFeature, Schema, Task
from recmtl.testing.planted import planted, planted_schema
from recmtl.training.config import TrainConfig
from recmtl.training.loop import train
from recmtl.training.optimizers import AdamConfig, LazyAdamConfig

TASKS = ("a", "b", "c")
X_BI = torch.randn(7, 10, generator=torch.Generator().manual_seed(3))
BATCH = planted(64, seed=0).rows.batch


def sharing_of(tasks=TASKS, **changes):
    torch.manual_seed(0)
    config = CrossStitchConfig(**{"bottom": (8, 6, 5), "tower": (4,), **changes})
    sharing = config.build(Plan(10, Routes(tasks)))
    with torch.no_grad():
        for stitch in sharing.stitches:
            stitch.a.normal_()
        for layer in sharing.later:
            layer.bias.normal_()
        sharing.first.first.bias.normal_()
    return sharing


def by_the_paper(sharing, x_BI, per_channel):
    """Equation 1, a layer, a task, another task, a channel at a time."""
    tasks = len(TASKS)
    weights = [(w_HI.T, b_H) for w_HI, b_H in zip(sharing.first.first.weight.chunk(tasks),
                                                  sharing.first.first.bias.chunk(tasks), strict=True)]  # fmt: skip
    layers = [weights] + [[(layer.weight[t], layer.bias[t, 0]) for t in range(tasks)] for layer in sharing.later]
    x = [x_BI] * tasks
    for layer, stitch in zip(layers, sharing.stitches, strict=True):
        h = [(x[t] @ layer[t][0] + layer[t][1]).clamp(min=0) for t in range(tasks)]
        width = h[0].shape[1]
        a = stitch.a.reshape(tasks, tasks, width if per_channel else 1)
        x = [torch.zeros_like(h[0]) for _ in range(tasks)]
        for t in range(tasks):
            for s in range(tasks):
                for channel in range(width):
                    x[t][:, channel] += a[t, s, channel if per_channel else 0] * h[s][:, channel]
    return torch.stack([sharing.towers.tower[t](x[t]) for t in range(tasks)], dim=1)


@pytest.mark.parametrize("stitch", ["channel", "layer"])
@pytest.mark.parametrize("bottom", [(8,), (8, 6, 5)])
def test_it_computes_the_papers_equation(stitch, bottom):
    sharing = sharing_of(stitch=stitch, bottom=bottom)
    expected = by_the_paper(sharing, X_BI, stitch == "channel")
    torch.testing.assert_close(sharing.deep(X_BI, None, [0, 1, 2]), expected)
    torch.testing.assert_close(sharing.deep(X_BI, None, [2, 0]), expected[:, [2, 0]])


AT_THE_START = {
    1: [[1.0]],
    2: [[0.9, 0.1], [0.1, 0.9]],
    3: [[0.9, 0.05, 0.05], [0.05, 0.9, 0.05], [0.05, 0.05, 0.9]],
}


@pytest.mark.parametrize(("tasks", "expected"), AT_THE_START.items())
def test_a_network_keeps_most_of_itself_at_the_start(tasks, expected):
    stitch = Stitch(tasks, 4)
    torch.testing.assert_close(stitch.a.detach().view(tasks, tasks, 4)[..., 2], torch.tensor(expected))
    assert stitch.a.ndim == 1


def test_what_is_the_same_everywhere_stays_the_same_at_the_start():
    """Weights of a sum add up to 1: mixing changes no scale."""
    h_BH = torch.randn(5, 4)
    torch.testing.assert_close(Stitch(3, 4)(h_BH.expand(3, -1, -1), [1]), h_BH.unsqueeze(0))


def test_without_mixing_tasks_are_networks_apart():
    model = Model(CrossStitchConfig(bottom=(8, 6), tower=()), planted_schema(), seed=0).eval()
    with torch.no_grad():
        for stitch in model.sharing.stitches:
            stitch.a.copy_(Stitch(2, stitch.channels, own=1.0).a)
    for task in (0, 1):
        bottom = Model(SharedBottomConfig(bottom=(8, 6), tower=()), planted_schema(), seed=1).eval()
        weights = {name: value for name, value in model.state_dict().items() if not name.startswith("sharing")}
        first, later = model.sharing.first.first, model.sharing.later[0]
        weights |= {
            "sharing.bottom.0.weight": first.weight.chunk(2)[task],
            "sharing.bottom.0.bias": first.bias.chunk(2)[task],
            "sharing.bottom.3.weight": later.weight[task].T,
            "sharing.bottom.3.bias": later.bias[task, 0],
        }
        bottom.load_state_dict(weights)
        torch.testing.assert_close(model(BATCH)[:, task], bottom(BATCH)[:, task])


@pytest.mark.parametrize("stitch", ["channel", "layer"])
def test_mixing_takes_a_number_for_a_pair_of_tasks_and_a_channel(stitch):
    """MMLRec has one full matrix over all channels of all tasks."""
    sizes = [unit.a.numel() for unit in sharing_of(stitch=stitch).stitches]
    assert sizes == ([9 * 8, 9 * 6, 9 * 5] if stitch == "channel" else [9, 9, 9])


def test_a_domain_has_a_network_for_each_task():
    model = Model(CrossStitchConfig(bottom=(8,), per_domain=True), planted_schema(), seed=0)
    assert model.sharing.first.first.weight.shape[0] == 2 * 3 * 8
    rows = BATCH.take((BATCH.domain_B == 1).nonzero()[:, 0])
    model(rows)[:, 0].sum().backward()
    assert all(part.any() for part in model.sharing.first.first.weight.grad.chunk(6))  # all take part
    towers = [tower[0].weight.grad for tower in model.sharing.towers.tower]
    assert [route for route, grad in enumerate(towers) if grad is not None and grad.any()] == [2]


def test_one_task_is_one_network():
    one = planted_schema().model_copy(update={"tasks": planted_schema().tasks[:1]})
    model = Model(CrossStitchConfig(bottom=(8, 6)), one, seed=0).eval()
    assert model(BATCH).shape == (64, 1)
    assert all(torch.equal(unit.a, torch.ones_like(unit.a)) for unit in model.sharing.stitches)


def test_sums_over_networks_stay_single_where_products_are_in_bfloat16():
    a, b = torch.tensor([[[1.0]]]), torch.tensor([[[2.0**-10]]])
    with torch.autocast("cpu", torch.bfloat16):
        found = Stitch(2, 1, own=0.5)(torch.cat([a, b]).bfloat16(), [0])
    assert found.item() == 0.5 + 2.0**-11


def conflicting(rows, seed):
    """Two tasks of one category, whose labels have nothing to do with one another."""
    chance = torch.Generator().manual_seed(seed)
    item_B = torch.randint(16, (rows,), generator=chance)
    labels_BT = torch.stack([item_B % 2, item_B // 2 % 2], dim=1).float()
    batch = Batch(
        (item_B + FIRST_ID).int().unsqueeze(1), torch.empty(rows, 0), (), labels_BT, torch.ones(rows, 2).bool(),
        torch.zeros(rows, dtype=torch.int64), torch.ones(rows),
    )  # fmt: skip
    return RowsInMemory(batch, (rows,))


def loss_after_training(config):
    schema = Schema(
        dataset="conflicting",
        features=(CategoricalFeature(name="item", table="item"),),
        tables={"item": FIRST_ID + 16},
        tasks=(Task(name="odd", kind="binary"), Task(name="second", kind="binary")),
        domains=("here",),
    )
    model, rows = Model(config, schema, seed=0), conflicting(512, seed=0)
    rates = {"optimizer": AdamConfig(learning_rate=1e-2), "table_optimizer": LazyAdamConfig(learning_rate=1e-2)}
    train(model, rows, rows, TrainConfig(epochs=40, patience=40, batch_size=64, **rates), [0, 1], Silent())
    logits_BT = model.eval()(rows.batch).detach()
    return torch.nn.functional.binary_cross_entropy_with_logits(logits_BT, rows.batch.labels_BT).item()


def test_conflicting_tasks_are_learnt_where_a_shared_layer_is_too_narrow_for_both():
    shared = loss_after_training(SharedBottomConfig(bottom=(1,), tower=()))
    stitched = loss_after_training(CrossStitchConfig(bottom=(1,), tower=()))
    assert stitched < 0.1 < 0.2 < shared
