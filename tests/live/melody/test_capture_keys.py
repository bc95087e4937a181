"""Keys as people press them, made one line: bounces, slips, chords, pedals, pickups."""

import itertools

import numpy as np
import pytest
from composer.errors import ConfigError
from composer.live.midi.recorder import (
    Event,
    RecordConfig,
    capture,
)
from composer.songs.song import Note, TimeSignature
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.keys import BEAT, MELODY, QPM, heard, keys, line


def press(pitch, on, off, velocity=80):
    """Events of one key, in seconds."""
    return [Event(on, "note_on", pitch, velocity), Event(off, "note_off", pitch, 0)]


def pedal(at, value):
    return Event(at, "control_change", 64, value)


def test_a_melody_played_exactly_comes_back():
    song = capture(keys(MELODY, offset=3.21), 60.0, RecordConfig(qpm=QPM, beats_per_bar=3))
    assert song.tracks[0].notes == MELODY
    assert song.qpm == QPM
    assert song.time_signatures == (TimeSignature(0.0, 3, 4),)
    assert len(song.tracks) == 1 and not song.tracks[0].is_drum


@pytest.mark.parametrize("seed", range(30))
def test_a_melody_played_by_a_human_comes_back(seed):
    rng = np.random.default_rng(seed)
    lengths = rng.choice([0.25, 0.5, 0.5, 1.0, 1.5, 2.0], size=40)
    onsets = np.concatenate([[0.0], np.cumsum(lengths)[:-1]])
    pitches = (
        np.cumsum(rng.choice([-5, -2, -1, 1, 3, 4], size=40)) + 64
    )  # one finger cannot overlap itself
    rest = (lengths >= 1.0) & (rng.random(40) < 0.3)
    truth = [
        Note(float(o), int(p), float(d) - 0.5 * bool(r), 80)
        for o, p, d, r in zip(onsets, pitches, lengths, rest, strict=True)
    ]
    events = []
    for n in truth:
        late = float(np.clip(rng.normal(0, 0.012), -0.03, 0.03)) * (n.onset > 0)
        on = 1.0 + n.onset * BEAT + late
        off = 1.0 + n.end * BEAT - rng.uniform(0.0, 0.1) * BEAT  # let go a little early
        events += press(n.pitch, on, off)
    assert line(heard(events)) == line(truth)


def test_a_note_on_of_velocity_zero_is_a_release():
    events = [
        Event(0, "note_on", 60, 80),
        Event(BEAT, "note_on", 60, 0),
        Event(2 * BEAT, "note_on", 62, 80),
    ]
    assert line(heard(events, end=5 * BEAT)) == [(0, 60, 1), (2, 62, 3)]


def test_legato_keys_overlap_and_stay_one_line():
    events = press(60, 0, 1.12 * BEAT) + press(64, BEAT, 3.4 * BEAT) + press(62, 2 * BEAT, 3 * BEAT)
    assert line(heard(events)) == [(0, 60, 1), (1, 64, 1), (2, 62, 1)]


def test_the_last_key_is_the_melody_even_when_it_is_lower_and_the_first_is_held():
    assert line(heard(press(72, 0, 4 * BEAT) + press(53, BEAT, 2 * BEAT))) == [
        (0, 72, 1),
        (1, 53, 1),
    ]


def test_a_key_that_bounces_is_one_note():
    events = press(60, 0, 0.006, 90) + press(60, 0.012, BEAT, 64) + press(62, BEAT, 2 * BEAT)
    assert heard(events) == (Note(0, 60, 1, 90), Note(1, 62, 1, 80))


def test_a_repeated_note_is_not_a_bounce():
    events = press(60, 0, 0.25 * BEAT) + press(60, 0.25 * BEAT, BEAT)
    assert line(heard(events)) == [(0, 60, 0.25), (0.25, 60, 0.75)]


def test_a_brushed_neighbour_is_dropped_and_does_not_cut_the_note():
    slip = press(61, 0.6 * BEAT, 0.6 * BEAT + 0.02, 30)
    assert line(heard(press(60, 0, BEAT) + slip + press(62, BEAT, 2 * BEAT))) == [
        (0, 60, 1),
        (1, 62, 1),
    ]


def test_a_key_still_down_when_the_take_ends_is_no_slip():
    events = press(60, 0, BEAT) + press(62, BEAT, 2 * BEAT)[:1]
    assert [pitch for _, pitch, _ in line(heard(events, end=BEAT + 0.004))] == [60, 62]


def test_a_slip_before_the_first_note_does_not_move_the_downbeat():
    assert line(
        heard(press(59, 0, 0.015) + press(60, 0.028, 0.5) + press(62, 0.028 + BEAT, 2 * BEAT))
    )[1][:2] == (
        1,
        62,
    )


def test_short_notes_on_their_own_are_kept_one_step_long():
    assert line(heard(press(60, 0, 0.01) + press(62, BEAT, BEAT + 0.01))) == [
        (0, 60, 0.25),
        (1, 62, 0.25),
    ]


def test_of_keys_struck_together_the_highest_wins_unless_it_was_only_touched():
    together = press(60, 0, BEAT, 80) + press(64, 0.01, BEAT, 60)
    assert line(heard(together)) == [(0, 64, 1)]
    touched = press(60, 0, BEAT, 80) + press(64, 0.01, BEAT, 39)
    assert line(heard(touched)) == [(0, 60, 1)]


