"""Measures of pianorolls: proved by hand where the known wrong formulas answer otherwise; properties; bad input."""

from __future__ import annotations

import numpy as np
import pytest
from composer.errors import ShapeError
from composer.metrics import rolls
from composer.songs.grid import to_pianoroll
from composer.songs.song import Note, Song, TimeSignature, Track
from composer.songs.theory import C_MAJOR, SCALES

from tests.support.grids import onsets_of, roll_of

BARS = np.array([0, 16, 32, 48])


def mixed(cells: np.ndarray) -> np.ndarray:
    """The chroma of DeepComposer, MuseGAN and pypianoroll: class before octave."""
    return cells[..., :120].reshape(*cells.shape[:-1], 12, 10).sum(-1)


def nan_equal(got: np.ndarray, expected: object) -> None:
    np.testing.assert_allclose(got, np.array(expected, float), rtol=1e-12, atol=1e-12)


# Empty bars


def test_empty_bars_are_the_silent_ones_by_track():
    roll = roll_of([(3, 60, 2), (50, 60, 2)], [], [(17, 60, 1)], steps=64)
    got = rolls.empty_bar_ratio(roll, BARS)
    nan_equal(got, [2 / 4, 1, 3 / 4])
    inverted = [roll[:, :, i].reshape(4, -1).any(1).mean() for i in range(3)]
    assert got[1] != inverted[1] and got[2] != inverted[2]


def test_a_note_held_into_a_bar_fills_it_and_one_that_ends_on_the_barline_does_not():
    held = roll_of([(12, 60, 8)], steps=64)  # bars 1 and 2
    nan_equal(rolls.empty_bar_ratio(held, BARS), [2 / 4])
    assert rolls.empty_bar_ratio(onsets_of([(12, 60, 8)], steps=64), BARS) == 3 / 4  # of onsets
    full = roll_of([(0, 60, 16)], steps=64)  # bar 1 alone; MusPy: 2 of them
    nan_equal(rolls.empty_bar_ratio(full, BARS), [3 / 4])


def test_bars_may_differ_in_length_and_the_last_may_be_short():
    roll = roll_of([(3, 60, 1), (19, 60, 1)], steps=21)
    nan_equal(
        rolls.empty_bar_ratio(roll, np.array([0, 4, 16, 20])), [2 / 4]
    )  # a pickup, 3/4, a bar of 4, a rest


def test_the_bars_of_a_song():
    song = Song(
        (Track((Note(0, 60, 1), Note(9, 62, 1))),),
        time_signatures=(TimeSignature(0, 1, 4), TimeSignature(1, 4, 4)),
    )
    bars = (np.array(song.bar_onsets()) * 4).astype(int)
    nan_equal(rolls.empty_bar_ratio(to_pianoroll(song), bars), [2 / 4])  # 0, 4, 20 and 36


# Histograms


def test_pitch_histogram_counts_time_or_notes():
    notes = [(0, 60, 6), (6, 72, 1), (7, 62, 1)], []
    time = rolls.pitch_histogram(roll_of(*notes))
    nan_equal(time[0, [60, 62, 72]], [6 / 8, 1 / 8, 1 / 8])
    nan_equal(rolls.pitch_histogram(onsets_of(*notes))[0, [60, 62, 72]], [1 / 3, 1 / 3, 1 / 3])
    assert time.shape == (2, 128) and np.isnan(time[1]).all()


def test_pitch_classes_fold_octaves_and_stay_apart_within_one():
    notes = [(0, 60, 5), (5, 72, 1), (6, 61, 1), (7, 127, 1)]
    roll = roll_of(notes, [])
    got = rolls.pitch_class_histogram(roll)
    nan_equal(got[0], [6 / 8, 1 / 8, 0, 0, 0, 0, 0, 1 / 8, 0, 0, 0, 0])  # 127 is a G
    assert np.isnan(got[1]).all()
    wrong = mixed(roll[:, :, 0]).sum(0)
    assert wrong[6] == 6 and wrong[7] == 1  # C4 and C#4 one class, C5 another; 127 lost


def test_histogram_distance_is_half_the_sum_of_differences():
    first, second = np.array([0.75, 0.25, 0, 0]), np.array([0.25, 0.25, 0.4, 0.1])
    got = rolls.histogram_distance(first, second)
    assert got == pytest.approx(0.5)
    assert got != pytest.approx(np.abs(first - second).sum())  # L1
    assert got != pytest.approx(np.linalg.norm(first - second))  # L2
    assert rolls.histogram_distance([1.0, 0, 0], [0, 0.3, 0.7]) == pytest.approx(1)
    nan_equal(rolls.histogram_distance([first, [np.nan] * 4], second), [0.5, np.nan])


# Scale


