"""Capture as a musician would trust it: jitter, ornaments, overlaps, a tempo that changes, a measured offset."""

from collections import Counter

import numpy as np
import pytest
from composer import catalog
from composer.errors import ConfigError
from composer.live.melody.capture import Event, RecordConfig, capture
from composer.live.melody.quantise import grid_shift, quantise_onsets
from composer.live.melody.transport import Transport
from composer.songs import read
from composer.songs.edit import take_melody
from composer.songs.song import Note, Tempo, TimeSignature

QPM = 100.0
BEAT = 60 / QPM


def press(pitch, on, off, velocity=80):
    """Events of one key, in beats at 100 qpm."""
    return [Event(on * BEAT, "note_on", pitch, velocity), Event(off * BEAT, "note_off", pitch, 0)]


def notes(song):
    return [(round(n.onset, 4), n.pitch, round(n.duration, 4)) for n in song.tracks[0].notes]


def heard(*presses, end=99.0, transport=None, downbeat=None, **settings):
    events = [event for keys in presses for event in keys]
    return capture(events, end, RecordConfig(**{"qpm": QPM} | settings), transport, downbeat)


# --- the figure: bundled melodies, played by a human ---


def humanly(melody, start, errors, rng):
    """Events of a melody with `errors` seconds on its onsets, releases a little early or late, no key down twice."""
    events, last = [], {}
    for note, error in zip(melody, errors, strict=True):
        on = start + note.onset * BEAT + error
        off = max(on + 0.04, start + note.end * BEAT + rng.uniform(-0.06, 0.03))
        if note.pitch in last and events[last[note.pitch]].seconds >= on:
            events[last[note.pitch]] = Event(on - 0.01, "note_off", note.pitch, 0)
        last[note.pitch] = len(events) + 1
        events += [Event(on, "note_on", note.pitch, 80), Event(off, "note_off", note.pitch, 0)]
    return events


def share_right(draw, count_in, times, seed=3):
    """Share of the bundled melodies' notes whose onset, pitch and duration come back."""
    rng, right, played = np.random.default_rng(seed), 0, 0
    for name in sorted(catalog.tunes()):
        written = take_melody(read(catalog.tune(name))).line.notes
        first = 0.0 if count_in else written[0].onset
        meant = [Note(n.onset - first, n.pitch, n.duration) for n in written]
        wanted = Counter((round(n.onset * 12), n.pitch, round(n.duration * 12)) for n in meant)
        for _ in range(times):
            events = humanly(meant, 4 * BEAT, draw(rng, len(meant)), rng)
            song = capture(events, 1e4, RecordConfig(qpm=QPM, count_in=count_in))
            pickup = song.time_signatures[-1].onset
            got = (
                (round((n.onset - pickup) * 12), n.pitch, round(n.duration * 12))
                for n in song.tracks[0].notes
            )
            right += (wanted & Counter(got)).total()
            played += len(meant)
    return right / played


JITTER = {
    "uniform": lambda rng, n: rng.uniform(-0.035, 0.035, n),
    "normal": lambda rng, n: np.clip(rng.normal(0, 0.0175, n), -0.035, 0.035),
    "none": lambda rng, n: np.zeros(n),
}


@pytest.mark.parametrize(
    ("jitter", "least"), [("uniform", 0.995), ("normal", 0.995), ("none", 1.0)]
)
@pytest.mark.parametrize("count_in", [1, 0])
def test_melodies_played_by_a_human_come_back(jitter, least, count_in):
    assert share_right(JITTER[jitter], count_in, times=4 if least < 1 else 1) >= least


# --- the grid ---


def test_a_loose_run_of_triplets_is_one_and_a_loose_dotted_rhythm_is_none():
    third = 1 / 3
    triplets = np.array(
        [0, third, 2 * third, 1, 1 + third, 1 + 2 * third, 2, 2 + third, 2 + 2 * third, 3]
    )
    error = np.array([0, -0.05, 0.05, 0.03, -0.05, 0.05, -0.04, -0.04, 0.05, 0.01])
    np.testing.assert_allclose(quantise_onsets(triplets + error), triplets)
    dotted = np.array([0, 0.75, 1, 1.75, 2, 2.75, 3, 3.75])
    error = np.array([0, -0.05, 0.02, -0.03, -0.05, -0.05, 0.05, 0.01])
    np.testing.assert_allclose(quantise_onsets(dotted + error), dotted)


def test_the_grid_lies_where_it_fits_all_notes_not_under_the_first():
    played = np.array([-0.06, 0.5, 0.76, 0.98, 1.75, 2.0, 2.49])
    assert grid_shift(played - played[0]) == pytest.approx(0.06, abs=0.02)
    assert grid_shift([0.0, 0.6]) == grid_shift([]) == 0.0
    keys = [press(60 + i, at + 1, at + 1.2) for i, at in enumerate(played)]
    assert [onset for onset, _, _ in notes(heard(*keys))] == [0, 0.5, 0.75, 1, 1.75, 2, 2.5]


# --- one line out of what fingers do ---


def test_a_legato_line_is_one_line_under_either_priority():
    line = press(60, 1, 2.1), press(64, 2, 3.15), press(57, 3, 4)
    for priority in ("last", "top"):
        assert notes(heard(*line, priority=priority)) == [(0, 60, 1), (1, 64, 1), (2, 57, 1)]


