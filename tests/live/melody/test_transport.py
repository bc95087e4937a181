"""Seconds to beats: tempo changes, taps, MIDI clock with jitter and holes, and how late a player is."""

import numpy as np
import pytest
from composer.errors import ConfigError
from composer.live.melody.transport import Anchor, ClockFollower, Transport, grid_offset, tapped
from hypothesis import example, given, settings
from hypothesis import strategies as st


def test_a_steady_tempo_counts_beats_both_ways():
    transport = Transport.start(10.0, 90.0)
    assert transport.beat(12.0) == pytest.approx(3.0) and transport.beat(9.0) == pytest.approx(-1.5)
    assert transport.seconds(3.0) == pytest.approx(12.0) and transport.seconds(
        -1.5
    ) == pytest.approx(9.0)
    assert transport.qpm_at(-5) == transport.qpm_at(99) == 90.0


def test_a_tempo_that_changes_leaves_the_beat_unbroken():
    transport = Transport.start(10.0, 60.0, beat=4.0).changed(13.0, 120.0).changed(15.0, 30.0)
    assert transport.anchors == (Anchor(10, 4, 60), Anchor(13, 7, 120), Anchor(15, 11, 30))
    assert [transport.beat(s) for s in (9.0, 12.0, 14.0, 19.0)] == pytest.approx(
        [3.0, 6.0, 9.0, 13.0]
    )
    assert [transport.seconds(b) for b in (3.0, 6.0, 9.0, 13.0)] == pytest.approx(
        [9.0, 12.0, 14.0, 19.0]
    )
    assert [transport.qpm_at(s) for s in (9.0, 13.0, 14.9, 15.0)] == [60, 120, 120, 30]
    assert transport.changed(13.0, 100.0).anchors == (
        Anchor(10, 4, 60),
        Anchor(13, 7, 100),
    )  # what came later is void


@pytest.mark.parametrize(
    ("anchors", "says"),
    [
        ((), "at least one anchor"),
        (((0, 0, float("nan")),), "finite"),
        (((0, 0, 401),), "qpm is between 10 and 400, got 401"),
        (((1, 0, 100), (1, 2, 100)), "goes forward"),
        (((1, 2, 100), (2, 2, 100)), "goes forward"),
    ],
)
def test_a_transport_that_cannot_be_is_refused(anchors, says):
    with pytest.raises(ConfigError, match=says):
        Transport(anchors)


@given(st.lists(st.tuples(st.floats(0.001, 9), st.floats(10, 400)), max_size=8), st.floats(-20, 80))
@settings(max_examples=100, deadline=None)
def test_seconds_and_beats_are_each_others_inverse(changes, seconds):
    transport, at = Transport.start(3.0, 77.0), 3.0
    for gap, qpm in changes:
        at += gap
        transport = transport.changed(at, qpm)
    assert transport.seconds(transport.beat(seconds)) == pytest.approx(seconds, abs=1e-6)


def test_taps_give_the_median_tempo():
    assert tapped([1.0, 1.5, 2.0, 2.7, 3.2]) == pytest.approx(120.0)  # one late tap does no harm
    assert tapped([]) is tapped([7.0]) is None


def test_after_a_pause_taps_begin_anew_and_a_new_tempo_takes_over():
    assert tapped([0.0, 0.5, 1.0, 1.5, 3.6, 4.35]) == pytest.approx(80.0)
    assert tapped([0.0, 0.5, 1.0, 3.1]) is None
    assert tapped(
        [0.5 * i for i in range(20)] + [9.5 + 0.4 * i for i in range(1, 6)]
    ) == pytest.approx(150.0)


def test_taps_out_of_range_are_no_tempo():
    assert tapped([0.0, 2.0, 4.0]) == pytest.approx(30.0) and tapped([0.0, 0.2]) == pytest.approx(
        300.0
    )
    assert tapped([0.0, 0.19]) is None and tapped([1.0, 1.0]) is None and tapped([1.0, 0.5]) is None


GRID = [100 + 0.6 * i for i in range(8)]


def test_the_offset_is_the_median_of_what_was_pressed_to_the_clicks():
    late = [0.030, 0.041, 0.035, 0.020, 0.300, 0.036, 0.050]  # one is nobody's: half way
    offset = grid_offset([c + d for c, d in zip(GRID, late, strict=False)][::-1], GRID)
    assert (offset.seconds, offset.used) == (pytest.approx(0.0355), 6)
    assert offset.spread == pytest.approx((0.0055 + 0.0055) / 2, abs=1e-9)


def test_playing_early_is_negative_and_only_the_nearest_press_counts():
    presses = [c - 0.02 for c in GRID] + [c + 0.1 for c in GRID] + [GRID[0] - 50]
    assert grid_offset(presses, GRID).seconds == pytest.approx(-0.02)
    assert grid_offset(presses, GRID).used == 8


@pytest.mark.parametrize(
    ("presses", "grid"), [([], GRID), (GRID[:3], GRID), (GRID, []), (GRID, GRID[:1])]
)
def test_too_few_presses_are_no_calibration(presses, grid):
    with pytest.raises(ConfigError, match="at least 4 of the clicks, heard"):
        grid_offset(presses, grid)


