"""Metrics of pianorolls on random pieces: shares are shares, order and octave change nothing, plain loops agree."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from composer.metrics import rolls
from composer.songs.grid import to_onsets, to_pianoroll
from composer.songs.song import Note, Song, TimeSignature, Track
from hypothesis import given, settings
from hypothesis import strategies as st


def nan_equal(got: np.ndarray, expected: object) -> None:
    np.testing.assert_allclose(got, np.array(expected, float), rtol=1e-12, atol=1e-12)


@st.composite
def pieces(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A roll, its onsets and bars; some tracks silent, some dense."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    steps, tracks = draw(st.integers(1, 40)), draw(st.integers(1, 4))
    density = rng.choice([0, 0.002, 0.05, 0.5], tracks)
    roll = rng.random((steps, 128, tracks)) < density
    onsets = roll & (rng.random(roll.shape) < 0.3)
    bars = np.r_[0, np.flatnonzero(rng.random(steps - 1) < 0.2) + 1] if steps > 1 else np.array([0])
    return roll, onsets, bars


def by_track(roll: np.ndarray, onsets: np.ndarray, bars: np.ndarray) -> dict[str, np.ndarray]:
    return {
        "empty": rolls.empty_bar_ratio(roll, bars),
        "scale": rolls.in_scale_ratio(roll),
        "pitches": rolls.pitches_per_bar(roll, bars),
        "classes": rolls.pitch_classes_per_bar(roll, bars),
        "qualified": rolls.qualified_note_ratio(roll, onsets),
        "polyphonic": rolls.polyphonic_ratio(roll),
        "drums": rolls.drum_pattern_ratio(onsets, bars=bars),
        "pitch": rolls.pitch_histogram(roll),
        "class": rolls.pitch_class_histogram(roll),
        "tonal": rolls.tonal_distance(roll),
    }


@given(pieces())
@settings(max_examples=60, deadline=None)
def test_ratios_are_shares_and_histograms_sum_to_one(piece):
    table = by_track(*piece)
    silent = ~piece[0].any((0, 1))
    for name in ("empty", "scale", "qualified", "polyphonic", "drums"):
        known = table[name][~np.isnan(table[name])]
        assert ((known >= 0) & (known <= 1)).all()
    for name in ("pitch", "class"):
        np.testing.assert_allclose(table[name][~silent].sum(1), 1)
        assert np.isnan(table[name][silent]).all()
    assert (np.isnan(table["scale"]) == silent).all() and (
        np.isnan(table["pitches"]) == silent
    ).all()
    assert (table["classes"][~silent] <= table["pitches"][~silent]).all() and (
        table["classes"][~silent] <= 12
    ).all()
    assert (table["empty"][silent] == 1).all() and (table["polyphonic"][silent] == 0).all()


@given(pieces(), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_tracks_in_another_order_give_the_results_in_that_order(piece, random):
    roll, onsets, bars = piece
    order = list(range(roll.shape[2]))
    random.shuffle(order)
    plain, moved = by_track(*piece), by_track(roll[:, :, order], onsets[:, :, order], bars)
    for name, value in plain.items():
        expected = value[order][:, order] if name == "tonal" else value[order]
        np.testing.assert_allclose(moved[name], expected, rtol=1e-12, atol=1e-12)


@given(pieces())
@settings(max_examples=40, deadline=None)
def test_an_octave_up_changes_nothing_but_pitches(piece):
    roll, onsets, bars = piece
    roll[:, :12] = roll[:, 116:] = False
    onsets &= roll
    plain, moved = (
        by_track(roll, onsets, bars),
        by_track(np.roll(roll, 12, axis=1), np.roll(onsets, 12, axis=1), bars),
    )
    for name in plain.keys() - {"pitch"}:
        np.testing.assert_allclose(moved[name], plain[name], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(moved["pitch"], np.roll(plain["pitch"], 12, axis=1))


@given(pieces())
@settings(max_examples=40, deadline=None)
def test_distances_are_symmetric_and_between_0_and_1(piece):
    table = by_track(*piece)
    np.testing.assert_array_equal(table["tonal"], table["tonal"].T)
    assert not table["tonal"].diagonal()[piece[0].any((0, 1))].any()
    for first, second in pairwise(table["class"]):
        there, back = (
            rolls.histogram_distance(first, second),
            rolls.histogram_distance(second, first),
        )
        np.testing.assert_array_equal(there, back)
        assert np.isnan(there) or 0 <= there <= 1 + 1e-12
    np.testing.assert_allclose(
        rolls.histogram_distance(table["class"], table["class"])[piece[0].any((0, 1))], 0
    )


@given(pieces())
@settings(max_examples=40, deadline=None)
def test_all_measures_agree_with_plain_loops(piece):
    roll, onsets, bars = piece
    steps, _, tracks = roll.shape
    ends = [*bars[1:], steps]
    for track in range(tracks):
        lengths = []
        for pitch in range(128):
            line, starts = roll[:, pitch, track], onsets[:, pitch, track]
            for step in range(steps):
                if line[step] and (starts[step] or step == 0 or not line[step - 1]):
                    lengths.append(0)
                if line[step]:
                    lengths[-1] += 1
        expected = np.mean(np.array(lengths) >= 2) if lengths else np.nan
        np.testing.assert_allclose(rolls.qualified_note_ratio(roll, onsets)[track], expected)
        used = [
            {int(p) for p in np.nonzero(roll[a:b, :, track])[1]}
            for a, b in zip(bars, ends, strict=True)
        ]
        np.testing.assert_allclose(
            rolls.empty_bar_ratio(roll, bars)[track], np.mean([not u for u in used])
        )
        sizes = [len({p % 12 for p in u}) for u in used if u]
        expected = np.mean(sizes) if sizes else np.nan
        np.testing.assert_allclose(rolls.pitch_classes_per_bar(roll, bars)[track], expected)


@pytest.mark.parametrize("beats", [3, 8])
def test_songs_of_any_metre_go_through(beats):
    notes = tuple(Note(i, 60 + i % 5, 1) for i in range(2 * beats))
    song = Song((Track(notes), Track()), time_signatures=(TimeSignature(0, beats, 4),))
    bars = (np.array(song.bar_onsets()) * 4).astype(int)
    table = by_track(to_pianoroll(song), to_onsets(song), bars)
    nan_equal(table["empty"], [0, 1])
    nan_equal(table["qualified"], [1, np.nan])
    nan_equal(table["drums"], [1, np.nan])
