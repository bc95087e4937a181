"""Put onsets as people play them on the grid: sixteenths, or triplets in a beat of triplets. Pure
functions.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# How loosely a take may be played: standard deviations in beats, of which the likeliest is taken.
# .035 is 21 ms at
# 100 qpm. Exact playing (a drum computer, a test) makes one triplet onset sure, a human needs more
# of them.
LOOSENESS = np.array([0.01, 0.015, 0.022, 0.032, 0.045])
# Logarithms of shares: 3 of 100 beats begin a run of triplets, and each beat of a run is its last
# with 1 in 4.
BEGIN_TRIPLETS = np.log(0.03)
STAY_STRAIGHT = np.log(0.97)
END_TRIPLETS = np.log(0.25)
STAY_TRIPLETS = np.log(0.75)
# What it costs to lose a note because two fall on one step.
COLLISION = 4.0
# And for onsets on the second and the fourth sixteenth without the third: rare, and what a loose
# triplet looks like.
UNUSUAL = 2.0
# How far, in beats, a first note may have been from the beat that it began, and how far it usually
# is.
SHIFTS = np.linspace(-0.1, 0.1, 9)
SHIFT_SPREAD = 0.04
# Onsets from which a shift can be told.
FEWEST = 3


def quantise_onsets(
    times: Sequence[float] | np.ndarray, resolution: int = 4, triplets: bool = True
) -> np.ndarray:
    """Move each time to its nearest step, or to a third of a beat if that beat is in triplets.

    times: beats [n], in any order. resolution: steps per beat. Returns float beats [n].
    A beat is in triplets if that is the likeliest reading of the whole take (Viterbi over beats,
    two states, onsets spread normally round the grid): triplets come in runs, and one loose
    sixteenth is not one.

    >>> quantise_onsets([0.02, 0.49, 0.97]).tolist()
    [0.0, 0.5, 1.0]
    >>> quantise_onsets([0.0, 0.33, 0.67, 1.0, 1.34, 1.66]).round(3).tolist()
    [0.0, 0.333, 0.667, 1.0, 1.333, 1.667]
    """
    times = np.asarray(times, dtype=float)
    straight = np.round(times * resolution) / resolution
    # Added, it makes 0.0 of the -0.0 that rounding leaves.
    positive_zero = 0.0
    if not triplets or not times.size:
        return straight + positive_zero
    in_triplets, _ = _read(times, resolution)
    thirds = np.round(times * 3) / 3
    return np.where(in_triplets, thirds, straight) + positive_zero


def grid_shift(
    times: Sequence[float] | np.ndarray, resolution: int = 4, triplets: bool = True
) -> float:
    """Return how far, in beats, the whole take lies behind the grid, for takes whose first note
    gave the beat.

    Taken off `times` (beats [n]) they fit the grid best. Between -0.1 and 0.1, and 0 below three
    onsets.

    >>> round(grid_shift([0.05, 1.05, 1.55, 2.05, 3.05]), 2)
    0.05
    """
    times = np.asarray(times, dtype=float)
    if times.size < FEWEST:
        return 0.0
    scores = []
    for shift in SHIFTS:
        unlikely = 0.5 * (shift / SHIFT_SPREAD) ** 2
        scores.append(_fit(times - shift, resolution, triplets) - unlikely)
    moved = times - SHIFTS[int(np.argmax(scores))]
    residue = times - quantise_onsets(moved, resolution, triplets)
    return float(np.clip(np.mean(residue), SHIFTS[0], SHIFTS[-1]))


def _fit(times: np.ndarray, resolution: int, triplets: bool) -> float:
    """Return the log likelihood of the onsets on the grid."""
    if triplets:
        _, likelihood = _read(times, resolution)
        return likelihood
    error = np.sum((times - np.round(times * resolution) / resolution) ** 2)
    return float(np.max(-times.size * np.log(LOOSENESS) - error / (2 * LOOSENESS**2)))


def _read(times: np.ndarray, resolution: int) -> tuple[np.ndarray, float]:
    """Return the onsets that lie in beats of triplets, bool [n], and the log likelihood of that
    reading.
    """
    first = int(np.floor(times.min()))
    beat = np.floor(times).astype(int) - first
    sounding, beat = np.unique(beat, return_inverse=True)
    straight = _likelihood(times, beat, max(resolution, 4))
    triplets = _likelihood(times, beat, 3)
    sixteenth = np.round(times * 4) % 4
    second, third, fourth = (np.bincount(beat, sixteenth == i) > 0 for i in (1, 2, 3))
    straight -= UNUSUAL * (second & fourth & ~third)
    # [state, looseness, beat].
    odds = np.stack([straight, triplets])
    paths, scores = _viterbi(odds, np.diff(sounding, prepend=sounding[0] - 1))
    best = int(np.argmax(scores))
    return paths[best][beat], float(scores[best])


def _likelihood(times: np.ndarray, beat: np.ndarray, steps: int) -> np.ndarray:
    """Return the log likelihood of each beat's onsets on a grid of n `steps` a beat: float
    [looseness, beat].
    """
    slot = np.round(times * steps).astype(int)
    error = np.bincount(beat, (times - slot / steps) ** 2)
    count = np.bincount(beat)
    lost = count - np.bincount(
        beat[np.unique(slot, return_index=True)[1]], minlength=count.size
    )
    loose = LOOSENESS[:, None]
    off_the_grid = -error / (2 * loose**2)
    # A finer grid lies near everything: each onset pays for the steps that it could have been on.
    choice = count * (np.log(loose) + np.log(steps))
    likelihood: np.ndarray = off_the_grid - choice - COLLISION * lost
    return likelihood


def _viterbi(odds: np.ndarray, gaps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the likeliest states, bool [looseness, beat], and their scores [looseness].

    gaps: beats since the beat before.
    """
    straight = STAY_STRAIGHT + odds[0, :, 0]
    triplet = BEGIN_TRIPLETS + odds[1, :, 0]
    came_from = []
    for i in range(1, odds.shape[2]):
        # After a rest a run of triplets has ended: what comes is as likely as at the start.
        is_rest = gaps[i] > 2
        stay = BEGIN_TRIPLETS if is_rest else STAY_TRIPLETS
        end = STAY_STRAIGHT if is_rest else END_TRIPLETS
        to_straight = np.stack([straight + STAY_STRAIGHT, triplet + end])
        to_triplet = np.stack([straight + BEGIN_TRIPLETS, triplet + stay])
        came_from.append((to_straight.argmax(0), to_triplet.argmax(0)))
        straight = to_straight.max(0) + odds[0, :, i]
        triplet = to_triplet.max(0) + odds[1, :, i]
    state = triplet > straight
    states = [state]
    for from_straight, from_triplet in reversed(came_from):
        state = np.where(state, from_triplet, from_straight).astype(bool)
        states.append(state)
    return np.stack(states[::-1], axis=1), np.maximum(straight, triplet)
