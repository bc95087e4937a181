"""A melody that crosses windows, and tiny networks to train."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from composer.data import jsb
from composer.generators.unet import FAMILY
from composer.songs.song import Note, Song, Tempo, Track

from tests.conftest import needs
from tests.support.small_unet import LINE, TINY


@pytest.fixture
def song() -> Song:
    notes = tuple(Note(onset, pitch, duration, 100) for onset, pitch, duration in LINE)
    return Song((Track(notes, "Flute", 73),), tempos=(Tempo(0, 77),), title="uneven")


@pytest.fixture
def training() -> tuple[Any, Any, dict[str, Any]]:
    """TensorFlow, tiny networks and a batch."""
    tf = needs("tensorflow")
    import keras

    keras.utils.set_random_seed(0)
    windows = FAMILY.windows([jsb.to_song(c) for c in jsb.load("valid")[:2]], TINY)
    batch = windows.batch(np.random.default_rng(0), 4, 8)
    return tf, FAMILY.build(TINY), {k: tf.constant(v) for k, v in batch.items()}
