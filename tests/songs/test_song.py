from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest
from composer.songs.song import Note, Song, Tempo, TimeSignature, Track


def track(*notes, **about):
    """Notes as (onset, pitch, duration)."""
    return Track(tuple(Note(*n) for n in notes), **about)


def line(found):
    return [(n.onset, n.pitch, n.duration) for n in found.notes]


# Songs


def test_notes_are_put_in_order_and_songs_are_frozen():
    t = track((2.0, 60, 1.0), (0.0, 64, 1.0), (0.0, 62, 3.0))
    assert [n.pitch for n in t.notes] == [62, 64, 60]
    assert (t.end, t.mean_pitch) == (3.0, 62.0)
    assert (Track().end, Track().mean_pitch) == (0.0, -1.0)
    with pytest.raises(FrozenInstanceError):
        Song().title = "x"


def test_seconds_under_changing_tempo():
    song = Song(tempos=(Tempo(4.0, 30.0), Tempo(0.0, 120.0)))
    assert [song.seconds(b) for b in (0.0, 3.0, 4.0, 5.5)] == [0.0, 1.5, 2.0, 5.0]
    assert song.qpm == 120.0
    assert Song().seconds(5.0) == 3.0  # at 100
    assert (
        Song(tempos=(Tempo(2.0, 60.0),)).seconds(3.0) == 3.0
    )  # the first tempo counts from the start
    assert song.with_qpm(60).seconds(5.5) == 5.5


def test_bars_with_a_pickup_and_a_change_of_metre():
    song = Song(
        (track((0.0, 60, 9.0)),),
        time_signatures=(
            TimeSignature(0.0, 1, 8),
            TimeSignature(0.5, 3, 4),
            TimeSignature(6.5, 2, 4),
        ),
    )
    assert song.bar_onsets() == [0.0, 0.5, 3.5, 6.5, 8.5]
    assert song.bar_onsets(3.5) == [0.0, 0.5]
    assert Song().bar_onsets() == [0.0]
    assert Song(time_signatures=(TimeSignature(2.0, 3, 4),)).bar_onsets(6.0) == [0.0, 2.0, 5.0]
    assert [song.metre_at(b).numerator for b in (0.0, 0.4, 0.5, 6.0, 6.5, 99.0)] == [
        1,
        1,
        3,
        3,
        2,
        2,
    ]
    assert Song(time_signatures=(TimeSignature(2.0, 3, 4),)).metre_at(1.0) == TimeSignature(
        0.0, 4, 4
    )
