"""From keys in seconds to a melody in beats, and the takes around it: no port, no clock but fakes."""

import itertools
from dataclasses import dataclass

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from composer.errors import ConfigError, MelodyError
from composer.live.midi import recorder
from composer.live.midi.recorder import (
    Event,
    RecordConfig,
    capture,
    quantise_onsets,
    record,
    record_melody,
)
from composer.songs.song import Note, TimeSignature

# Lopsided on purpose: four lengths, a repeated note, a rest, more than an octave, no two velocities alike.
MELODY = (
    Note(0.0, 60, 1.0, 71),
    Note(1.0, 60, 0.5, 34),
    Note(1.5, 67, 0.25, 99),
    Note(1.75, 65, 0.25, 52),
    Note(2.0, 76, 1.5, 120),
    Note(4.0, 55, 2.0, 1),
    Note(6.0, 62, 0.5, 127),
)
QPM = 90.0
BEAT = 60 / QPM


def keys(notes, offset=0.0, qpm=QPM):
    """Events of notes played as written, `offset` seconds into the take."""
    beat = 60 / qpm
    events = []
    for n in notes:
        events.append(Event(offset + n.onset * beat, "note_on", n.pitch, n.velocity))
        events.append(Event(offset + n.end * beat, "note_off", n.pitch, 64))
    # a release at the same instant as the next press comes first
    return sorted(events, key=lambda e: (e.seconds, e.is_press))


def press(pitch, on, off, velocity=80):
    """Events of one key, in seconds."""
    return [Event(on, "note_on", pitch, velocity), Event(off, "note_off", pitch, 0)]


def pedal(at, value):
    return Event(at, "control_change", 64, value)


def heard(events, end=60.0, **settings):
    return capture(events, end, RecordConfig(**{"qpm": QPM} | settings)).tracks[0].notes


def line(notes):
    """(onset, pitch, duration) rounded: what a reader compares."""
    return [(round(n.onset, 4), n.pitch, round(n.duration, 4)) for n in notes]


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


# --- takes: a keyboard, its cable and the clock are played by a script ---


@dataclass
class Script:
    """A clock that a `wait` moves on, and a port whose messages and end come at their seconds."""

    messages: list[tuple[float, mido.Message]]
    gone_at: float = float("inf")
    interrupt_at: float = float("inf")
    stop_at: float = float("inf")
    now: float = 0.0
    epoch: float = 5000.0  # a monotonic clock starts anywhere
    callback: object = None
    name: str = "script"

    def clock(self):
        return self.epoch + self.now

    def listen(self, callback):
        self.callback = callback

    def is_there(self):
        return self.now < self.gone_at

    def wait(self, seconds):
        until = self.now + seconds
        while self.messages and self.messages[0][0] <= until and self.messages[0][0] < self.gone_at:
            self.now, message = self.messages.pop(0)
            self.callback(message)
        self.now = until
        assert self.now < 100, "the take never ended"
        if self.now >= self.interrupt_at:
            raise KeyboardInterrupt
        return self.now >= self.stop_at

    def take(self, on_event=None, **settings):
        take = record(
            self, RecordConfig(**{"qpm": QPM} | settings), self.clock, self.wait, on_event
        )
        assert self.callback is None
        return take


def played(notes, offset=0.5, **extra):
    """A script of notes; `extra` are (seconds, message) pairs under any name."""
    messages = [
        (e.seconds, mido.Message(e.kind, note=e.number, velocity=e.value))
        for e in keys(notes, offset)
    ] + list(extra.values())
    return sorted(messages, key=lambda m: m[0])


def control(number, value):
    return mido.Message("control_change", control=number, value=value)


def test_the_stop_key_ends_a_take():
    end = 0.5 + 7 * BEAT
    script = Script(
        played(
            MELODY,
            stop=(end, control(106, 127)),
            late=(end + 0.001, mido.Message("note_on", note=1)),
        )
    )
    take = script.take()
    assert take.song.tracks[0].notes == MELODY
    assert take.ended == "stop key" and take.seconds == pytest.approx(end)
    assert take.events[-1] == Event(pytest.approx(end), "control_change", 106, 127)
    assert take.events[0] == Event(pytest.approx(0.5), "note_on", 60, 71)
    assert len(take.events) == 2 * len(MELODY) + 1


