"""A critic's last layers: a score a piece, from each beat and from the whole."""

from __future__ import annotations

import numpy as np

from tests.conftest import needs

keras = needs("keras")

from composer.generators.layers.judge import TwoScores  # noqa: E402


def test_each_piece_has_a_score_of_its_own() -> None:
    keras.utils.set_random_seed(0)
    judge = TwoScores(4)
    pieces = np.random.default_rng(0).standard_normal((3, 8, 4)).astype(np.float32)
    together = np.asarray(judge(pieces))
    alone = [float(judge(pieces[i : i + 1])[0]) for i in range(3)]
    assert together.shape == (3,) and len(set(alone)) == 3
    assert np.allclose(together, alone, atol=1e-5)


def test_one_beat_moves_the_local_score() -> None:
    keras.utils.set_random_seed(0)
    judge = TwoScores(4)
    pieces = np.zeros((1, 8, 4), np.float32)
    before = float(judge(pieces)[0])
    pieces[0, 3] = 1
    assert float(judge(pieces)[0]) != before
