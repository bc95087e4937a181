"""Piano rolls of whole songs in characters."""

from __future__ import annotations

import numpy as np
from composer.pictures.cells import EMPTY, code
from composer.songs.song import Note, Song, Track
from composer.terminal.text import Area
from composer.terminal.train.rolls import roll_of
from composer.terminal.train.view import body
from tests.support.reports import SONG, history, panels


def test_a_roll_has_a_pixel_a_pitch_and_whole_columns_a_beat():
    roll = roll_of(SONG, 20, 17, per_cell=1)
    pixels = roll.pixels()
    assert pixels.shape == (20, 16)  # 53 to 72, two columns a beat
    start, lasts = code(0, is_onset=True), code(0)
    assert pixels[72 - 67].tolist() == [start, lasts, start, lasts] + [EMPTY] * 12
    start, lasts = code(1, is_onset=True), code(1)
    assert pixels[72 - 53].tolist() == [EMPTY] * 8 + [start] + [lasts] * 7
    assert roll.bar_columns() == [(0, 1), (8, 2)] and roll.whole
    labels = roll.labels()
    assert labels[0] == "C5" and labels[12] == "C4" and labels[5] == "G4"


def test_four_pixels_are_in_a_character():
    roll = roll_of(SONG, 20, 17)
    assert roll.pixels().shape == (20, 32)
    assert roll.bar_columns() == [(0, 1), (8, 2)]
    labels = roll.labels()
    assert len(labels) == 10 and labels[0] == "C5" and labels[6] == "C4" and labels[2] == "G4"


def test_a_low_roll_squeezes_pitches_and_a_long_one_shows_its_first_bars():
    pixels = roll_of(SONG, 5, 40, per_cell=1).pixels()
    assert len(pixels) == 5
    assert (pixels[0] != EMPTY).any() and (pixels[4] != EMPTY).any()
    long = Song((Track(tuple(Note(beat, 60, 1) for beat in range(400))),))
    shown = roll_of(long, 10, 60)
    assert not shown.whole and len(shown.layout.bars) == 20
    assert shown.pixels().shape[1] == 120


def test_drums_have_lanes_of_their_own():
    drums = Track((Note(0, 36, 1), Note(1, 38, 1), Note(2, 42, 1)), "Drums", is_drum=True)
    roll = roll_of(Song((SONG.tracks[0], drums)), 20, 16)
    assert roll.labels()[-1] == "drum"
    places = [np.flatnonzero(row != EMPTY).tolist() for row in roll.pixels()[-4:]]
    assert places == [[], [8], [4], [0]]
    alone = roll_of(Song((drums,)), 20, 16)
    assert len(alone.labels()) == 2 and len(np.unique(alone.pixels())) == 2


def test_the_melody_is_drawn_over_the_others():
    both = Song((Track((Note(2, 60, 1),)), Track((Note(0, 60, 8),)), Track((Note(1, 60, 4),))))
    (row,) = roll_of(both, 20, 8, per_cell=1).pixels()
    assert row[2] == code(0, is_onset=True) and row[1] == code(1)
    assert row[0] == code(1, is_onset=True) and (row[3:] == code(1)).all()


def test_repeated_notes_are_told_apart_and_the_melody_has_its_own_colour():
    lines = body(history(), Area(80, 40))
    line = next(line for line in lines if line[0].text.strip() == "G4")
    blocks = [s for s in line if s.text.strip() and s.text[0] in "▘▝▀▖▌▞▛▗▚▐▜▄▙▟█"]
    assert blocks[0].style.color.name == "#e4472e"
    assert len(blocks) > 1  # the first note is cut short before the second


def test_without_colours_letters_say_who_sings():
    lines = panels(body(history(), Area(60, 50, colors=False)))
    assert any(line.startswith("  G4 S━━━━━S━━━━━") for line in lines)
    assert any(line.startswith("  C4 T───────────") for line in lines)
    plain = panels(body(history(), Area(60, 50, unicode=False)))
    assert any(line.startswith("  G4 S=====S=====") for line in plain)
    assert all(line.isascii() for line in plain)
