"""Piano rolls in pixels: cases proved by hand."""

from __future__ import annotations

import numpy as np
from composer.pictures.frames import Panel, film_scope, holds, picture, shown_bars
from composer.pictures.layout import NumberedBar, Scope
from composer.pictures.palette import LIGHT, MELODY, OTHERS, rgb
from composer.pictures.pixels import Box
from composer.songs.song import Note, Song, TimeSignature, Track

from tests.support.tunes import song


def test_a_note_stands_at_its_beat_and_its_pitch():
    panel = Panel(
        "", Box(100, 50, 400, 120), (NumberedBar(1, 4, 6), NumberedBar(2, 6, 8)), Scope(60, 71), 1.0
    )
    assert panel.place(Note(5, 71, 1), False) == Box(
        200, 50, 99, 10
    )  # a column stays free before the next note
    assert panel.place(Note(4, 60, 0.5), False) == Box(100, 160, 49, 10)
    assert panel.place(Note(7.5, 66, 4), False) == Box(450, 100, 49, 10)  # cut at the end


def test_a_note_beyond_the_scope_is_half_as_high_at_its_edge():
    panel = Panel("", Box(0, 0, 400, 120), (NumberedBar(1, 0, 4),), Scope(60, 71), 1.0)
    assert panel.place(Note(0, 90, 1), False) == Box(0, 0, 99, 5)
    assert panel.place(Note(0, 20, 1), False) == Box(0, 115, 99, 5)


def test_drums_have_lanes_below_the_pitches():
    panel = Panel("", Box(0, 0, 400, 134), (NumberedBar(1, 0, 4),), Scope(60, 71, (36, 38)), 1.0)
    assert panel.place(Note(1, 36, 1), True) == Box(100, 127, 7, 6)
    assert panel.place(Note(1, 38, 1), True) == Box(100, 120, 7, 6)
    assert panel.place(Note(1, 40, 1), True) is None
    assert panel.place(Note(0, 60, 1), False) == Box(0, 110, 99, 10)


def test_a_scope_holds_what_it_was_made_for_and_a_few_outliers():
    usual = [Note(i, 48 + i % 30, 1) for i in range(150)]
    scope = film_scope([song(usual)])
    assert scope == Scope(47, 78)
    assert holds(scope, [song([*usual, Note(200, 5, 1)])])
    assert not holds(scope, [song(usual, drums=[Note(0, 36, 1)])])
    assert not holds(scope, [song([Note(0, 20, 1)])])


def test_a_panel_shows_whole_bars_from_where_the_melody_begins():
    late = Song(
        (Track(tuple(Note(13 + i, 60, 1) for i in range(60))),),
        time_signatures=(TimeSignature(0, 3, 4),),
    )
    shown = shown_bars(late)
    assert (shown[0].number, shown[0].start, shown[-1].end) == (5, 12, 42)
    pickup = Song(
        (Track((Note(0, 60, 50),)),), (), (TimeSignature(0, 1, 4), TimeSignature(1, 4, 4))
    )
    assert (shown_bars(pickup)[0].number, shown_bars(pickup)[-1].end) == (0, 33)
    assert len(shown_bars(Song())) == 1


def test_a_picture_shows_each_note_in_its_place_and_the_melody_on_top():
    soprano = [Note(0, 67, 1), Note(1, 67, 1), Note(2, 72, 2), Note(4, 69, 4)]
    tenor = [Note(0, 60, 2), Note(1, 67, 1), Note(4, 53, 4)]
    pixels = picture(song(soprano, tenor))
    low, high = 53 - 2, 72 + 2
    semitone, beat = 6, 24
    assert pixels.shape == ((high + 1 - low) * semitone, 8 * beat, 3)

    def cell(pitch, at):
        row, column = (high - pitch) * semitone + 2, round(at * beat) + 2
        return tuple(pixels[row, column].tolist())

    red, blue = rgb(MELODY), rgb(OTHERS[0])
    assert cell(72, 2) == cell(72, 3.75) == cell(67, 1) == red
    assert cell(60, 0) == cell(53, 7.75) == blue
    assert cell(72, 1.75) != red and cell(72, 4) != red and cell(60, 2) != blue
    assert tuple(pixels[(high - 67) * semitone + 2, beat]) != red  # beat 1 is a new note
    assert tuple(pixels[0, 4 * beat]) == rgb(LIGHT.bar_line)


def test_pictures_of_nothing_of_drums_and_of_long_songs():
    assert picture(Song()).shape[1] == 96
    drums = picture(song(drums=[Note(0, 36, 1), Note(0, 42, 1)]))
    assert drums.shape == (14, 96, 3)
    assert (drums[2, 2] == rgb(OTHERS[0])).all() or (drums[2, 2] == rgb(MELODY)).all()
    assert picture(song([Note(0, 60, 999)])).shape[1] == 128 * 24
    assert np.unique(picture(song([Note(0, 60, 4)])).reshape(-1, 3), axis=0).shape[0] > 3
