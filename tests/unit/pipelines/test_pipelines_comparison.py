"""Scorecards side by side, with answers worked out by hand."""

import math

import pytest

from recmtl.pipelines.comparison import Score, scores


def cell(task, domain, **metric):
    return {"task": task, "domain": domain, "rows": 9, **metric}


def card(news, sport, both, news_error, both_error=4.0):
    return {
        "cells": [
            cell("click", "news", auc=news), cell("click", "sport", auc=sport), cell("click", "all", auc=both),
            cell("watch", "news", mse=news_error), cell("watch", "sport", mse=1.0),
            cell("watch", "all", mse=both_error),
        ]
    }  # fmt: skip


def table(found):
    return [(score.task, score.domain, score.metric, score.mean, score.deviation) for score in found]


def test_a_task_has_its_auc_or_the_root_of_its_mse_over_all_domains():
    found = scores([card(0.6, 0.8, 0.7, 9.0)], by_domain=False)
    assert table(found) == [("click", "all", "AUC", 0.7, None), ("watch", "all", "RMSE", 2.0, None)]


def test_by_domain_there_is_a_score_for_each_and_a_mean_of_each_metric():
    found = scores([card(0.6, 0.8, 0.7, 9.0)], by_domain=True)
    assert table(found)[:4] == [
        ("click", "news", "AUC", 0.6, None), ("click", "sport", "AUC", 0.8, None),
        ("watch", "news", "RMSE", 3.0, None), ("watch", "sport", "RMSE", 1.0, None),
    ]  # fmt: skip
    assert [(score.task, score.domain, score.metric) for score in found[4:]] == [
        (None, None, "AUC"), (None, None, "RMSE"),
    ]  # fmt: skip
    assert [score.mean for score in found[4:]] == pytest.approx([0.7, 2.0])


def test_of_several_seeds_there_are_the_mean_and_the_deviation_of_a_sample():
    cards = [card(0.5, 0.5, 0.6, 0.0, 1.0), card(0.5, 0.5, 0.7, 0.0, 4.0), card(0.5, 0.5, 0.8, 0.0, 9.0)]
    click, watch = scores(cards, by_domain=False)
    assert (click.mean, click.deviation) == pytest.approx((0.7, 0.1))
    assert (watch.mean, watch.deviation) == pytest.approx((2.0, 1.0))  # of the roots 1, 2, 3


def test_the_deviation_of_a_mean_is_that_of_the_seeds_means():
    cards = [card(0.6, 0.8, 0.7, 1.0), card(0.7, 0.7, 0.7, 1.0)]
    mean = next(score for score in scores(cards, by_domain=True) if score.task is None and score.metric == "AUC")
    assert (mean.mean, mean.deviation) == pytest.approx((0.7, 0.0))


def test_what_is_undefined_has_no_number_and_is_left_out_of_the_mean():
    found = scores([card(None, 0.8, 0.7, None)], by_domain=True)
    numbers = {(score.task, score.domain): score.mean for score in found if score.task is not None}
    assert numbers[("click", "news")] is None and numbers[("watch", "news")] is None
    assert [score.mean for score in found if score.task is None] == [0.8, 1.0]


def test_a_seed_without_a_number_leaves_the_seeds_without_a_mean():
    score = Score("click", "news", "AUC", [0.5, None, 0.7])
    assert (score.mean, score.deviation) == (None, None)
    assert Score("click", "news", "AUC", [0.5]).deviation is None


def test_all_undefined_has_no_mean():
    found = scores([card(None, None, None, math.pi)], by_domain=True)
    assert [score.mean for score in found if score.task is None and score.metric == "AUC"] == [None]
