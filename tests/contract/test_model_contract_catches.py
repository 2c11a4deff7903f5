"""The contract is worth something only if a model that breaks it is caught: one broken model for each clause."""

from typing import Any

import pytest
import torch
from torch import nn

from recmtl.models.interaction import Interaction, InteractionConfig, Read
from recmtl.models.omoe import OMoE
from recmtl.models.shared_bottom import SharedBottom
from recmtl.models.sharing import SharingConfig
from recmtl.testing import model_contract as contract


class BrokenConfig(SharingConfig):
    """Builds any shared bottom; without a name of its own it joins no family."""

    kind: Any
    bottom: tuple[int, ...] = (16, 8)
    tower: tuple[int, ...] = (4,)

    def build(self, plan):
        return self.kind(self, plan.in_dim, len(plan.routes))


def config_of(sharing, **changes):
    return BrokenConfig(name="broken", kind=sharing, **changes)


class DividesByWhatMayBeMissing(SharedBottom):
    def deep(self, x_BI, encoded, routes):
        return super().deep(x_BI / encoded.dense_BK.sum(1, keepdim=True), encoded, routes)


class IgnoresOrder(SharedBottom):
    def deep(self, x_BI, encoded, routes):
        return super().deep(x_BI, encoded, sorted(routes))


class MixesTowers(SharedBottom):
    def deep(self, x_BI, encoded, routes):
        both_BTH = super().deep(x_BI, encoded, range(len(self.towers.tower)))
        return (both_BTH + 0.1 * both_BTH.mean(1, keepdim=True))[:, list(routes)]


class DetachesBottom(SharedBottom):
    def deep(self, x_BI, encoded, routes):
        h_BH = self.bottom(x_BI).detach()
        return self.towers(h_BH.unsqueeze(1).expand(-1, len(routes), -1), routes)


class NormalisesOverTheBatch(SharedBottom):
    def deep(self, x_BI, encoded, routes):
        return super().deep(x_BI - x_BI.mean(0), encoded, routes)


class LeansOnItsNeighbours(SharedBottom):
    """By a few millionths."""

    def deep(self, x_BI, encoded, routes):
        return super().deep(x_BI + 3e-5 * x_BI.mean(0), encoded, routes)


class DropsNothing(SharedBottom):
    def __init__(self, config, in_dim, num_routes):
        super().__init__(config.model_copy(update={"dropout": 0.0}), in_dim, num_routes)


class DrawsItsStartElsewhere(SharedBottom):
    drawn = torch.Generator().manual_seed(0)

    def __init__(self, config, in_dim, num_routes):
        super().__init__(config, in_dim, num_routes)
        self.bottom[0].weight.data.normal_(generator=self.drawn)


class StartsAlike(SharedBottom):
    def __init__(self, config, in_dim, num_routes):
        super().__init__(config, in_dim, num_routes)
        self.bottom[0].weight.data.normal_(generator=torch.Generator().manual_seed(0))


class HidesState(SharedBottom):
    def __init__(self, config, in_dim, num_routes):
        super().__init__(config, in_dim, num_routes)
        self.register_buffer("scale", torch.rand(in_dim), persistent=False)

    def deep(self, x_BI, encoded, routes):
        return super().deep(x_BI * self.scale, encoded, routes)


class SharesNothing(SharedBottom):
    shared = ("bottem",)


class CallsTowersShared(SharedBottom):
    shared = ("bottom", "towers")


class KeepsItsWeights(SharedBottom):
    """Reads the weights it was built with, whatever it is called with."""

    def __init__(self, config, in_dim, num_routes):
        super().__init__(config, in_dim, num_routes)
        self.kept = [self.bottom[0].weight, self.bottom[0].bias]

    def deep(self, x_BI, encoded, routes):
        h_BH = nn.functional.linear(x_BI, *self.kept)
        for layer in list(self.bottom)[1:]:
            h_BH = layer(h_BH)
        return self.towers(h_BH.unsqueeze(1).expand(-1, len(routes), -1), routes)


