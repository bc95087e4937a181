"""Train a variational autoencoder: reconstruction, and beta times the divergence of its latents.

Kingma & Welling 2014, Higgins et al. 2017 (beta), Kingma et al. 2016 (free bits). Networks for it
offer `generator` and `elbo_terms(batch)`: the negative log-likelihood of each piece, float [B], and
the Kullback-Leibler divergence of each latent from the standard normal, float [B, L], both in nats.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from composer.errors import ConfigError
from composer.training.distribution import Replicas
from composer.training.recipes.recipe import Draw, Recipe, Settings, Tensors, falling


@dataclass(frozen=True)
class VariationalSettings(Settings):
    """Settings of training a variational autoencoder."""

    variational_iterations: int = 5000
    learning_rate: float = 1e-3
    """At the start; it falls along half a cosine."""
    beta: float = 1.0
    """Weight of the divergence, once it is warm."""
    warm_up: float = 0.2
    """Share of the iterations in which beta rises from 0."""
    free_bits: float = 0.0
    """Bits of each latent that cost nothing, so that it is not given up early."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.warm_up > 1:
            raise ConfigError(f"warm_up is a share, 0..1, got {self.warm_up}")


class Variational(Recipe):
    """One phase, `variational`: one step of Adam an iteration up the evidence lower bound."""

    config = VariationalSettings

    def __init__(
        self, networks: Any, settings: VariationalSettings, replicas: Replicas
    ) -> None:
        super().__init__(networks, settings, replicas)
        self.optimizer = keras.optimizers.Adam(settings.learning_rate)
        # Built now, not at the first step: a checkpoint may be restored before it.
        self.optimizer.build(networks.generator.trainable_variables)
        self.descent = replicas.everywhere(self._descend)

    def step(self, iteration: int, draw: Draw) -> Tensors:
        """Take one step. Return the reconstruction and the divergence, in nats a piece."""
        settings = self.settings
        done = iteration / max(1, settings.iterations)
        self.optimizer.learning_rate.assign(falling(settings.learning_rate, done))
        batch = draw.batch(settings.length)
        # A tensor, not a number: with a number every iteration would trace a graph of its own.
        return dict(self.descent(batch, tf.constant(self.beta(iteration), tf.float32)))

    def beta(self, iteration: int) -> float:
        """Return the weight of the divergence at an iteration."""
        # At full weight from the start the decoder would learn to do without the latents.
        warm = self.settings.warm_up * self.settings.iterations
        if iteration >= warm:
            return float(self.settings.beta)
        return float(self.settings.beta * iteration / warm)

    def variables(self) -> list[Any]:
        """Return the variables of the networks, then those of the optimiser."""
        return [*self.networks.generator.variables, *self.optimizer.variables]

    def _descend(self, batch: Tensors, beta: Any) -> Tensors:
        variables = self.networks.generator.trainable_variables
        with tf.GradientTape() as tape:
            negative, divergence = self.networks.elbo_terms(batch)
            reconstruction = ops.mean(negative)
            # Over the batch first: the bits are free for each latent, not for each piece.
            each = ops.mean(divergence, axis=0)
            total = reconstruction + beta * costly(each, self.settings.free_bits)
        self.replicas.descend(
            self.optimizer, tape.gradient(total, variables), variables
        )
        return {"reconstruction": reconstruction, "divergence": ops.sum(each)}


def costly(divergence: Any, free_bits: float) -> Any:
    """Return the cost of the divergences [L] of the latents, in nats.

    Below its free bits every latent costs the same, so that nothing pulls it to 0.

    >>> import numpy as np
    >>> round(float(costly(np.array([0.1, 2.0], "float32"), free_bits=0.0)), 3)
    2.1
    >>> round(float(costly(np.array([0.1, 2.0], "float32"), free_bits=1.0)), 3)  # ln 2 + 2
    2.693
    """
    return ops.sum(ops.maximum(divergence, free_bits * log(2)))