def test_the_release_of_the_stop_key_and_other_keys_do_not_end_a_take():
    keys_pressed = {
        "a": (0.2, control(106, 0)),
        "b": (0.3, control(107, 127)),
        "c": (0.4, control(1, 60)),
    }
    take = Script(played(MELODY, **keys_pressed), stop_at=9.0).take()
    assert take.ended == "stopped" and take.song.tracks[0].notes == MELODY


def test_another_stop_key_can_be_set():
    assert (
        Script(played(MELODY, stop=(1.0, control(20, 1))), stop_at=9.0).take(stop_key=20).ended
        == "stop key"
    )


def test_a_take_of_n_bars_ends_by_itself_and_lets_keys_go():
    held = [Note(0, 60, 4.0), Note(4, 64, 40.0, 33)]
    take = Script(played(held, offset=2.0)).take(bars=3, beats_per_bar=4)
    assert take.ended == "bars" and take.seconds == pytest.approx(2.0 + 12 * BEAT)
    assert take.song.tracks[0].notes == (Note(0, 60, 4.0), Note(4, 64, 8.0, 33))


def test_bars_are_counted_from_the_count_in_even_if_nothing_is_played():
    take = Script([]).take(bars=2, beats_per_bar=3, count_in=1)
    assert take.ended == "bars" and take.seconds == pytest.approx(9 * BEAT)
    assert take.song.tracks[0].notes == ()


def test_without_a_count_in_the_bars_wait_for_the_first_note():
    assert Script([], stop_at=60.0).take(bars=1).ended == "stopped"


def test_a_port_that_goes_away_keeps_the_take_and_closes_the_note():
    script = Script(played([Note(0, 60, 1.0), Note(1, 67, 9.0, 45)]), gone_at=0.5 + 3 * BEAT)
    take = script.take()
    assert take.ended == "port gone"
    assert take.song.tracks[0].notes == (Note(0, 60, 1.0), Note(1, 67, 2.0, 45))


def test_the_last_words_of_a_port_are_heard():
    gone = 0.5 + 2 * BEAT
    script = Script(played([Note(0, 60, 1.0), Note(1, 67, 0.999)]), gone_at=gone)
    assert line(script.take().song.tracks[0].notes) == [(0, 60, 1), (1, 67, 1)]


def test_an_interrupt_keeps_the_take():
    take = Script(played(MELODY), interrupt_at=0.5 + 3 * BEAT).take()
    assert take.ended == "stopped"
    assert take.song.tracks[0].notes == (*MELODY[:4], Note(2.0, 76, 1.0, 120))


def test_each_event_is_told_once_in_order_and_soon():
    script = Script(
        played(MELODY, clock=(0.9, mido.Message("clock")), bend=(1.0, mido.Message("pitchwheel"))),
        stop_at=9.0,
    )
    told = []
    take = script.take(on_event=lambda e: told.append((script.now, e)))
    assert tuple(e for _, e in told) == take.events and len(told) == 2 * len(MELODY)
    assert all(0 <= at - e.seconds <= recorder.POLL_SECONDS + 1e-6 for at, e in told)


class Opened(Script):
    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.closed = True


@pytest.mark.parametrize("notes", [MELODY, ()])
def test_record_melody_opens_the_port_asked_for_and_closes_it(monkeypatch, notes):
    stop = (9.0, control(106, 127))
    script = Opened(played(notes, stop=stop))
    asked = []
    monkeypatch.setattr(recorder, "open_input", lambda *a: asked.append(a) or script)
    monkeypatch.setattr(recorder, "record", lambda port, config, on_event: port.take(on_event))
    if notes:
        assert record_melody("kb", "jack", RecordConfig()).tracks[0].notes == MELODY
    else:
        with pytest.raises(
            MelodyError, match=r"nothing was played on 'script' in 9 s \(stop key\)"
        ):
            record_melody("kb", "jack")
    assert asked == [("kb", "jack")] and script.closed
