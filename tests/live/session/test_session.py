"""Sessions on a clock that the test turns, with the bundled model; and one on real JACK ports with real threads."""

from __future__ import annotations

import json
import sys
import threading
import time
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import mido
import numpy as np
import pytest

import composer
from composer.errors import ConfigError
from composer.generators import Model
from composer.live.melody.capture import Event
from composer.live.midi.devices import Profile, profile_for
from composer.live.session.duet import BeatRequest
from composer.live.session.duet_voice import DuetVoice
from composer.live.session.hearing import Hearing
from composer.live.session.phrase import PhraseRequest
from composer.live.session.playback import Answer, Playback
from composer.live.session.saver import TakeSaver
from composer.live.session.session import Session
from composer.live.session.state import SessionConfig
from composer.live.takes.header import Header
from composer.live.takes.saved import list_takes
from composer.songs.song import Note, Song, TimeSignature, Track
from tests.support.live_session import SteppedSession

QPM = 120.0
BEAT = 60.0 / QPM
# Two bars, lopsided: an upbeat eighth, a rest, a note over the bar line.
PHRASE = [
    (0.0, 67, 0.9, 70),
    (1.0, 69, 0.9, 80),
    (2.0, 71, 1.4, 95),
    (3.5, 72, 1.0, 60),
    (5.0, 71, 0.5, 70),
    (5.5, 69, 0.45, 70),
    (6.0, 67, 0.95, 50),
]


@pytest.fixture(scope="module")
def model() -> Model:
    return composer.load_model("jsb-chorales")


@pytest.fixture
def stand(model):
    """Builds stands, and closes what they began."""
    built = []

    def build(config: SessionConfig | None = None, **more) -> SteppedSession:
        built.append(
            SteppedSession.build(
                more.pop("model", model), config or SessionConfig(bars=2, qpm=QPM), **more
            )
        )
        return built[-1]

    yield build
    for one in built:
        one.session.close()


def beats(found, downbeat, qpm=QPM):
    return [(round((on - downbeat) * qpm / 60, 3), pitch) for on, _, pitch, _ in found]


# Phrases


def test_the_answer_sounds_on_the_very_next_downbeat_with_the_melody(stand, model):
    s = stand()
    downbeat = s.play()
    assert s.session.state().phase == "count-in"
    s.score(PHRASE, downbeat, QPM)
    s.run(4 * BEAT + 0.1)
    assert (s.session.state().phase, s.session.state().bar) == ("listening", 1)
    s.run(8 * BEAT)
    assert s.session.state().phase == "playing"
    s.run(8 * BEAT)
    assert (s.session.state().phase, s.session.state().takes) == ("idle", 1)
    melody = [(onset + 8, pitch) for onset, pitch, _, _ in PHRASE]
    assert beats(s.notes(0), downbeat) == melody
    for channel in (1, 2, 3):
        first = s.notes(channel)[0]
        assert first[0] == pytest.approx(downbeat + 8 * BEAT, abs=1e-6)
        assert max(n[1] for n in s.notes(channel)) <= downbeat + 16 * BEAT + 1e-6
    assert not s.hanging and not s.sequencer.late
    take = s.director._history.takes[0]
    assert (
        take.arrangement.tracks[1].notes
        and take.arrangement.tracks[0].notes == take.melody.tracks[0].notes
    )
    made = model.arrange(take.melody, seed=0)
    assert [[(n.onset, n.pitch) for n in t.notes] for t in made.tracks] == [
        [(n.onset, n.pitch) for n in t.notes] for t in take.arrangement.tracks
    ]


@pytest.mark.parametrize("mode", ["phrase", "call"])
def test_each_phase_begins_in_the_bar_that_is_shown(stand, mode):
    s = stand(SessionConfig(mode=mode, bars=2, qpm=QPM))
    told: list[tuple[str, int]] = []

    def tell() -> None:
        state = s.session.state()
        if not told or told[-1][0] != state.phase:
            told.append((state.phase, state.bar))

    s.score(PHRASE, s.play(), QPM)
    s.run(22 * BEAT, every=tell)
    after = ("listening", 5) if mode == "call" else ("idle", 0)
    assert told == [("count-in", 0), ("listening", 1), ("playing", 3), after]


def test_without_the_melody_only_the_voices_answer_softly_where_the_player_was_soft(stand):
    s = stand(SessionConfig(bars=2, qpm=QPM, with_melody=False, metronome=False))
    downbeat = s.play()
    s.score(PHRASE, downbeat, QPM)
    s.run(4 * BEAT + 16 * BEAT + 0.3)
    assert s.notes(0) == [] and len(s.notes(1)) > 3
    struck = [((on - downbeat) / BEAT, v) for on, _, _, v in s.notes(2)]
    assert max(v for at, v in struck if 9.9 < at < 11) > max(v for at, v in struck if at > 13.4)
    clicks = beats(s.notes(9), downbeat)
    assert clicks == [(-4.0, 76), (-3.0, 77), (-2.0, 77), (-1.0, 77)]


