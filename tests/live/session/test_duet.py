"""Duets: the voices of each beat decided before it, chosen by what was struck, never late."""

from __future__ import annotations

import time
from itertools import pairwise

import composer
import numpy as np
import pytest
from composer.live.session.duet import BeatRequest
from composer.live.session.duet_voice import DuetVoice
from composer.live.session.hearing import Hearing
from composer.live.session.state import SessionConfig
from composer.songs.song import Note

from tests.support.sessions import BEAT, QPM, SWING, off_beats, swung, tune


def test_a_duet_swings_with_the_player(stand):
    s = stand(SessionConfig(mode="duet", qpm=QPM, latents={"groove": 1.0}))
    downbeat = s.play()
    s.score(swung(64), downbeat, QPM)
    s.run((4 + 32) * BEAT)
    found = off_beats([stroke for channel in (1, 2, 3) for stroke in s.notes(channel)], downbeat)
    assert len(found) > 5 and np.median(found) == pytest.approx(0.5 + SWING, abs=0.03)


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
