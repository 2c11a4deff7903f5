import numpy as np

from recmtl.data.order import after, as_they_lie, positions, shuffled

GROUPS = [10] * 20


def epoch_order(groups, window, seed, epoch):
    return positions(shuffled(groups, window, seed, epoch), groups)


def test_it_depends_on_seed_and_epoch():
    orders = [epoch_order(GROUPS, 4, seed, epoch) for seed in (0, 1, 2**32 - 1) for epoch in (0, 1, 2)]
    assert len({order.tobytes() for order in orders}) == len(orders)


def test_a_window_mixes_exactly_so_many_groups():
    order = epoch_order(GROUPS, 5, seed=0, epoch=0)
    for start in range(0, 200, 50):
        groups = order[start : start + 50] // 10
        assert len(set(groups.tolist())) == 5
        assert len(set(groups[:20].tolist())) > 2, "rows of a window are shuffled, not only its groups"


def test_a_window_of_all_groups_shuffles_everything():
    first = np.stack([epoch_order(GROUPS, 20, seed=0, epoch=epoch)[:100] for epoch in range(200)])
    share = np.bincount(first.ravel(), minlength=200) / 200  # how often a row comes in the first half
    assert abs(share - 0.5).max() < 0.15


def test_groups_of_all_domains_are_mixed():
    first_group = [epoch_order(GROUPS, 1, seed=0, epoch=epoch)[0] // 10 for epoch in range(100)]
    assert len(set(first_group)) > 15


def test_without_rows_there_is_nothing_to_visit():
    assert epoch_order([], 4, seed=0, epoch=0).tolist() == []
    assert epoch_order([0, 0], 4, seed=0, epoch=0).tolist() == []


def test_rows_as_they_lie_are_all_rows_in_order():
    sizes = [3, 0, 7] * 15
    assert positions(as_they_lie(sizes), sizes).tolist() == list(range(150))
    assert list(as_they_lie([])) == []


def test_what_is_skipped_ends_within_a_window():
    windows = list(shuffled(GROUPS, 5, seed=0, epoch=0))
    found = list(after(windows, 70))
    assert [(window is windows[i], skip) for i, (window, skip) in zip((1, 2, 3), found, strict=True)] == [
        (True, 20),
        (True, 0),
        (True, 0),
    ]
    assert list(after(windows, 200)) == []
