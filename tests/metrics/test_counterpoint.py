"""Voice leading, proved by hand on lopsided grids of two voices to five; nothing is NaN, and 0 on the ladder."""

from __future__ import annotations

import numpy as np
import pytest
from composer.errors import ShapeError
from composer.metrics import counterpoint as cp
from composer.metrics.counterpoint import voice_features, voice_metrics
from composer.metrics.harmony import melody_dissonance
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.grids import beats, steps

SCALARS = {
    "crossing",
    "wide_spacing",
    "parallel_fifths",
    "parallel_octaves",
    "dissonance",
    "chord_share",
}
BY_VOICE = {"out_of_range", "offbeat_changes"}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([79, 72, 55, 40], [81, 74, 55, 40], (1, 0, 0)),  # S-A, a fifth
        ([72, 64, 58, 53], [74, 64, 58, 55], (1, 0, 0)),  # S-B, a fifth and an octave
        ([72, 67, 60, 45], [70, 67, 58, 45], (0, 1, 0)),  # S-T, downwards
        ([72, 67, 50, 50], [72, 67, 53, 53], (0, 1, 0)),  # T-B in unison
        (
            [79, 72, 55, 43],
            [81, 74, 53, 41],
            (1, 1, 0),
        ),  # S-A a fifth, upwards; T-B an octave, downwards
        ([72, 64, 60, 50], [76, 64, 60, 52], (0, 0, 1)),  # hidden octave, the soprano leaps
        ([72, 64, 60, 48], [76, 64, 60, 57], (0, 0, 1)),  # hidden fifth
        ([74, 64, 60, 49], [76, 64, 60, 52], (0, 0, 0)),  # the same by step is allowed
        ([76, 64, 60, 53], [72, 64, 60, 55], (0, 0, 0)),  # reached in contrary motion
        ([72, 64, 58, 53], [77, 64, 58, 46], (0, 0, 0)),  # fifths in contrary motion
        ([79, 72, 55, 40], [79, 72, 55, 40], (0, 0, 0)),  # a fifth held
        ([79, 72, 55, 40], [81, 75, 55, 40], (0, 0, 0)),  # perfect to diminished
        ([79, -1, 55, 40], [81, 74, 55, 40], (0, 0, 0)),  # from a rest
    ],
)
def test_parallels(before, after, expected):
    grid = steps(before, after)
    per_100 = (*cp.parallels(grid), cp.hidden_parallels(grid))
    # Two steps are half a beat, so that one of them counts 200 in 100 beats.
    assert tuple(float(n) / 200 for n in per_100) == expected


def test_parallels_are_counted_per_hundred_beats_and_once_for_each_pair():
    grid = steps([79, 72, 55, 40], [81, 74, 55, 40], each=10)  # 20 steps, 5 beats
    measured = cp.voice_features(grid)
    assert measured["parallel_fifths"] == 20 and measured["parallel_octaves"] == 0
    planed = steps([79, 72, 55, 48], [81, 74, 57, 50])
    assert [float(n) / 200 for n in cp.parallels(planed)] == [3, 2]  # S-A, S-B, T-B; S-T, A-B


def test_crossing_is_a_share_of_full_steps():
    full = [72, 65, 58, 50]
    grid = steps(full, full, [64, 65, 58, 50], [72, 65, 48, 50], full, [60, 65, -1, 50])
    assert cp.crossing(grid) == pytest.approx(2 / 5)


def test_spacing_allows_an_octave_and_any_gap_above_the_bass():
    grid = steps(
        [72, 60, 50, 50], [73, 60, 50, 40], [72, 70, 57, 36], [72, 65, 60, 36], [90, 60, 50, -1]
    )
    assert cp.wide_spacing(grid) == pytest.approx(2 / 4)  # S-A 13; A-T 13; T-B 24 is fine


def test_range_is_a_share_of_sounding_steps_mean_of_the_lower_voices():
    grid = steps([99, 52, 47, 65], [99, 53, 69, 64], [99, 74, 60, -1], [99, 74, 60, -1])
    assert cp.voice_features(grid)["out_of_range"] == pytest.approx((1 / 4 + 0 + 1 / 2) / 3)


def test_outer_motion_looks_at_the_beats_only():
    tops, bottoms = [60, 62, 64, 65, 65, 67, 67], [50, 48, 49, 51, 53, 52, -1]
    grid = beats(*[[top, 55, 55, bottom] for top, bottom in zip(tops, bottoms, strict=True)])
    grid[[1, 5, 6], 3] = 70  # between beats
    assert [float(x) for x in cp.outer_motion(grid)] == pytest.approx([2 / 5, 2 / 5])


def test_all_measures_have_their_shapes():
    table = voice_metrics(steps([72, 65, 58], [71, 65, 57], each=4))
    assert table.keys() == SCALARS | BY_VOICE
    assert all(isinstance(table[name], float) for name in SCALARS)
    assert all(table[name].shape == (3,) for name in BY_VOICE)


def test_range_is_a_share_of_each_voices_sounding_steps():
    grid = steps([99, 52, 47, 65], [81, 53, 69, 64], [60, 74, 60, -1], [59, 75, 60, -1])
    np.testing.assert_allclose(cp.out_of_range(grid), [2 / 4, 2 / 4, 0, 1 / 2])
    np.testing.assert_allclose(cp.out_of_range(grid[:, :2], [[60, 98], [0, 127]]), [2 / 4, 0])
    assert np.isnan(cp.out_of_range(grid[:, :3])).all()  # three voices: nobody knows their ranges
    assert np.isnan(cp.out_of_range(steps([60, -1, 60, 50]))).tolist() == [
        False,
        True,
        False,
        False,
    ]


