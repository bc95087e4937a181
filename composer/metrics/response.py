"""Does the output answer to its inputs: what changes with the melody and the seed, and does it fit the melody.

A generator that ignores its melody or its noise can score well in every measure of its output alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from composer.errors import ShapeError
from composer.metrics.grids import STEPS, Bools, Floats, mean_where
from composer.metrics.harmony import chord_numbers
from composer.metrics.rolls import CLASSES, check_roll, split_octaves
from composer.songs.theory import C_MAJOR, signature_shift


def changed_cells(first: ArrayLike, second: ArrayLike) -> float:
    """Share of the cells of two grids that differ: 0 alike, 1 nowhere the same; NaN where there is no cell.

    first, second: bool or int, of one shape: voices, onsets, pianorolls. In a pianoroll, where nearly every cell is
    silent, `changed_sounding` tells more. Leave the melody out: it is given. Raises ShapeError.
    """
    a, b = _pair(first, second)
    return float((a != b).mean()) if a.size else float("nan")


def changed_sounding(first: ArrayLike, second: ArrayLike) -> float:
    """Share of the cells sounding in either of two pianorolls that sound in one only; NaN where both are silent.

    first, second: bool, of one shape. One less the Jaccard index. Raises ShapeError.
    """
    a, b = _pair(first, second)
    if a.dtype != bool or b.dtype != bool:
        raise ShapeError(
            f"pianorolls are bool, got {a.dtype} and {b.dtype}; voices go into changed_cells"
        )
    either = int((a | b).sum())
    return int((a ^ b).sum()) / either if either else float("nan")


def key_agreement(melody: Bools, accompaniment: Bools) -> float:
    """How far melody and accompaniment are in each other's key, 0 to 1; chance is 7 in 12.

    The mean of two shares of time: of the accompaniment in the scale of the melody's key signature, and of the melody
    in that of the accompaniment's. A signature is its seven pitch classes, so that C major and A minor agree
    (`theory.signature_shift`).
    melody, accompaniment: bool [step, 128, track], any numbers of tracks, without drums. NaN where either is silent.
    Raises ShapeError.
    """
    tune, other = _class_shares(melody), _class_shares(accompaniment)
    if not (tune.any() and other.any()):
        return float("nan")
    return float((tune @ _signature(other) + other @ _signature(tune)) / 2)


def chord_agreement(melody: Bools, accompaniment: Bools, steps: int = STEPS) -> float:
    """Share of the beats on which both sound and together make a chord.

    melody, accompaniment: bool [step, 128, track], as many steps, without drums. steps: of a beat, from step 0.
    What sounds on the first step of the beat counts; a triad or seventh chord, its fifth perhaps left out
    (`harmony.chord_numbers`). NaN where they never sound together on a beat. Raises ShapeError.
    To know chance, give it the melody of another piece.
    """
    tune, other = check_roll(melody), check_roll(accompaniment)
    if len(tune) != len(other) or steps < 1:
        raise ShapeError(
            f"melody and accompaniment have as many steps, got {len(tune)} and {len(other)}; beat {steps}"
        )
    tune, other = _classes(tune[::steps]), _classes(other[::steps])
    both = tune.any(1) & other.any(1)
    if not both.any():
        return float("nan")
    as_voices = np.where(tune | other, np.arange(CLASSES), -1)  # a voice for each pitch class
    return float(mean_where(chord_numbers(as_voices) >= 0, both))


def _pair(first: ArrayLike, second: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
    a, b = np.asarray(first), np.asarray(second)
    if a.shape != b.shape or a.dtype.kind not in "biu" or b.dtype.kind not in "biu":
        described = " and ".join(f"{x.dtype} {list(x.shape)}" for x in (a, b))
        raise ShapeError(f"two grids to compare are bool or int and of one shape, got {described}")
    return a, b


def _classes(roll: Bools) -> Bools:
    """Which pitch classes sound in any track: bool [step, 12]."""
    return np.asarray(split_octaves(np.asarray(roll.any(2)), axis=1).any(1), bool)


def _class_shares(roll: Bools) -> Floats:
    """Share of each pitch class in the time that all tracks sound: float [12]; zeros for silence."""
    counts = split_octaves(check_roll(roll).sum(0), axis=0).sum((0, 2))
    return np.asarray(counts / max(counts.sum(), 1))


def _signature(shares: Floats) -> Bools:
    """The seven pitch classes of the likeliest key signature: bool [12]."""
    return np.roll(C_MAJOR, -signature_shift(shares))
