"""The operations of `pulses` and `harmony` as plain loops in numpy: to read, and to test the
matrices by.

Pitches are network pitches, int; PITCHES is a rest or unknown. Rows are pulses, one piece after
another.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from composer.generators.layers.melody import PITCHES

Floats = NDArray[Any]
Ints = NDArray[np.int64]

PERFECT = (0, 5, 7)
SPAN = 19


def later(x: Floats, by: int, pieces: int) -> Floats:
    """Return rows of `by` pulses later in the same piece, zeros past its ends."""
    length = len(x) // pieces
    found = np.zeros_like(x)
    for row in range(len(x)):
        piece, pulse = divmod(row, length)
        if 0 <= pulse + by < length:
            found[row] = x[piece * length + pulse + by]
    return found


def every(x: Floats, stride: int, phase: int = 0) -> Floats:
    """Return every `stride`th row from `phase` on; pieces are multiples of the stride."""
    return x[phase::stride]


def spread(x: Floats, stride: int, phase: int = 0) -> Floats:
    """Return rows put back on every `stride`th from `phase` on, zeros between."""
    found = np.zeros((stride * len(x), x.shape[1]), x.dtype)
    found[phase::stride] = x
    return found


def sample(
    logits: Floats,
    uniform: Floats,
    temperature: float,
    min_p: float,
) -> Ints:
    """Return the symbol that each row of logits [R, S] draws at `uniform` [R]: int [R]."""
    drawn = []
    for row, at in zip(logits, uniform, strict=True):
        p = np.exp((row - row.max()) / temperature)
        p[p < min_p * p.max()] = 0
        # Not made to sum to 1: the number is taken as a share of what is left.
        upper = np.cumsum(p)
        drawn.append(np.searchsorted(upper, at * upper[-1], side="right"))
    return np.array(drawn)


def relative(voices: Ints, bases: Ints, span: int = 12) -> Ints:
    """Return how far each voice lies above its base, clipped to -span..span, for int [R, n].

    None is known where one of them is PITCHES: that is told as 2 * span, beyond all others.
    """
    distance = np.clip(voices - bases, -span, span)
    unknown = (voices == PITCHES) | (bases == PITCHES)
    return np.where(unknown, 2 * span, distance)


def classes(*voices: Ints) -> Floats:
    """Return pitch classes of voices, int [R] each, as float [R, 12 * voices]; nothing for
    PITCHES.
    """
    found = np.zeros((len(voices[0]), len(voices), 12))
    for v, voice in enumerate(voices):
        for row, pitch in enumerate(voice):
            if pitch != PITCHES:
                found[row, v, pitch % 12] = 1
    return found.reshape(len(found), -1)


def interval_classes(a: Floats, b: Floats) -> Floats:
    """Return how much of each interval sounds from `b` up to `a`, both pitch classes [R, 12]."""
    found = np.zeros_like(a)
    for upper in range(12):
        for lower in range(12):
            found[:, (upper - lower) % 12] += a[:, upper] * b[:, lower]
    return found


def intervals(table: Floats, near: Ints) -> Floats:
    """Return logits [R, PITCHES] by a voice's table [neighbour, interval] from its neighbours, int
    [R, n].
    """
    logits = np.zeros((len(near), PITCHES))
    for row, neighbours in enumerate(near):
        for n, neighbour in enumerate(neighbours):
            for pitch in range(PITCHES):
                if neighbour != PITCHES:
                    logits[row, pitch] += table[n, PITCHES - 1 + pitch - neighbour]
    return logits


def lines(table: Floats, beside: Ints) -> Floats:
    """Return logits [R, PITCHES] by a voice's tables [3, interval, interval].

    beside: int [R, 4], pitches of the pulses 2 before, 1 before, 1 after, 2 after.
    """
    logits = np.zeros((len(beside), PITCHES))
    for row, (two_before, before, after, two_after) in enumerate(beside):
        known = (
            (before, after, before),
            (two_before, before, before),
            (after, two_after, after),
        )
        for tab, (first, second, near) in zip(table, known, strict=True):
            if PITCHES in (first, second):
                continue
            of_known = tab[_place(second - first)]
            for pitch in range(PITCHES):
                logits[row, pitch] += of_known[_place(pitch - near)]
    return logits


def _place(interval: int) -> int:
    """Return where an interval lies in a table of lines."""
    return int(np.clip(interval, -SPAN, SPAN)) + SPAN


def held_back(
    weight: Floats,
    own: Ints,
    there: Ints,
    here: Ints,
    voice: int,
) -> Floats:
    """Return logits by pitch class [R, 12] that warn `voice` of parallels, in one direction of
    time.

    weight: [3, 4, 3] by voice, other voice and interval. own: int [R], its pitch at the other time.
    there, here: int [R, 4], pitches of all voices at the other time and now, soprano first.
    """
    logits = np.zeros((len(own), 12))
    for row in range(len(own)):
        for other in range(4):
            before = there[row, other]
            now = here[row, other]
            unknown = PITCHES in (own[row], before, now)
            # Two voices that stay where they are make no parallels.
            stays = before % 12 == now % 12
            if other == voice + 1 or unknown or stays:
                continue
            for k, interval in enumerate(PERFECT):
                if (before + interval) % 12 == own[row] % 12:
                    logits[row, (now + interval) % 12] += weight[voice, other, k]
    return logits
