"""Train with a critic: cross-entropy first, then WGAN-GP (Gulrajani et al. 2017).

Networks for it offer `generator`, `critic`, `supervised(batch)` (cross-entropy, in nats),
`generate(batch)`, `real(batch)` and `score(batch, pieces)`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from composer.generators.layers import wgan
from composer.training.distribution import Replicas
from composer.training.recipes.recipe import Draw, Recipe, Settings, Tensors, falling


@dataclass(frozen=True)
class AdversarialSettings(Settings):
    """Settings of training with a critic."""

    supervised_iterations: int = 7500
    """Iterations of cross-entropy alone."""
    adversarial_iterations: int = 100
    """Iterations with the critic, after them."""
    adversarial_length: int = 16
    """Of a window in the second phase, in pulses."""
    critic_steps: int = 5
    """Steps of the critic for each of the generator's."""
    penalty: float = 10.0
    """Weight of the gradient penalty."""
    supervised_weight: float = 1.0
    """Weight of the cross-entropy beside the Wasserstein loss."""
    supervised_rate: float = 1e-3
    """Learning rate of the first phase, at its start."""
    weight_decay: float = 0.03
    """Of the first phase."""
    generator_rate: float = 4e-5
    """Learning rate of the generator in the second phase."""
    critic_rate: float = 5e-4
    """Learning rate of the critic."""
    average: float = 0.99
    """How much of the generator's running average stays at each iteration of the second phase."""


class Adversarial(Recipe):
    """Two phases: `supervised` lowers the cross-entropy, `adversarial` plays against a critic."""

    config = AdversarialSettings

    def __init__(
        self, networks: Any, settings: AdversarialSettings, replicas: Replicas
    ) -> None:
        super().__init__(networks, settings, replicas)
        self._make_optimizers()
        self.generate = replicas.everywhere(networks.generate)
        self.supervised_step = replicas.everywhere(self._supervised_step)
        self.critic_step = replicas.everywhere(self._critic_step)
        self.generator_step = replicas.everywhere(self._generator_step)

    def _make_optimizers(self) -> None:
        settings = self.settings
        self.supervised_optimizer = keras.optimizers.AdamW(
            settings.supervised_rate,
            beta_2=0.99,
            weight_decay=settings.weight_decay,
        )
        # Less momentum than usual: each step of one network changes the task of the other.
        self.generator_optimizer = keras.optimizers.Adam(
            settings.generator_rate,
            beta_1=0.5,
            beta_2=0.9,
        )
        self.critic_optimizer = keras.optimizers.Adam(
            settings.critic_rate,
            beta_1=0.5,
            beta_2=0.9,
        )
        # Built now, not at the first step: a checkpoint may be restored before it.
        generator = self.networks.generator.trainable_variables
        self.supervised_optimizer.build(generator)
        self.generator_optimizer.build(generator)
        self.critic_optimizer.build(self.networks.critic.trainable_variables)

    def step(self, iteration: int, draw: Draw) -> Tensors:
        """Do one iteration of the phase to which it belongs. Return the losses by name."""
        if self.settings.phase(iteration) == "supervised":
            return self.supervise(iteration, draw)
        return self.compete(draw)

    def supervise(self, iteration: int, draw: Draw) -> Tensors:
        """Take one step down the cross-entropy."""
        done = iteration / self.settings.supervised_iterations
        rate = falling(self.settings.supervised_rate, done)
        self.supervised_optimizer.learning_rate.assign(rate)
        return {"supervised": self.supervised_step(draw.batch(self.settings.length))}

    def compete(self, draw: Draw) -> Tensors:
        """Take the critic's steps, then the generator's."""
        settings = self.settings
        losses: Tensors = {}
        batch = draw.batch(settings.adversarial_length)
        # Once for all of the critic's steps: generating is most of their cost.
        fake = self.generate(batch)
        for _ in range(settings.critic_steps):
            losses |= self.critic_step(batch, fake, draw.uniform())
        losses |= self.generator_step(draw.batch(settings.adversarial_length))
        self._update_average()
        return losses

    def variables(self) -> list[Any]:
        """Return the variables of both networks, then those of the three optimisers."""
        owners = (
            self.networks.generator,
            self.networks.critic,
            self.supervised_optimizer,
            self.generator_optimizer,
            self.critic_optimizer,
        )
        return [variable for owner in owners for variable in owner.variables]

    def _supervised_step(self, batch: Tensors) -> Any:
        variables = self.networks.generator.trainable_variables
        with tf.GradientTape() as tape:
            loss = self.networks.supervised(batch)
        gradients = tape.gradient(loss, variables)
        self.replicas.descend(self.supervised_optimizer, gradients, variables)
        return loss

    def _critic_step(self, batch: Tensors, fake: Any, share: Any) -> Tensors:
        networks = self.networks
        variables = networks.critic.trainable_variables
        real = networks.real(batch)
        mixed = wgan.mix(real, fake, share)
        with tf.GradientTape() as tape:
            loss = wgan.critic_loss(
                networks.score(batch, real), networks.score(batch, fake)
            )
            # The penalty is on the gradient by the music, so there is a tape within the tape.
            with tf.GradientTape() as inner:
                inner.watch(mixed)
                scores = networks.score(batch, mixed)
            penalty = wgan.gradient_penalty(inner.gradient(scores, mixed))
            total = loss + self.settings.penalty * penalty
        gradients = tape.gradient(total, variables)
        self.replicas.descend(self.critic_optimizer, gradients, variables)
        return {"critic": loss, "penalty": penalty}

    def _generator_step(self, batch: Tensors) -> Tensors:
        networks = self.networks
        variables = networks.generator.trainable_variables
        with tf.GradientTape() as tape:
            loss = wgan.generator_loss(networks.score(batch, networks.generate(batch)))
            # The cross-entropy stays, so that the first phase is not unlearnt.
            supervised = networks.supervised(batch)
            total = loss + self.settings.supervised_weight * supervised
        gradients = tape.gradient(total, variables)
        self.replicas.descend(self.generator_optimizer, gradients, variables)
        return {"generator": loss, "supervised": supervised}

    def _update_average(self) -> None:
        """Move the average towards the weights; the first time it begins with them."""
        now = [v.numpy() for v in self.networks.generator.trainable_variables]
        stays = self.settings.average
        pairs = zip(self.average or now, now, strict=True)
        self.average = [stays * mean + (1 - stays) * weight for mean, weight in pairs]
