"""The noise of family unet."""

from __future__ import annotations

import numpy as np
from composer.generators.family import Request
from composer.generators.latents import Latents
from composer.generators.unet.codec import encode
from composer.generators.unet.latents import truncated_normal
from composer.songs.edit import take_melody
from composer.songs.song import Song, Track

from tests.support.small_unet import TINY


def test_the_seed_is_the_noise_and_a_longer_melody_draws_the_same(song: Song) -> None:
    melody = take_melody(song)
    short = take_melody(Song((Track(song.tracks[0].notes[:2]),)))
    noise = encode(song, melody, Request(Latents(5)), TINY)[0]["noise"]
    assert np.array_equal(noise, encode(song, melody, Request(Latents(5)), TINY)[0]["noise"])
    assert np.array_equal(noise[:1], encode(song, short, Request(Latents(5)), TINY)[0]["noise"])
    assert not np.array_equal(noise, encode(song, melody, Request(Latents(6)), TINY)[0]["noise"])
    assert not np.array_equal(noise[0], noise[1])


def test_noise_lies_within_two() -> None:
    drawn = truncated_normal(np.random.default_rng(0), (20_000,))
    assert np.abs(drawn).max() <= 2
    assert 0.86 < drawn.std() < 0.90  # .880 in theory; 1 without the cut, .960 where it clips
