"""Voices of an arrangement, for tests of what comes back in them."""

from __future__ import annotations

from itertools import pairwise

from composer.songs.song import Note, Song, Track


def voice(song: Song, name: str) -> Track:
    return next(track for track in song.tracks if track.name == name)


def in_bars(song: Song, track: Track, first: int, last: int) -> list[Note]:
    """Notes of a track that sound in those bars, from 1."""
    starts = [*song.bar_onsets(), song.end]
    return [
        n for n in track.notes if n.onset < starts[last] - 1e-6 and n.end > starts[first - 1] + 1e-6
    ]


def one_at_a_time(song: Song) -> bool:
    return all(a.end <= b.onset + 1e-9 for t in song.tracks[1:] for a, b in pairwise(t.notes))
