"""What was played, on the beats of a session."""

from composer.live.melody.capture import Event
from composer.live.session.hearing import Hearing

QPM = 120.0


def heard(*keys):
    """Keys (on, pitch, off), in beats."""
    hearing = Hearing(4, QPM)
    events = []
    for on, pitch, off in keys:
        events.append((on, Event(on / 2, "note_on", pitch, 80)))
        if off is not None:
            events.append((off, Event(off / 2, "note_off", pitch, 0)))
    for beat, event in sorted(events, key=lambda e: e[0]):
        hearing.hear(event, beat)
    return hearing


def test_the_pitch_at_a_beat_is_the_one_struck_there_else_the_one_held():
    hearing = heard((0.0, 60, None), (0.98, 67, None))
    assert hearing.pitch_at(1.0) == 67  # a little early
    assert hearing.pitch_at(0.5) == 60
    assert heard((0.0, 60, 0.5)).pitch_at(1.0) is None


def test_of_keys_struck_together_the_highest_is_the_melody():
    assert heard((1.0, 72, None), (1.01, 64, None)).pitch_at(1.0) == 72


def test_silence_begins_when_the_last_key_goes_up():
    assert Hearing(4, QPM).silent_since() is None
    assert heard((0.0, 60, None)).silent_since() is None
    assert heard((0.0, 60, 1.5)).silent_since() == 1.5


def test_a_phrase_has_its_pickup_and_its_bars():
    song = heard((-1.0, 55, -0.1), (0.0, 60, 0.9), (5.0, 62, 6.0)).phrase(0.0, 4.0, 1)
    assert [(n.onset, n.pitch) for n in song.tracks[0].notes] == [(0.0, 55), (1.0, 60)]
    assert song.time_signatures[1].onset == 1.0


def test_old_notes_are_settled_and_stay_as_they_are():
    keys = [(float(beat), 60 + beat % 7, beat + 0.9) for beat in range(64)]
    hearing = heard(*keys)
    melody = hearing.melody(64.0)
    assert [(n.onset, n.pitch) for n in melody] == [(on, pitch) for on, pitch, _ in keys]
    assert len(hearing.heard) < 40
    assert hearing.melody(64.0) == melody
