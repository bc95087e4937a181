"""Networks in training: iterations that follow from the seed alone, states, averaged weights."""

from __future__ import annotations

import numpy as np
import pytest
from composer.errors import ComposerError, ModelError
from composer.training.trainer import State, Trainer

from tests.support.training import trainer_of


@pytest.fixture(scope="module")
def trainer() -> Trainer:
    return trainer_of()


def equal(one: State, other: State) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[k], other[k]) for k in one)


def test_an_iteration_from_the_same_state_is_the_same_bit_for_bit(trainer: Trainer) -> None:
    before = trainer.state()
    losses = trainer.iterate()
    after = trainer.state()
    assert trainer.iteration == int(before["iteration"]) + 1 and not equal(before, after)
    trainer.restore(before)
    assert trainer.iterate() == losses and equal(trainer.state(), after)


def test_another_iteration_draws_other_music(trainer: Trainer) -> None:
    batches = []
    for iteration in (0, 1, 0):
        rng = np.random.default_rng([trainer.seed, iteration])
        drawn = trainer.draw(rng).batch(8)
        batches.append([value.numpy() for value in drawn.values()])
    first, second, again = batches
    assert all(map(np.array_equal, first, again))
    assert not all(map(np.array_equal, first, second))


def test_averaged_weights_stand_in_and_the_last_ones_come_back(trainer: Trainer) -> None:
    variables = trainer.networks.generator.trainable_variables
    last = [variable.numpy() for variable in variables]
    trainer.recipe.average = [value + 1 for value in last]
    try:
        with pytest.raises(KeyError), trainer.averaged():
            assert np.array_equal(variables[0].numpy(), last[0] + 1)
            raise KeyError
        assert all(map(np.array_equal, [variable.numpy() for variable in variables], last))
    finally:
        trainer.recipe.average = []


def test_a_loss_that_is_not_a_number_ends_training_before_it_counts(
    trainer: Trainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = trainer.iteration
    monkeypatch.setattr(trainer.recipe, "step", lambda *_: {"supervised": float("nan")})
    with pytest.raises(ComposerError, match=r"not a number.*lower learning rates"):
        trainer.iterate()
    assert trainer.iteration == at


def test_a_state_of_other_networks_is_refused(trainer: Trainer) -> None:
    state = trainer.state()
    del state["v0"]
    with pytest.raises(ModelError, match="does not fit"):
        trainer.restore(state)
