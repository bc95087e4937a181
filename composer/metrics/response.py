"""How the output answers to its inputs: what changes with melody and seed, and whether it fits the
melody.

A generator that ignores its melody or its noise can score well in every metric of its output alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from composer.errors import ShapeError
from composer.metrics.grids import STEPS_PER_BEAT, Bools, Floats, mean_where
from composer.metrics.harmony import CLASSES, chord_numbers
from composer.metrics.rolls import check_roll, split_octaves
from composer.songs.theory import C_MAJOR, signature_shift


def changed_cells(first: ArrayLike, second: ArrayLike) -> float:
    """Return the share of the cells of two grids that differ: 0 if alike, 1 if nowhere the same;
    NaN without cells.

    first, second: bool or int, of one shape: voices, onsets, pianorolls. In a pianoroll, of which
    nearly every cell is silent, `changed_sounding` tells more. Leave the melody out: it is given.
    Raise ShapeError if they do not fit.

    >>> changed_cells([[60, 55], [62, 53]], [[60, 55], [62, 50]])
    0.25
    """
    a, b = _checked_pair(first, second)
    if not a.size:
        return float("nan")
    return float((a != b).mean())


def changed_sounding(first: ArrayLike, second: ArrayLike) -> float:
    """Return the share of the cells sounding in either of two pianorolls that sound in one only;
    NaN for silence.

    first, second: bool, of one shape. It is one less the Jaccard index. Raise ShapeError if they do
    not fit.

    >>> changed_sounding([True, True, True, False], [True, True, False, True])
    0.5
    """
    a, b = _checked_pair(first, second)
    if a.dtype != bool or b.dtype != bool:
        raise ShapeError(
            f"pianorolls are bool, got {a.dtype} and {b.dtype}; voices go into changed_cells"
        )
    either = int((a | b).sum())
    if not either:
        return float("nan")
    only_one = int((a ^ b).sum())
    return only_one / either


def key_agreement(melody: Bools, accompaniment: Bools) -> float:
    """Return how far melody and accompaniment are in each other's key, 0 to 1; chance is 7 in 12.

    It is the mean of two shares of time: of the accompaniment in the scale of the melody's key
    signature, and of the melody in that of the accompaniment's. A signature is its seven pitch
    classes, so that C major and A minor agree (`songs.theory.signature_shift`).

    melody, accompaniment: bool [step, 128, track], any numbers of tracks, without drums. NaN if
    either is silent. Raise ShapeError.

    >>> melody, added = np.zeros((4, 128, 1), bool), np.zeros((4, 128, 1), bool)
    >>> melody[[0, 1, 2, 3], [60, 64, 65, 67], 0] = True  # C E F G
    >>> added[[0, 1, 2, 3], [48, 53, 52, 54], 0] = True  # C F E, F sharp
    >>> key_agreement(melody, added)  # all of one, three quarters of the other
    0.875
    """
    tune = _class_shares(melody)
    other = _class_shares(accompaniment)
    if not tune.any() or not other.any():
        return float("nan")
    tune_inside = tune @ _signature(other)
    other_inside = other @ _signature(tune)
    return float((tune_inside + other_inside) / 2)


def chord_agreement(
    melody: Bools,
    accompaniment: Bools,
    steps: int = STEPS_PER_BEAT,
) -> float:
    """Return the share of the beats on which both sound and together make a chord.

    What sounds on the first step of the beat counts; a triad or seventh chord, its fifth perhaps
    left out (`harmony.chord_numbers`). To know what chance gives, ask with the melody of another
    piece.

    melody, accompaniment: bool [step, 128, track], as many steps, without drums. steps: of a beat,
    from step 0. NaN if they never sound together on a beat. Raise ShapeError.

    >>> melody, added = np.zeros((8, 128, 1), bool), np.zeros((8, 128, 1), bool)
    >>> melody[:4, 64, 0] = melody[4:, 65, 0] = True  # E, F
    >>> added[:, 48, 0] = added[:, 55, 0] = True  # over C and G
    >>> chord_agreement(melody, added)
    0.5
    """
    tune = check_roll(melody)
    other = check_roll(accompaniment)
    if len(tune) != len(other) or steps < 1:
        raise ShapeError(
            "melody and accompaniment have as many steps, "
            f"got {len(tune)} and {len(other)}; beat {steps}"
        )
    # Passing notes between the beats would make a chord of nearly nothing.
    tune = _classes(tune[::steps])
    other = _classes(other[::steps])
    both_sound = tune.any(1) & other.any(1)
    # A voice for each pitch class: that is how the chords of voices are named.
    as_voices = np.where(tune | other, np.arange(CLASSES), -1)
    is_chord = chord_numbers(as_voices) >= 0
    return float(mean_where(is_chord, both_sound))


def _checked_pair(
    first: ArrayLike, second: ArrayLike
) -> tuple[NDArray[Any], NDArray[Any]]:
    a = np.asarray(first)
    b = np.asarray(second)
    are_whole = a.dtype.kind in "biu" and b.dtype.kind in "biu"
    if a.shape != b.shape or not are_whole:
        described = f"{a.dtype} {list(a.shape)} and {b.dtype} {list(b.shape)}"
        raise ShapeError(
            f"two grids to compare are bool or int and of one shape, got {described}"
        )
    return a, b


def _classes(roll: Bools) -> Bools:
    """Mark the pitch classes that sound in any track: bool [step, 12]."""
    pitches = np.asarray(roll.any(2))
    octaves = split_octaves(pitches, axis=1)
    return np.asarray(octaves.any(1), bool)


def _class_shares(roll: Bools) -> Floats:
    """Return the share of time of each pitch class in all tracks: float [12]; zeros for silence."""
    by_pitch = check_roll(roll).sum(0)
    counts = split_octaves(by_pitch, axis=0).sum((0, 2))
    return np.asarray(counts / max(counts.sum(), 1))


def _signature(shares: Floats) -> Bools:
    """Return the seven pitch classes of the likeliest key signature: bool [12]."""
    return np.roll(C_MAJOR, -signature_shift(shares))
