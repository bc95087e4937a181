"""Conditioning and noise use: how much changes, and whether melody and accompaniment belong together."""

from __future__ import annotations

import numpy as np
import pytest
from composer.data.jsb import load
from composer.errors import ShapeError
from composer.metrics.response import (
    changed_cells,
    changed_sounding,
    chord_agreement,
    key_agreement,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.grids import roll_of

OF_TWELVE = 7 / 12


def pianoroll(voices: np.ndarray) -> np.ndarray:
    """Bool [step, 128, voice] of int [step, voice]."""
    return voices[:, None, :] == np.arange(128)[:, None]


# What changes


def test_changed_cells_are_a_share_of_all():
    first = np.array([[60, 55], [60, 55], [62, 53]])
    second = np.array([[60, 55], [60, -1], [62, 50]])
    assert changed_cells(first, second) == pytest.approx(2 / 6)
    assert (first != second).any(1).mean() == pytest.approx(2 / 3)  # of steps
    assert changed_cells(first, first) == 0
    assert np.isnan(changed_cells(first[:, :0], second[:, :0]))


def test_changed_sounding_leaves_silence_out():
    first, second = roll_of([(0, 60, 4), (4, 64, 4)]), roll_of([(0, 60, 6), (8, 64, 2)])
    # In both: 4. In the first alone: 4. In the second alone: 2 and 2.
    assert changed_sounding(first, second) == pytest.approx(8 / 12)
    assert changed_cells(first, second) == pytest.approx(8 / (16 * 128))
    assert np.isnan(changed_sounding(roll_of([]), roll_of([])))
    assert changed_sounding(roll_of([]), first) == 1


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (np.zeros((4, 3), int), np.zeros((4, 4), int)),
        (np.zeros((4, 1), int), np.zeros((4, 4), int)),  # would broadcast
        (np.zeros((4, 4)), np.zeros((4, 4))),
        (np.array(["a"]), np.array(["a"])),
    ],
)
def test_grids_to_compare_are_alike(first, second):
    for measure in (changed_cells, changed_sounding):
        with pytest.raises(ShapeError, match="bool or int and of one shape, got"):
            measure(first, second)


def test_voices_have_no_sounding_cells():
    with pytest.raises(ShapeError, match="pianorolls are bool, got int64 and int64"):
        changed_sounding([[60]], [[62]])


