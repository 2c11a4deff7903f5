"""The model functions: the parameters, defaults and checks of the Keras models whose names they have."""

from inspect import Parameter, signature

import pytest

from recmtl.deepctr import ESMM, ESSM, MMOE, PLE, PLE_CGC, DenseFeat, Shared_Bottom, SparseFeat

COMMON = {
    "l2_reg_embedding": 1e-5, "l2_reg_dnn": 0, "seed": 1024, "dnn_dropout": 0, "dnn_activation": "relu",
    "dnn_use_bn": False,
}  # fmt: skip
NEEDED = dict.fromkeys(["dnn_feature_columns", "num_tasks", "task_types", "task_names"], Parameter.empty)
PUBLISHED = {
    Shared_Bottom: NEEDED | {"bottom_dnn_units": [128, 128], "tower_dnn_units_lists": [[64, 32], [64, 32]]},
    ESSM: {
        "dnn_feature_columns": Parameter.empty, "task_type": "binary", "task_names": ["ctr", "ctcvr"],
        "tower_dnn_units_lists": [[128, 128], [128, 128]],
    },
    MMOE: NEEDED | {
        "num_experts": 4, "expert_dnn_units": [32, 32], "gate_dnn_units": None,
        "tower_dnn_units_lists": [[16, 8], [16, 8]],
    },
    PLE_CGC: NEEDED | {
        "num_experts_specific": 8, "num_experts_shared": 4, "expert_dnn_units": [64, 64], "gate_dnn_units": None,
        "tower_dnn_units_lists": [[16, 16], [16, 16]],
    },
    PLE: NEEDED | {
        "num_levels": 2, "num_experts_specific": 8, "num_experts_shared": 4, "expert_dnn_units": [64, 64],
        "gate_dnn_units": None, "tower_dnn_units_lists": [[16, 16], [16, 16]],
    },
}  # fmt: skip


def as_lists(value):
    return [as_lists(inner) for inner in value] if isinstance(value, tuple) else value


@pytest.mark.parametrize("function", PUBLISHED, ids=lambda function: function.__name__)
def test_parameters_and_defaults_are_those_that_scripts_rely_on(function):
    found = {name: as_lists(parameter.default) for name, parameter in signature(function).parameters.items()}
    assert list(found.items()) == list((PUBLISHED[function] | COMMON).items())


def test_esmm_is_also_spelt_essm():
    assert ESSM is ESMM


def test_the_defaults_are_two_levels_of_ple_and_one_of_cgc(columns, tasks):
    ple, cgc = PLE(columns, **tasks).section, PLE_CGC(columns, **tasks).section
    assert (ple.pop("num_levels"), cgc.pop("num_levels")) == (2, 1)
    assert ple == cgc
    assert (ple["num_specific_experts"], ple["num_shared_experts"], ple["expert"]) == (8, 4, [64, 64])


def test_dropout_the_width_of_vectors_and_their_start_are_passed_on(columns, tasks):
    section = MMOE(columns, **tasks, dnn_dropout=0.3).section
    assert section["dropout"] == 0.3
    encoder = section["encoder"]
    assert encoder["embedding_dim"] == 8
    # uniform between +-scale/sqrt(dim): its standard deviation is that of DeepCTR's normal start
    assert encoder["initial_scale"] / (3 * 8) ** 0.5 == pytest.approx(1e-4)


@pytest.mark.parametrize("function", [MMOE, PLE_CGC, PLE], ids=lambda function: function.__name__)
def test_gates_have_the_hidden_layers_that_are_asked_for_and_else_none(function, columns, tasks):
    assert function(columns, **tasks, gate_dnn_units=[16, 16]).section["gate"] == [16, 16]
    for none in (None, []):
        assert "gate" not in function(columns, **tasks, gate_dnn_units=none).section


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"num_tasks": 1}, "num_tasks must be greater than 1"),
        ({"num_tasks": 3}, "num_tasks must be equal to the length of task_types"),
        ({"task_types": ["binary", "multiclass"]}, "binary or regression, 'multiclass' is illegal"),
        ({"task_names": ["a", "b", "c"]}, "the length of task_names"),
        ({"task_names": ["a", "A"]}, "two tasks are called 'a'"),
        ({"task_names": ["a", "b/c"]}, "no task can be called 'b/c'"),
        ({"tower_dnn_units_lists": [[8]]}, "the length of tower_dnn_units_lists must be equal to num_tasks"),
        ({"tower_dnn_units_lists": [[8], [16]]}, "the same widths, not [[8], [16]]"),
        ({"tower_dnn_units_lists": [[8], [0]]}, "tower_dnn_units_lists[1][0] must be a whole number of at least 1"),
        ({"expert_dnn_units": []}, "expert_dnn_units must be a list of at least 1"),
        ({"num_experts_shared": 0}, "num_experts_shared must be"),
        ({"num_experts_specific": -1}, "num_experts_specific must be"),
        ({"num_levels": 0}, "num_levels must be"),
        ({"gate_dnn_units": 16}, "gate_dnn_units must be a list"),
        ({"l2_reg_embedding": -1}, "l2_reg_embedding must be a number of at least 0"),
        ({"dnn_dropout": 1}, "dnn_dropout must be a number of at least 0 and below 1"),
        ({"dnn_activation": "dice"}, "dnn_activation='dice' is not supported; it can only be 'relu'"),
        ({"dnn_use_bn": True}, "dnn_use_bn=True is not supported"),
        ({"seed": -1}, "seed must be a whole number"),
        ({"seed": 2**32}, "seed must be below"),
    ],
)
def test_what_makes_no_sense_is_refused_before_any_data_come(change, said, columns, tasks):
    with pytest.raises(ValueError) as error:
        PLE(columns, **(tasks | change))
    assert said in str(error.value)


def test_an_unknown_parameter_is_refused_by_its_name(columns, tasks):
    with pytest.raises(TypeError, match="num_expert"):
        MMOE(columns, **tasks, num_expert=3)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"task_type": "regression"}, "task_type must be 'binary'"),
        ({"task_names": ["a", "b", "c"]}, "the length of task_names must be equal to 2"),
        ({"tower_dnn_units_lists": [[8]] * 3}, "must be equal to num_tasks, 2"),
    ],
)
def test_esmm_is_for_two_probabilities(change, said, columns):
    with pytest.raises(ValueError) as error:
        ESMM(columns, **change)
    assert said in str(error.value)


def test_the_summary_says_what_goes_in_and_what_comes_out(tasks):
    lines = []
    PLE([SparseFeat("item", 30), DenseFeat("price")], **tasks).summary(print_fn=lines.append)
    assert lines[0] == "item: id of 30, vectors of 4"
    assert lines[1] == "price: 1 number(s)"
    assert {"click: binary", "minutes: regression"} < set(lines)
    assert any('"num_levels": 2' in line for line in lines)
