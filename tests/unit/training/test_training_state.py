import torch

from recmtl.training.state import TrainState, weights_of


def test_the_best_of_a_sequence_of_scores(trainer):
    state = TrainState(trainer.model(), [])
    assert state.best_score == float("-inf") and state.best_epoch == -1
    best = []
    for score in (-3.0, -0.5, -0.5, -0.7, 0.1, 0.0):
        state.record({"click": 1.0}, {"click": score}, score)
        best.append((state.best_epoch, state.best_score))
    assert best == [(0, -3.0), (1, -0.5), (1, -0.5), (1, -0.5), (4, 0.1), (4, 0.1)]
    assert state.epoch == 6 and [record["epoch"] for record in state.history] == list(range(6))


def test_best_weights_are_a_copy_taken_at_that_moment(trainer):
    model = trainer.model()
    state = TrainState(model, [])
    state.record({}, {}, 0.5)
    with torch.no_grad():
        model.tables.fill_(7)
    state.record({}, {}, 0.4)
    assert not (state.best_weights["encoder.embeddings.weight"] == 7).any()
    with torch.no_grad():
        model.tables.fill_(8)
    state.record({}, {}, 0.6)
    assert (state.best_weights["encoder.embeddings.weight"] == 8).all()


def test_weights_of_shares_no_memory_with_the_model(trainer):
    model = trainer.model()
    weights = weights_of(model)
    assert all(weight.data_ptr() != model.state_dict()[name].data_ptr() for name, weight in weights.items())
    assert not any(weight.requires_grad for weight in weights.values())
