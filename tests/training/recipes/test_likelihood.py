"""Cross-entropy alone: a tiny network without a critic learns, and goes on where it was."""

from __future__ import annotations

import numpy as np
import pytest
from composer.config import from_dict
from composer.songs.song import Note, Song, Track
from composer.training.recipes.likelihood import LikelihoodSettings
from composer.training.trainer import Trainer

from tests.support.toy_family import FAMILY

# A bass that plays the melody's root two octaves lower: easy to learn, and no rest.
MELODY = (60, 62, 64, 65, 67, 65, 64, 62, 60, 67, 64, 60)
SONG = Song(
    (
        Track(tuple(Note(i, pitch, 1) for i, pitch in enumerate(MELODY)), "Melody"),
        Track(tuple(Note(i, pitch - 12, 1) for i, pitch in enumerate(MELODY)), "Bass"),
    )
)


def new_trainer(iterations: int = 30) -> Trainer:
    settings = from_dict(
        LikelihoodSettings,
        {**FAMILY.train, "likelihood_iterations": iterations, "learning_rate": 0.1},
    )
    return Trainer(FAMILY, [SONG], FAMILY.configure({}, [SONG]), settings, seed=5)


def test_the_loss_falls_and_the_voice_is_learnt() -> None:
    trainer = new_trainer()
    losses = [trainer.iterate() for _ in range(30)]
    assert {tuple(loss) for loss in losses} == {("cross_entropy",)}
    first, last = losses[0]["cross_entropy"], losses[-1]["cross_entropy"]
    assert first == pytest.approx(np.log(25), abs=1.0) and last < 0.3 * first
    made = trainer.player().arrange(SONG, seed=1)
    right = [
        a.pitch == b.pitch for a, b in zip(made.tracks[1].notes, SONG.tracks[1].notes, strict=False)
    ]
    assert sum(right) >= 8


def test_it_goes_on_bit_for_bit_and_the_rate_falls() -> None:
    whole = new_trainer(6)
    for _ in range(3):
        whole.iterate()
    state = whole.state()
    assert float(whole.recipe.optimizer.learning_rate) == pytest.approx(0.1 * (0.03 + 0.97 * 0.75))
    assert [name for name in state if name[0] == "a"] == []
    for _ in range(3):
        whole.iterate()
    resumed = new_trainer(6)
    resumed.restore(state)
    for _ in range(3):
        resumed.iterate()
    one, other = whole.state(), resumed.state()
    assert one.keys() == other.keys() and all(np.array_equal(one[k], other[k]) for k in one)
