"""What every GAN here shares: Wasserstein losses and the gradient penalty.

Arjovsky et al. 2017 (WGAN), Gulrajani et al. 2017 (gradient penalty).
Keras operations only, so that they run on any Keras backend; the gradient itself is taken by the training step.
"""

from __future__ import annotations

from typing import Any

from keras import ops

Tensor = Any


def critic_loss(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    """What the critic lowers: mean score of generated pieces less that of real ones. Scores: float [batch]."""
    return ops.mean(fake_scores) - ops.mean(real_scores)


def generator_loss(fake_scores: Tensor) -> Tensor:
    """What the generator lowers: minus the mean score of its pieces. Scores: float [batch]."""
    return -ops.mean(fake_scores)


def mix(real: Tensor, fake: Tensor, share: Tensor) -> Tensor:
    """Points between real and generated pieces, `share` (uniform in 0..1, float [batch]) of the way.

    One share a piece, for all its cells: Gulrajani et al. 2017, algorithm 1.
    """
    share = ops.reshape(share, (-1,) + (1,) * (len(real.shape) - 1))
    return real + share * (fake - real)


def gradient_penalty(gradient: Tensor) -> Tensor:
    """Mean squared distance from 1 of the gradient's norm, taken over all axes but the first (batch)."""
    axes = tuple(range(1, len(gradient.shape)))
    norm = ops.sqrt(ops.sum(ops.square(gradient), axis=axes) + 1e-12)
    return ops.mean(ops.square(norm - 1.0))