def test_what_was_played_stays_in_sight_while_the_answer_sounds_and_after_it(stand):
    s = stand(SessionConfig(bars=2, qpm=QPM, loop=True))
    downbeat = s.play()
    s.score(PHRASE, downbeat, QPM)
    s.run((4 + 10) * BEAT)
    state = s.session.state()
    played = [(onset, pitch) for onset, pitch, _, _ in PHRASE]
    again = [(onset + 8, pitch) for onset, pitch in played]
    assert (state.phase, [(n.onset, n.pitch) for n in state.melody]) == ("playing", played + again)
    assert min(n.onset for n in state.accompaniment) == 8.0
    s.run(8 * BEAT)
    state = s.session.state()  # the second round, and the first before it
    assert [n.onset for n in state.melody] == [
        at + round_ for round_ in (8, 16) for at, _ in played
    ]
    assert {n.onset // 8 for n in state.accompaniment} == {1, 2}
    s.session.do("stop")
    s.run(0.1)
    after = s.session.state()
    assert (after.phase, after.melody, after.accompaniment) == (
        "idle",
        state.melody,
        state.accompaniment,
    )
    assert 17 < after.beat < 19
    s.session.do("play")
    s.run(0.1)
    assert s.session.state().melody == ()


SWING = 0.08  # beats; off-beat eighths so much later


def swung(count):
    """Eighths with a swing, up and down the scale."""
    scale = [67, 69, 71, 72, 74, 72, 71, 69]
    return [
        (i / 2 + SWING * (i % 2), scale[i % 8], 0.45 - SWING * (i % 2), 80) for i in range(count)
    ]


def off_beats(found, downbeat):
    """Where off-beat strokes are in their beat, from the ninth beat on."""
    places = [((on - downbeat) / BEAT) % 1 for on, *_ in found if on > downbeat + 7.9 * BEAT]
    return [place for place in places if 0.3 < place < 0.7]


def test_the_answer_swings_as_the_player_did_and_the_take_is_written_straight(stand):
    s = stand(SessionConfig(bars=2, qpm=QPM, latents={"groove": 1.0}))
    downbeat = s.play()
    s.score(swung(16), downbeat, QPM)
    s.run(4 * BEAT + 16 * BEAT + 0.1)
    voices = [stroke for channel in (1, 2, 3) for stroke in s.notes(channel)]
    assert len(off_beats(voices, downbeat)) > 3
    for place in off_beats([*voices, *s.notes(0)], downbeat):
        assert place == pytest.approx(0.5 + SWING, abs=0.03)
    assert min(on for on, *_ in voices) == pytest.approx(downbeat + 8 * BEAT, abs=1e-6)
    assert not s.hanging and not s.sequencer.late
    assert {
        n.onset % 0.25 for t in s.director._history.takes[0].arrangement.tracks for n in t.notes
    } == {0.0}
    s.sequencer.sent.clear()
    s.session.do("reroll")
    s.run(10 * BEAT)
    again = min(on for on, *_ in s.notes(0))
    assert np.median(off_beats(s.notes(0), again - 8 * BEAT)) == pytest.approx(
        0.5 + SWING, abs=0.03
    )


def test_a_duet_swings_with_the_player(stand):
    s = stand(SessionConfig(mode="duet", qpm=QPM, latents={"groove": 1.0}))
    downbeat = s.play()
    s.score(swung(64), downbeat, QPM)
    s.run((4 + 32) * BEAT)
    found = off_beats([stroke for channel in (1, 2, 3) for stroke in s.notes(channel)], downbeat)
    assert len(found) > 5 and np.median(found) == pytest.approx(0.5 + SWING, abs=0.03)


def test_keys_that_move_at_the_last_moment_are_in_the_answer(stand):
    s = stand(SessionConfig(bars=2, qpm=200.0))
    downbeat = s.play()
    s.score(
        [*PHRASE[:-1], (6.0, 67, 1.6, 50), (7.85, 74, 0.14, 90)], downbeat, 200.0
    )  # 45 ms before the downbeat
    s.run((4 + 16) * 0.3 + 0.3)
    assert beats(s.notes(0), downbeat, 200.0)[-1] == (15.75, 74)
    assert not s.hanging and not s.sequencer.late


def test_an_answer_is_exchanged_without_a_gap_and_nothing_of_the_old_one_sounds_on(stand):
    s = stand(SessionConfig(bars=2, qpm=60.0))
    s.play()
    context = s.director._context
    metre = (TimeSignature(0.0, 4, 4),)
    old = Song(
        (Track((Note(0.0, 60, 7.0),)), Track((Note(1.0, 50, 6.5), Note(7.5, 47, 0.5)))),
        time_signatures=metre,
    )
    new = Song(
        (Track((Note(0.0, 60, 7.0),)), Track((Note(2.0, 53, 3.0), Note(5.0, 50, 2.5)))),
        time_signatures=metre,
    )
    playback = Playback(context, Answer.of(old, 4, 2), 0.0)
    playback.change(Answer.of(new, 4, 2), 4.0)
    for beat in range(9):
        playback.pump(float(beat))
    playback.release(8.0)
    s.run(14.0)
    zero = context.time.seconds(0.0)
    found = [(round(on - zero, 3), round(off - zero, 3), pitch) for on, off, pitch, _ in s.notes(1)]
    assert found == [(1.0, 4.0, 50), (4.0, 5.0, 53), (5.0, 7.5, 50)]
    assert [(round(on - zero), round(off - zero)) for on, off, *_ in s.notes(0)] == [(0, 4), (4, 7)]


def test_a_slow_answer_comes_in_on_a_later_beat_and_keeps_the_beat(stand):
    s = stand(cost=lambda key: 0.7 if isinstance(key, PhraseRequest) else 0.005)
    downbeat = s.play()
    s.score(PHRASE, downbeat, QPM)
    s.run(4 * BEAT + 16 * BEAT + 0.3)
    first = min(on for channel in (1, 2, 3) for on, *_ in s.notes(channel))
    assert (first - downbeat) / BEAT == pytest.approx(round((first - downbeat) / BEAT), abs=1e-6)
    assert 8 < (first - downbeat) / BEAT <= 11
    assert s.session.state().phase == "idle" and not s.hanging and not s.sequencer.late


def test_a_loop_goes_round_and_a_reroll_is_heard_from_the_next_round(stand):
    s = stand(SessionConfig(bars=2, qpm=QPM, loop=True))
    downbeat = s.play()
    s.score(PHRASE, downbeat, QPM)
    s.run(4 * BEAT + 20 * BEAT)  # in the second round
    s.session.do("reroll")
    s.run(22 * BEAT)
    s.session.do("loop", False)
    s.run(10 * BEAT)
    rounds = [
        [(round(b - r, 3), p) for b, p in beats(s.notes(3), downbeat) if r <= b < r + 8]
        for r in (8, 16, 24, 32, 40)
    ]
    assert rounds[0] == rounds[1] != rounds[2] == rounds[3] == rounds[4] and rounds[2]
    assert (s.session.state().seed, s.session.state().phase) == (1, "idle")
    assert not s.hanging and not s.sequencer.late


def test_a_knob_and_a_reroll_without_a_loop_are_heard_from_the_next_downbeat(stand):
    s, plain = stand(), stand()
    found = []
    for one in (s, plain):
        downbeat = one.play()
        one.score(PHRASE, downbeat, QPM)
        one.run(4 * BEAT + 9.5 * BEAT)
        if one is s:
            one.session.do("knob", ["melody", 1.0])
        one.run(8 * BEAT)
        found.append([beats(one.notes(c), downbeat) for c in (1, 2, 3)])
        assert not one.hanging and not one.sequencer.late
    with_knob, without = ([[n for n in voice if n[0] < 12] for voice in f] for f in found)
    assert with_knob == without
    assert [[n for n in voice if n[0] >= 12] for voice in found[0]] != [
        [n for n in v if n[0] >= 12] for v in found[1]
    ]
    assert s.session.state().knobs["melody"] == 1.0


def test_a_knob_turned_right_before_the_downbeat_leaves_the_answer_in_time_and_is_heard_from_the_next(
    stand,
):
    s, plain = stand(), stand()
    found = []
    for one in (s, plain):
        downbeat = one.play()
        one.score(PHRASE, downbeat, QPM)
        one.run(downbeat + 8 * BEAT - 0.015 - one.clock.at)  # the answer is there
        if one is s:
            one.session.do("knob", ["melody", 1.0])
        one.run(9 * BEAT)
        found.append([beats(one.notes(c), downbeat) for c in (1, 2, 3)])
        assert one.session.state().phase == "idle" and not one.hanging and not one.sequencer.late
    first_bars = [[[n for n in voice if n[0] < 12] for voice in f] for f in found]
    assert first_bars[0] == first_bars[1] and found[0] != found[1]


def test_a_key_struck_a_little_before_the_downbeat_does_not_hold_up_the_answer(stand):
    for early in (0.03, 0.017, 0.015, 0.0125):  # seconds
        s = stand()
        downbeat = s.play()
        s.score([*PHRASE, (8 - early / BEAT, 72, 0.5, 70)], downbeat, QPM)
        s.run(downbeat + 16.2 * BEAT - s.clock.at)
        assert s.session.state().phase == "idle", early
        assert s.notes(3)[0][0] == pytest.approx(downbeat + 8 * BEAT, abs=1e-6)


def test_an_answer_that_an_earlier_phrase_asked_for_is_not_heard_in_the_next(stand):
    s = stand(
        cost=lambda key: 0.4 if isinstance(key, PhraseRequest) and key.what == "answer" else 0.005
    )
    for pitch, until in ((50, 8.1), (72, 10.5)):
        downbeat = s.play()
        s.score(
            [(0.0, pitch, 8.5, 70)], downbeat, QPM
        )  # held over the end, so that there is no draft
        s.run(downbeat + until * BEAT - s.clock.at)
        s.keys.clear()
        assert s.session.state().phase == ("thinking" if pitch == 50 else "playing")
    assert [n.pitch for n in s.director._history.takes[-1].melody.tracks[0].notes] == [72]
    assert s.notes(0)[-1][2] == 72


def test_a_draft_that_waited_does_not_take_the_place_of_the_answer(stand):
    costs = {
        14: 0.2,
        16: 0.035,
    }  # by the keys' changes: the second draft waits for the first and for the answer
    s = stand(
        cost=lambda key: costs.get(key.changes, 0.001) if isinstance(key, PhraseRequest) else 0.001
    )
    downbeat = s.play()
    s.score(
        [*PHRASE[:-1], (7.4, 67, 0.1, 70), (7.6, 69, 0.1, 70), (7.75, 71, 0.5, 70)], downbeat, QPM
    )
    s.run(downbeat + 8.5 * BEAT - s.clock.at)
    assert s.session.state().phase == "playing"
    assert s.director._history.takes[0].melody.tracks[0].notes[-1].pitch == 71


def test_call_and_response_goes_in_turns_without_stopping_the_beat(stand):
    s = stand(SessionConfig(mode="call", bars=1, qpm=QPM))
    downbeat = s.play()
    bar = [(0.0, 67, 0.9, 70), (1.0, 69, 0.9, 80), (2.5, 71, 0.9, 95)]
    s.score(bar, downbeat, QPM)
    s.score([(o + 8, p - 5, d, v) for o, p, d, v in bar], downbeat, QPM)
    s.run(4 * BEAT + 16 * BEAT + 0.1)
    assert beats(s.notes(0), downbeat) == [
        (4.0, 67), (5.0, 69), (6.5, 71), (12.0, 62), (13.0, 64), (14.5, 66),
    ]  # fmt: skip
    assert [b for b, _ in beats(s.notes(9), downbeat)] == [float(b) for b in range(-4, 17)]
    assert (s.session.state().takes, s.session.state().phase) == (2, "listening")
    s.session.do("stop")
    s.run(0.1)
    assert s.session.state().phase == "idle" and not s.hanging


def test_in_turns_the_last_phrase_and_its_answer_stay_in_sight(stand):
    s = stand(SessionConfig(mode="call", bars=1, qpm=QPM))
    downbeat = s.play()
    s.score([(0.0, 67, 2.0, 80), (9.0, 72, 1.0, 80)], downbeat, QPM)
    s.run((4 + 10) * BEAT)
    state = s.session.state()
    assert (state.phase, [n.onset for n in state.melody]) == ("listening", [0.0, 4.0, 9.0])
    assert {n.onset // 4 for n in state.accompaniment} == {1}


def test_an_open_phrase_ends_with_a_bar_of_silence_or_a_stop(stand):
    for stopped in (False, True):
        s = stand(SessionConfig(bars=None, qpm=QPM))
        downbeat = s.play()
        s.score(PHRASE, downbeat, QPM)
        s.run(4 * BEAT + 7.5 * BEAT)
        if stopped:
            s.session.do("stop")
        s.run(14 * BEAT)
        first = min(on for on, *_ in s.notes(3))
        assert (first - downbeat) / BEAT == pytest.approx(8 if stopped else 12)
        assert max(off for _, off, *_ in s.notes(3)) <= first + 8 * BEAT + 1e-6
        assert s.session.state().phase == "idle" and not s.hanging


def test_nothing_played_is_said_and_leaves_no_take(stand, tmp_path):
    s = stand(takes=tmp_path)
    s.play()
    s.run(4 * BEAT + 8 * BEAT + 0.2)
    assert s.session.state().message.startswith("nothing was played")
    s.session.close()
    assert (s.session.state().takes, list_takes(tmp_path)) == (0, [])


@pytest.mark.parametrize("mode", ["phrase", "duet"])
def test_a_stop_in_the_count_in_leaves_no_take(stand, tmp_path, mode):
    s = stand(SessionConfig(mode=mode, bars=2, qpm=QPM), takes=tmp_path)
    s.play()
    s.run(2 * BEAT)
    s.session.do("stop")
    s.run(0.1)
    s.session.close()
    assert (s.session.state().phase, list_takes(tmp_path)) == ("idle", [])


def test_a_stop_right_before_the_last_downbeat_does_not_make_the_phrase_longer(stand):
    s = stand()
    downbeat = s.play()
    s.score(PHRASE, downbeat, QPM)
    s.run(downbeat + 8 * BEAT - 0.0165 - s.clock.at)
    s.session.do("stop")
    s.run(BEAT)
    assert (s.session.state().phase, s.session.state().length) == ("playing", 8.0)


# Duets


def tune(count):
    """A melody of quarters, eighths and held notes, in G; never a symmetric shape."""
    pitches = [67, 69, 71, 72, 74, 71, 69, 67, 66, 64, 62, 66, 67]
    onset, found, i = 0.0, [], 0
    while onset < count:
        length = (1.0, 0.5, 0.5, 2.0, 1.0)[i % 5]
        found.append(
            (onset + (0.02 if i % 3 else -0.03), pitches[i % 13], length * 0.93, 50 + 5 * (i % 9))
        )
        onset, i = onset + length, i + 1
    return found


class Spy:
    """The model, and all that it decided ahead."""

    def __init__(self, model):
        self.model, self.decided = model, []

    def __getattr__(self, name):
        return getattr(self.model, name)

    def arrange_ahead(self, song, now, *rest):
        made = self.model.arrange_ahead(song, now, *rest)
        self.decided.append((song, now, rest, made))
        return made


@pytest.mark.parametrize(("qpm", "cost"), [(60.0, 0.08), (120.0, 0.04), (200.0, 0.02)])
def test_a_duet_decides_every_beat_before_it_and_nothing_is_late(stand, qpm, cost):
    s = stand(SessionConfig(mode="duet", qpm=qpm), cost=cost)
    downbeat = s.play()
    s.score(tune(64), downbeat, qpm)
    s.run((64 + 4) * 60 / qpm + 0.05)
    run = s.director._run
    parts = [list(part.notes) for part in run._parts]
    assert run.held_beats == 0 and not s.sequencer.late
    assert s.session.state().latencies["ready"].p99 > 0
    s.session.do("stop")
    s.run(0.1)
    assert not s.hanging and s.session.state().message == ""
    for channel, notes in enumerate(parts, 1):
        assert len(notes) > 30 and any(n.duration > 1 for n in notes)  # held notes grow
        assert all(a.end <= b.onset + 1e-6 for a, b in pairwise(notes))
        strokes = [(on - downbeat) * qpm / 60 for on, *_ in s.notes(channel)]
        written = [n.onset for n in notes]
        # Each note written was struck on the grid, or a little late with the key it belongs to; others were exchanged.
        late = min(0.08 + 0.02, 0.125 * 60 / qpm + 0.02) * qpm / 60
        for onset in written:
            assert any(-0.002 <= at - onset <= late + 0.05 for at in strokes), onset
        assert min(strokes) >= -0.001


def test_the_voices_of_a_beat_are_those_of_the_pitch_that_was_struck(stand, model):
    spy = Spy(model)
    s = stand(SessionConfig(mode="duet", qpm=100.0, seed=5), model=spy)
    downbeat = s.play()
    melody = [(0.0, 67), (1.0, 69), (2.0, 71), (3.0, 62), (4.0, 79), (5.0, 67)]  # with leaps
    s.score([(b - 0.04, p, 0.9, 70) for b, p in melody], downbeat, 100.0)
    s.run((4 + 5.9) * 0.6)
    parts = [tuple(part.notes) for part in s.director._run._parts]
    for beat, pitch in melody[1:]:
        fitting = [
            made for song, now, rest, made in spy.decided if now == beat and rest[-1] == pitch
        ]
        assert fitting, (beat, pitch)
        here = [
            next(n.pitch for n in track.notes if n.onset <= beat + 1e-6 < n.end)
            for track in fitting[-1].tracks[1:]
        ]
        assert here == [
            next(n.pitch for n in notes if n.onset <= beat + 1e-6 < n.end) for notes in parts
        ], beat
    strokes = [(on - downbeat) / 0.6 for channel in (1, 2, 3) for on, *_ in s.notes(channel)]
    assert all(
        abs(at * 4 - round(at * 4)) < 1e-4 for at in strokes if at > 0.5
    )  # on the grid: none was exchanged
    assert all(rest[:2] == (1.0, 5) for _, _, rest, _ in spy.decided)


def test_a_late_note_exchanges_the_voices_that_differ_and_only_those(stand):
    counts = []
    for pitch in (65, 67, 71, 74):
        s = stand(SessionConfig(mode="duet", qpm=100.0))
        downbeat = s.play()
        s.score(
            [(0, 67, 0.9, 70), (1, 69, 0.9, 70), (2, 71, 0.9, 70), (3, 72, 0.8, 70)],
            downbeat,
            100.0,
        )
        s.score([(4.07, pitch, 0.8, 70)], downbeat, 100.0)  # 42 ms late
        s.run((4 + 4.03) * 0.6 + 0.05)
        before = [part.sounding for part in s.director._run._parts]
        s.run(0.1)
        after = [part.sounding for part in s.director._run._parts]
        late = [
            on
            for channel in (1, 2, 3)
            for on, *_ in s.notes(channel)
            if 4.06 < (on - downbeat) / 0.6 < 4.3
        ]
        counts.append(sum(a != b for a, b in zip(before, after, strict=True)))
        assert len(late) == counts[-1]
        assert all((on - downbeat) / 0.6 < 4.13 for on in late)
    assert max(counts) > 0


def test_a_voice_of_the_same_pitch_sounds_on_through_an_exchange(stand):
    s = stand(SessionConfig(mode="duet", qpm=60.0))
    s.play()
    context = s.director._context
    part = DuetVoice(context, 1)
    part.begin(0.0, [Note(0.0, 60, 0.5), Note(0.5, 62, 0.5)], [70, 71])
    part.exchange(
        0.0, 0.03, [Note(0.0, 60, 1.0)], [70]
    )  # the same pitch: no stroke, and it does not turn at 0.5
    part.begin(1.0, [Note(0.0, 60, 2.0)], [70])  # held over the beat
    part.exchange(
        1.0, 1.04, [Note(1.0, 64, 1.0)], [72]
    )  # another pitch: struck late, written on the beat
    part.begin(2.0, [Note(2.0, 64, 0.25), Note(2.5, 64, 0.5)], [73, 74])
    part.pump(3.0)
    part.hold(3.0)  # no decision: the last goes on
    assert [(n.onset, n.end, n.pitch) for n in part.notes] == [
        (0.0, 1.0, 60), (1.0, 2.0, 64), (2.0, 2.25, 64), (2.5, 4.0, 64),
    ]  # fmt: skip
    part.end(3.5)
    s.run(12.0)
    zero = context.time.seconds(0.0)
    assert [(round(on - zero, 3), round(off - zero, 3), pitch, v) for on, off, pitch, v in s.notes(1)] == [
        (0.0, 1.04, 60, 70), (1.04, 2.0, 64, 72), (2.0, 2.25, 64, 73), (2.5, 3.5, 64, 74),
    ]  # fmt: skip


def test_a_decision_that_is_slow_or_fails_for_once_keeps_the_beat(stand, model):
    class Bad(Spy):
        def arrange_ahead(self, song, now, *rest):
            if now in (6.0, 9.0):
                raise RuntimeError("out of memory")
            return super().arrange_ahead(song, now, *rest)

    slow = {11.0, 14.0}
    cost = lambda key: 0.9 if isinstance(key, BeatRequest) and key.plan.beat in slow else 0.006  # noqa: E731
    s = stand(SessionConfig(mode="duet", qpm=100.0), model=Bad(model), cost=cost)
    downbeat = s.play()
    s.score(tune(20), downbeat, 100.0)
    sounding = []
    s.run((4 + 20) * 0.6, lambda: sounding.append(len(s.sequencer.agenda.sounding)))
    run = s.director._run
    assert 3 <= run.held_beats <= 8
    assert "out of memory" in s.session.state().message
    voices = [part.notes for part in run._parts]
    for beat in range(1, 20):  # never stuck, never silent: in each beat all voices sound
        assert all(
            any(n.onset < beat + 0.9 and n.end > beat + 0.1 for n in notes) for notes in voices
        ), beat
    s.session.do("stop")
    s.run(0.1)
    assert not s.hanging and not s.sequencer.late


def test_the_voices_rest_when_the_player_does_and_come_back(stand):
    s = stand(SessionConfig(mode="duet", qpm=QPM, metronome=False))
    downbeat = s.play()
    s.score([(0, 67, 0.9, 70), (1, 69, 0.9, 70)], downbeat, QPM)
    s.score([(12, 71, 0.9, 70), (13, 69, 3.9, 70)], downbeat, QPM)
    s.run((4 + 11.5) * BEAT)
    assert s.sequencer.agenda.sounding == {}
    s.run(3.2 * BEAT)
    assert {channel for channel, _ in s.sequencer.agenda.sounding} == {1, 2, 3}
    s.session.do("panic")
    s.run(0.1)
    assert s.session.state().phase == "idle" and not s.hanging


def test_a_duet_goes_on_in_another_model_and_with_another_knob(stand, model_copy):
    s = stand(SessionConfig(mode="duet", qpm=QPM))
    downbeat = s.play()
    s.score(tune(24), downbeat, QPM)
    s.run((4 + 6) * BEAT)
    s.session.do("model", str(model_copy))
    s.run(0.001)
    deadline = time.monotonic() + 30
    while s.session.state().model != model_copy.name and time.monotonic() < deadline:
        time.sleep(0.01)
        s.session.step()
    s.session.do("knob", ["groove", 0.8])
    s.session.do("reroll")
    s.run(8 * BEAT)
    assert (s.session.state().model, s.session.state().seed) == (model_copy.name, 1)
    assert s.director._run.held_beats == 0
    s.session.do("stop")
    s.run(0.1)
    assert not s.hanging and not s.sequencer.late


def test_a_model_of_whole_phrases_is_no_partner_for_a_duet(stand):
    s = stand(SessionConfig(mode="duet", qpm=QPM), model=composer.load_model("string-quartet"))
    s.session.do("play")
    s.run(0.1)
    assert "a duet needs one like jsb-chorales" in s.session.state().message
    assert s.session.state().phase == "idle"


def test_a_pickup_is_in_the_past_of_a_duet(stand):
    s = stand(SessionConfig(mode="duet", qpm=QPM))
    downbeat = s.play()
    s.score(
        [(-1.0, 62, 0.9, 70), (0, 67, 0.9, 70), (1, 69, 0.9, 70), (2, 71, 1.9, 70)], downbeat, QPM
    )
    s.run((4 + 3.5) * BEAT)
    assert all(part.notes[0].onset == 0.0 for part in s.director._run._parts)
    s.session.do("stop")
    s.run(0.1)
    assert (
        s.director._history.takes[0].melody.tracks[0].notes[0].onset == 3.0
    )  # a bar begins before the first downbeat


def test_a_duet_of_an_hour_hears_in_windows():
    hearing = Hearing(4, QPM)
    event = lambda kind, pitch: composer.live.melody.capture.Event(0.0, kind, pitch, 80)  # noqa: E731
    for beat in range(400):
        hearing.hear(event("note_on", 60 + beat % 7), float(beat))
        hearing.hear(event("note_off", 60 + beat % 7), beat + 0.9)
        if beat % 3 == 2:
            melody = hearing.melody(beat + 1.0)
    assert len(hearing.heard) < 64
    assert [(n.onset, n.pitch) for n in melody] == [(float(b), 60 + b % 7) for b in range(399)]


# What a player asks for


def test_what_makes_no_sense_is_one_clear_line_and_nothing_stops(stand):
    s = stand()
    downbeat = s.play()
    s.score(PHRASE, downbeat, QPM)
    s.run(3.0)
    refused = {
        "knob: a number from -1 to 1 is expected, got 3": ("knob", ["chords", 3]),
        "mode: one of phrase, duet, call is expected, got 'solo'": ("mode", "solo"),
        "tempo: a number from 30 to 300 is expected, got 1000": ("tempo", 1000),
        "bars: a number from 0 to 64 is expected, got 65": ("bars", 65),
        "no command 'dance'; there are ": ("dance", None),
    }
    for text, ask in refused.items():
        with pytest.raises(ConfigError) as caught:
            s.session.do(*ask)
        assert text in str(caught.value)
    told = {
        "this model has no knob 'colour'; it has chords": ("knob", ["colour", 0.1]),
        "no take to keep": ("keep", None),
        "no take to save": ("save", "x.mid"),
    }
    for text, ask in told.items():
        s.session.do(*ask)
        s.run(0.002)
        assert text in s.session.state().message and "\n" not in s.session.state().message
    s.session.do("model", "no-such-model")
    deadline = time.monotonic() + 10
    while (
        "no model 'no-such-model'" not in s.session.state().message and time.monotonic() < deadline
    ):
        s.session.step()
        time.sleep(0.01)
    assert "the bundled models are" in s.session.state().message
    s.run(8 * BEAT)
    assert s.session.state().phase == "playing"


def test_takes_are_kept_undone_saved_and_written(stand, tmp_path):
    s = stand(takes=tmp_path / "takes")
    for _ in range(2):
        downbeat = s.play()
        s.score(PHRASE, downbeat, QPM)
        s.run(4 * BEAT + 16 * BEAT + 0.3)
    s.session.do("keep")
    s.session.do("save", str(tmp_path / "second.mid"))
    s.run(0.1)
    assert (s.session.state().takes, s.session.state().kept) == (2, True)
    s.session.do("undo")
    s.run(0.1)
    assert (s.session.state().takes, s.session.state().kept) == (1, False)
    s.session.do("reroll")  # nothing sounds: the take before is heard again, with the next seed
    s.run(1.0)
    assert s.session.state().phase == "playing"
    s.session.close()
    first, second, third = list_takes(tmp_path / "takes")
    assert (first.ended, second.ended, second.header.kept, third.header.seed) == (
        "bars",
        "undone",
        True,
        1,
    )
    assert first.header.model == "jsb-chorales" and first.header.programs == ()
    assert len(first.events()) == 2 * len(PHRASE)
    assert first.melody().tracks[0].notes == s.director._history.takes[0].melody.tracks[0].notes
    sent = [message for _, message in first.played()]
    assert len([m for m in sent if m[0] == 0x91]) >= 6
    assert composer.read(tmp_path / "second.mid").tracks[1].notes


def test_takes_of_long_ago_are_counted_and_not_held_in_memory(stand, monkeypatch):
    monkeypatch.setattr("composer.live.session.history.UNDOABLE", 2)
    s = stand(SessionConfig(bars=1, qpm=QPM, count_in=0))
    for _ in range(3):
        downbeat = s.play()
        s.score([(0.0, 67, 3.0, 80)], downbeat, QPM)
        s.run(8 * BEAT + 0.3)
    assert (s.session.state().takes, len(s.director._history.takes)) == (3, 2)
    s.session.do("undo")
    s.run(0.1)
    assert (s.session.state().takes, s.session.state().message) == (
        2,
        "the last take is dropped, 2 left",
    )


def test_a_take_that_was_stopped_while_listening_keeps_what_was_played(stand, tmp_path):
    s = stand(takes=tmp_path)
    downbeat = s.play()
    s.score(PHRASE, downbeat, QPM)
    s.run((4 + 2.2) * BEAT)
    s.session.close()
    (take,) = list_takes(tmp_path)
    assert take.ended == "closed" and [n.pitch for n in take.melody().tracks[0].notes] == [
        67,
        69,
        71,
    ]
    raw = (tmp_path / take.name / "events.jsonl").read_text().splitlines()
    assert json.loads(raw[0])[1:] == ["note_on", 67, 70]


def test_what_is_played_after_a_take_is_not_in_it(stand, tmp_path):
    s = stand(takes=tmp_path)
    downbeat = s.play()
    s.score(PHRASE, downbeat, QPM)
    s.run(4 * BEAT + 16 * BEAT + 3.0)
    for _ in range(3):  # between two takes, then clicks and keys that are measured
        s.session.press(40)
        s.run(0.1)
        s.session.release(40)
    s.session.do("calibrate")
    s.run(4.0)
    s.session.close()
    (take,) = list_takes(tmp_path)
    assert {e.number for e in take.events()} == {pitch for _, pitch, _, _ in PHRASE}
    sent = take.played()
    assert (
        19 * BEAT < sent[-1][0] <= 20 * BEAT + 0.5
    )  # of a bar before the downbeat, phrase and answer
    assert [m[0] for _, m in sent if m[0] in (0x91, 0x81)][-1] == 0x81


def test_what_was_asked_for_at_the_last_moment_is_done(stand, tmp_path):
    s = stand(takes=tmp_path)
    downbeat = s.play()
    s.score(PHRASE, downbeat, QPM)
    s.run(4 * BEAT + 17 * BEAT)
    s.session.do("keep")
    s.session.close()
    assert list_takes(tmp_path)[0].header.kept


@pytest.mark.parametrize("broken", [("step",), ("step", "end")])
def test_a_bug_ends_the_run_and_keeps_the_take(stand, tmp_path, broken, monkeypatch):
    s = stand(SessionConfig(bars=2, qpm=QPM, clock_out=True), takes=tmp_path)
    downbeat = s.play()
    assert s.sequencer.beats is not None
    s.score(PHRASE, downbeat, QPM)
    s.run(4 * BEAT + 3 * BEAT)
    for name in broken:
        monkeypatch.setattr(s.director._run, name, lambda *_: 1 / 0)
    s.run(0.1)
    assert "ZeroDivisionError" in s.session.state().message and s.session.state().phase == "idle"
    assert s.sequencer.beats is None and not s.hanging
    s.session.do("play")  # and on it goes
    s.run(0.1)
    assert s.session.state().phase == "count-in"
    s.session.do("stop")
    s.session.close()
    (take,) = list_takes(tmp_path)
    assert take.ended == "failed" and [n.pitch for n in take.melody().tracks[0].notes] == [
        67,
        69,
        71,
    ]


def test_where_no_take_can_be_kept_it_is_said_and_nothing_piles_up(tmp_path):
    told, waiting, done = [], [], threading.Event()
    (tmp_path / "file").write_text("no folder")
    saver = TakeSaver(tmp_path / "file", told.append)
    pending = saver.begin(lambda: Header("2026-03-07T21:04:05+01:00"), 0.0)
    saver.do(lambda: [saver.played(0.0, mido.Message("clock")) for _ in range(9)])
    saver.do(lambda: (waiting.append(len(pending._early)), done.set()))
    assert done.wait(10)
    saver.finish(pending, None, None, "bars")
    saver.close()
    assert waiting == [0] and ["the take is not kept" in text for text in told] == [True]


def full_disk(_file, _data):
    raise OSError(28, "No space left on device")


def test_lines_that_the_disk_did_not_take_are_told(tmp_path, monkeypatch):
    told = []
    saver = TakeSaver(tmp_path, told.append)
    pending = saver.begin(lambda: Header("2026-03-07T21:04:05+01:00"), 0.0)
    monkeypatch.setattr("composer.live.takes.writer._write_all", full_disk)
    saver.played(0.0, mido.Message("clock"))
    saver.finish(pending, None, None, "bars")
    saver.close()
    assert len(told) == 1 and "not kept whole" in told[0] and "No space left" in told[0]


def test_calibration_takes_off_how_late_the_keys_come(stand):
    s = stand()
    s.session.do("calibrate")
    s.run(0.001)
    assert s.session.state().phase == "calibrating"
    downbeat = s.director._context.time.seconds(0.0)
    late = (0.031, 0.024, 0.029, 0.036, 0.030, 0.027, 0.033, 0.032)
    s.score([(i + x / BEAT, 60, 0.4, 80) for i, x in enumerate(late)], downbeat, QPM)
    s.run(9 * BEAT)
    assert s.director.config.offset == pytest.approx(0.0305, abs=0.002)
    assert "ms late" in s.session.state().message
    assert len(s.notes(9)) == 8
    s.session.do("calibrate")
    s.run(9 * BEAT)
    assert "at least 4 of the clicks, heard 0" in s.session.state().message


def test_how_late_a_keyboard_is_is_kept_for_it_and_for_no_other(stand, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    s = stand()
    s.session.attach(
        SimpleNamespace(name="Launchkey Mini 24:0", connected=True),
        profile_for("Launchkey Mini 24:0"),
    )
    s.session.do("calibrate")
    s.run(0.001)
    s.score(
        [(i + 0.03 / BEAT, 60, 0.4, 80) for i in range(8)],
        s.director._context.time.seconds(0.0),
        QPM,
    )
    s.run(9 * BEAT)
    s.session.close()
    found = [profile_for(name) for name in ("Launchkey Mini 20:0", "Oxygen 25 24:0")]
    assert [(p.name, p.offset) for p in found] == [
        ("launchkey-mini", pytest.approx(0.03, abs=0.002)),
        ("generic", 0.0),
    ]


def test_tempo_is_tapped_and_changes_without_breaking_the_beat(stand):
    s = stand(SessionConfig(mode="duet", qpm=QPM))
    downbeat = s.play()
    s.score(tune(6), downbeat, QPM)
    s.run((4 + 4.5) * BEAT)
    beat = s.session.state().beat
    s.session.do("tempo", 90)
    s.run(0.002)
    assert s.session.state().beat == pytest.approx(beat, abs=0.01) and s.session.state().qpm == 90
    s.run(60 / 90)
    assert s.session.state().beat == pytest.approx(beat + 1, abs=0.01)
    for _ in range(4):
        s.session.do("tap")
        s.run(0.4)
    assert s.session.state().qpm == pytest.approx(150)


def test_midi_clock_starts_leads_and_stops(stand):
    s = stand(SessionConfig(bars=2, qpm=100.0, clock_in=True, count_in=0))
    s.run(0.1)
    start, tick = s.clock.at, 60 / QPM / 24
    s.session.on_clock(start, "start")
    ticks = [start + i * tick for i in range(24 * 18)]
    s.score(PHRASE, start, QPM)

    def clock():
        while ticks and ticks[0] <= s.clock.at:
            s.session.on_clock(ticks.pop(0), "clock")

    s.run(8 * BEAT + 0.2, clock)
    assert s.session.state().qpm == pytest.approx(QPM, rel=0.01)
    assert s.session.state().phase == "playing"
    assert beats(s.notes(1), start)[0][0] == pytest.approx(8, abs=0.02)
    s.session.on_clock(s.clock.at, "stop")
    s.run(0.1)
    assert s.session.state().phase == "idle" and not s.hanging


def test_thru_moves_keys_to_the_melody_channel_and_octave_and_lets_go_of_the_same_keys(stand):
    s = stand(SessionConfig(qpm=QPM, channels=(5, 1, 2, 3)))
    on = mido.Message("note_on", channel=0, note=60, velocity=70)
    s.session.thru(on)
    s.session.do("octave up")
    s.session.thru(mido.Message("note_off", channel=0, note=60))
    s.session.thru(on)
    s.session.thru(mido.Message("note_on", channel=0, note=60, velocity=0))
    s.session.thru(
        mido.Message("note_on", channel=0, note=120, velocity=70)
    )  # out of MIDI's range then
    s.session.thru(mido.Message("clock"))
    assert [(m.type, m.channel, m.note) for _, m in s.sequencer.sent] == [
        ("note_on", 5, 60), ("note_off", 5, 60), ("note_on", 5, 72), ("note_on", 5, 72),
    ]  # fmt: skip


def test_an_octave_that_changes_while_a_key_goes_down_leaves_nothing_hanging(stand):
    s = stand()
    s.session.thru(mido.Message("note_on", channel=0, note=60, velocity=70))
    s.session.do("octave up")  # in another thread, before the same key is heard
    s.session.hear(Event(s.clock.at, "note_on", 60, 70))
    s.run(0.01)
    assert s.session.state().held == (60,)
    s.session.thru(mido.Message("note_off", channel=0, note=60))
    s.session.hear(Event(s.clock.at, "note_off", 60, 0))
    s.run(0.01)
    assert s.session.state().held == () and not s.hanging
    s.session.hear(Event(s.clock.at, "note_on", 60, 70))
    s.run(0.01)
    assert s.session.state().held == (72,)


def test_a_pad_that_is_a_button_is_no_note(stand, tmp_path):
    pads = Profile("x", lowest=48, highest=72, controls={"note 36": "loop", "cc 20": "volume"})
    s = stand(profile=pads, takes=tmp_path)
    s.play()
    s.run(4 * BEAT + 0.1)
    for kind, velocity in (("note_on", 90), ("note_off", 0)):
        s.session.thru(mido.Message(kind, note=36, velocity=velocity))
        s.session.hear(Event(s.clock.at, kind, 36, velocity))
        s.run(0.1)
    s.session.thru(mido.Message("control_change", control=20, value=3))
    assert (
        s.session.state().loop
        and s.notes(0) == []
        and not any(m.is_cc(20) for _, m in s.sequencer.sent)
    )
    s.session.press(36)  # a letter of the computer's keyboard is no pad
    s.run(0.1)
    assert s.session.state().held == (36,) and s.notes(0)[0][2] == 36 and s.session.state().loop
    s.session.release(36)
    s.session.do("stop")
    s.run(9 * BEAT)
    assert [n.pitch for n in s.director._history.takes[0].melody.tracks[0].notes] == [36]


def test_the_computer_keyboard_plays_and_is_heard(stand):
    s = stand()
    s.play()
    s.run(4 * BEAT + 0.1)
    s.session.press(64, 90)
    s.run(0.2)
    assert s.session.state().held == (64,) and s.notes(0)[0][2:] == (64, 90)
    s.session.release(64)
    s.run(0.05)
    assert s.session.state().held == () and [n.pitch for n in s.session.state().melody] == [64]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("mode", "solo"),
        ("qpm", 5.0),
        ("bars", 0),
        ("channels", (0, 1, 1, 2)),
        ("programs", (128,)),
        ("seed", -1),
    ],
)
def test_bad_settings_are_refused(field, value):
    with pytest.raises(ConfigError, match=field.rstrip("s")):
        replace(SessionConfig(), **{field: value})


# Real threads, real ports


@pytest.mark.jack
def test_on_jack_a_keyboard_plays_the_session_answers_and_a_listener_hears():
    from composer.live.midi.keyboard import Keyboard
    from composer.live.midi.outputs import MidiOutput
    from composer.live.midi.ports import open_input
    from composer.live.midi.sequencer import Sequencer
    from tests.support.jack_server import JackKeyboard, jack_server

    config = SessionConfig(bars=1, qpm=150.0, count_in=1, metronome=False)
    heard = []
    with jack_server("composer-session"):
        output = MidiOutput("composer", "jack", virtual=True)
        notes = [Note(0.0, 67, 0.9, 70), Note(1.0, 69, 0.9, 80), Note(2.0, 71, 1.5, 60)]
        model = composer.load_model("jsb-chorales")
        with (
            JackKeyboard(notes, 150.0, stop_key=False) as player,
            Sequencer(output) as sequencer,
            open_input("composer", "jack", lambda m: heard.append((time.monotonic(), m))),
            Session(config, model, sequencer) as session,
            Keyboard("AKM", "jack", time.monotonic, session.hear, session.thru) as keyboard,
        ):
            session.attach(keyboard)
            session.do("play")
            threading.Timer(0.05 + 4 * 0.4 - 0.1, player.play).start()
            deadline = time.monotonic() + 30
            while session.state().takes == 0 and time.monotonic() < deadline:
                time.sleep(0.01)
            downbeat = session._director._context.time.seconds(4.0)
            while session.state().phase == "playing" and time.monotonic() < deadline:
                time.sleep(0.01)
            state = session.state()
        output.close()
    assert (state.phase, state.takes, state.message) == ("idle", 1, "")
    assert [n.pitch for n in session._director._history.takes[0].melody.tracks[0].notes] == [
        67,
        69,
        71,
    ]
    thru = [m for at, m in heard if m.type == "note_on" and m.channel == 0 and at < downbeat - 0.05]
    assert [m.note for m in thru if m.velocity] == [67, 69, 71]
    for channel in (1, 2, 3):
        first = next(at for at, m in heard if m.type == "note_on" and m.channel == channel)
        assert (
            abs(first - downbeat) < 0.25
        )  # generous: shared machines; the figures are measured by the benchmark
        down = set()
        for _, m in heard:
            if m.type in ("note_on", "note_off") and m.channel == channel:
                (down.add if m.type == "note_on" and m.velocity else down.discard)(m.note)
        assert not down
    assert sys.getswitchinterval() == pytest.approx(0.005)
