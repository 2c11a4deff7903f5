import pytest
import torch

from recmtl.artifacts.progress import Silent
from recmtl.models.full_share import FullShareConfig
from recmtl.models.model import Model
from recmtl.models.routes import Plan, Routes
from recmtl.models.shared_bottom import SharedBottomConfig
from recmtl.testing.planted import planted, planted_schema
from recmtl.training.config import TrainConfig
from recmtl.training.loop import train
from recmtl.training.optimizers import AdamConfig

ROWS = planted(400, seed=0).rows


def order(logits_BT):
    """Each task's ranking of the rows."""
    return logits_BT.detach().argsort(dim=0).T.tolist()


def test_a_logit_is_a_weighted_sum_of_what_all_tasks_read():
    model = Model(FullShareConfig(bottom=(8, 6)), planted_schema(), seed=0).eval()
    seen = []
    model.sharing.bottom.register_forward_hook(lambda *called: seen.append(called[-1]))
    logits_BT = model(ROWS.batch)
    assert len(seen) == 1
    for task in (0, 1):
        head = model.heads.head[task]
        torch.testing.assert_close(logits_BT[:, task], seen[0] @ head.weight[0] + head.bias)


def test_all_tasks_read_the_same():
    sharing = FullShareConfig(bottom=(8, 6)).build(Plan(10, Routes(("a", "b", "c"))))
    h_BRH = sharing.deep(torch.randn(7, 10), None, [0, 2])
    assert h_BRH.shape == (7, 2, 6) and torch.equal(h_BRH[:, 0], h_BRH[:, 1])


@pytest.mark.parametrize("per_domain", [False, True])
def test_it_is_a_shared_bottom_without_towers(per_domain):
    model = Model(FullShareConfig(bottom=(8, 6), per_domain=per_domain), planted_schema(), seed=0).eval()
    config = SharedBottomConfig(bottom=(8, 6), tower=(), per_domain=per_domain)
    bottom = Model(config, planted_schema(), seed=1).eval()
    bottom.load_state_dict(model.state_dict())
    torch.testing.assert_close(model(ROWS.batch), bottom(ROWS.batch))


def test_tasks_come_to_rank_rows_differently():
    """MMLRec's share the weights of the last layer, and differ by its bias alone."""
    model = Model(FullShareConfig(bottom=(8,)), planted_schema(), seed=0)
    click, buy = order(model.eval()(ROWS.batch))
    assert click != buy
    with torch.no_grad():  # what theirs does
        model.heads.head[1].weight.copy_(model.heads.head[0].weight)
        model.heads.head[1].bias.add_(1)
    click, buy = order(model(ROWS.batch))
    assert click == buy
    config = TrainConfig(epochs=2, batch_size=64, optimizer=AdamConfig(learning_rate=1e-2))
    train(model, ROWS, ROWS, config, [0, 1], Silent())
    click, buy = order(model.eval()(ROWS.batch))
    assert click != buy
