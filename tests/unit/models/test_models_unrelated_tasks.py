"""What routing and masks are for: tasks that have nothing in common, and no room for all of them in one network."""

import pytest
import torch
from torch import nn

from recmtl.models.encoder import Encoded
from recmtl.models.mssm import MSSMConfig
from recmtl.models.routes import Plan, Routes
from recmtl.models.shared_bottom import SharedBottomConfig
from recmtl.models.snr import SNRConfig

FIELDS, DIM = 4, 3


def rows(count, seed):
    """Each task is the sum of the distances from 0 of another three of twelve numbers."""
    x_BI = torch.randn(count, FIELDS * DIM, generator=torch.Generator().manual_seed(seed))
    return x_BI, x_BI.abs().unflatten(1, (FIELDS, DIM)).sum(2) - 2.4


def error(config):
    """Of rows it has not seen, as a part of the labels' variance; and how many parameters it has."""
    torch.manual_seed(0)
    sharing = config.build(Plan(FIELDS * DIM, Routes(tuple("abcd")), tuple("wxyz"), DIM))
    heads = nn.ModuleList(nn.Linear(sharing.out_dim, 1) for _ in range(4))
    parameters = [*sharing.parameters(), *heads.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=0.03)

    def predicted(x_BI):
        encoded = Encoded(x_BI.unflatten(1, (FIELDS, DIM)), x_BI[:, :0], torch.zeros(len(x_BI), dtype=torch.int64))
        h_BRH = sharing.deep(x_BI, encoded, range(4))
        return torch.cat([head(h_BH) for head, h_BH in zip(heads, h_BRH.unbind(1), strict=True)], dim=1)

    x_BI, y_BT = rows(1000, seed=1)
    for _ in range(200):
        optimizer.zero_grad()
        (predicted(x_BI) - y_BT).square().mean().backward()
        optimizer.step()
    sharing.eval()
    x_BI, y_BT = rows(1000, seed=2)
    with torch.no_grad():
        return ((predicted(x_BI) - y_BT).square().mean() / y_BT.var()).item(), sum(p.numel() for p in parameters)


@pytest.fixture(scope="module")
def narrow():
    """Error and parameters of a shared bottom that has to bring all tasks through two numbers."""
    return error(SharedBottomConfig(bottom=(400, 2), tower=()))


@pytest.mark.parametrize(
    "config",
    [SNRConfig(layers=(16, 2), tower=()), MSSMConfig(layers=(16, 2), num_shared=0)],
    ids=lambda config: config.name,
)
def test_they_are_learnt_where_a_shared_bottom_with_more_parameters_has_no_room(config, narrow):
    found, parameters = error(config)
    of_shared, more = narrow
    assert parameters < more and found < 0.6 * of_shared
