from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from composer.errors import ShapeError
from composer.songs.grid import (
    REST,
    from_pianoroll,
    from_voices,
    line_notes,
    pulse_grid,
    pulse_length,
    sample_line,
    to_onsets,
    to_pianoroll,
    to_voices,
)
from composer.songs.song import Note, Song, TimeSignature, Track
from hypothesis import given
from hypothesis import strategies as st


def track(*notes, **about):
    """Notes as (onset, pitch, duration)."""
    return Track(tuple(Note(*n) for n in notes), **about)


def spans(song, index=0):
    return [(round(n.onset, 6), n.pitch, round(n.duration, 6)) for n in song.tracks[index].notes]


def in_metre(*signatures, end=8.0):
    """A song of one note that lasts until `end`, with signatures as (onset, numerator, denominator)."""
    return Song(
        (track((0.0, 60, end)),), time_signatures=tuple(TimeSignature(*s) for s in signatures)
    )


# Quantising


def test_a_pianoroll_by_hand():
    song = Song(
        (track((0.0, 60, 0.5), (0.5, 60, 0.25), (0.25, 67, 0.75)), Track(), track((1.0, 36, 0.5)))
    )
    roll, onsets = to_pianoroll(song), to_onsets(song)
    assert roll.shape == onsets.shape == (6, 128, 3)
    assert roll[:, 60, 0].tolist() == [True, True, True, False, False, False]
    assert onsets[:, 60, 0].tolist() == [True, False, True, False, False, False]
    assert roll[:, 67, 0].tolist() == [False, True, True, True, False, False]
    assert roll[:, 36, 2].tolist() == [False, False, False, False, True, True]
    assert (roll.sum(), onsets.sum()) == (8, 4)
    assert spans(from_pianoroll(roll, onsets)) == [
        (0.0, 60, 0.5),
        (0.25, 67, 0.75),
        (0.5, 60, 0.25),
    ]
    assert spans(from_pianoroll(roll)) == [(0.0, 60, 0.75), (0.25, 67, 0.75)]


def test_a_note_that_is_rounded_past_the_end_is_not_lost():
    song = Song(
        (track((0.0, 60, 0.5), (0.9, 72, 0.05)),)
    )  # 0.9 beats are step 4, the song ends before it
    assert to_pianoroll(song).shape == to_onsets(song).shape == (5, 128, 1)
    assert spans(from_voices(*to_voices(song))) == [(0.0, 60, 0.5), (1.0, 72, 0.25)]


def test_names_and_programs_come_from_like():
    song = Song((track((0.0, 60, 1.0), name="A", program=5), track((0.0, 62, 1.0), name="B")))
    back = from_pianoroll(to_pianoroll(song), like=song.tracks[:1])
    assert [(t.name, t.program) for t in back.tracks] == [("A", 5), ("", 0)]


def test_empty_songs():
    for song in (Song(), Song((Track(),))):
        assert to_pianoroll(song).shape == (0, 128, len(song.tracks))
        assert from_pianoroll(to_pianoroll(song), to_onsets(song)) == song
        assert from_voices(*to_voices(song)) == song


@pytest.mark.parametrize(
    "roll", [np.zeros((4, 12), bool), np.zeros((4, 128, 1)), np.zeros((4, 12, 1), bool)]
)
def test_what_is_no_pianoroll(roll):
    with pytest.raises(ShapeError, match=rf"bool \[step, 128, track\], got {roll.dtype}"):
        from_pianoroll(roll)


def test_onsets_of_another_shape():
    with pytest.raises(ShapeError, match=r"\[4, 128, 1\], got \[3, 128, 1\]"):
        from_pianoroll(np.zeros((4, 128, 1), bool), np.zeros((3, 128, 1), bool))
    with pytest.raises(ShapeError, match=r"\[4, 2\] and \[4, 3\]"):
        from_voices(np.zeros((4, 2), int), np.zeros((4, 3), bool))


