"""Voice leading: ranges, crossing, spacing, and how voices move against each other."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from composer.metrics.grids import STEPS, Bools, Floats, Ints, mean_where, on_beats

# S, A, T, B: lowest and highest pitch of the training set, without a few outliers.
RANGES = np.array([[60, 81], [53, 74], [47, 69], [36, 64]])
UPPER, UNDER = np.array(list(combinations(range(4), 2))).T  # the six pairs of voices
OUTER = 2  # soprano and bass among them
LARGEST_GAP = 12  # semitones between soprano and alto, and alto and tenor
LARGEST_STEP = 2  # semitones; more is a leap


def voice_features(voices: Ints) -> dict[str, Floats]:
    """Rules of part-writing broken, and the motion of the outer voices: float [...] each.

    Shares of steps (`out_of_range`, `crossing`, `wide_spacing`), counts per 100 beats (`parallel_fifths`,
    `parallel_octaves`, `hidden_parallels`) and shares of beats (`outer_contrary`, `outer_similar`).
    """
    fifths, octaves, hidden = (
        100 * count * STEPS / voices.shape[-2] for count in parallels(voices)
    )
    contrary, similar = outer_motion(voices)
    return {
        "out_of_range": out_of_range(voices),
        "crossing": crossing(voices),
        "wide_spacing": wide_spacing(voices),
        "parallel_fifths": fifths,
        "parallel_octaves": octaves,
        "hidden_parallels": hidden,
        "outer_contrary": contrary,
        "outer_similar": similar,
    }


def out_of_range(voices: Ints) -> Floats:
    """Share of a voice's sounding steps outside its range, mean of alto, tenor and bass: float [...]."""
    outside = (voices < RANGES[:, 0]) | (voices > RANGES[:, 1])
    return np.asarray(mean_where(outside, voices >= 0, axis=-2)[..., 1:].mean(-1))


def crossing(voices: Ints) -> Floats:
    """Share of the steps with all four voices in which one is above its upper neighbour: float [...]."""
    return mean_where((np.diff(voices, axis=-1) > 0).any(-1), (voices >= 0).all(-1))


def wide_spacing(voices: Ints) -> Floats:
    """Share of the steps with all four voices in which S-A or A-T is more than an octave: float [...]."""
    gaps = -np.diff(voices, axis=-1)[..., :2]
    return mean_where((gaps > LARGEST_GAP).any(-1), (voices >= 0).all(-1))


def parallels(voices: Ints) -> tuple[Ints, Ints, Ints]:
    """How often two voices move alike into perfect intervals: fifths, octaves, hidden, int [...] each.

    Fifths and octaves (unisons too), over any octaves: two voices move in one direction, from one step to the next,
    from such an interval to the same. Hidden: soprano and bass reach one from another interval, the soprano leaping.
    """
    alike = _similar_motion(voices)
    interval = np.abs(voices[..., UPPER] - voices[..., UNDER]) % 12
    before, after = interval[..., :-1, :], interval[..., 1:, :]
    fifths, octaves = (alike & (before == perfect) & (after == perfect) for perfect in (7, 0))
    reached = alike & (before != after) & np.isin(after, (0, 7))
    leaps = np.abs(np.diff(voices[..., 0], axis=-1)) > LARGEST_STEP
    hidden = reached[..., OUTER] & leaps
    return fifths.sum((-2, -1)), octaves.sum((-2, -1)), hidden.sum(-1)


def _similar_motion(voices: Ints) -> Bools:
    """Pairs that move in one direction to the next step, neither from nor to a rest: bool [..., step - 1, pair]."""
    sounds = (voices[..., 1:, :] >= 0) & (voices[..., :-1, :] >= 0)
    direction = np.sign(np.diff(voices, axis=-2)) * sounds
    return np.asarray(direction[..., UPPER] * direction[..., UNDER] > 0)


def outer_motion(voices: Ints) -> tuple[Floats, Floats]:
    """Shares of beats from which soprano and bass move apart or towards each other, and in one direction.

    Beats that have all voices, as the next one has. Two float [...].
    """
    beats = on_beats(voices)
    full = np.asarray((beats >= 0).all(-1))
    motion = np.diff(beats, axis=-2)
    product = motion[..., 0] * motion[..., 3]
    known = full[..., 1:] & full[..., :-1]
    return mean_where(product < 0, known), mean_where(product > 0, known)