@given(st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_changes_are_shares_symmetric_and_0_for_the_same(seed):
    rng = np.random.default_rng(seed)
    first, second = rng.random((2, 9, 128, 2)) < rng.choice([0, 0.1, 0.5], 2)[:, None, None, None]
    for measure in (changed_cells, changed_sounding):
        there = measure(first, second)
        assert np.isnan(there) or 0 <= there <= 1
        np.testing.assert_equal(measure(second, first), there)
        assert measure(first, first) == 0 or not first.any()


# Key


def test_key_agreement_is_mutual():
    melody = roll_of([(0, 64, 4), (4, 67, 4), (8, 65, 4)], steps=12)
    below = roll_of([(0, 48, 8)], [(0, 52, 8), (8, 54, 4)], steps=12)
    # C E F# are in G major alone, which has E and G, not F. E G F are in C and F major, which have no F#.
    there, back = 2 / 3, 16 / 20
    assert key_agreement(melody, below) == pytest.approx((there + back) / 2)
    assert key_agreement(below, melody) == pytest.approx((there + back) / 2)


def test_a_tritone_away_is_next_to_nothing_and_the_relative_minor_is_all():
    scale = [(i, 60 + p, 1) for i, p in enumerate((0, 2, 4, 5, 7, 9, 11, 12))]
    minor = [(i, 45 + p, 1) for i, p in enumerate((0, 2, 3, 5, 7, 8, 10, 12))]
    away = [(at, pitch + 6, 1) for at, pitch, _ in scale]
    assert key_agreement(roll_of(scale), roll_of(minor)) == 1
    assert key_agreement(roll_of(scale), roll_of(away)) == pytest.approx(2 / 8)  # B and F, E# and B
    assert key_agreement(roll_of(scale), roll_of(away)) < OF_TWELVE


def test_key_agreement_folds_octaves_and_ignores_where_the_notes_are():
    melody, below = roll_of([(0, 60, 3), (3, 64, 2), (5, 65, 1)]), roll_of([(0, 36, 9), (9, 42, 3)])
    moved = np.roll(np.roll(below, 24, axis=1), 4, axis=0)
    assert key_agreement(melody, moved) == key_agreement(melody, below)
    assert key_agreement(melody, below[:12]) == key_agreement(melody, below)  # lengths may differ


# Chords


def test_chord_agreement_is_of_the_beats_on_which_both_sound():
    melody = roll_of(
        [(0, 64, 4), (4, 67, 4), (8, 65, 1), (9, 69, 3), (12, 62, 1), (16, 62, 4)], steps=24
    )
    below = roll_of([(0, 48, 8)], [(0, 52, 8), (8, 54, 4), (13, 50, 3), (20, 50, 4)], steps=24)
    # E over C E, G over C E: C. F over F#: none. Then one of both rests on each beat.
    assert chord_agreement(melody, below) == pytest.approx(2 / 3)
    assert chord_agreement(melody, below, steps=1) == pytest.approx(11 / 12)  # A over F# is a chord
    assert chord_agreement(below, melody) == chord_agreement(melody, below)


def test_sounding_together_is_not_agreeing():
    melody = roll_of([(0, 72, 16)])
    cluster = roll_of([(0, 60, 16)], [(0, 61, 16)], [(0, 62, 16)])
    assert chord_agreement(melody, cluster) == 0  # though the melody's pitch class is in it
    seventh = roll_of([(0, 50, 16)], [(0, 57, 16)], [(0, 66, 16)])
    assert chord_agreement(melody, seventh) == 1  # D F# A and C


def test_other_melodies_agree_less_on_bachs_chorales():
    pieces = [pianoroll(c.voices.astype(int)) for c in load("valid")[:20]]
    own = [
        (key_agreement(p[:, :, :1], p[:, :, 1:]), chord_agreement(p[:, :, :1], p[:, :, 1:]))
        for p in pieces
    ]
    other = []
    for melody, piece in zip(pieces[1:], pieces, strict=False):
        n = min(len(melody), len(piece))
        tune, below = melody[:n, :, :1], piece[:n, :, 1:]
        other.append((key_agreement(tune, below), chord_agreement(tune, below)))
    assert (np.mean(own, 0) > np.mean(other, 0) + 0.1).all()
    assert np.mean(own, 0)[0] > 0.9 and np.mean(own, 0)[1] > 0.8


@pytest.mark.parametrize("measure", [key_agreement, chord_agreement])
def test_silence_is_undefined_and_bad_input_refused(measure):
    some, silence = roll_of([(0, 60, 1)]), roll_of([], [])
    assert np.isnan(measure(some, silence)) and np.isnan(measure(silence, some))
    assert np.isnan(measure(some[:0], silence[:0]))
    with pytest.raises(ShapeError, match=r"bool \[step, 128, track\], got bool \[16, 128\]"):
        measure(some[:, :, 0], silence)
    with pytest.raises(ShapeError, match=r"bool \[step, 128, track\], got int64"):
        measure(some, silence.astype(int))


def test_chords_need_as_many_steps():
    with pytest.raises(ShapeError, match="as many steps, got 16 and 8"):
        chord_agreement(roll_of([(0, 60, 1)]), roll_of([], steps=8))
    with pytest.raises(ShapeError, match="beat 0"):
        chord_agreement(roll_of([]), roll_of([]), steps=0)


@given(st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_agreements_are_shares_and_transposed_together_they_stay(seed):
    rng = np.random.default_rng(seed)
    melody, below = rng.random((13, 128, 1)) < 0.02, rng.random((13, 128, 3)) < 0.02
    melody[:, 110:] = below[:, 110:] = False
    melody.flags.writeable = below.flags.writeable = False
    for measure in (key_agreement, chord_agreement):
        plain = measure(melody, below)
        assert np.isnan(plain) or 0 <= plain <= 1
        np.testing.assert_allclose(measure(np.roll(melody, 12, 1), np.roll(below, 12, 1)), plain)
        np.testing.assert_allclose(measure(melody, below[:, :, ::-1]), plain)
