import torch

from recmtl.models.dot import DotConfig
from recmtl.models.encoder import Encoder, EncoderConfig
from recmtl.models.model import Model
from recmtl.models.shared_bottom import SharedBottomConfig
from recmtl.pruning.magnitude import cut, full_mask, geometric_counts, prunable
from recmtl.pruning.tickets import Trial
from recmtl.schema import CategoricalFeature, Schema, SequenceFeature, Task
from recmtl.testing.planted import planted, planted_schema


def lt4rec_schema():
    """15 features with one id and 5 sequences, two tasks."""
    singles = tuple(CategoricalFeature(name=f"single{i}", table="shared") for i in range(15))
    sequences = tuple(SequenceFeature(name=f"sequence{i}", table="shared") for i in range(5))
    tasks = (Task(name="ctr", kind="binary"), Task(name="cvr", kind="regression", bounds=(0.0, 1.0)))
    return Schema(
        dataset="lt4rec", features=singles + sequences, tables={"shared": 10}, tasks=tasks, domains=("all rows",)
    )


def test_it_is_all_products_of_pairs_then_the_fields():
    torch.manual_seed(0)
    encoder = Encoder(EncoderConfig(embedding_dim=4), planted_schema(), seed=0)
    encoded = encoder(planted(6, seed=0).rows.batch)
    dot = DotConfig().build(encoder, 2)
    x_BI = dot(encoded).x_BI
    fields = encoded.fields_BFD.detach().numpy()
    for row in range(6):
        expected = [float(a @ b) for a in fields[row] for b in fields[row]]
        torch.testing.assert_close(x_BI[row, :36].detach(), torch.tensor(expected))
    assert torch.equal(x_BI[:, 36:], encoded.flat()) and x_BI.shape == (6, dot.out_dim)


def test_lt4recs_network_and_its_masks():
    config = SharedBottomConfig(bottom=(512, 256, 128), tower=(), interaction=DotConfig())
    model = Model(config, lt4rec_schema(), seed=0)
    weights = prunable(model.sharing)
    assert model.interaction.out_dim == 20 * 20 + 20 * 16 == 720
    assert [tuple(weight.shape) for weight in weights.values()] == [(512, 720), (256, 512), (128, 256)]
    total = sum(weight.numel() for weight in weights.values())
    assert total == 532_480

    mask, percents, kept = full_mask(weights), [], []
    for keep in geometric_counts(total, final_rate=0.2, iterations=4):
        mask = cut(mask, weights, keep)
        kept.append(sum(int(part.sum()) for part in mask.values()))
        percents.append(Trial(mask, kept[-1], total, score=0.0).percent)
    assert kept == [356_091, 238_132, 159_249, 106_496]  # LT4REC rounds each cut anew, so its third mask has one less
    assert percents == [66.87, 44.72, 29.91, 20.0]