def test_c_sharp_alone_is_not_in_c_major():
    roll = roll_of([(0, 61, 4)], [(0, 60, 4)], [(0, 60, 1), (1, 61, 1), (2, 84, 2)], [])
    nan_equal(rolls.in_scale_ratio(roll), [0, 1, 3 / 4, np.nan])
    low = roll[:, 24:108, 0].reshape(16, 12, 7).sum((0, 2))  # DeepComposer and MuseGAN
    assert low[C_MAJOR].sum() / low.sum() == 1
    assert mixed(roll[:, :, 1])[..., C_MAJOR].sum() == 0  # pypianoroll, of C4


def test_a_scale_on_another_tonic_and_notes_instead_of_time():
    notes = [(0, 62, 9), (9, 66, 1), (10, 65, 1), (11, 61, 1)]  # D F# F C#
    d_major = np.roll(C_MAJOR, 2)
    nan_equal(rolls.in_scale_ratio(roll_of(notes), d_major), [11 / 12])
    nan_equal(rolls.in_scale_ratio(onsets_of(notes), d_major), [3 / 4])
    nan_equal(rolls.in_scale_ratio(roll_of(notes)), [10 / 12])


def test_own_scale_is_that_of_all_tracks_together():
    low = [(0, 50, 6), (6, 57, 6), (12, 50, 4)]
    high = [
        (0, 66, 4),
        (4, 64, 2),
        (6, 73, 6),
        (12, 74, 3),
        (15, 70, 1),
    ]  # in D major, but for the last
    roll = roll_of(low, high)
    assert (rolls.own_scale(roll) == np.roll(C_MAJOR, 2)).all()
    nan_equal(rolls.in_scale_ratio(roll, rolls.own_scale(roll)), [1, 15 / 16])
    assert (rolls.own_scale(roll_of([])) == C_MAJOR).all()


def test_a_minor_key_has_both_sixths_and_sevenths():
    assert np.flatnonzero(rolls.key_scale(9, True)).tolist() == [0, 2, 4, 5, 6, 7, 8, 9, 11]
    assert (rolls.key_scale(9, True) >= np.roll(SCALES["harmonic minor"], 9)).all()
    assert (rolls.key_scale(7) == np.roll(C_MAJOR, 7)).all()


# Pitches a bar


def test_pitches_of_a_bar_are_different_ones_over_the_bars_that_sound():
    notes = [(0, 60, 4), (4, 72, 4), (8, 64, 4), (12, 60, 8), (52, 62, 1)], []  # bars 1, 2 and 4
    roll = roll_of(*notes, steps=64)
    nan_equal(rolls.pitches_per_bar(roll, BARS), [(3 + 1 + 1) / 3, np.nan])
    nan_equal(rolls.pitch_classes_per_bar(roll, BARS), [(2 + 1 + 1) / 3, np.nan])
    per_bar = roll[:, :, 0].reshape(4, 16, 128)
    assert per_bar.sum((1, 2)).mean() == 21 / 4  # MuseGAN: cells, empty bars too
    assert np.count_nonzero(roll[:, :, 0].any(0)) == 4  # of the piece
    assert mixed(per_bar).any(1).sum(1)[0] == 2  # C4 with E4, C5: right by chance; so:
    octave = roll_of([(0, 48, 4), (4, 60, 4), (8, 72, 4)])
    nan_equal(rolls.pitch_classes_per_bar(octave, np.array([0])), [1])
    assert np.count_nonzero(mixed(octave[:, :, 0]).any(0)) == 3


# Qualified notes


def test_qualified_notes_last_so_many_steps():
    notes = [(0, 60, 1), (2, 67, 1), (4, 72, 1), (6, 64, 4)], [(3, 50, 2)], []
    roll, onsets = roll_of(*notes), onsets_of(*notes)
    nan_equal(rolls.qualified_note_ratio(roll, onsets), [1 / 4, 1, np.nan])
    nan_equal(rolls.qualified_note_ratio(roll, onsets, shortest=3), [1 / 4, 0, np.nan])
    nan_equal(rolls.qualified_note_ratio(roll, onsets, shortest=1), [1, 1, np.nan])
    change = np.diff(np.pad(roll[:, :, 0].astype(int), ((1, 1), (0, 0))), axis=0).ravel()
    assert (np.flatnonzero(change < 0) - np.flatnonzero(change > 0) >= 2).all()  # pypianoroll: 1.0


def test_repeated_notes_are_two_and_chords_end_each_in_its_own_time():
    notes = [(0, 60, 1), (1, 60, 1), (2, 60, 3)]
    roll, onsets = roll_of(notes), onsets_of(notes)
    nan_equal(rolls.qualified_note_ratio(roll, onsets), [1 / 3])
    nan_equal(rolls.qualified_note_ratio(roll, np.zeros_like(onsets)), [1])  # one note of 5 steps
    chord = [
        (0, 60, 9),
        (1, 64, 1),
        (2, 67, 1),
        (3, 72, 1),
    ]  # the first to start is the last to end
    nan_equal(rolls.qualified_note_ratio(roll_of(chord), onsets_of(chord)), [1 / 4])


