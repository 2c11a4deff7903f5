"""How numbers enter, by name."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from recmtl.config import problems
from recmtl.errors import ConfigError
from recmtl.models.encoder import Encoder, EncoderConfig
from recmtl.testing.planted import planted, planted_schema

BATCH = planted(60, seed=0).rows.batch
PRICE, AGE = planted_schema().numbers
SINGLE, SEQUENCES = ("item", "city", "price", "age"), ("history", "tags")


def encoder(numbers, copies=1, wide=0):
    config = EncoderConfig(embedding_dim=3, unseen_rate=0.0, numbers=numbers)
    return Encoder(config, planted_schema(), 0, copies=copies, wide=wide)


@pytest.mark.parametrize(
    ("numbers", "fields", "dense"),
    [
        ("encoded", (*SINGLE, *SEQUENCES), 22),
        ("plain", ("item", "city", *SEQUENCES), 2),
        ("linear", ("item", "city", *SEQUENCES, "price", "age"), 0),
        ({"price": "linear"}, ("item", "city", "age", *SEQUENCES, "price"), 11),
        ({"age": "plain"}, ("item", "city", "price", *SEQUENCES), 12),
        ({"price": "plain", "age": "linear"}, ("item", "city", *SEQUENCES, "age"), 1),
    ],
)
def test_each_number_enters_as_it_is_named_and_encoded_if_it_is_not(numbers, fields, dense):
    one = encoder(numbers)
    encoded = one(BATCH)
    assert one.fields == fields and encoded.fields_BFD.shape == (60, len(fields), 3)
    assert one.dense_dim == dense and encoded.dense_BK.shape == (60, dense)
    assert encoded.flat().shape == (60, one.flat_dim)


def test_the_columns_are_those_of_the_number_that_was_named():
    every, mixed = encoder("plain")(BATCH).dense_BK, encoder({"price": "plain"})(BATCH).dense_BK
    pieces = encoder("encoded")(BATCH).dense_BK
    assert torch.equal(mixed[:, :11], pieces[:, 11:]), "encoded ones come first"
    assert torch.equal(mixed[:, 11], every[:, 0])


@pytest.mark.parametrize(("copies", "wide"), [(1, 0), (2, 2)])
def test_a_linear_number_is_a_field_in_each_copy_and_has_a_weight_for_each_task(copies, wide):
    one = encoder({"price": "linear"}, copies, wide)
    layer = one.numbers["linear"]
    with torch.no_grad():
        weight = torch.arange(len(layer.vectors) // 2) + 1.0
        layer.vectors.copy_(torch.cat([weight, -weight]))
    encoded, value_B = one(BATCH), BATCH.numbers_BN[:, 0].numpy()
    assert np.isnan(value_B).any()
    known_B = (np.clip(value_B, PRICE.knots[0], PRICE.knots[-1]) - np.mean(PRICE.knots)) / np.std(PRICE.knots)
    scaled_B = np.where(np.isnan(value_B), -1, known_B)
    for copy in range(copies):
        expected_BD = scaled_B[:, None] * (np.arange(3) + 1 + 3 * copy)
        found_BD = encoded.copy(copy, 3).fields_BFD[:, -1].detach().numpy()
        np.testing.assert_allclose(found_BD, expected_BD, rtol=1e-4, atol=1e-5)
    if wide:
        expected_BT = scaled_B[:, None] * (np.arange(wide) + 1 + 3 * copies)
        np.testing.assert_allclose(encoded.wide_BT.detach().numpy(), expected_BT, rtol=1e-4, atol=1e-4)


def test_a_key_of_no_number_is_refused_with_the_nearest():
    with pytest.raises(ConfigError, match=r"model\.encoder\.numbers names 'prise', which is no number .*'price'"):
        EncoderConfig(numbers={"prise": "plain"}).check(planted_schema())


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("bucketised", "it takes encoded, plain, linear, not 'bucketised'"),
        ({"age": "plane"}, "'age' takes encoded, plain, linear (did you mean 'plain'?), not 'plane'"),
    ],
)
def test_another_word_is_refused_in_one_sentence(given, said):
    with pytest.raises(ValidationError) as refused:
        EncoderConfig.model_validate({"numbers": given})
    assert problems(refused.value, EncoderConfig) == [("numbers", f"is not valid: {said}")]
