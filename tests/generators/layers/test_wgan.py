"""Wasserstein losses and the gradient penalty against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tests.conftest import needs

keras = needs("keras")

from composer.generators.layers import wgan  # noqa: E402


def number(tensor: object) -> float:
    return float(keras.ops.convert_to_numpy(tensor))


def test_losses_are_differences_of_means() -> None:
    real, fake = np.array([1.0, 2.0, 6.0], np.float32), np.array([-1.0, 0.5], np.float32)
    assert number(wgan.critic_loss(real, fake)) == pytest.approx(-0.25 - 3.0)
    assert number(wgan.generator_loss(fake)) == pytest.approx(0.25)


def test_penalty_takes_the_norm_over_all_axes_but_the_batch() -> None:
    gradient = np.zeros((2, 2, 3), np.float32)
    gradient[0, 0, 0], gradient[0, 1, 1], gradient[0, 1, 2] = 1, 2, 2  # norm 3: (3 - 1)^2 = 4
    gradient[1, 1, 0] = 7  # norm 7: 36
    assert number(wgan.gradient_penalty(gradient)) == pytest.approx((4 + 36) / 2, abs=1e-4)
    # What a norm that skips an axis would give; the fixture must tell them apart.
    for axes in (1, 2, (0, 1), (0, 1, 2)):
        skipped = np.sqrt(np.square(gradient).sum(axis=axes))
        assert abs(np.square(skipped - 1).mean() - 20) > 1


def test_penalty_of_a_single_axis_and_of_zero_gradient() -> None:
    assert number(wgan.gradient_penalty(np.array([[3.0, 4.0]], np.float32))) == pytest.approx(16)
    assert number(wgan.gradient_penalty(np.zeros((1, 2, 2, 2, 2), np.float32))) == pytest.approx(
        1, abs=1e-4
    )


def test_penalty_through_a_critic_whose_gradient_is_known() -> None:
    tf = needs("tensorflow")
    weights = tf.constant(np.arange(1, 9, dtype=np.float32).reshape(2, 4))
    pieces = tf.constant(np.random.default_rng(0).random((3, 2, 4), np.float32))
    with tf.GradientTape() as tape:
        tape.watch(pieces)
        scores = tf.reduce_sum(weights * pieces, axis=(1, 2))
    penalty = wgan.gradient_penalty(tape.gradient(scores, pieces))
    assert number(penalty) == pytest.approx(
        (np.sqrt(204) - 1) ** 2, rel=1e-5
    )  # 1 + 4 + ... + 64 = 204


def test_mix_takes_one_share_a_piece() -> None:
    real = np.full((3, 2, 4), 10, np.float32)
    fake = np.full((3, 2, 4), 2, np.float32)
    mixed = keras.ops.convert_to_numpy(wgan.mix(real, fake, np.array([0, 0.25, 1], np.float32)))
    assert mixed.shape == (3, 2, 4)
    assert [set(m.ravel().tolist()) for m in mixed] == [{10.0}, {8.0}, {2.0}]
