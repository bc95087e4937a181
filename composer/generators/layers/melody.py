"""Bring a melody into the range and key that networks know: numpy only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from composer.errors import MelodyError
from composer.songs.grid import REST

LOW = 30  # the lowest pitch of the networks, after transposition to C
PITCHES = 57  # how many they know, 30..86; index PITCHES is a rest or unknown


def octave_shift(pitches: NDArray[np.int64], low: int, high: int) -> int:
    """Semitones (whole octaves) that bring most of the sounding steps into low..high; 0 wins ties."""
    sounding = pitches[pitches != REST]
    if not len(sounding):
        raise MelodyError("a melody needs at least one note; the track has none")
    shifts = np.array([0, -12, 12, -24, 24, -36, 36, -48, 48])
    moved = sounding[:, None] + shifts
    outside = ((moved < low) | (moved > high)).sum(axis=0)
    return int(shifts[np.argmin(outside)])


def fold(pitches: NDArray[np.int64], low: int, high: int) -> NDArray[np.int64]:
    """Single notes outside low..high, an octave or more apart, moved octave by octave into it; rests stay."""
    up = np.ceil(np.maximum(low - pitches, 0) / 12).astype(int)
    down = np.ceil(np.maximum(pitches - high, 0) / 12).astype(int)
    return np.where(pitches == REST, REST, pitches + 12 * (up - down))


def bridge_rests(pitches: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """(where the voices sound, pitches with rests of one step filled by the note before)."""
    rest = np.pad(pitches == REST, 1)
    starts, ends = np.flatnonzero(~rest[:-1] & rest[1:]), np.flatnonzero(rest[:-1] & ~rest[1:])
    filled = pitches.copy()
    for start, end in zip(starts, ends, strict=True):
        if end - start < 2 and start > 0:
            filled[start:end] = filled[start - 1]
    return filled != REST, filled


def pitch_class_weights(pitches: NDArray[np.int64]) -> NDArray[np.float64]:
    """Sounding steps of each pitch class: float [12], C first."""
    return np.bincount(pitches[pitches != REST] % 12, minlength=12).astype(float)
