"""Onto the steps of a beat, or its thirds."""

from __future__ import annotations

from composer.songs.quantise import quantise
from composer.songs.song import Note, Song, Track
from hypothesis import given
from hypothesis import strategies as st


def track(*notes, **about):
    """Notes as (onset, pitch, duration)."""
    return Track(tuple(Note(*n) for n in notes), **about)


def spans(song, index=0):
    return [(round(n.onset, 6), n.pitch, round(n.duration, 6)) for n in song.tracks[index].notes]


def test_sixteenths_and_triplets_beat_by_beat():
    sixteenths = [(0.02, 0.21), (0.27, 0.21), (0.49, 0.24), (0.76, 0.22)]
    triplets = [(1.03, 0.28), (1.31, 0.3), (1.69, 0.27)]
    played = track(
        *((onset, 60 + i, length) for i, (onset, length) in enumerate(sixteenths + triplets))
    )
    third = round(1 / 3, 6)
    assert spans(quantise(Song((played,)))) == [
        *[(0.0, 60, 0.25), (0.25, 61, 0.25), (0.5, 62, 0.25), (0.75, 63, 0.25)],
        *[(1.0, 64, third), (round(4 / 3, 6), 65, third), (round(5 / 3, 6), 66, third)],
    ]


def test_without_triplets_all_goes_to_sixteenths():
    played = track((0.0, 60, 1 / 3), (1 / 3, 62, 1 / 3), (2 / 3, 64, 1 / 3))
    assert spans(quantise(Song((played,)), triplets=False)) == [
        (0.0, 60, 0.25),
        (0.25, 62, 0.5),
        (0.75, 64, 0.25),
    ]


def test_swung_eighths_of_a_triplet_feel_land_on_thirds():
    played = track((0.0, 60, 0.66), (0.66, 62, 0.34), (1.0, 64, 0.5), (1.5, 65, 0.5))
    assert [round(n[0], 3) for n in spans(quantise(Song((played,))))] == [0.0, 0.667, 1.0, 1.5]


def test_dotted_eighths_stay_dotted():
    played = track((0.01, 60, 0.73), (0.74, 62, 0.27))
    assert spans(quantise(Song((played,)))) == [(0.0, 60, 0.75), (0.75, 62, 0.25)]


def test_no_note_becomes_shorter_than_a_step():
    assert spans(quantise(Song((track((0.0, 60, 0.01), (1 / 3, 62, 0.01)),)))) == [
        (0.0, 60, 0.333333),
        (0.333333, 62, 0.333333),
    ]
    assert spans(quantise(Song((track((0.0, 60, 0.01)),)))) == [(0.0, 60, 0.25)]
    assert spans(quantise(Song((track((0.0, 60, 0.01)),)), resolution=2)) == [(0.0, 60, 0.5)]


def test_every_track_is_quantised_for_itself_and_the_song_stays_what_it_is():
    song = Song((track((0.1, 60, 1.0), name="A", program=3), track((2.3, 40, 0.4))), title="T")
    moved = quantise(song)
    assert (moved.title, moved.tracks[0].name, moved.tracks[0].program) == ("T", "A", 3)
    assert spans(moved, 0) == [(0.0, 60, 1.0)]
    assert song.tracks[0].notes[0].onset == 0.1


@given(
    st.lists(st.tuples(st.integers(0, 800), st.integers(40, 80), st.integers(1, 300)), max_size=12),
    st.booleans(),
)
def test_quantising_twice_changes_no_onset(notes, triplets):
    once = quantise(Song((track(*((a / 96, p, d / 96) for a, p, d in notes)),)), triplets=triplets)
    twice = quantise(once, triplets=triplets)
    assert [n[:2] for n in spans(twice)] == [n[:2] for n in spans(once)]
    assert all(n.duration >= 0.25 - 1e-9 for n in once.tracks[0].notes)