# --- MIDI clock: [(qpm, beats)] played with jitter and lost clocks, against what was meant ---


def follow(segments, jitter=0.003, lost=(), seed=0, start=True):
    """[(true seconds, true beat, true qpm, what the follower says)], one a clock that came."""
    rng, follower = np.random.default_rng(seed), ClockFollower()
    if start:
        follower.hear(6.99, "start")
    at, tick, said = 7.0, 0, []
    for qpm, beats in segments:
        for _ in range(round(24 * beats)):
            if tick not in lost:
                follower.hear(at + rng.uniform(-jitter, jitter), "clock")
                said.append((at, tick / 24, qpm, follower.transport()))
            tick += 1
            at += 60 / qpm / 24
    return said


def errors(said, since=0.0):
    """Largest errors from beat `since` on: (seconds, share of the tempo)."""
    late = [
        (t.beat(at) - beat) * 60 / qpm
        for at, beat, qpm, t in said
        if t is not None and beat >= since
    ]
    tempo = [t.qpm_at(at) / qpm - 1 for at, beat, qpm, t in said if t is not None and beat >= since]
    return max(map(abs, late)), max(map(abs, tempo))


def test_a_clock_without_jitter_is_followed_exactly_from_the_sixth_on():
    said = follow([(93.0, 4)], jitter=0.0)
    assert [t is None for *_, t in said[:6]] == [True] * 5 + [False]
    assert errors(said) == (pytest.approx(0, abs=1e-9), pytest.approx(0, abs=1e-9))


@pytest.mark.parametrize("qpm", [60.0, 100.0, 240.0])
@pytest.mark.parametrize("seed", range(5))
def test_jitter_is_filtered(qpm, seed):
    late, tempo = errors(follow([(qpm, 16)], seed=seed), since=3.0)
    assert late < 0.0025 and tempo < 0.01


@pytest.mark.parametrize("change", [(100, 140), (100, 60), (120, 90), (60, 200), (100, 101)])
@pytest.mark.parametrize("seed", range(3))
def test_a_new_tempo_is_followed_within_two_beats(change, seed):
    late, tempo = errors(follow([(change[0], 8), (change[1], 8)], seed=seed), since=10.0)
    assert late < 0.003 and tempo < 0.01


@pytest.mark.parametrize("seed", range(5))
def test_lost_clocks_do_not_shift_the_beat(seed):
    lost = {50, 80, 81, 82, 120, 300, *range(200, 230)}
    late, tempo = errors(follow([(110.0, 16)], lost=lost, seed=seed), since=3.0)
    assert late < 0.004 and tempo < 0.03


def test_a_clock_lost_among_the_first_is_counted():
    assert errors(follow([(110.0, 4)], lost={2}), since=2.0)[0] < 0.003


def test_stop_and_continue_hold_the_beat():
    follower = ClockFollower()
    assert not follower.running and follower.transport() is None
    for i in range(48):  # a device that sends clocks all the time
        follower.hear(i / 40, "clock")
    assert not follower.running and follower.transport().beat(47 / 40) == pytest.approx(47 / 24)
    follower.hear(47.5 / 40, "start")
    for i in range(48, 78):
        follower.hear(i / 40, "clock")
    assert follower.running
    assert follower.transport().beat(48 / 40) == pytest.approx(0.0) and follower.transport().qpm_at(
        2
    ) == pytest.approx(100.0)
    follower.hear(77.5 / 40, "stop")
    assert not follower.running
    follower.hear(77.6 / 40, "stop")
    for i in range(100, 130):  # silence, and on
        if i == 100:
            follower.hear(99.5 / 40, "continue")
        follower.hear(i / 40, "clock")
    assert follower.running and follower.transport().beat(100 / 40) == pytest.approx(30 / 24)


def test_the_beats_played_before_can_still_be_placed():
    said = follow([(100, 8), (140, 8)], jitter=0.002)
    last = said[-1][-1]
    assert (
        max(abs(last.beat(at) - beat) * 60 / qpm for at, beat, qpm, _ in said if not 8 <= beat < 10)
        < 0.005
    )
    assert last.qpm_at(said[24 * 4][0]) == pytest.approx(100, abs=1) and last.anchors[
        -1
    ].qpm == pytest.approx(140, abs=1)


KINDS = st.sampled_from(["clock"] * 8 + ["start", "stop", "continue", "songpos"])


@given(st.lists(st.tuples(st.floats(-1, 3) | st.just(float("nan")), KINDS), max_size=120))
@example(
    [(gap, "clock") for gap in (0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 2)]
)  # slower than any tempo, after a hole
@example([(gap, "clock") for gap in (0, 0, 0, 1e-183, 1, 1)])  # faster than any
@settings(max_examples=100, deadline=None)
def test_nonsense_makes_no_trouble(heard):
    follower, at = ClockFollower(), 0.0
    for gap, kind in heard:
        at = at + gap if gap == gap else at
        follower.hear(at if gap == gap else gap, kind)
        transport = follower.transport()
        assert transport is None or np.isfinite(transport.beat(at))
