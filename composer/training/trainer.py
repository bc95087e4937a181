"""Networks in training, of any family and recipe: iterate, save, restore."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from composer.errors import ComposerError, ModelError
from composer.generators import Arrays, Family, Player
from composer.training.distribution import Replicas
from composer.training.recipes import find_recipe
from composer.training.recipes.recipe import Draw, Settings

State = dict[str, NDArray[Any]]
"""A checkpoint: `iteration`, all variables as `v0`, `v1` ..., the running average as `a0` ..., and
the generator's variables as they play as `g0` ..."""


class Trainer:
    """The networks of a family, and the recipe that trains them.

    Every iteration draws from (seed, iteration) alone, so that a run which was broken off goes on
    bit for bit. model: the family's config. strategy: of tf.distribute.
    """

    def __init__(
        self,
        kind: Family,
        songs: Sequence[Any],
        model: Any,
        settings: Settings,
        seed: int = 0,
        strategy: Any = None,
    ) -> None:
        # Before anything is built: the first weights are random too.
        keras.utils.set_random_seed(seed)
        self.kind = kind
        self.model = model
        self.settings = settings
        self.seed = seed
        self.iteration = 0
        self.windows = kind.windows(list(songs), model)
        self.replicas = Replicas(strategy)
        with self.replicas.scope():
            self.networks = kind.build(model)
            self.recipe = find_recipe(kind.recipe)(
                self.networks, settings, self.replicas
            )
        play, shapes = kind.playing_model(self.networks)
        # With one signature for all lengths there is one graph, not one for each length.
        signature = {
            name: tf.TensorSpec(shape, dtype) for name, (shape, dtype) in shapes.items()
        }
        self._play = tf.function(play, input_signature=[signature], autograph=False)

    def use(self, settings: Settings) -> None:
        """Go on with other settings."""
        self.settings = settings
        self.recipe.settings = settings

    def iterate(self) -> dict[str, float]:
        """Do one iteration. Return its losses by name.

        Raise ComposerError if one is not a number.
        """
        # A generator for each iteration, so that its state need not be saved.
        rng = np.random.default_rng([self.seed, self.iteration])
        losses = self.recipe.step(self.iteration, self.draw(rng))
        found = {name: self.replicas.mean(loss) for name, loss in losses.items()}
        # Such weights never recover, and would be saved over good ones.
        if not all(np.isfinite(list(found.values()))):
            raise ComposerError(
                f"iteration {self.iteration}: a loss is not a number ({found}); the last checkpoint "
                f"is good: begin again with lower learning rates ({', '.join(self.settings.rates)})"
            )
        self.iteration += 1
        return found

    def draw(self, rng: np.random.Generator) -> Draw:
        """Return the batches of an iteration."""
        return Draw(self.windows, rng, self.settings.batch, self.replicas)

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Put the averaged weights, if there are any, in place of the last ones for a while."""
        variables = self.networks.generator.trainable_variables
        average = self.recipe.average
        if not average:
            yield
            return
        last = [variable.numpy() for variable in variables]
        _assign(variables, average)
        try:
            yield
        finally:
            _assign(variables, last)

    def player(self) -> Player:
        """Return a player with the weights as they stand; it plays as an exported model does."""

        def run(inputs: Arrays) -> Arrays:
            return {name: value.numpy() for name, value in self._play(inputs).items()}

        return Player(self.kind, self.model, run)

    def state(self) -> State:
        """Return all that going on needs, and the weights that play."""
        state = {"iteration": np.array(self.iteration)}
        for i, variable in enumerate(self.recipe.variables()):
            state[f"v{i}"] = variable.numpy()
        for i, mean in enumerate(self.recipe.average):
            state[f"a{i}"] = np.asarray(mean)
        # The weights that play are kept beside, since a thinned checkpoint has only those.
        with self.averaged():
            for i, variable in enumerate(self.networks.generator.variables):
                state[f"g{i}"] = variable.numpy()
        return state

    def restore(self, state: State) -> None:
        """Go on from a `state`. Raise ModelError if it is of other networks."""
        _fill(self.recipe.variables(), "v", state)
        self.recipe.average = [
            state[f"a{i}"] for i in range(len(state)) if f"a{i}" in state
        ]
        self.iteration = int(state["iteration"])

    def restore_playing(self, state: State) -> None:
        """Take only the weights that play. Raise ModelError if they are of other networks."""
        _fill(self.networks.generator.variables, "g", state)
        self.iteration = int(state["iteration"])


def _fill(variables: list[Any], letter: str, state: State) -> None:
    """Set variables from the arrays `v0`, `v1` ... of a state."""
    try:
        _assign(variables, [state[f"{letter}{i}"] for i in range(len(variables))])
    except (KeyError, ValueError) as error:
        raise ModelError(f"the checkpoint does not fit this model: {error}") from error


def _assign(variables: list[Any], values: list[Any]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