def test_a_note_without_its_onset_is_one_and_an_onset_without_sound_is_none():
    roll = roll_of([(0, 60, 3), (15, 72, 1)])
    onsets = onsets_of([(8, 60, 1)])
    nan_equal(rolls.qualified_note_ratio(roll, onsets), [1 / 2])


# Polyphony


def test_an_interval_is_polyphonic_and_rests_count():
    roll = roll_of([(0, 60, 8), (2, 64, 3)], [(0, 60, 16), (4, 64, 4), (6, 67, 2)], [])
    nan_equal(rolls.polyphonic_ratio(roll), [3 / 16, 4 / 16, 0])
    nan_equal(rolls.polyphonic_ratio(roll, threshold=3), [0, 2 / 16, 0])
    assert (roll.sum(1) > 2).mean(0).tolist() == [
        0,
        2 / 16,
        0,
    ]  # the others at their threshold of 2


# Tonal distance

FIFTH = np.sqrt(
    (2 - np.sqrt(3)) + 2 + 0.75
)  # 30 degrees on the circle of fifths, 90 and 120 on those of thirds


def test_octaves_are_no_distance_and_a_fifth_is_as_in_the_paper():
    roll = roll_of([(0, 60, 4)], [(0, 72, 4)], [(0, 67, 4)], [], steps=4)
    got = rolls.tonal_distance(roll)
    nan_equal(got[:3, :3], [[0, 0, FIFTH], [0, 0, FIFTH], [FIFTH, FIFTH, 0]])
    assert np.isnan(got[3]).all() and np.isnan(got[:, 3]).all()
    classes = [mixed(roll[:, :, i]).sum(0).argmax() for i in range(3)]
    assert classes[0] == classes[2] != classes[1]  # pypianoroll: C4 is G4, and not C5


def test_tonal_distance_weighs_by_time_and_is_a_mean_over_beats_in_which_both_sound():
    notes = [(0, 60, 3), (3, 67, 1), (4, 60, 4), (12, 60, 4)], [(0, 60, 4), (4, 67, 4), (8, 67, 4)]
    # Beat 1: three quarters at C, one at G: a quarter of the way. Beat 2: C, G. Beats 3 and 4: one of them rests.
    nan_equal(rolls.tonal_distance(roll_of(*notes))[0, 1], (FIFTH / 4 + FIFTH) / 2)
    # Two beats at a time: C 7/8, G 1/8 against C 4/8, G 4/8; then C against G.
    nan_equal(rolls.tonal_distance(roll_of(*notes), steps=8)[0, 1], (FIFTH * 3 / 8 + FIFTH) / 2)


def test_the_last_span_may_be_short_and_length_does_not_matter():
    roll = roll_of([(0, 60, 5)], [(0, 60, 4), (4, 67, 1)], steps=5)
    nan_equal(rolls.tonal_distance(roll)[0, 1], FIFTH / 2)
    long = roll_of([(0, 60, 64)], [(0, 67, 64)], steps=64)
    nan_equal(rolls.tonal_distance(long)[0, 1], FIFTH)


# Drums


def test_drum_patterns_count_strokes_not_cells():
    notes = [(0, 36, 3), (2, 42, 1), (5, 36, 1), (6, 38, 2), (6, 42, 1)], []
    onsets = onsets_of(*notes)
    nan_equal(rolls.drum_pattern_ratio(onsets), [4 / 5, np.nan])
    nan_equal(rolls.drum_pattern_ratio(onsets, pattern=16), [1, np.nan])
    cells = roll_of(*notes)[:, :, 0].sum(1)
    assert cells[::2].sum() / cells.sum() == 5 / 8


def test_drum_patterns_at_other_resolutions():
    onsets = onsets_of(
        [(0, 36, 1), (2, 36, 1), (3, 36, 1), (4, 36, 1), (8, 36, 1), (12, 36, 1), (13, 36, 1)]
    )
    nan_equal(rolls.drum_pattern_ratio(onsets, steps_per_beat=8), [4 / 7])  # 0, 4, 8, 12
    nan_equal(rolls.drum_pattern_ratio(onsets, steps_per_beat=8, pattern=16), [5 / 7])  # and 2
    nan_equal(rolls.drum_pattern_ratio(onsets, steps_per_beat=12), [2 / 7])  # 0, 12
    nan_equal(rolls.drum_pattern_ratio(onsets, steps_per_beat=2), [1])