def test_of_two_notes_on_one_step_the_longer_stays():
    grace = press(59, 0, 0.06) + press(60, 0.06, BEAT)
    assert line(heard(grace)) == [(0, 60, 1.0)]
    held_under = press(59, 0, 3 * BEAT) + press(60, 0.06, BEAT)
    assert line(heard(held_under)) == [(0, 60, 1.0)]


def test_the_pedal_holds_a_note_until_it_comes_up():
    events = [
        *press(60, 0, 0.5 * BEAT),
        pedal(0.3 * BEAT, 127),
        pedal(0.6 * BEAT, 90),
        pedal(2 * BEAT, 0),
    ]
    assert line(heard(events)) == [(0, 60, 2)]
    assert line(heard(events, pedal=False)) == [(0, 60, 0.5)]


def test_the_pedal_ends_at_the_next_note_and_changes_nothing_that_was_let_go_before():
    events = [
        *press(60, 0, BEAT),
        pedal(1.5 * BEAT, 127),
        *press(67, 2 * BEAT, 2.5 * BEAT),
        *press(65, 4 * BEAT, 5 * BEAT),
    ]
    assert line(heard(events, end=7 * BEAT)) == [(0, 60, 1), (2, 67, 2), (4, 65, 3)]


def test_a_pedal_pressed_half_way_counts_from_64():
    events = [*press(60, 0, 0.5 * BEAT), pedal(0.1, 63), pedal(2 * BEAT, 0)]
    assert line(heard(events)) == [(0, 60, 0.5)]


def test_keys_still_down_at_the_end_are_let_go_there():
    events = [*press(60, 0, BEAT), Event(BEAT, "note_on", 64, 77)]
    assert heard(events, end=3.5 * BEAT) == (Note(0, 60, 1, 80), Note(1, 64, 2.5, 77))


def test_releases_without_a_press_and_events_after_the_end_do_nothing():
    events = [Event(0, "note_off", 50, 0), *press(60, 0.1, 0.1 + BEAT), *press(72, 5.0, 6.0)]
    assert line(heard(events, end=5.0)) == [(0, 60, 1)]


EVENTS = st.builds(
    Event,
    st.floats(0, 20),
    st.sampled_from(["note_on", "note_off", "control_change"]),
    st.integers(60, 68),
    st.integers(0, 127),
)


@given(
    st.lists(EVENTS, max_size=60),
    st.floats(0, 20),
    st.sampled_from([0, 1]),
    st.sampled_from([None, 2]),
)
@settings(max_examples=300, deadline=None)
def test_whatever_is_played_one_line_comes_out(events, end, count_in, bars):
    song = capture(events, end, RecordConfig(qpm=QPM, count_in=count_in, bars=bars))
    notes = song.tracks[0].notes
    assert all(a.end <= b.onset + 1e-9 for a, b in itertools.pairwise(notes))
    assert all(n.onset >= 0 and n.duration >= 0.25 - 1e-9 and 1 <= n.velocity <= 127 for n in notes)
    assert {n.pitch for n in notes} <= {e.number for e in events if e.is_press}
    if bars is not None:
        assert song.end <= song.time_signatures[-1].onset + bars * 4 + 1e-9


def test_running_off_the_end_is_cut_at_the_last_bar():
    notes = [Note(0, 60, 2.0), Note(2, 64, 3.0), Note(5, 65, 3.5), Note(8.0, 67, 1.0)]
    assert line(heard(keys(notes), bars=2)) == [(0, 60, 2), (2, 64, 3), (5, 65, 3)]
    assert line(heard(keys(notes), bars=2, beats_per_bar=3)) == [(0, 60, 2), (2, 64, 3), (5, 65, 1)]


def test_with_a_count_in_the_bar_line_stays_where_it_was_counted():
    late = [Note(1.0, 60, 1.0), Note(2.0, 62, 2.0)]
    assert line(heard(keys(late, offset=4 * BEAT + 0.02), count_in=1)) == [(1, 60, 1), (2, 62, 2)]


def test_notes_in_the_count_in_become_a_pickup():
    notes = [Note(-6.0, 50, 1.0), Note(-1.5, 60, 0.5), Note(-1.0, 62, 1.0), Note(0.0, 64, 2.0)]
    song = capture(keys(notes, offset=8 * BEAT), 60.0, RecordConfig(qpm=QPM, count_in=2, bars=1))
    assert line(song.tracks[0].notes) == [(0.5, 60, 0.5), (1.0, 62, 1.0), (2.0, 64, 2.0)]
    assert song.time_signatures == (TimeSignature(0.0, 2, 4), TimeSignature(2.0, 4, 4))


def test_a_note_on_the_beat_in_spite_of_an_early_finger_is_no_pickup():
    song = capture(press(60, 4 * BEAT - 0.05, 5 * BEAT), 60.0, RecordConfig(qpm=QPM, count_in=1))
    assert line(song.tracks[0].notes) == [(0, 60, 1)] and len(song.time_signatures) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [("qpm", 0), ("qpm", 401), ("bars", 0), ("count_in", -1), ("resolution", 0), ("blip", -0.1)],
)
def test_a_setting_out_of_range_is_refused_by_name(field, value):
    with pytest.raises(ConfigError, match=f"{field} is .*{value}"):
        RecordConfig(**{field: value})
