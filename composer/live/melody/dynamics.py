"""Let the added voices follow the player: as loud at each moment, and as late between the beats.
Pure functions.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from math import exp
from statistics import mean

from composer.songs.song import Note, Song, Track

# Beats; a player's strokes count by how far they are, exp(-distance / WIDTH).
WIDTH = 1.5
# Strokes to either side that are looked at.
NEAR = 6
# Of the melody's velocity, by voice: melody, then from high to low.
SHARES = (1.0, 0.82, 0.8, 0.88)
ACCENT = 1.07  # on downbeats
SOFTEST = 12
LOUDEST = 127
# The velocity where nothing is played.
PLAIN = 80
# Of a beat: itself and its sixteenths.
PLACES = 4
# Beats; a note was struck at most so far from where it is written.
NEAREST = 0.3
# Beats; how far one misses a place without meaning to.
USUAL = 0.03
# Beats, of the second and the fourth sixteenth.
MOST_MOVED = 0.12
# Beats, at least, from those to the third.
APART = 0.01
_TINY = 1e-6

Feel = tuple[float, ...]
"""By place of the beat, how many beats later it is played than written; the beat itself is not
moved.
"""
PLAINLY: Feel = (0.0,) * PLACES


def curve(melody: Sequence[Note], beat: float) -> float:
    """Return the smoothed velocity of `melody` (in order of onset) at `beat`; PLAIN if nothing is
    played.

    >>> loud, soft = Note(0.0, 60, 1.0, velocity=100), Note(4.0, 62, 1.0, velocity=40)
    >>> [round(curve([loud, soft], beat)) for beat in (0.0, 2.0, 4.0)]
    [96, 70, 44]
    """
    at = bisect_left(melody, beat, key=lambda note: note.onset)
    near = melody[max(0, at - NEAR) : at + NEAR]
    if not near:
        return float(PLAIN)
    # The tiny addend lets notes count that are so far away that their weight would be 0.
    weights = [exp(-abs(note.onset - beat) / WIDTH) + 1e-9 for note in near]
    weighted = (w * note.velocity for w, note in zip(weights, near, strict=True))
    return sum(weighted) / sum(weights)


def velocity(
    melody: Sequence[Note], beat: float, voice: int, downbeat: bool = False
) -> int:
    """Return how hard a voice is struck at `beat` beside `melody`: 1 to 127. voice: 0 the melody,
    then from high to low.

    >>> [velocity([Note(0.0, 60, 1.0, velocity=100)], 0.0, voice) for voice in range(4)]
    [100, 82, 80, 88]
    """
    share = SHARES[min(voice, len(SHARES) - 1)]
    if downbeat:
        share *= ACCENT
    return max(SOFTEST, min(LOUDEST, round(share * curve(melody, beat))))


def shaped(song: Song) -> Song:
    """Return an arrangement whose voices are as loud as the melody, its first track, is at each
    moment.
    """
    melody = song.tracks[0].notes
    downbeats = set(song.bar_onsets())

    def follow(track: Track, voice: int) -> Track:
        notes = []
        for note in track.notes:
            struck = velocity(melody, note.onset, voice, note.onset in downbeats)
            notes.append(replace(note, velocity=struck))
        return replace(track, notes=tuple(notes))

    voices = [follow(track, voice) for voice, track in enumerate(song.tracks[1:], 1)]
    return replace(song, tracks=(song.tracks[0], *voices))


def feel(melody: Sequence[Note], struck: Sequence[tuple[float, int]]) -> Feel:
    """Return how the player swings: how late each place of the beat was struck, as far as that was
    plainly meant.

    melody: as written down. struck: (beat, pitch) of the keys, in the same beats. A note written on
    a third of a beat counts for the sixteenths on either side, where the voices have theirs. A mean
    within twice its own standard error is taken for chance; what is beyond is kept.

    >>> eighths = [Note(beat / 2, 60, 0.5) for beat in range(16)]
    >>> swung = [(note.onset + (0.1 if note.onset % 1 else 0.0), 60) for note in eighths]
    >>> [round(late, 2) for late in feel(eighths, swung)]  # the third sixteenth is played later
    [0.0, 0.0, 0.1, 0.0]
    """
    late, thirds = _lateness(melody, struck)
    on_the_beat = _meant(late[0])
    meant = []
    for place in (1, 2, 3):
        beside_the_beat = [missed - on_the_beat for missed in late[place]]
        meant.append(_meant(beside_the_beat + thirds[place]))
    second = 1 / PLACES
    third = 2 / PLACES
    fourth = 3 / PLACES
    low = second + max(-MOST_MOVED, min(MOST_MOVED, meant[0]))
    high = fourth + max(-MOST_MOVED, min(MOST_MOVED, meant[2]))
    # The places stay in their order, however late the third is.
    middle = max(low + APART, min(high - APART, third + meant[1]))
    return (0.0, low - second, middle - third, high - fourth)


def moved(beat: float, by: Feel) -> float:
    """Return the beat at which what is written at `beat` is played; what is on no sixteenth stays.

    >>> moved(2.5, (0.0, 0.0, 0.1, 0.0))
    2.6
    """
    place = round(beat * PLACES)
    is_sixteenth = abs(beat - place / PLACES) < _TINY
    return beat + by[place % PLACES] if is_sixteenth else beat


def _lateness(
    melody: Sequence[Note], struck: Sequence[tuple[float, int]]
) -> tuple[list[list[float]], list[list[float]]]:
    """Return by place of the beat how late notes were struck there, and how late notes on thirds
    lie beside it.
    """
    late: list[list[float]] = [[] for _ in range(PLACES)]
    thirds: list[list[float]] = [[] for _ in range(PLACES)]
    for note in melody:
        place, rest = divmod(note.onset * PLACES + _TINY, 1)
        before = int(place) % PLACES
        after = int(place + 1) % PLACES
        if rest > 2 * _TINY:
            thirds[before].append(rest / PLACES)
            thirds[after].append((rest - 1) / PLACES)
            continue
        missed = [beat - note.onset for beat, pitch in struck if pitch == note.pitch]
        nearest = min(missed, key=abs, default=NEAREST)
        if abs(nearest) < NEAREST:
            late[before].append(nearest)
    return late, thirds


def _meant(missed: Sequence[float]) -> float:
    """Return the mean, less what chance may have done of it (positive-part James-Stein); 0 below
    two values.
    """
    if len(missed) < 2:
        return 0.0
    middle = mean(missed)
    squares = sum((x - middle) ** 2 for x in missed)
    # Few values tell little of the spread: two more, of the usual one, are counted in.
    variance = (2 * USUAL**2 + squares) / (len(missed) + 1)
    chance = 4 * variance / len(missed) / max(middle**2, 1e-12)
    return middle * max(0.0, 1.0 - chance)
