import pytest
import torch
from reading import ROWS, reading_of

from recmtl.models.pnn import PNNConfig
from recmtl.nn.pairs import inner_products, summed_outer_products


@pytest.mark.parametrize(("products", "columns"), [("inner", 15), ("outer", 6), ("both", 21)])
def test_the_deep_part_reads_products_beside_everything(products, columns):
    found = reading_of(PNNConfig(products=products))
    flat_BI = found.flat_BI
    assert found.read.x_BI.shape == (ROWS, flat_BI.shape[1] + columns) and found.read.wide_BT is None
    inner_BP, outer_BP = inner_products(found.vectors), summed_outer_products(found.vectors)
    parts = {"inner": [inner_BP], "outer": [outer_BP], "both": [inner_BP, outer_BP]}[products]
    torch.testing.assert_close(found.read.x_BI, torch.cat([flat_BI, *parts], dim=1))


@pytest.mark.parametrize("products", ["inner", "outer", "both"])
def test_products_have_no_weights(products):
    # public code keeps those of the outer product where only inner ones are asked for
    assert list(reading_of(PNNConfig(products=products)).interaction.parameters()) == []
