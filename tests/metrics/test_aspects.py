"""What two arrangements differ in, by fixtures whose answers are worked out by hand."""

from __future__ import annotations

from math import isnan

import numpy as np
import pytest
from composer.errors import ShapeError
from composer.metrics.aspects import MOVES, Grid, character, contour_moved, moved, rhythm_moved

C_MAJOR, A_MINOR, NO_CHORD = (72, 64, 55, 48), (72, 64, 57, 45), (72, 65, 55, 48)
G7 = (71, 65, 55, 43)


def grid(*beats, bar=4):
    """Chords of a beat each (four steps); a note starts wherever the pitch changes. bar: beats."""
    voices = np.repeat(np.array(beats, np.int64), 4, axis=0)
    onsets = np.ones(voices.shape, bool)
    onsets[1:] = voices[1:] != voices[:-1]
    steps = np.arange(len(voices))
    return Grid(voices, onsets & (voices >= 0), steps // (4 * bar), steps % (4 * bar))


def test_alike_nothing_moves():
    one = grid(C_MAJOR, A_MINOR, G7, NO_CHORD, C_MAJOR)
    assert moved(one, one) == dict.fromkeys(MOVES, 0.0)


def test_harmony_is_the_chord_and_not_its_voicing():
    one = grid(C_MAJOR, C_MAJOR, C_MAJOR, NO_CHORD, G7)
    other = grid(C_MAJOR, (72, 67, 52, 48), A_MINOR, (72, 65, 55, 36), (71, 67, 59, 50))
    # the second is C major anew, the third another chord, the fourth no chord of the same classes, the fifth G
    assert moved(one, other)["harmony"] == pytest.approx(2 / 5)


def test_rhythm_is_how_often_notes_start_on_each_step_of_the_bar():
    one = grid(*[C_MAJOR] * 8)
    onsets = one.onsets.copy()
    onsets[2, 1] = onsets[18, 1] = True  # alto, the same off-beat eighth in both bars
    onsets[7, 3] = True  # bass, a sixteenth in one of two bars
    onsets[5, 0] = True  # the melody is given and does not count
    other = Grid(one.voices, onsets, one.bars, one.places)
    assert rhythm_moved(one, other) == pytest.approx((1 + 0 + 0.5) / 3)
    late = onsets.copy()
    late[[7, 23], 3] = late[[23, 7], 3]  # the sixteenth in the other bar: the pattern is the same
    assert rhythm_moved(other, Grid(one.voices, late, one.bars, one.places)) == 0
    assert moved(one, other)["activity"] == pytest.approx(3 / 8)


def test_contour_is_the_mean_pitch_in_each_bar():
    one = grid(*[C_MAJOR] * 6, bar=2)
    up = list(C_MAJOR)
    up[2] += 6
    other = grid(*[C_MAJOR] * 4, C_MAJOR, up, bar=2)
    assert contour_moved(one, other) == pytest.approx(
        6 / 2 / (3 * 3)
    )  # half of one of three bars, one of three voices
    swapped = grid(C_MAJOR, (72, 67, 55, 48), *[C_MAJOR] * 4, bar=2)
    assert contour_moved(swapped, grid((72, 67, 55, 48), *[C_MAJOR] * 5, bar=2)) == 0
    silent = grid(*[(72, -1, -1, -1)] * 6, bar=2)
    assert contour_moved(one, silent) == 0


def test_texture_is_spacing_doubling_and_activity():
    one, wide = grid(C_MAJOR, C_MAJOR), grid(C_MAJOR, (72, 60, 55, 36))
    moves = moved(one, wide)
    # second beat: gaps of 7, 9, 8 become 19, 5, 12 from below; E is gone
    assert moves["spacing"] == pytest.approx((12 + 4 + 4) / 3 / 2)
    assert moves["doubling"] == 0.5 and moves["activity"] == pytest.approx(2 / 2)


def test_of_two_lengths_the_shorter_counts():
    assert moved(grid(C_MAJOR, A_MINOR), grid(C_MAJOR))["harmony"] == 0.0


def test_the_character_of_an_arrangement():
    one = character(grid(C_MAJOR, A_MINOR, A_MINOR, NO_CHORD, G7))
    assert one["minor chords"] == pytest.approx(2 / 4) and one["sevenths"] == pytest.approx(1 / 4)
    # alto 64 64 64 65 65, tenor 55 57 57 55 55, bass 48 45 45 48 43: 2 + 3 + 4 notes on 5 beats
    assert one["notes a beat"] == pytest.approx(9 / 5 / 3) and one["between beats"] == 0.0
    assert one["mean pitch"] == pytest.approx((322 + 279 + 229) / 15)
    assert one["spread"] == pytest.approx((24 + 27 + 27 + 24 + 28) / 5)
    assert isnan(character(grid((72, -1, -1, -1)))["mean pitch"])


def test_grids_that_do_not_fit_are_refused():
    one = grid(C_MAJOR)
    with pytest.raises(ShapeError, match="bars and places"):
        Grid(one.voices, one.onsets[:2], one.bars, one.places)
    with pytest.raises(ShapeError, match="bars and places"):
        Grid(one.voices, one.onsets, one.bars[:2], one.places)
