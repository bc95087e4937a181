"""Wasserstein losses and the gradient penalty, which every GAN here shares.

Arjovsky et al. 2017 (WGAN), Gulrajani et al. 2017 (gradient penalty). Keras operations only, so
that they run on any Keras backend; the training step takes the gradient itself.
"""

from __future__ import annotations

from typing import Any

from keras import ops

Tensor = Any


def critic_loss(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    """Return what the critic lowers: the mean score of generated pieces less that of real ones.

    Scores: float [batch].

    >>> float(critic_loss([3.0, 5.0], [1.0, 2.0]))
    -2.5
    """
    return ops.mean(fake_scores) - ops.mean(real_scores)


def generator_loss(fake_scores: Tensor) -> Tensor:
    """Return what the generator lowers: minus the mean score of its pieces, float [batch].

    >>> float(generator_loss([1.0, 2.0]))
    -1.5
    """
    return -ops.mean(fake_scores)


def mix(real: Tensor, fake: Tensor, share: Tensor) -> Tensor:
    """Return points between real and generated pieces, `share` (float [batch] in 0..1) of the way.

    One share a piece, for all its cells: Gulrajani et al. 2017, algorithm 1.
    """
    # Axes of length 1, so that one share meets all cells of its piece.
    share = ops.reshape(share, (-1,) + (1,) * (len(real.shape) - 1))
    return real + share * (fake - real)


def gradient_penalty(gradient: Tensor) -> Tensor:
    """Return the mean squared distance from 1 of the gradient's norm.

    The norm is taken over all axes but the first (batch): the critic is to be steep by 1 in each
    whole piece.
    """
    axes = tuple(range(1, len(gradient.shape)))
    # The square root has no finite slope at 0, hence the small number.
    norm = ops.sqrt(ops.sum(ops.square(gradient), axis=axes) + 1e-12)
    return ops.mean(ops.square(norm - 1.0))
