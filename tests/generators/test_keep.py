"""What is kept of an arrangement, and what goes on from it."""

from __future__ import annotations

import numpy as np
import pytest

from composer.errors import ConfigError
from composer.generators.keep import Ahead, Keep, Kept, continued, keep_voices, parse
from composer.songs.grid import pulse_grid
from composer.songs.song import Note, Song, Track


def test_a_note_that_is_expected_to_go_on_is_held() -> None:
    held = Track((Note(0.0, 60, 1.0), Note(1.0, 64, 3.0, 90)))
    assert Ahead(4.0, 5.0).line(held) == held and Ahead(4.0, 5.0).known == 4.0
    assert Ahead(4.0, 5.0, 64).line(held).notes[-1] == Note(1.0, 64, 4.0, 90)
    assert (
        Ahead(4.0, 5.0, 62).line(held).notes[-1] == Note(4.0, 62, 1.0, 90)
        and Ahead(4.0, 5.0, 62).known == 5.0
    )
    assert Ahead(5.0, 6.0, 64).line(held).notes[-1] == Note(5.0, 64, 1.0, 90)  # it had ended


def test_notes_go_on_or_begin_anew() -> None:
    kept = (Note(0.0, 60, 2.0), Note(2.0, 64, 2.0))
    assert continued(kept, [Note(2.0, 64, 3.0), Note(5.0, 62, 1.0)], 4.0) == (
        Note(0.0, 60, 2.0),
        Note(2.0, 64, 3.0),
        Note(5.0, 62, 1.0),
    )
    assert continued(kept, [Note(3.0, 67, 2.0)], 4.0) == (*kept, Note(4.0, 67, 1.0))
    assert continued(kept, [Note(2.0, 64, 2.0), Note(4.0, 64, 1.0)], 4.0) == (
        *kept,
        Note(4.0, 64, 1.0),
    )


def tune() -> Song:
    """Two bars of 4/4 and two voices below; the alto holds a note over the bar."""
    melody = Track(tuple(Note(float(beat), 72, 1.0) for beat in range(8)), "Tune")
    alto = Track((Note(0.0, 64, 3.0), Note(3.0, 65, 3.0), Note(6.0, 67, 2.0)), "Alto")
    bass = Track((Note(0.0, 48, 4.0), Note(4.0, 50, 4.0)), "Bass")
    return Song((melody, alto, bass))


def kept_of(keep: Keep) -> list[Kept]:
    song = tune()
    return keep_voices(keep, song, ("Alto", "Bass"), 0, pulse_grid(song), 8.0)


def test_a_note_that_reaches_into_a_bar_is_kept_whole() -> None:
    alto, bass = kept_of(Keep(bars=((2, 2),)))
    assert [note.onset for note in alto.notes] == [3.0, 6.0]
    assert [note.onset for note in bass.notes] == [4.0]
    assert alto.spans == ((4.0, 8.0), (3.0, 6.0), (6.0, 8.0))
    assert np.flatnonzero(alto.pitches == 65).tolist() == list(range(12, 24))
    assert (alto.pitches[:12] == -1).all()


def test_only_some_bars_made_again_keeps_all_others() -> None:
    assert [one.notes for one in kept_of(Keep(only=((1, 1),)))] == [
        one.notes for one in kept_of(Keep(bars=((2, 2),)))
    ]


def test_a_voice_is_kept_whatever_the_case_of_its_name() -> None:
    alto, bass = kept_of(Keep(voices=("ALTO",)))
    assert len(alto.notes) == 3 and not bass.notes


def test_voices_and_bars_that_are_not_there_are_named() -> None:
    with pytest.raises(ConfigError, match="no voice 'Viola' to keep; there are Alto, Bass"):
        kept_of(Keep(voices=("Viola",)))
    with pytest.raises(ConfigError, match="no bar 2-3; the melody has bars 1 to 2"):
        kept_of(Keep(bars=((2, 3),)))
    with pytest.raises(ConfigError, match="bars are counted from 1"):
        parse(["4-2"], [])
    with pytest.raises(ConfigError, match="a number or two"):
        parse([], ["alto"])
