"""Windows of two bars."""

from __future__ import annotations

import numpy as np
import pytest
from composer.data import jsb
from composer.errors import ConfigError
from composer.generators.unet.windows import Windows
from composer.songs.song import Note, Song, Track

from tests.support.small_unet import TINY


def test_windows_are_cuts_of_the_pieces() -> None:
    songs = [jsb.to_song(c) for c in jsb.load("valid")[:3]]
    batch = Windows(songs, TINY).batch(np.random.default_rng(0), 5, 8)
    assert {k: v.shape for k, v in batch.items()} == {
        "melody": (5, 32, 128, 1),
        "target": (5, 32, 128, 4),
        "noise": (5, 2, 8, 3),
    }
    assert np.array_equal(batch["melody"], batch["target"][..., :1])
    sounding = batch["target"] > 0
    assert (sounding.sum(axis=2) <= 1).all()  # one pitch a voice and step
    heights = (sounding * np.arange(128)[:, None]).sum(axis=(1, 2)) / sounding.sum(axis=(1, 2))
    assert (np.diff(heights, axis=1) < 0).all()  # soprano, alto, tenor, bass
    again = Windows(songs, TINY).batch(np.random.default_rng(0), 5, 8)
    assert all(np.array_equal(batch[k], again[k]) for k in batch)


def test_windows_of_short_pieces_are_refused() -> None:
    tracks = tuple(
        Track((Note(0, 60, 7.75),), name) for name in ("Soprano", "Alto", "Tenor", "Bass")
    )
    with pytest.raises(ConfigError, match="at least 8 beats"):
        Windows([Song(tracks)], TINY).batch(np.random.default_rng(0), 1, 8)
