"""Bring a melody into the range and key that networks know: numpy only.

Pitches are int [step], 4 steps a pulse; -1 is a rest.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from composer.errors import MelodyError
from composer.songs.grid import REST

LOW = 30  # the lowest pitch of the networks, after transposition to C
PITCHES = 57  # how many they know, 30..86; index PITCHES is a rest or unknown

Ints = NDArray[np.int64]
_OCTAVES = np.array(
    [0, -12, 12, -24, 24, -36, 36, -48, 48]
)  # the nearest first: it wins ties


def octave_shift(pitches: Ints, low: int, high: int) -> int:
    """Return the semitones (whole octaves) that bring most of the sounding steps into low..high.

    The smallest shift wins ties. Raise MelodyError if nothing sounds.

    >>> octave_shift(np.array([41, 45, 48, -1]), 57, 81)
    24
    """
    sounding = pitches[pitches != REST]
    if not len(sounding):
        raise MelodyError("a melody needs at least one note; the track has none")
    # All octaves at once: a column each, in which the steps out of range are counted.
    moved = sounding[:, None] + _OCTAVES
    is_outside = (moved < low) | (moved > high)
    return int(_OCTAVES[np.argmin(is_outside.sum(axis=0))])


def fold(pitches: Ints, low: int, high: int) -> Ints:
    """Return pitches, each of those outside low..high moved into it by octaves; rests stay.

    low and high lie an octave or more apart.

    >>> fold(np.array([30, -1, 60, 96]), 57, 81).tolist()
    [66, -1, 60, 72]
    """
    up = np.ceil(np.maximum(low - pitches, 0) / 12).astype(int)
    down = np.ceil(np.maximum(pitches - high, 0) / 12).astype(int)
    return np.where(pitches == REST, REST, pitches + 12 * (up - down))


def bridge_rests(pitches: Ints) -> tuple[NDArray[np.bool_], Ints]:
    """Return where the voices sound, bool [step], and the pitches with rests of one step filled.

    Such a rest is a breath between notes; the note before fills it.

    >>> sounds, filled = bridge_rests(np.array([60, -1, 62, -1, -1]))
    >>> filled.tolist()
    [60, 60, 62, -1, -1]
    """
    # A step that sounds is put at either end, so that a rest there has a start and an end too.
    is_rest = np.pad(pitches == REST, 1)
    starts = np.flatnonzero(~is_rest[:-1] & is_rest[1:])
    ends = np.flatnonzero(is_rest[:-1] & ~is_rest[1:])
    filled = pitches.copy()
    for start, end in zip(starts, ends, strict=True):
        if end - start < 2 and start > 0:
            filled[start:end] = filled[start - 1]
    return filled != REST, filled


def pitch_class_weights(pitches: Ints) -> NDArray[np.float64]:
    """Return the number of sounding steps of each pitch class: float [12], C first.

    >>> pitch_class_weights(np.array([60, 72, 62, -1]))[:3].tolist()
    [2.0, 0.0, 1.0]
    """
    sounding = pitches[pitches != REST]
    return np.bincount(sounding % 12, minlength=12).astype(float)
