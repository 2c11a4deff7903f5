import torch

from recmtl.nn import processor
from recmtl.nn.precision import resolve_precision
from recmtl.nn.products import fast_products


def test_a_torch_that_does_not_tell_leaves_all_as_torch_does_it(monkeypatch):
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    processor.capabilities.cache_clear()
    try:
        assert processor.capabilities() == {}
        assert resolve_precision("auto", "cpu") == "f32"
        with fast_products():
            assert torch.equal(torch.ones(2, 2) @ torch.ones(2, 2), torch.full((2, 2), 2.0))
    finally:
        processor.capabilities.cache_clear()
