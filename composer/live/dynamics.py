"""How loud the added voices are: as the player is at that moment, the inner voices a little softer. Pure functions."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from math import exp

from composer.music import Note, Song

WIDTH = 1.5  # beats; a player's strokes count by how far they are, exp(-distance / WIDTH)
NEAR = 6  # strokes to either side that are looked at
SHARES = (1.0, 0.82, 0.8, 0.88)  # of the melody's velocity, by voice: melody, then from high to low
ACCENT = 1.07  # on downbeats
SOFTEST, LOUDEST, PLAIN = 12, 127, 80


def curve(melody: Sequence[Note], beat: float) -> float:
    """The smoothed velocity of `melody` (in order of onset) at `beat`; PLAIN where nothing is played."""
    at = bisect_left(melody, beat, key=lambda note: note.onset)
    near = melody[max(0, at - NEAR) : at + NEAR]
    weights = [exp(-abs(note.onset - beat) / WIDTH) + 1e-9 for note in near]
    if not near:
        return float(PLAIN)
    return sum(w * note.velocity for w, note in zip(weights, near, strict=True)) / sum(weights)


def velocity(melody: Sequence[Note], beat: float, voice: int, downbeat: bool = False) -> int:
    """How hard voice 0 to 3 (0: the melody) is struck at `beat`, beside `melody`; 1 to 127."""
    share = SHARES[min(voice, len(SHARES) - 1)] * (ACCENT if downbeat else 1.0)
    return max(SOFTEST, min(LOUDEST, round(share * curve(melody, beat))))


def shaped(song: Song) -> Song:
    """An arrangement, the melody its first track, whose other tracks are as loud as the melody is there."""
    melody = song.tracks[0].notes
    downbeats = set(song.bar_onsets())

    def struck(note: Note, voice: int) -> Note:
        return replace(note, velocity=velocity(melody, note.onset, voice, note.onset in downbeats))

    tracks = [replace(t, notes=tuple(struck(n, v) for n in t.notes)) for v, t in enumerate(song.tracks[1:], 1)]
    return replace(song, tracks=(song.tracks[0], *tracks))
