"""Small songs for tests of pictures."""

from __future__ import annotations

from composer.songs.song import Note, Song, TimeSignature, Track

PICKUP = (TimeSignature(0, 1, 4), TimeSignature(1, 3, 4))


def song(*tracks, metres=(), drums=()):
    """Return a song of tracks of notes, and drums if there are any."""
    pitched = tuple(Track(tuple(notes)) for notes in tracks)
    return Song((*pitched, Track(tuple(drums), is_drum=True)) if drums else pitched, (), metres)


def of_bars(count):
    """Return a song of so many bars of 4/4."""
    return song([Note(0, 60, 4.0 * count)], metres=(TimeSignature(0, 4, 4),))