class FullMaskMatters(SharedBottom):
    """Sees whether its weights are its own."""

    def deep(self, x_BI, encoded, routes):
        own = isinstance(self.bottom[0].weight, nn.Parameter)
        return super().deep(x_BI if own else 0.9 * x_BI, encoded, routes)


class SeesOneFeature(SharedBottom):
    def deep(self, x_BI, encoded, routes):
        return super().deep(x_BI * (torch.arange(x_BI.shape[1]) < 2), encoded, routes)


class FirstField(Interaction):
    def __init__(self, dim):
        super().__init__()
        self.out_dim = dim

    def forward(self, encoded):
        return Read(encoded.fields_BFD[:, 0])


class FirstFieldConfig(InteractionConfig):
    """Reads the item alone: learns something, and by far not all."""

    def build(self, encoder, tasks):
        return FirstField(encoder.dim)


BROKEN = [
    (contract.gives_a_logit_for_each_asked_task, DividesByWhatMayBeMissing, "not finite"),
    (contract.computes_a_subset_as_it_computes_all, IgnoresOrder, "logits of tasks"),
    (contract.leaves_other_tasks_alone, MixesTowers, "of another task"),
    (contract.every_parameter_learns, DetachesBottom, "no task gives a gradient"),
    (contract.tells_a_row_alone_what_it_tells_it_in_a_batch, NormalisesOverTheBatch, "rows alone"),
    (contract.tells_a_row_alone_what_it_tells_it_in_a_batch, LeansOnItsNeighbours, "rows alone"),
    (contract.drops_values_on_every_way_to_a_logit, DropsNothing, "training sees rows"),
    (contract.starts_from_its_seed, DrawsItsStartElsewhere, "otherwise with the same seed"),
    (contract.starts_from_its_seed, StartsAlike, "alike with another seed"),
    (contract.comes_back_from_a_checkpoint, HidesState, "differ after a file"),
    (contract.names_what_tasks_share, SharesNothing, "no submodule"),
    (contract.names_what_tasks_share, CallsTowersShared, "does not use"),
    (contract.a_full_mask_changes_nothing, FullMaskMatters, "with full masks"),
    (contract.a_mask_binds_its_task_alone, KeepsItsWeights, "get a gradient"),
    (contract.a_cut_weight_never_moves, KeepsItsWeights, "outside all masks moved"),
    (contract.learns_a_few_rows_by_heart, SeesOneFeature, "by heart"),
]


@pytest.mark.parametrize("check", contract.CHECKS, ids=lambda check: check.__name__)
def test_the_unbroken_model_passes(check):
    check(config_of(SharedBottom))


@pytest.mark.parametrize(("check", "sharing", "reason"), BROKEN)
def test_a_broken_model_is_caught(check, sharing, reason):
    with pytest.raises(AssertionError, match=reason):
        check(config_of(sharing))


def test_a_model_that_misses_most_of_the_truth_is_caught():
    with pytest.raises(AssertionError, match="of what is possible"):
        contract.learns_the_planted_truth(config_of(SharedBottom, interaction=FirstFieldConfig(name="first_field")))


def test_a_gate_that_learns_nothing_is_caught():
    class Even(OMoE):
        def deep(self, x_BI, encoded, routes):
            mixed_BH = self.experts(x_BI).mean(1)
            return self.towers(mixed_BH.unsqueeze(1).expand(-1, len(routes), -1), routes)

    class EvenConfig(SharingConfig):
        expert: tuple[int, ...] = (8,)
        gate: tuple[int, ...] = ()
        tower: tuple[int, ...] = ()
        num_experts: int = 2

        def build(self, plan):
            return Even(self, plan.in_dim, len(plan.routes))

    with pytest.raises(AssertionError, match=r"sharing\.gates"):
        contract.every_parameter_learns(EvenConfig(name="even"))
