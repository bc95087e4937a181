"""ABC notation: rhythms, accidentals, ties, pickups, and what is refused."""

from __future__ import annotations

import pytest
from composer.errors import MelodyError
from composer.songs.abc import to_song, tunes
from composer.songs.song import Song, TimeSignature

from tests.conftest import needs

GOOD = "X:9\nT:t\nC:c\nS:s\nF:t.mid\nM:3/4\nL:1/8\nQ:1/4=90\nK:Gm\n"


def built(body: str) -> Song:
    needs("music21")
    (tune,) = tunes(GOOD + body)
    return to_song(tune)


def test_the_notation_that_the_builder_reads():
    song = built("z B, | c>^f (3fed =e2- | =e2 z2 A,2- | A,4 |]\n")
    notes = [(n.onset, n.pitch, n.duration) for n in song.tracks[0].notes]
    third = pytest.approx(1 / 3)
    assert notes == [
        (0.5, 58, 0.5),
        (1.0, 72, 0.75),
        (1.75, 78, 0.25),
        (2.0, 78, third),  # the sharp holds to the end of the bar
        (pytest.approx(2 + 1 / 3), 75, third),
        (pytest.approx(2 + 2 / 3), 74, third),
        (3.0, 76, 2.0),
        (6.0, 57, 3.0),
    ]
    assert song.key_signatures[0].sharps == -2 and song.key_signatures[0].is_minor
    assert song.time_signatures == (TimeSignature(0.0, 1, 4), TimeSignature(1.0, 3, 4))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("G2 A2 B2 | c2 d2 | G6 |]\n", "t: bar 2 has 3 beats, got 2"),
        ("G6 |]\n", "t: music21 finds no bars"),
        ("D2 | G2 A2 B2 | G6 |]\n", "t: bar 2 has 2 beats, got 3"),
        ("D2 | G2 A2 B2 c2 | G4 |]\n", "t: bar 2 has 3 beats, got 1"),
    ],
)
def test_bars_that_do_not_add_up_are_named(body: str, message: str):
    with pytest.raises(MelodyError, match=message):
        built(body)


def test_a_tie_between_two_pitches_is_refused():
    with pytest.raises(MelodyError, match="t: a tie joins 62 and 63"):
        built("D6- | E6 | D6 |]\n")


def test_a_tune_without_a_field_and_two_with_one_file_are_refused():
    with pytest.raises(MelodyError, match="X:9 lacks S, Q"):
        tunes(GOOD.replace("S:s\n", "").replace("Q:1/4=90\n", ""))
    with pytest.raises(MelodyError, match=r"used twice: t$"):
        tunes(GOOD + "G6 |]\n\n" + GOOD + "B6 |]\n")
