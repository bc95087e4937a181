"""Bars, chords, pitches and drums: cases proved by hand."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from composer.errors import MelodyError
from composer.pictures import layout
from composer.pictures.layout import NumberedBar, RollGrid, Room, Scope, scope_of
from composer.songs.song import Note, Song, TimeSignature, Track

from tests.support.tunes import PICKUP, song

FILM = Room(1, 24, widest=61, outliers=0.01, lanes=8, unpitched=False)


def test_a_pickup_is_bar_zero_and_the_last_bar_is_full():
    assert layout.bars(song([Note(0, 60, 5)], metres=PICKUP)) == [
        NumberedBar(0, 0, 1),
        NumberedBar(1, 1, 4),
        NumberedBar(2, 4, 7),
    ]
    assert layout.bars(song([Note(0, 60, 5)])) == [NumberedBar(1, 0, 4), NumberedBar(2, 4, 8)]
    assert layout.bars(song([Note(0, 60, 1)])) == [NumberedBar(1, 0, 4)]


def test_a_longer_first_bar_is_no_pickup():
    metres = (TimeSignature(0, 4, 4), TimeSignature(4, 3, 4))
    assert [bar.number for bar in layout.bars(song([Note(0, 60, 7)], metres=metres))] == [1, 2]


def test_main_metre_is_the_one_of_most_beats():
    metres = (
        TimeSignature(0, 1, 4),
        TimeSignature(1, 3, 4),
        TimeSignature(10, 4, 4),
        TimeSignature(14, 3, 4),
    )
    metre = layout.main_metre(song([Note(0, 60, 20)], metres=metres))
    assert (metre.numerator, metre.denominator) == (3, 4)


def test_chord_changes():
    chords = [(0.0, ""), (1.0, "C"), (2.0, "C"), (3.0, ""), (4.0, "C"), (5.0, "G/B"), (6.0, "C")]
    assert layout.chord_changes(chords) == [(1.0, "C"), (5.0, "G/B"), (6.0, "C")]


def test_unisons_are_between_tracks_only_while_both_sound():
    low, high, later = Note(0, 60, 2), Note(1, 60, 3), Note(4, 60, 1)
    twice = Note(0, 72, 4)
    shared = layout.unisons(song([low, twice, Note(1, 72, 1)], [Note(0, 61, 9)], [high, later]))
    assert shared == {(0, low): [0, 2], (2, high): [0, 2]}
    assert layout.unisons(song([low], drums=[Note(0, 60, 2)])) == {}


def test_a_grid_gives_every_beat_and_pitch_its_place():
    grid = RollGrid(Scope(60, 71, (36, 42)), start=4.0, beat=10.0, semitone=3.0, lane=5.0)
    assert (grid.x(4), grid.x(6.5)) == (0, 25)
    assert (grid.y(71), grid.y(60)) == (0, 33)
    assert (grid.pitched, grid.height) == (36, 46)
    assert (grid.drum_y(42), grid.drum_y(36)) == (36, 41)


def test_beats_go_on_to_the_end_of_the_last_bar():
    made = layout.lay_out(song([Note(0, 60, 5)], metres=PICKUP))
    assert made.beats == [0, 1, 2, 3, 4, 5, 6]
    assert (made.start, made.end) == (0, 7)


def test_pitches_reach_over_an_octave_and_a_half_and_stay_in_midi():
    for pitch in (0, 60, 127):
        scope = scope_of([song([Note(0, pitch, 1)])])
        assert 0 <= scope.low <= pitch <= scope.high <= 127
        assert len(scope.pitches) == 18


def test_a_scope_has_room_for_all_but_a_hundredth_of_the_notes():
    usual = [Note(i, 48 + i % 30, 1) for i in range(150)]
    assert scope_of([song([*usual, Note(200, 5, 1)])], FILM) == Scope(47, 78)
    assert scope_of([song([Note(0, 74, 6), Note(0, 73, 1)])], FILM) == Scope(62, 85)
    assert len(scope_of([Song()], FILM).pitches) == 24


def test_a_scope_is_never_so_wide_that_notes_are_hairlines_and_keeps_the_middle():
    noise = [Note(i, i % 128, 1) for i in range(128 * 4)]
    low, high, _ = scope_of([song(noise)], FILM)
    assert high - low == 60 and low < 64 < high


def test_a_scope_widens_for_what_it_does_not_hold_and_then_holds_it():
    drums = song([Note(0, 30, 1)], drums=[Note(0, 36, 1), Note(1, 38, 1)])
    narrow = scope_of([song([Note(2, 74, 6)], [Note(0, 50, 8)])], FILM)
    wide = scope_of([drums], FILM, narrow)
    assert wide.low < 30 and wide.high == narrow.high and wide.lanes == (36, 38)
    assert scope_of([drums], FILM, wide) == wide


def test_drums_stand_by_family_kicks_below_cymbals():
    drums = (49, 42, 45, 38, 36, 35, 41, 51, 37)
    assert layout.lane_order(drums) == (35, 36, 37, 38, 41, 45, 42, 49, 51)
    many = [Note(i, 35 + i % 12, 1) for i in range(40)]
    assert len(scope_of([song(drums=many)], FILM).lanes) == 8


def test_melody():
    high_second = song([Note(0, 50, 1)], [Note(0, 70, 1)], drums=[Note(0, 90, 1)])
    made = layout.lay_out(high_second)
    assert made.melody == 1 and made.order == [2, 0, 1]
    assert layout.lay_out(high_second, 0).melody == 0
    with pytest.raises(MelodyError):
        layout.lay_out(high_second, 7)
    drums = layout.lay_out(song(drums=[Note(0, 36, 1)]))
    assert drums.melody == -1 and not drums.scope.pitches and drums.scope.lanes == (36,)
    assert drums.order == [0]


def test_the_layout_becomes_json_and_comes_back():
    tune = replace(song([Note(1, 61, 2, 90)], drums=[Note(0, 38, 1)], metres=PICKUP), title="A\nB")
    data = json.loads(json.dumps(layout.lay_out(tune).as_data()))
    assert data["title"] == "A B"
    assert data["bars"] == [[0, 0, 1], [1, 1, 4]]
    assert data["lanes"] == [{"pitch": 38, "name": "snare"}]
    assert data["tracks"][0]["notes"] == [[1, 3, 61, 90]]
    assert data["tracks"][0]["is_melody"] and data["tracks"][1]["is_drum"]
    assert (data["low"] <= 61 <= data["high"]) and data["order"] == [1, 0]


@pytest.mark.parametrize("empty", [Song(), Song((Track(), Track()))])
def test_an_empty_song_is_one_bar(empty):
    made = layout.lay_out(empty)
    assert made.bars == (NumberedBar(1, 0, 4),) and made.chords == []
