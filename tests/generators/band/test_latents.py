"""The numbers that decide what a band plays."""

from __future__ import annotations

import numpy as np
import pytest
from composer.generators.band.config import BandConfig
from composer.generators.band.latents import sample_latents, spread_latents
from composer.songs.grid import pulse_grid

from tests.support.small_band import (
    tune,
)


def test_a_longer_melody_draws_the_same_numbers(tiny: BandConfig) -> None:
    short, long = sample_latents(3, 2, tiny), sample_latents(3, 5, tiny)
    assert all(np.array_equal(short[k], long[k]) for k in ("style", "groove"))
    assert all(np.array_equal(short[k], long[k][:2]) for k in ("chords", "melody"))


def test_each_number_is_uniform_and_groove_comes_back_every_bar(tiny: BandConfig) -> None:
    grid = pulse_grid(tune((0, 60, 8)))
    drawn = [spread_latents(sample_latents(seed, 2, tiny), grid, tiny) for seed in range(300)]
    for name, share in (("chord", 0.05), ("ends", 0.05), ("again", 0.65)):
        x = np.stack([d[name] for d in drawn])
        assert (
            x.min() > 0
            and x.max() < 1
            and abs(x.mean() - 0.5) < 0.02
            and abs(x.var() - 1 / 12) < 0.01
        )
        first, second = (
            x[:, p, ..., 0].reshape(300, -1)[:, 0] for p in (0, 4)
        )  # on the downbeats of two bars
        assert np.corrcoef(first, second)[0, 1] == pytest.approx(share, abs=0.12)
    drums = np.stack([d["ends"][:, 0, 2] for d in drawn])  # their lowest cell on the pulse
    assert np.corrcoef(drums[:, 0], drums[:, 4])[0, 1] > 0.5
