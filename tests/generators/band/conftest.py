"""A band of eight chorales, and tiny networks of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from composer.data import jsb
from composer.generators.band import FAMILY
from composer.generators.band.config import BandConfig
from composer.songs.song import Song

from tests.conftest import needs
from tests.support.small_band import (
    SMALL,
    band,
)


@pytest.fixture(scope="module")
def songs() -> list[Song]:
    return [band(chorale) for chorale in jsb.load("train")[:8]]


@pytest.fixture(scope="module")
def tiny(songs: list[Song]) -> BandConfig:
    return FAMILY.configure(SMALL, songs)


@pytest.fixture(scope="module")
def networks(tiny: BandConfig) -> Any:
    needs("tensorflow")
    import keras

    keras.utils.set_random_seed(0)
    return FAMILY.build(tiny)


@pytest.fixture(scope="module")
def batch(songs: list[Song], tiny: BandConfig) -> dict[str, Any]:
    tf = needs("tensorflow")
    drawn = FAMILY.windows(songs, tiny).batch(np.random.default_rng(0), 3, 8)
    return {k: tf.constant(v) for k, v in drawn.items()}
