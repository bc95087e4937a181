"""The takes of a session: kept, undone, saved, counted, written."""

from __future__ import annotations

import json

import composer
from composer.live.session.state import SessionConfig
from composer.live.takes.saved import list_takes

from tests.support.sessions import BEAT, PHRASE, QPM


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