def test_drum_patterns_are_counted_from_the_bar_and_a_pickup_from_its_end():
    strokes = [
        (0, 36, 1),
        (1, 36, 1),
        (3, 36, 1),
        (5, 36, 1),
        (8, 36, 1),
    ]  # a pickup of one sixteenth
    onsets = onsets_of(strokes, steps=17)
    nan_equal(rolls.drum_pattern_ratio(onsets, bars=np.array([0, 1])), [3 / 5])  # 1, 3, 5
    nan_equal(rolls.drum_pattern_ratio(onsets), [2 / 5])  # 0, 8
    nan_equal(rolls.drum_pattern_ratio(onsets, bars=np.array([0])), [2 / 5])
    nan_equal(
        rolls.drum_pattern_ratio(onsets, bars=np.array([0, 1, 8])), [3 / 5 + 1 / 5]
    )  # a bar of 7/16; 8 too


# Bad input

NOTHING = np.zeros((0, 128, 2), bool)
EVERY = {
    "empty_bar_ratio": lambda roll: rolls.empty_bar_ratio(roll, np.array([0])),
    "pitch_histogram": rolls.pitch_histogram,
    "pitch_class_histogram": rolls.pitch_class_histogram,
    "in_scale_ratio": rolls.in_scale_ratio,
    "own_scale": rolls.own_scale,
    "pitches_per_bar": lambda roll: rolls.pitches_per_bar(roll, np.array([0])),
    "pitch_classes_per_bar": lambda roll: rolls.pitch_classes_per_bar(roll, np.array([0])),
    "qualified_note_ratio": lambda roll: rolls.qualified_note_ratio(roll, roll),
    "polyphonic_ratio": rolls.polyphonic_ratio,
    "tonal_distance": rolls.tonal_distance,
    "drum_pattern_ratio": lambda roll: rolls.drum_pattern_ratio(roll, bars=np.array([0])),
}


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize(
    "bad",
    [
        np.zeros((4, 12)),
        np.zeros((4, 84, 2), bool),
        np.zeros((4, 128), bool),
        np.full((4, 128, 2), -1.0),
    ],
)
def test_what_is_no_pianoroll_is_refused(name, bad):
    with pytest.raises(ShapeError, match=r"bool \[step, 128, track\], got (float64|bool) \[4, "):
        EVERY[name](bad)


@pytest.mark.parametrize("name", EVERY)
def test_without_steps_or_tracks_all_is_undefined(name):
    got = EVERY[name](NOTHING)
    assert (got == C_MAJOR).all() if name == "own_scale" else np.isnan(got).all()
    assert len(EVERY[name](np.zeros((3, 128, 0), bool))) == (12 if name == "own_scale" else 0)


@pytest.mark.parametrize("name", EVERY)
def test_the_arrays_given_are_left_alone(name):
    roll = roll_of([(0, 60, 3), (2, 124, 4)], [(1, 61, 9)])
    roll.flags.writeable = False  # to write would raise
    before = roll.copy()
    first = EVERY[name](roll)
    assert (roll == before).all()
    np.testing.assert_array_equal(EVERY[name](roll), first)


@pytest.mark.parametrize(
    "bars",
    [[], [1, 4], [0, 4, 4], [0, 8, 4], [0, 16], [0.0, 4.0], [[0, 4]], [0, 1, 2, 3, 4, 5, 6, 99]],
)
def test_bars_start_at_0_rise_and_start_before_the_end(bars):
    for measure in (rolls.empty_bar_ratio, rolls.pitches_per_bar, rolls.pitch_classes_per_bar):
        with pytest.raises(ShapeError, match=r"^bars "):
            measure(roll_of([(0, 60, 1)]), np.array(bars))


def test_other_bad_input():
    roll = roll_of([(0, 60, 1)])
    with pytest.raises(ShapeError, match=r"a scale is bool \[12\], C first, got int64 \[7\]"):
        rolls.in_scale_ratio(roll, np.array([0, 2, 4, 5, 7, 9, 11]))
    with pytest.raises(
        ShapeError, match=r"onsets are as the pianoroll, \[16, 128, 1\], got \[4, 128, 1\]"
    ):
        rolls.qualified_note_ratio(roll, roll[:4])
    with pytest.raises(ShapeError, match=r"onsets are bool .* got int64"):
        rolls.qualified_note_ratio(roll, roll.astype(int))
    with pytest.raises(ShapeError, match="at least a step, got 0"):
        rolls.tonal_distance(roll, steps=0)
    for steps, pattern in ((4, 12), (3, 8), (2, 16), (0, 8), (-4, 8)):
        with pytest.raises(
            ShapeError, match=f"8 or 16 and divides the beat, got {pattern} at {steps}"
        ):
            rolls.drum_pattern_ratio(roll, steps, pattern)
    for first, second in (([1.0], [0.5, 0.5]), ([[1.0]] * 2, [[1.0]] * 3), (1.0, 1.0)):
        with pytest.raises(ShapeError, match="histograms"):
            rolls.histogram_distance(first, second)