def songs(one_at_a_time):
    """Songs on sixteenths, notes of one pitch never overlapping; repeated notes are frequent."""

    def lines(steps):
        at, notes = 0, []
        for gap, pitch, length in steps:
            notes.append(((at + gap) / 4, pitch, length / 4))
            at += gap + length
        return track(*notes)

    gaps = st.sampled_from([0, 0, 0, 1, 5])
    line = st.lists(
        st.tuples(gaps, st.sampled_from([48, 60, 61, 127, 0]), st.integers(1, 6)), max_size=10
    ).map(lines)
    if one_at_a_time:
        return st.lists(line, max_size=3).map(lambda tracks: Song(tuple(tracks)))
    shifted = st.tuples(line, line).map(
        lambda pair: Track(
            (
                *pair[0].notes,
                *(replace(n, pitch=(n.pitch + 64) % 128 // 2 * 2 + 1) for n in pair[1].notes),
            )
        )
    )
    return st.lists(shifted, max_size=2).map(lambda tracks: Song(tuple(tracks)))


@given(songs(one_at_a_time=True))
def test_songs_survive_as_voices(song):
    assert from_voices(*to_voices(song)) == song


@given(songs(one_at_a_time=True))
def test_songs_survive_as_pianorolls(song):
    assert from_pianoroll(to_pianoroll(song), to_onsets(song)) == song


@given(songs(one_at_a_time=False))
def test_chords_survive_as_pianorolls(song):
    sounding = [
        {(n.pitch, s) for n in t.notes for s in range(int(4 * n.onset), int(4 * n.end))}
        for t in song.tracks
    ]
    roll = to_pianoroll(song)
    assert [
        {(int(p), int(s)) for s, p in np.argwhere(roll[:, :, i])} for i in range(len(sounding))
    ] == sounding
    back = from_pianoroll(roll, to_onsets(song))
    assert np.array_equal(to_pianoroll(back), roll)
    assert np.array_equal(to_onsets(back), to_onsets(song))


# Voices


def test_voices_by_hand():
    song = Song((track((0.0, 72, 0.5), (0.5, 72, 0.25)), track((0.25, 50, 0.25))))
    voices, onsets = to_voices(song)
    assert voices.tolist() == [[72, REST], [72, 50], [72, REST]]
    assert onsets.tolist() == [[True, False], [False, True], [True, False]]


def test_lines_are_cut_where_pitch_or_onset_says():
    pitches = np.array([60, 60, 60, REST, 62, 64])
    onsets = np.array([True, False, True, False, True, False])
    beats = np.array([0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0])
    assert line_notes(pitches, onsets, beats, 33) == [
        *(
            Note(0.0, 60, 1.0, 33),
            Note(1.0, 60, 0.5, 33),
            Note(2.0, 62, 1.0, 33),
            Note(3.0, 64, 2.0, 33),
        )
    ]
    assert line_notes(pitches[:0], onsets[:0], beats[:1]) == []


# Pulses


@pytest.mark.parametrize(
    ("metre", "length"),
    [
        ((4, 4), 1),
        ((3, 4), 1),
        ((2, 2), 1),
        ((6, 8), 1.5),
        ((12, 8), 1.5),
        ((3, 8), 0.5),
        ((7, 8), 0.5),
        ((9, 16), 0.75),
    ],
)
def test_the_beat_that_is_tapped(metre, length):
    assert pulse_length(*metre) == length


def grid_of(song, until=None):
    grid = pulse_grid(song, until)
    assert (
        len(grid) == len(grid.bar) == len(grid.place) == len(grid.compound) == len(grid.beats) - 1
    )
    assert all(a < b for a, b in pairwise(grid.beats))
    return grid.beats.tolist(), grid.bar.tolist(), grid.place.tolist()


def test_four_four_and_no_metre_at_all():
    expected = ([0, 1, 2, 3, 4, 5], [0, 0, 0, 0, 1], [0, 1, 2, 3, 0])
    assert grid_of(in_metre((0, 4, 4), end=4.5)) == expected
    assert grid_of(in_metre(end=4.5)) == expected


def test_three_four():
    assert grid_of(in_metre((0, 3, 4), end=4.0)) == ([0, 1, 2, 3, 4], [0, 0, 0, 1], [0, 1, 2, 0])


def test_six_eight_has_two_pulses_of_three_eighths():
    song = in_metre((0, 6, 8), end=4.0)
    assert grid_of(song) == ([0, 1.5, 3, 4.5], [0, 0, 1], [0, 1, 0])
    grid = pulse_grid(song)
    assert grid.compound.all()
    assert grid.step_beats().tolist() == [
        0,
        0.25,
        0.5,
        1.0,
        1.5,
        1.75,
        2.0,
        2.5,
        3.0,
        3.25,
        3.5,
        4.0,
        4.5,
    ]
    assert grid.to_steps([0, 0.5, 1.0, 1.5, 2.0, 2.5, 4.25]).tolist() == [0, 2, 3, 4, 6, 7, 11.5]


def test_five_four_and_seven_eight():
    assert grid_of(in_metre((0, 5, 4), end=6.0)) == (
        [0, 1, 2, 3, 4, 5, 6],
        [0, 0, 0, 0, 0, 1],
        [0, 1, 2, 3, 4, 0],
    )
    assert grid_of(in_metre((0, 7, 8), end=4.0)) == (
        [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4],
        [0, 0, 0, 0, 0, 0, 0, 1],
        [0, 1, 2, 3, 4, 5, 6, 0],
    )


def test_a_pickup_of_one_beat_is_the_last_of_its_bar():
    expected = ([0, 1, 2, 3, 4, 5, 6], [0, 1, 1, 1, 1, 2], [3, 0, 1, 2, 3, 0])
    assert grid_of(in_metre((0, 1, 4), (1, 4, 4), end=5.5)) == expected
    assert grid_of(in_metre((0, 4, 4), (1, 4, 4), end=5.5)) == expected


def test_a_pickup_of_half_a_beat_begins_inside_a_pulse():
    song = in_metre((0, 1, 8), (0.5, 4, 4), end=4.5)
    assert grid_of(song) == ([-0.5, 0.5, 1.5, 2.5, 3.5, 4.5], [0, 1, 1, 1, 1], [3, 0, 1, 2, 3])
    pitches, onsets = sample_line(track((0.0, 60, 0.5), (0.5, 62, 1.0)), pulse_grid(song))
    assert pitches[:9].tolist() == [REST, REST, 60, 60, 62, 62, 62, 62, REST]
    assert np.flatnonzero(onsets).tolist() == [2, 4]


def test_pickups_of_a_beat_and_a_half_and_in_six_eight():
    assert grid_of(in_metre((0, 3, 8), (1.5, 4, 4), end=3.0)) == (
        [-0.5, 0.5, 1.5, 2.5, 3.5],
        [0, 0, 1, 1],
        [2, 3, 0, 1],
    )
    song = in_metre((0, 1, 8), (0.5, 6, 8), end=3.5)
    assert grid_of(song) == ([-1.0, 0.5, 2.0, 3.5], [0, 1, 1], [1, 0, 1])
    assert pulse_grid(song).compound.tolist() == [True, True, True]
    pitches, _ = sample_line(track((0.0, 60, 0.5), (0.5, 62, 1.5)), pulse_grid(song))
    assert pitches[:8].tolist() == [REST, REST, REST, 60, 62, 62, 62, 62]


def test_a_change_of_metre_cuts_the_bar_before_it():
    song = in_metre((0, 4, 4), (6.5, 3, 4), (9.5, 6, 8), end=12.0)
    assert grid_of(song) == (
        [0, 1, 2, 3, 4, 5, 6, 6.5, 7.5, 8.5, 9.5, 11, 12.5],
        [0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3],
        [0, 1, 2, 3, 0, 1, 2, 0, 1, 2, 0, 1],
    )
    assert pulse_grid(song).compound.tolist() == [False] * 10 + [True] * 2


def test_a_grid_ends_where_it_is_told_and_has_one_pulse_at_least():
    song = in_metre((0, 3, 4), end=50.0)
    assert grid_of(song, 3.25) == ([0, 1, 2, 3, 4], [0, 0, 0, 1], [0, 1, 2, 0])
    assert grid_of(song, 3.0) == ([0, 1, 2, 3], [0, 0, 0], [0, 1, 2])
    assert grid_of(Song(), 0.0) == ([0, 1], [0], [0])


def test_an_extended_grid_goes_on():
    grid = pulse_grid(in_metre((0, 3, 4), end=5.0)).extended(4, 1)
    assert grid.beats.tolist() == list(range(9))
    assert grid.bar.tolist() == [0, 0, 0, 1, 1, 1, 1, 1]
    assert len(grid.extended(4)) == 8


def test_a_line_on_its_pulses():
    line = track((0.0, 60, 0.5), (0.5, 60, 0.5), (1.25, 67, 0.75), (3.0, 55, 0.1))
    pitches, onsets = sample_line(line, pulse_grid(in_metre((0, 4, 4), end=4.0)))
    assert pitches.tolist() == [
        60,
        60,
        60,
        60,
        REST,
        67,
        67,
        67,
        REST,
        REST,
        REST,
        REST,
        55,
        REST,
        REST,
        REST,
    ]
    assert np.flatnonzero(onsets).tolist() == [0, 2, 5, 12]
    assert sample_line(Track(), pulse_grid(Song()))[0].tolist() == [REST] * 4


def test_a_grace_note_at_the_very_end_is_not_lost():
    pitches, onsets = sample_line(track((0.95, 60, 0.04)), pulse_grid(in_metre(end=0.99)))
    assert pitches.tolist() == [REST, REST, REST, 60]
    assert onsets.tolist() == [False, False, False, True]


@given(
    songs(one_at_a_time=True),
    st.sampled_from([(4, 4), (3, 4), (5, 4)]),
    st.sampled_from([0.25, 0.5, 1.0, 1.5, 2.5]),
)
def test_lines_on_sixteenths_survive_every_metre_and_pickup(song, metre, pickup):
    line = song.tracks[0] if song.tracks else Track()
    signatures = (TimeSignature(0.0, round(4 * pickup), 16), TimeSignature(pickup, *metre))
    grid = pulse_grid(replace(song, tracks=(line,), time_signatures=signatures))
    notes = line_notes(*sample_line(line, grid), grid.step_beats())
    assert spans(Song((Track(tuple(notes)),))) == spans(Song((line,)))
