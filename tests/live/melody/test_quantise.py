"""Onsets on the grid: sixteenths, and triplets where a beat is in triplets."""

import itertools

import numpy as np
from composer.live.midi.recorder import (
    quantise_onsets,
)
from composer.songs.song import Note
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.keys import heard, keys, line


def test_triplets_and_sixteenths_side_by_side():
    onsets = [0, 1 / 3, 2 / 3, 1, 1.25, 1.5, 1.75, 2, 2 + 2 / 3, 3]
    notes = [Note(a, 60 + i, b - a) for i, (a, b) in enumerate(itertools.pairwise([*onsets, 4.0]))]
    jitter = np.random.default_rng(3).uniform(-0.015, 0.015, len(notes))
    played = [
        Note(n.onset + j * (n.onset > 0), n.pitch, n.duration - 0.05)
        for n, j in zip(notes, jitter, strict=True)
    ]
    assert line(heard(keys(played))) == line(notes)
    assert line(heard(keys(played), triplets=False))[1:3] == [(0.25, 61, 0.5), (0.75, 62, 0.25)]


def test_a_rest_inside_a_triplet_stays():
    notes = [
        Note(0, 60, 1 / 3),
        Note(1 / 3, 62, 1 / 3),
        Note(1, 64, 1.0),
        Note(2 + 1 / 3, 65, 1 / 3),
        Note(3, 67, 1.0),
    ]
    assert line(heard(keys(notes))) == line(notes)


def test_quantise_rounds_and_keeps_order_of_input():
    times = [2.03, 0.02, 0.96, 0.48, 1.27]
    assert quantise_onsets(times).tolist() == [2.0, 0.0, 1.0, 0.5, 1.25]
    assert quantise_onsets([0.3, 1.8], resolution=2).tolist() == [0.5, 2.0]
    assert quantise_onsets([]).shape == (0,)
    assert quantise_onsets([-0.01, -0.3]).tolist() == [0.0, -0.25]


def test_one_loose_sixteenth_is_not_a_triplet_but_joins_sure_ones():
    assert quantise_onsets([0.0, 0.30]).tolist() == [0.0, 0.25]
    triplets = [0.0, 0.33, 0.67, 1.0, 1.34, 1.66]
    np.testing.assert_allclose(
        quantise_onsets([*triplets, 2.0, 2.30]), [0, 1 / 3, 2 / 3, 1, 4 / 3, 5 / 3, 2, 7 / 3]
    )


@given(st.lists(st.floats(0, 50), max_size=40), st.sampled_from([1, 2, 4, 8]))
@settings(max_examples=100, deadline=None)
def test_quantised_onsets_are_near_and_in_order(times, resolution):
    times = sorted(times)
    onsets = quantise_onsets(times, resolution)
    assert (np.abs(onsets - times) <= max(0.5 / resolution, 1 / 6) + 1e-9).all()
    if resolution >= 4:
        assert (np.diff(onsets) >= 0).all()
    cells = np.stack([onsets * resolution, onsets * 3])
    assert (np.abs(cells - np.round(cells)).min(axis=0) < 1e-6).all()
