"""Reconstruction and beta times divergence: a tiny autoencoder learns, and free bits keep its latents."""

from __future__ import annotations

from math import log
from typing import Any

import keras
import numpy as np
import pytest
from composer.errors import ConfigError
from composer.training.distribution import Replicas
from composer.training.recipes.recipe import Draw
from composer.training.recipes.variational import Variational, VariationalSettings, costly
from keras import layers, ops

WIDTH, LATENTS = 8, 2


class Autoencoder(keras.Model):
    """One-hot patterns [B, 8] through two latents; the noise comes in with the batch."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = layers.Dense(2 * LATENTS)
        self.decoder = layers.Dense(WIDTH)

    def call(self, x: Any, noise: Any) -> tuple[Any, Any, Any]:
        mean, spread = ops.split(self.encoder(x), 2, axis=-1)
        return mean, spread, self.decoder(mean + ops.exp(0.5 * spread) * noise)


class Networks:
    def __init__(self) -> None:
        keras.utils.set_random_seed(2)
        self.generator = Autoencoder()
        self.generator(np.zeros((1, WIDTH), "float32"), np.zeros((1, LATENTS), "float32"))

    def elbo_terms(self, batch: dict[str, Any]) -> tuple[Any, Any]:
        mean, spread, logits = self.generator(batch["x"], batch["noise"])
        negative = -ops.sum(batch["x"] * ops.log_softmax(logits), axis=-1)
        divergence = 0.5 * (ops.exp(spread) + ops.square(mean) - 1.0 - spread)
        return negative, divergence


class Patterns:
    """Four of the eight patterns, equally often: the least that can be told is log 4 nats."""

    def batch(self, rng: np.random.Generator, size: int, length: int) -> dict[str, Any]:
        x = np.eye(WIDTH, dtype=np.float32)[2 * rng.integers(4, size=size)]
        return {"x": x, "noise": rng.standard_normal((size, LATENTS)).astype(np.float32)}


def trained(**changes: Any) -> tuple[Variational, list[dict[str, float]]]:
    settings = VariationalSettings(
        batch=32, **{"variational_iterations": 400, "learning_rate": 0.05, **changes}
    )
    recipe = Variational(Networks(), settings, Replicas())
    losses = []
    for at in range(settings.iterations):
        found = recipe.step(at, Draw(Patterns(), np.random.default_rng([1, at]), 32, Replicas()))
        losses.append({name: float(value) for name, value in found.items()})
    return recipe, losses


def mean(losses: list[dict[str, float]], name: str) -> float:
    return float(np.mean([loss[name] for loss in losses[-50:]]))


def test_the_patterns_are_learnt_through_the_latents() -> None:
    _, losses = trained(beta=0.1)
    assert set(losses[0]) == {"reconstruction", "divergence"}
    assert mean(losses, "reconstruction") < 0.3 * losses[0]["reconstruction"]
    assert mean(losses, "reconstruction") < 0.5 * log(4)  # more than their frequencies alone tell
    assert mean(losses, "divergence") > 1.0


def test_a_large_beta_gives_the_latents_up_and_free_bits_keep_them() -> None:
    _, lost = trained(beta=4.0)
    assert mean(lost, "divergence") < 0.1
    assert mean(lost, "reconstruction") == pytest.approx(log(4), abs=0.15)
    _, kept = trained(beta=4.0, free_bits=2.0)
    assert mean(kept, "divergence") > log(2) and mean(kept, "reconstruction") < 1.0


def test_beta_rises_to_its_value_and_the_steps_share_one_graph() -> None:
    recipe, _ = trained(beta=2.0, warm_up=0.5, variational_iterations=4)
    assert [recipe.beta(at) for at in range(4)] == [0.0, 1.0, 2.0, 2.0]
    assert recipe.descent.experimental_get_tracing_count() == 1
    recipe, _ = trained(beta=2.0, warm_up=0.0, variational_iterations=1)
    assert recipe.beta(0) == 2.0
    with pytest.raises(ConfigError, match=r"warm_up is a share, 0\.\.1, got 1\.5"):
        VariationalSettings(warm_up=1.5)


def test_only_what_lies_above_the_free_bits_costs() -> None:
    divergence = np.array([0.25, 3.0], np.float32)
    assert float(costly(divergence, 0.0)) == 3.25
    assert float(costly(divergence, 1.0)) == pytest.approx(log(2) + 3.0)


def test_variables_are_the_networks_then_the_optimisers() -> None:
    recipe, _ = trained(variational_iterations=1)
    networks = recipe.networks.generator.variables
    assert recipe.variables()[: len(networks)] == list(networks)
    assert len(recipe.variables()) == len(networks) + len(recipe.optimizer.variables)
