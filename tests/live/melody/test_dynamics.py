"""Voices that follow the player: as loud, and as late between the beats."""

import pytest
from composer.live.melody.dynamics import (
    LOUDEST,
    PLAIN,
    PLAINLY,
    SOFTEST,
    curve,
    feel,
    moved,
    shaped,
    velocity,
)
from composer.songs.song import Note, Song, TimeSignature, Track

EIGHTHS = tuple(Note(beat / 2, 60, 0.5) for beat in range(16))


def test_loudness_goes_over_smoothly_from_one_stroke_to_the_next():
    melody = (Note(0.0, 60, 1.0, 120), Note(4.0, 62, 1.0, 20))
    values = [curve(melody, beat) for beat in (0.0, 1.0, 2.0, 3.0, 4.0)]
    assert values == sorted(values, reverse=True) and values[2] == pytest.approx(70.0)
    assert curve((), 2.0) == PLAIN


def test_a_voice_is_softer_than_the_melody_and_stays_a_velocity():
    loud, soft = (Note(0.0, 60, 1.0, 127),), (Note(0.0, 60, 1.0, 1),)
    assert velocity(loud, 0.0, 2) == 102 and velocity(loud, 0.0, 3) == 112
    assert velocity(loud, 0.0, 0, downbeat=True) == LOUDEST
    assert velocity(soft, 0.0, 1) == SOFTEST


def test_an_arrangement_is_shaped_but_for_its_melody():
    melody = Track((Note(0.0, 72, 4.0, 50),), "Melody")
    bass = Track((Note(0.0, 40, 1.0, 99), Note(1.0, 41, 1.0, 99)), "Bass")
    song = shaped(Song((melody, bass), time_signatures=(TimeSignature(0.0, 4, 4),)))
    assert song.tracks[0] == melody
    assert [note.velocity for note in song.tracks[1].notes] == [44, 41]  # the downbeat is accented


def test_swing_that_is_meant_is_found_and_chance_is_not():
    swung = [(n.onset + (0.1 if n.onset % 1 else 0.0), 60) for n in EIGHTHS]
    assert feel(EIGHTHS, swung)[2] == pytest.approx(0.1, abs=0.02)
    loose = [(n.onset + (0.02 if i % 4 == 1 else -0.02), 60) for i, n in enumerate(EIGHTHS)]
    assert feel(EIGHTHS, loose) == PLAINLY


def test_only_sixteenths_are_moved():
    late = (0.0, 0.01, 0.1, 0.02)
    assert moved(3.0, late) == 3.0 and moved(3.5, late) == pytest.approx(3.6)
    assert moved(3 + 1 / 3, late) == 3 + 1 / 3
