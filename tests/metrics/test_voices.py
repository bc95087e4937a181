"""Part-writing of any number of voices: by hand, against the ladder where both are defined, and where nothing is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from composer.errors import ShapeError
from composer.metrics import voices as vm
from composer.metrics.counterpoint import voice_features
from composer.metrics.harmony import chord_numbers, melody_dissonance
from composer.metrics.voices import voice_measures

SCALARS = {
    "crossing",
    "wide_spacing",
    "parallel_fifths",
    "parallel_octaves",
    "dissonance",
    "chord_share",
}
BY_VOICE = {"out_of_range", "offbeat_changes"}


def steps(*rows: list[int], each: int = 1) -> np.ndarray:
    return np.repeat(np.array(rows), each, axis=0)


def test_all_measures_have_their_shapes():
    table = voice_measures(steps([72, 65, 58], [71, 65, 57], each=4))
    assert table.keys() == SCALARS | BY_VOICE
    assert all(isinstance(table[name], float) for name in SCALARS)
    assert all(table[name].shape == (3,) for name in BY_VOICE)


def test_range_is_a_share_of_each_voices_sounding_steps():
    grid = steps([99, 52, 47, 65], [81, 53, 69, 64], [60, 74, 60, -1], [59, 75, 60, -1])
    np.testing.assert_allclose(vm.out_of_range(grid), [2 / 4, 2 / 4, 0, 1 / 2])
    np.testing.assert_allclose(vm.out_of_range(grid[:, :2], [[60, 98], [0, 127]]), [2 / 4, 0])
    assert np.isnan(vm.out_of_range(grid[:, :3])).all()  # three voices: nobody knows their ranges
    assert np.isnan(vm.out_of_range(steps([60, -1, 60, 50]))).tolist() == [
        False,
        True,
        False,
        False,
    ]


def test_crossing_is_a_share_of_full_steps_not_of_all():
    full = [72, 65, 58, 50]
    grid = steps(full, full, [64, 65, 58, 50], [72, 65, 48, 50], full, [60, 65, -1, 50])
    assert voice_measures(grid)["crossing"] == pytest.approx(2 / 5)
    assert (np.diff(grid, axis=1) > 0).any(1).mean() == pytest.approx(
        3 / 6
    )  # a rest is no low note
    assert np.isnan(voice_measures(steps([60, -1], [-1, 62]))["crossing"])


def test_spacing_leaves_the_gap_above_the_lowest_free():
    grid = steps(
        [72, 60, 50, 50], [73, 60, 50, 40], [72, 70, 57, 36], [72, 65, 60, 36], [90, 60, 50, -1]
    )
    assert vm.wide_spacing(grid) == pytest.approx(2 / 4)  # S-A 13, A-T 13; T-B 24 is fine
    assert vm.wide_spacing(grid[:, :3]) == pytest.approx(2 / 5)  # S-A 13 and 30; A-T is free now
    assert np.isnan(vm.wide_spacing(grid[:, :2]))
    five = np.c_[grid, [38, 38, 20, 20, 20]]
    assert vm.wide_spacing(five) == pytest.approx(3 / 4)  # now T-B counts: 21 and 24


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            [79, 72],
            [81, 74],
            (100, 0),
        ),  # a fifth in half a beat: 50 of 100 beats, over 2 steps of 4: x 2
        ([79, 60], [77, 58], (100, 0)),  # a twelfth, downwards
        ([72, 60], [74, 62], (0, 100)),
        ([72, 72], [74, 74], (0, 100)),  # in unison
        ([72, 65, 58], [74, 67, 60], (200, 0)),  # S-A, A-T
        ([72, 65, 60], [74, 67, 62], (100, 100)),  # S-A and S-T
        ([60, 65], [58, 63], (0, 0)),  # fourths
        ([79, 72], [79, 72], (0, 0)),  # held
        ([79, 72], [77, 82], (0, 0)),  # contrary motion
        ([79, 72], [81, 75], (0, 0)),  # to a diminished fifth
    ],
)
def test_parallels_of_any_number_of_voices(before, after, expected):
    assert vm.parallels(steps(before, after)) == pytest.approx(np.array(expected) * 2)


def test_parallels_per_hundred_beats():
    grid = steps([79, 72, 55, 40], [81, 74, 55, 40], each=10)  # 20 steps, 5 beats
    assert vm.parallels(grid) == (20, 0)
    assert vm.parallels(grid, steps_per_beat=2) == (10, 0)


def test_parallels_are_undefined_where_no_two_voices_follow_each_other():
    assert np.isnan(vm.parallels(steps([79, -1], [-1, 74]))).all()
    assert np.isnan(vm.parallels(steps([79, 72]))).all()
    assert vm.parallels(steps([79, 72, -1], [79, 71, -1])) == (0, 0)


def test_dissonance_is_of_the_notes_under_the_melody_on_the_beats():
    # Under C: F, D, C; B, F#. D, B and F# are dissonant. Between the beats nothing counts.
    grid = np.array(
        [[72, 65, 62, 48], [72, 73, 71, 70], [72, 73, 71, 70], [72, 73, 71, 70], [72, 71, 66, -1]]
    )
    assert voice_measures(grid)["dissonance"] == pytest.approx(3 / 5)
    assert voice_measures(grid, steps_per_beat=1)["dissonance"] == pytest.approx(
        (3 + 9) / 14
    )  # 73, 71, 70 too
    assert np.isnan(voice_measures(steps([-1, 60], [72, -1]))["dissonance"])


def test_offbeat_changes_are_between_the_eighths():
    alto = [60, 60, 62, 64, 65, 65, 67, -1, 67, 69, -1, 67]  # new at 3, 9, 11 of 1 3 5 9 11
    grid = np.array([[72, pitch] for pitch in alto])
    np.testing.assert_allclose(vm.offbeat_changes(grid), [0, 3 / 5])
    # Thirds of a beat: new at 2, 4, 8, 11 of 1 2 4 5 8 11.
    np.testing.assert_allclose(vm.offbeat_changes(grid, steps_per_beat=3), [0, 4 / 6])
    assert np.isnan(vm.offbeat_changes(grid, steps_per_beat=2)).all()
    assert np.isnan(vm.offbeat_changes(steps([60, -1], [61, -1]))).tolist() == [False, True]


def test_chords_are_a_share_of_the_beats_with_three_voices():
    c, g7, cluster, two = [67, 64, 60, 48], [65, 62, 59, 43], [62, 61, 60, 48], [64, -1, -1, 48]
    assert vm.chord_share(steps(c, g7, cluster, two)) == pytest.approx(2 / 3)
    assert vm.chord_share(steps(c, two, two, two)) == 1
    assert (
        chord_numbers(steps(c, g7, cluster, two)) >= 0
    ).mean() == 3 / 4  # two voices make a third, no chord
    assert np.isnan(vm.chord_share(steps(two)))
    assert np.isnan(vm.chord_share(steps([64, 60])))


@pytest.mark.parametrize("grid", [np.full((8, 3), -1), np.zeros((0, 2), int), np.full((5, 4), -1)])
def test_silence_is_undefined_throughout(grid):
    assert all(np.isnan(value).all() for value in voice_measures(grid).values())


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int32])
def test_small_integers_do_not_wrap(kind):
    grid = steps([127, 115, 3, 0], [120, 108, 5, 1], each=3)
    plain, small = voice_measures(grid), voice_measures(grid.astype(kind))
    for name, value in plain.items():
        np.testing.assert_array_equal(small[name], value)


@pytest.mark.parametrize(
    "bad", [np.zeros((4, 1), int), np.zeros(4, int), np.zeros((4, 4)), np.zeros((2, 4, 4), int)]
)
def test_what_are_no_voices_is_refused(bad):
    with pytest.raises(
        ShapeError, match=r"voices are int \[step, voice\], at least two, got (int|float)64 \["
    ):
        voice_measures(bad)


def test_other_bad_input():
    with pytest.raises(ShapeError, match=r"of 2 voices, got \[4, 2\]"):
        voice_measures(steps([60, 55]), ranges=np.zeros((4, 2)))
    with pytest.raises(ShapeError, match="at least one step, got 0"):
        voice_measures(steps([60, 55]), steps_per_beat=0)


def random_voices(seed: int, count: int, rests: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    grid = rng.integers(40, 80, (rng.integers(2, 30), count)).repeat(rng.integers(1, 5), axis=0)
    return np.where(rng.random(grid.shape) < rests, -1, grid)


@given(st.integers(0, 10**6), st.sampled_from([0.0, 0.3]))
@settings(max_examples=60, deadline=None)
def test_four_voices_measure_as_on_the_ladder_where_both_are_defined(seed, rests):
    grid = random_voices(seed, 4, rests)
    table, ladder = voice_measures(grid), voice_features(grid)
    for name in ("crossing", "wide_spacing", "parallel_fifths", "parallel_octaves"):
        if not np.isnan(table[name]):
            assert table[name] == pytest.approx(float(ladder[name]))
    if not np.isnan(table["dissonance"]):
        assert table["dissonance"] == pytest.approx(float(melody_dissonance(grid[::4])))
    if not np.isnan(table["out_of_range"]).any():
        assert table["out_of_range"][1:].mean() == pytest.approx(float(ladder["out_of_range"]))


@given(st.integers(0, 10**6), st.integers(2, 6), st.sampled_from([0.0, 0.3, 0.95]))
@settings(max_examples=60, deadline=None)
def test_shares_are_shares_and_a_transposition_changes_only_ranges(seed, count, rests):
    grid = random_voices(seed, count, rests)
    grid.flags.writeable = False
    table = voice_measures(grid)
    for name in table.keys() - {"parallel_fifths", "parallel_octaves"}:
        known = np.atleast_1d(table[name])[~np.isnan(np.atleast_1d(table[name]))]
        assert ((known >= 0) & (known <= 1)).all()
    moved = voice_measures(np.where(grid >= 0, grid + 7, -1))
    for name in table.keys() - {"out_of_range"}:
        np.testing.assert_allclose(moved[name], table[name])