def test_a_key_held_above_others_is_the_melody_only_if_the_top_is_asked_for():
    held = press(76, 0, 4), press(60, 1, 1.9), press(64, 2, 3), press(79, 4, 5)
    assert notes(heard(*held, priority="top")) == [(0, 76, 4), (4, 79, 1)]
    assert [pitch for _, pitch, _ in notes(heard(*held))] == [76, 60, 64, 79]


def test_what_only_the_pedal_holds_does_not_hide_a_lower_key():
    down, up = Event(0.1, "control_change", 64, 127), Event(4 * BEAT, "control_change", 64, 0)
    song = heard(press(76, 0, 0.9), press(60, 1, 1.9), [down, up], priority="top")
    assert notes(song) == [(0, 76, 1), (1, 60, 3)]


def test_a_grace_note_goes_and_its_main_note_keeps_the_beat_and_its_velocity():
    before_beat = press(59, 0.91, 0.99, 30), press(60, 1.0, 2.0, 101)
    song = heard(press(67, 0, 0.9), *before_beat)
    assert notes(song) == [(0, 67, 1), (1, 60, 1)] and song.tracks[0].notes[1].velocity == 101
    on_beat = press(59, 1.04, 1.15, 30), press(60, 1.13, 2.0, 101)
    assert notes(heard(press(67, 0, 0.9), *on_beat)) == [(0, 67, 1), (1, 60, 1)]


def test_a_grace_note_late_before_the_step_does_not_take_it():
    # the main note is nearer to its step: 1.06, and not 0.82, which would be a sixteenth before
    late = press(62, 0.97, 1.05), press(60, 1.06, 2.0)
    assert notes(heard(press(67, 0, 0.9), *late)) == [(0, 67, 1), (1, 60, 1)]
    kept = heard(press(67, 0, 0.75), press(62, 0.86, 0.95), press(60, 0.95, 2.0), grace=0.0)
    assert [pitch for _, pitch, _ in notes(kept)] == [67, 62, 60]


def test_fast_notes_of_one_length_are_no_ornaments():
    run = [press(60 + i, i / 4, i / 4 + 0.2) for i in range(8)]
    assert len(notes(heard(*run))) == 8
    hurried = [Event(e.seconds * 0.5, e.kind, e.number, e.value) for keys in run for e in keys]
    assert len(capture(hurried, 99, RecordConfig(qpm=QPM, resolution=8)).tracks[0].notes) == 8


def test_a_note_over_the_bar_line_stays_one_note():
    assert notes(heard(press(60, 0, 3), press(64, 3, 5.5), press(62, 5.5, 6)))[1] == (3, 64, 2.5)
    cut = heard(press(60, 0, 3), press(64, 3, 5.5), bars=1)
    assert notes(cut) == [(0, 60, 3), (3, 64, 1)]


# --- the time it is heard against ---


def test_the_offset_is_taken_off_what_was_heard():
    late = [press(60, 4 + 0.2, 5.45), press(62, 5.25 + 0.2, 6)]
    assert notes(heard(*late, count_in=1, offset=0.2 * BEAT))[:2] == [
        (0, 60, 1.25),
        (1.25, 62, 0.5),
    ]
    assert notes(heard(*late, count_in=1))[0][0] == 0.25


def test_a_take_over_a_tempo_that_changes_lies_on_its_beats():
    transport = Transport.start(1000.0, 60.0, beat=-4.0).changed(1007.0, 150.0)  # beat 3
    meant = (
        Note(0, 60, 2.0, 20),
        Note(2, 64, 0.5, 90),
        Note(2.5, 65, 1.5, 70),
        Note(4, 55, 1.0, 33),
    )
    events = []
    for note in meant:
        on, off = transport.seconds(note.onset), transport.seconds(note.end)
        events += [
            Event(on + 0.02, "note_on", note.pitch, note.velocity),
            Event(off, "note_off", note.pitch, 0),
        ]
    song = capture(events, 2000.0, RecordConfig(qpm=77, beats_per_bar=3), transport, downbeat=0.0)
    assert song.tracks[0].notes == meant
    assert song.tempos == (Tempo(0.0, 60.0), Tempo(3.0, 150.0))
    assert song.time_signatures == (TimeSignature(0.0, 3, 4),)


def test_a_downbeat_has_a_bar_of_pickup_before_it():
    transport = Transport.start(50.0, 120.0)
    events = [
        Event(transport.seconds(b), k, p, v)
        for b, k, p, v in [(2, "note_on", 50, 9), (3, "note_off", 50, 0)]
    ]
    events += [
        Event(transport.seconds(b), k, p, v)
        for b, k, p, v in [(7, "note_on", 60, 9), (9, "note_off", 60, 0)]
    ]
    song = capture(events, 99.0, RecordConfig(), transport, downbeat=8.0)
    assert notes(song) == [(0, 60, 2)] and song.time_signatures[-1] == TimeSignature(1.0, 4, 4)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"priority": "first"}, "priority is one of last, top, got 'first'"),
        ({"offset": 2.5}, "offset is between -2 and 2 seconds, got 2.5"),
        ({"offset": float("nan")}, "offset is between"),
        ({"grace": -0.1}, "grace is at least 0, got -0.1"),
    ],
)
def test_a_setting_out_of_range_is_refused_by_name(settings, says):
    with pytest.raises(ConfigError, match=says):
        RecordConfig(**settings)