def test_crossing_is_a_share_of_full_steps_not_of_all():
    full = [72, 65, 58, 50]
    grid = steps(full, full, [64, 65, 58, 50], [72, 65, 48, 50], full, [60, 65, -1, 50])
    assert voice_metrics(grid)["crossing"] == pytest.approx(2 / 5)
    assert (np.diff(grid, axis=1) > 0).any(1).mean() == pytest.approx(
        3 / 6
    )  # a rest is no low note
    assert np.isnan(voice_metrics(steps([60, -1], [-1, 62]))["crossing"])


def test_spacing_leaves_the_gap_above_the_lowest_free():
    grid = steps(
        [72, 60, 50, 50], [73, 60, 50, 40], [72, 70, 57, 36], [72, 65, 60, 36], [90, 60, 50, -1]
    )
    assert cp.wide_spacing(grid) == pytest.approx(2 / 4)  # S-A 13, A-T 13; T-B 24 is fine
    assert cp.wide_spacing(grid[:, :3]) == pytest.approx(2 / 5)  # S-A 13 and 30; A-T is free now
    assert np.isnan(cp.wide_spacing(grid[:, :2]))
    five = np.c_[grid, [38, 38, 20, 20, 20]]
    assert cp.wide_spacing(five) == pytest.approx(3 / 4)  # now T-B counts: 21 and 24


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
    assert cp.parallels(steps(before, after)) == pytest.approx(np.array(expected) * 2)


def test_parallels_per_hundred_beats():
    grid = steps([79, 72, 55, 40], [81, 74, 55, 40], each=10)  # 20 steps, 5 beats
    assert cp.parallels(grid) == (20, 0)
    assert cp.parallels(grid, steps_per_beat=2) == (10, 0)


def test_parallels_are_undefined_where_no_two_voices_follow_each_other():
    assert np.isnan(cp.parallels(steps([79, -1], [-1, 74]))).all()
    assert np.isnan(cp.parallels(steps([79, 72]))).all()
    assert cp.parallels(steps([79, 72, -1], [79, 71, -1])) == (0, 0)


def test_dissonance_is_of_the_notes_under_the_melody_on_the_beats():
    # Under C: F, D, C; B, F#. D, B and F# are dissonant. Between the beats nothing counts.
    grid = np.array(
        [[72, 65, 62, 48], [72, 73, 71, 70], [72, 73, 71, 70], [72, 73, 71, 70], [72, 71, 66, -1]]
    )
    assert voice_metrics(grid)["dissonance"] == pytest.approx(3 / 5)
    assert voice_metrics(grid, steps_per_beat=1)["dissonance"] == pytest.approx(
        (3 + 9) / 14
    )  # 73, 71, 70 too
    assert np.isnan(voice_metrics(steps([-1, 60], [72, -1]))["dissonance"])


@pytest.mark.parametrize("grid", [np.full((8, 3), -1), np.zeros((0, 2), int), np.full((5, 4), -1)])
def test_silence_is_undefined_throughout(grid):
    assert all(np.isnan(value).all() for value in voice_metrics(grid).values())


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int32])
def test_small_integers_do_not_wrap(kind):
    grid = steps([127, 115, 3, 0], [120, 108, 5, 1], each=3)
    plain, small = voice_metrics(grid), voice_metrics(grid.astype(kind))
    for name, value in plain.items():
        np.testing.assert_array_equal(small[name], value)


@pytest.mark.parametrize(
    "bad", [np.zeros((4, 1), int), np.zeros(4, int), np.zeros((4, 4)), np.zeros((2, 4, 4), int)]
)
def test_what_are_no_voices_is_refused(bad):
    with pytest.raises(
        ShapeError, match=r"voices are int \[step, voice\], at least two, got (int|float)64 \["
    ):
        voice_metrics(bad)


def test_other_bad_input():
    with pytest.raises(ShapeError, match=r"of 2 voices, got \[4, 2\]"):
        voice_metrics(steps([60, 55]), ranges=np.zeros((4, 2)))
    with pytest.raises(ShapeError, match="at least one step, got 0"):
        voice_metrics(steps([60, 55]), steps_per_beat=0)


def random_voices(seed: int, count: int, rests: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    grid = rng.integers(40, 80, (rng.integers(2, 30), count)).repeat(rng.integers(1, 5), axis=0)
    return np.where(rng.random(grid.shape) < rests, -1, grid)


@given(st.integers(0, 10**6), st.sampled_from([0.0, 0.3]))
@settings(max_examples=60, deadline=None)
def test_four_voices_measure_as_on_the_ladder_where_both_are_defined(seed, rests):
    grid = random_voices(seed, 4, rests)
    table, ladder = voice_metrics(grid), voice_features(grid)
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
    table = voice_metrics(grid)
    for name in table.keys() - {"parallel_fifths", "parallel_octaves"}:
        known = np.atleast_1d(table[name])[~np.isnan(np.atleast_1d(table[name]))]
        assert ((known >= 0) & (known <= 1)).all()
    moved = voice_metrics(np.where(grid >= 0, grid + 7, -1))
    for name in table.keys() - {"out_of_range"}:
        np.testing.assert_allclose(moved[name], table[name])
