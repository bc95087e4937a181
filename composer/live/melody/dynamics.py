"""How the added voices follow the player: as loud at each moment, and as late between the beats. Pure functions."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from math import exp
from statistics import mean

from composer.songs.song import Note, Song

WIDTH = 1.5  # beats; a player's strokes count by how far they are, exp(-distance / WIDTH)
NEAR = 6  # strokes to either side that are looked at
SHARES = (1.0, 0.82, 0.8, 0.88)  # of the melody's velocity, by voice: melody, then from high to low
ACCENT = 1.07  # on downbeats
SOFTEST, LOUDEST, PLAIN = 12, 127, 80
PLACES = 4  # of a beat: itself and its sixteenths
NEAREST = 0.3  # beats; a note was struck at most so far from where it is written
USUAL = 0.03  # beats; how far one misses a place without meaning to
MOST_MOVED, APART = (
    0.12,
    0.01,
)  # beats; of the second and the fourth sixteenth, and from those to the third
_TINY = 1e-6

Feel = tuple[float, ...]
"""By place of the beat, how many beats later it is played than written; the beat itself is not moved."""
PLAINLY: Feel = (0.0,) * PLACES


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

    tracks = [
        replace(t, notes=tuple(struck(n, v) for n in t.notes))
        for v, t in enumerate(song.tracks[1:], 1)
    ]
    return replace(song, tracks=(song.tracks[0], *tracks))


def feel(melody: Sequence[Note], struck: Sequence[tuple[float, int]]) -> Feel:
    """How the player swings: what is plainly meant of how late each place of the beat was struck, beside the beats.

    melody: as written down. struck: (beat, pitch) of the keys, in the same beats. A note written on a third of a beat
    counts for the sixteenths on either side, where the voices have theirs. Where the mean is within twice its own
    standard error it is taken for chance; what is beyond is kept.
    """
    late: list[list[float]] = [[] for _ in range(PLACES)]
    thirds: list[list[float]] = [[] for _ in range(PLACES)]
    for note in melody:
        place, rest = divmod(note.onset * PLACES + _TINY, 1)
        if rest > 2 * _TINY:
            thirds[int(place) % PLACES].append(rest / PLACES)
            thirds[int(place + 1) % PLACES].append((rest - 1) / PLACES)
            continue
        missed = [beat - note.onset for beat, pitch in struck if pitch == note.pitch]
        nearest = min(missed, key=abs, default=NEAREST)
        if abs(nearest) < NEAREST:
            late[int(place) % PLACES].append(nearest)
    on_the_beat = _meant(late[0])
    second, third, fourth = (
        (i / PLACES, _meant([x - on_the_beat for x in late[i]] + thirds[i]))
        for i in range(1, PLACES)
    )
    low, high = (place + max(-MOST_MOVED, min(MOST_MOVED, by)) for place, by in (second, fourth))
    middle = max(low + APART, min(high - APART, sum(third)))  # the places stay in order
    return (0.0, low - second[0], middle - third[0], high - fourth[0])


def moved(beat: float, by: Feel) -> float:
    """Where what is written at `beat` is played; what is on no sixteenth is played as written."""
    place = round(beat * PLACES)
    return beat + by[place % PLACES] if abs(beat - place / PLACES) < _TINY else beat


def _meant(missed: Sequence[float]) -> float:
    """The mean, less what chance may have done of it (positive-part James-Stein); 0 below two values."""
    if len(missed) < 2:
        return 0.0
    middle = mean(missed)
    variance = (2 * USUAL**2 + sum((x - middle) ** 2 for x in missed)) / (len(missed) + 1)
    return middle * max(0.0, 1.0 - 4 * variance / len(missed) / max(middle**2, 1e-12))
