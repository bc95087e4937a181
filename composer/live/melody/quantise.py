"""Onsets as people play them, put on the grid: sixteenths, or triplets where a beat is in triplets. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# How loosely a take may be played: standard deviations in beats, of which the likeliest is taken. .035 is 21 ms at
# 100 qpm. Exact playing (a drum computer, a test) makes one triplet onset sure, a human needs more of them.
LOOSENESS = np.array([0.01, 0.015, 0.022, 0.032, 0.045])
# Shares, as logarithms: of beats that begin a run of triplets, of runs that end with a beat.
BEGIN_TRIPLETS, END_TRIPLETS = np.log(0.03), np.log(0.25)
STAY_STRAIGHT, STAY_TRIPLETS = np.log(0.97), np.log(0.75)
# What it costs to lose a note because two fall on one step.
COLLISION = 4.0
# And for onsets on the second and the fourth sixteenth without the third: rare, and what a loose triplet looks like.
UNUSUAL = 2.0
# How far, in beats, a first note may have been from the beat that it began.
SHIFTS = np.linspace(-0.1, 0.1, 9)
SHIFT_SPREAD = 0.04


def quantise_onsets(
    times: Sequence[float] | np.ndarray, resolution: int = 4, triplets: bool = True
) -> np.ndarray:
    """Each time on its nearest step, or on a third of a beat where that beat is in triplets.

    times: beats [n], in any order. resolution: steps per beat. Returns float beats [n].
    Which beats are in triplets is the likeliest reading of the whole take (Viterbi over beats, two states, onsets
    spread normally round the grid): triplets come in runs, and one loose sixteenth is not one.
    """
    times = np.asarray(times, dtype=float)
    straight = np.round(times * resolution) / resolution
    if not triplets or not times.size:
        return straight + 0.0
    in_triplets, _ = _read(times, resolution)
    return np.where(in_triplets, np.round(times * 3) / 3, straight) + 0.0  # + 0.0: no -0.0


def grid_shift(
    times: Sequence[float] | np.ndarray, resolution: int = 4, triplets: bool = True
) -> float:
    """How far, in beats, the whole take lies behind the grid: what to take off `times` (beats [n]) to fit it best.

    Between -0.1 and 0.1, and 0 below three onsets; for takes whose first note gave the beat.
    """
    times = np.asarray(times, dtype=float)
    if times.size < 3:
        return 0.0
    scores = [
        _fit(times - shift, resolution, triplets) - 0.5 * (shift / SHIFT_SPREAD) ** 2
        for shift in SHIFTS
    ]
    moved = times - SHIFTS[int(np.argmax(scores))]
    residue = times - quantise_onsets(moved, resolution, triplets)
    return float(np.clip(np.mean(residue), SHIFTS[0], SHIFTS[-1]))


def _fit(times: np.ndarray, resolution: int, triplets: bool) -> float:
    if triplets:
        return _read(times, resolution)[1]
    error = np.sum((times - np.round(times * resolution) / resolution) ** 2)
    return float(np.max(-times.size * np.log(LOOSENESS) - error / (2 * LOOSENESS**2)))


def _read(times: np.ndarray, resolution: int) -> tuple[np.ndarray, float]:
    """Which onsets lie in beats of triplets, bool [n], and the log likelihood of that reading."""
    first = int(np.floor(times.min()))
    beat = np.floor(times).astype(int) - first
    sounding, beat = np.unique(beat, return_inverse=True)
    odds = np.stack(
        [_likelihood(times, beat, steps) for steps in (max(resolution, 4), 3)]
    )  # [state, looseness, beat]
    sixteenth = np.round(times * 4) % 4
    second, third, fourth = (np.bincount(beat, sixteenth == i) > 0 for i in (1, 2, 3))
    odds[0] -= UNUSUAL * (second & fourth & ~third)
    paths, scores = _viterbi(odds, np.diff(sounding, prepend=sounding[0] - 1))
    best = int(np.argmax(scores))
    return paths[best][beat], float(scores[best])


def _likelihood(times: np.ndarray, beat: np.ndarray, steps: int) -> np.ndarray:
    """Log likelihood of each beat's onsets on a grid of so many `steps`: float [looseness, beat]."""
    slot = np.round(times * steps).astype(int)
    error = np.bincount(beat, (times - slot / steps) ** 2)
    count = np.bincount(beat)
    lost = count - np.bincount(beat[np.unique(slot, return_index=True)[1]], minlength=count.size)
    loose = LOOSENESS[:, None]
    spread: np.ndarray = (
        -error / (2 * loose**2) - count * (np.log(loose) + np.log(steps)) - COLLISION * lost
    )
    return spread


def _viterbi(odds: np.ndarray, gaps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(Likeliest states bool [looseness, beat], their scores [looseness]); `gaps`: beats since the beat before."""
    straight, triplet = STAY_STRAIGHT + odds[0, :, 0], BEGIN_TRIPLETS + odds[1, :, 0]
    came_from = []
    for i in range(1, odds.shape[2]):
        rest = gaps[i] > 2  # after a rest a run of triplets has ended
        stay, end = (BEGIN_TRIPLETS, STAY_STRAIGHT) if rest else (STAY_TRIPLETS, END_TRIPLETS)
        to_straight = np.stack([straight + STAY_STRAIGHT, triplet + end])
        to_triplet = np.stack([straight + BEGIN_TRIPLETS, triplet + stay])
        came_from.append((to_straight.argmax(0), to_triplet.argmax(0)))
        straight, triplet = to_straight.max(0) + odds[0, :, i], to_triplet.max(0) + odds[1, :, i]
    state = triplet > straight
    states = [state]
    for from_straight, from_triplet in reversed(came_from):
        state = np.where(state, from_triplet, from_straight).astype(bool)
        states.append(state)
    return np.stack(states[::-1], axis=1), np.maximum(straight, triplet)
