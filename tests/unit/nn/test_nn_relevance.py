import pytest
import torch

from recmtl.nn.relevance import Relevance


@pytest.mark.parametrize("widths", [(5, 3), ()])
def test_a_score_is_that_of_its_key_and_its_rows_query_alone(widths):
    torch.manual_seed(0)
    relevance, key_BLD, query_BD = Relevance(4, widths), torch.randn(6, 3, 4), torch.randn(6, 4)
    score_BL = relevance(key_BLD, query_BD)
    layers = [layer for layer in relevance.network if isinstance(layer, torch.nn.Linear)]
    for row in range(6):
        for place in range(3):
            key, query = key_BLD[row, place], query_BD[row]
            h = torch.cat([key, query, key - query, key * query])
            for layer in layers[:-1]:
                h = 1 / (1 + torch.exp(-(layer.weight @ h + layer.bias)))
            torch.testing.assert_close(score_BL[row, place], (layers[-1].weight @ h + layers[-1].bias)[0])
