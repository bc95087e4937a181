"""Train by likelihood alone: the cross-entropy of the pieces' own notes, no critic.

Networks for it offer `generator` and `supervised(batch)` (cross-entropy, in nats).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from composer.training.distribution import Replicas
from composer.training.recipes.recipe import Draw, Recipe, Settings, Tensors, falling


@dataclass(frozen=True)
class LikelihoodSettings(Settings):
    """Settings of training by likelihood."""

    likelihood_iterations: int = 5000
    learning_rate: float = 1e-3
    """At the start; it falls along half a cosine."""
    weight_decay: float = 0.03


class Likelihood(Recipe):
    """One phase, `likelihood`: one step of AdamW an iteration down the cross-entropy."""

    config = LikelihoodSettings

    def __init__(
        self, networks: Any, settings: LikelihoodSettings, replicas: Replicas
    ) -> None:
        super().__init__(networks, settings, replicas)
        self.optimizer = keras.optimizers.AdamW(
            settings.learning_rate,
            beta_2=0.99,
            weight_decay=settings.weight_decay,
        )
        # Built now, not at the first step: a checkpoint may be restored before it.
        self.optimizer.build(networks.generator.trainable_variables)
        self.descent = replicas.everywhere(self._descend)

    def step(self, iteration: int, draw: Draw) -> Tensors:
        """Take one step down the cross-entropy. Return it."""
        # The rate follows from the iteration alone: a resumed run needs no other memory.
        done = iteration / max(1, self.settings.iterations)
        self.optimizer.learning_rate.assign(falling(self.settings.learning_rate, done))
        return {"cross_entropy": self.descent(draw.batch(self.settings.length))}

    def variables(self) -> list[Any]:
        """Return the variables of the generator, then those of the optimiser."""
        return [*self.networks.generator.variables, *self.optimizer.variables]

    def _descend(self, batch: Tensors) -> Any:
        variables = self.networks.generator.trainable_variables
        with tf.GradientTape() as tape:
            loss = self.networks.supervised(batch)
        self.replicas.descend(self.optimizer, tape.gradient(loss, variables), variables)
        return loss
