"""Phrases and their answers: on the next downbeat, in a loop, in turns, exchanged without a gap."""

from __future__ import annotations

import numpy as np
import pytest
from composer.live.session.phrase import PhraseRequest
from composer.live.session.playback import Answer, Playback
from composer.live.session.state import SessionConfig
from composer.live.takes.saved import list_takes
from composer.songs.song import Note, Song, TimeSignature, Track

from tests.support.sessions import BEAT, PHRASE, QPM, SWING, beats, off_beats, swung

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
