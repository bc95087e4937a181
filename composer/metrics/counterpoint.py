"""Voice leading: ranges, crossing, spacing, and how voices move against each other.

Voices are int [..., step, voice], from the melody down, -1 for a rest, four steps a beat unless
said otherwise. Leading axes are a batch. A share of nothing is NaN.

Two tables are made of these metrics. `voice_metrics` is the evaluator's: one piece of any number of
voices, NaN if undefined. `voice_features` is the ladder's: stacks of chorales, and 0 instead of
NaN, since it compares distributions and wants a number of each piece.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike

from composer.errors import ShapeError
from composer.metrics.grids import (
    STEPS_PER_BEAT,
    Bools,
    Floats,
    Ints,
    check_voices,
    mean_where,
    on_beats,
)
from composer.metrics.harmony import chord_share, melody_dissonance
from composer.metrics.rhythm import offbeat_changes

# Soprano, alto, tenor, bass: lowest and highest pitch in the training chorales, without a few
# outliers.
RANGES = np.array(
    [
        [60, 81],
        [53, 74],
        [47, 69],
        [36, 64],
    ]
)
OCTAVE = 12
FIFTH = 7
LARGEST_STEP = 2  # semitones; a larger interval is a leap


def voice_metrics(
    voices: Ints,
    ranges: ArrayLike | None = None,
    steps_per_beat: int = STEPS_PER_BEAT,
) -> dict[str, float | Floats]:
    """Return all metrics of the voices of one piece by name: a float, or float [voice] for two of
    them.

    out_of_range [voice], crossing, wide_spacing, parallel_fifths and parallel_octaves: see the
    functions here. dissonance: `harmony.melody_dissonance`. chord_share: `harmony.chord_share`.
    offbeat_changes [voice]: `rhythm.offbeat_changes`. Each is NaN if undefined.

    voices: int [step, voice], at least two voices, -1 for a rest. ranges: int [voice, 2], see
    `out_of_range`. steps_per_beat: counted from step 0. Raise ShapeError if they do not fit.

    >>> table = voice_metrics(np.array([[72, 64, 55, 48]] * 8))
    >>> table["crossing"], table["chord_share"]
    (0.0, 1.0)
    """
    voices = check_voices(voices)
    if steps_per_beat < 1:
        raise ShapeError(f"a beat has at least one step, got {steps_per_beat}")
    beats = voices[::steps_per_beat]
    fifths, octaves = parallels(voices, steps_per_beat)
    return {
        "out_of_range": out_of_range(voices, ranges),
        "crossing": float(crossing(voices)),
        "wide_spacing": float(wide_spacing(voices)),
        "parallel_fifths": float(fifths),
        "parallel_octaves": float(octaves),
        "dissonance": float(melody_dissonance(beats)),
        "offbeat_changes": offbeat_changes(voices, steps_per_beat),
        "chord_share": float(chord_share(beats)),
    }


def voice_features(voices: Ints) -> dict[str, Floats]:
    """Return the ladder's features of voice leading, float [...] each, of int [..., step, 4].

    `crossing`, `wide_spacing`, `parallel_fifths`, `parallel_octaves` and `hidden_parallels` are the
    metrics of these names. `out_of_range` is the mean over alto, tenor and bass of the metric.
    `outer_contrary` and `outer_similar`: see `outer_motion`. Undefined is 0.
    """
    fifths, octaves = parallels(voices)
    contrary, similar = outer_motion(voices)
    added_voices = np.nan_to_num(out_of_range(voices))[..., 1:]
    measured = {
        "out_of_range": np.asarray(added_voices.mean(-1)),
        "crossing": crossing(voices),
        "wide_spacing": wide_spacing(voices),
        "parallel_fifths": fifths,
        "parallel_octaves": octaves,
        "hidden_parallels": hidden_parallels(voices),
        "outer_contrary": contrary,
        "outer_similar": similar,
    }
    return {name: np.nan_to_num(value) for name, value in measured.items()}


def out_of_range(voices: Ints, ranges: ArrayLike | None = None) -> Floats:
    """Return the share of each voice's sounding steps that lie outside its range: float [...,
    voice].

    ranges: int [voice, 2], lowest and highest pitch; by default RANGES for four voices. Other
    numbers of voices have no known ranges, and get NaN, as does a voice that never sounds. Raise
    ShapeError if the ranges do not fit.

    >>> grid = np.array([[72, 64, 55, 48], [72, 64, 55, 30]])  # a bass that ends on F sharp 1
    >>> out_of_range(grid)
    array([0. , 0. , 0. , 0.5])
    """
    count = voices.shape[-1]
    if ranges is None:
        if count != len(RANGES):
            unknown = (*voices.shape[:-2], count)
            return np.full(unknown, np.nan)
        ranges = RANGES
    limits = np.asarray(ranges)
    if limits.shape != (count, 2):
        shape = list(limits.shape)
        raise ShapeError(
            f"ranges are [voice, 2], lowest and highest of {count} voices, got {shape}"
        )
    is_below = voices < limits[:, 0]
    is_above = voices > limits[:, 1]
    outside = is_below | is_above
    return mean_where(outside, voices >= 0, axis=-2)


def crossing(voices: Ints) -> Floats:
    """Return the share of the full steps in which a voice lies above its upper neighbour: float
    [...].

    A step is full if all voices sound; NaN if none is.

    >>> float(crossing(np.array([[72, 64, 55, 48], [64, 67, 55, 48]])))
    0.5
    """
    rises = np.diff(voices, axis=-1) > 0
    crossed = rises.any(-1)
    return mean_where(crossed, _is_full(voices))


def wide_spacing(voices: Ints) -> Floats:
    """Return the share of the full steps with more than an octave between neighbours: float [...].

    The gap above the lowest voice may be of any size. NaN if no step is full, and for two voices.

    >>> float(wide_spacing(np.array([[73, 60, 50, 36], [72, 60, 50, 36]])))
    0.5
    """
    # The gap above the lowest voice, the last, is free: a bass stands where the harmony wants it.
    gaps = -np.diff(voices, axis=-1)[..., :-1]
    has_gaps = gaps.shape[-1] > 0
    is_wide = (gaps > OCTAVE).any(-1)
    return mean_where(is_wide, _is_full(voices) & has_gaps)


def parallels(
    voices: Ints, steps_per_beat: int = STEPS_PER_BEAT
) -> tuple[Floats, Floats]:
    """Count parallel fifths and parallel octaves per 100 beats, of all pairs of voices: two float
    [...].

    Two voices move in one direction, from one step to the next, from a perfect fifth (or octave, or
    unison), over any number of octaves, to another. NaN if no two voices sound in two successive
    steps.

    >>> fifths, octaves = parallels(np.array([[67, 60], [69, 62], [71, 64], [72, 64]]))
    >>> float(fifths), float(octaves)
    (200.0, 0.0)
    """
    upper, lower = _pairs(voices.shape[-1])
    # Of crossed voices the distance counts, whichever is on top.
    apart = voices[..., upper] - voices[..., lower]
    interval = np.abs(apart) % OCTAVE
    before = interval[..., :-1, :]
    after = interval[..., 1:, :]
    kept = _similar_motion(voices) & (before == after)
    is_fifth = kept & (after == FIFTH)
    is_octave = kept & (after == 0)

    sounds = _sounds_on(voices)
    both_sound = sounds[..., upper] & sounds[..., lower]
    defined = np.asarray(both_sound.any((-2, -1)))
    beats = voices.shape[-2] / steps_per_beat
    fifths = _per_100(is_fifth.sum((-2, -1)), beats, defined)
    octaves = _per_100(is_octave.sum((-2, -1)), beats, defined)
    return fifths, octaves


def hidden_parallels(voices: Ints) -> Floats:
    """Count hidden fifths and octaves of the outer voices per 100 beats: float [...].

    Highest and lowest voice move in one direction into a perfect fifth or octave from another
    interval, and the highest leaps (more than a whole tone).

    >>> float(hidden_parallels(np.array([[64, 50], [67, 60]])))  # a ninth and more, then a fifth
    200.0
    """
    outer = voices[..., [0, -1]]
    top = outer[..., 0]
    interval = np.abs(top - outer[..., 1]) % OCTAVE
    before = interval[..., :-1]
    after = interval[..., 1:]
    together = _similar_motion(outer)[..., 0]
    is_perfect = np.isin(after, (0, FIFTH))
    reached = together & is_perfect & (before != after)
    leaps = np.abs(np.diff(top, axis=-1)) > LARGEST_STEP
    hidden = (reached & leaps).sum(-1)
    beats = voices.shape[-2] / STEPS_PER_BEAT
    return np.asarray(100 * hidden / beats)


def outer_motion(voices: Ints) -> tuple[Floats, Floats]:
    """Return how the outer voices move from beat to beat, contrary and similar: two float [...].

    Shares of the moves between two beats in which all voices sound: highest and lowest voice go
    apart or towards each other, or both up or both down. What is left is oblique. NaN if there is
    no such move.

    >>> grid = np.repeat([[72, 48], [74, 47], [76, 48]], 4, axis=0)
    >>> contrary, similar = outer_motion(grid)
    >>> float(contrary), float(similar)
    (0.5, 0.5)
    """
    beats = on_beats(voices)
    full = _is_full(beats)
    motion = np.diff(beats, axis=-2)
    # Below 0 if the two go opposite ways, above 0 if they go the same way.
    product = motion[..., 0] * motion[..., -1]
    full_before = full[..., :-1]
    known = full[..., 1:] & full_before
    contrary = mean_where(product < 0, known)
    similar = mean_where(product > 0, known)
    return contrary, similar


def _is_full(voices: Ints) -> Bools:
    """Mark the steps in which all voices sound: bool [..., step]."""
    return np.asarray((voices >= 0).all(-1))


def _pairs(count: int) -> tuple[Ints, Ints]:
    """Return the upper and the lower voice of each pair: two int [pair]."""
    pairs = np.array(list(combinations(range(count), 2)))
    return pairs[:, 0], pairs[:, 1]


def _sounds_on(voices: Ints) -> Bools:
    """Mark the voices that sound in a step and in the next: bool [..., step - 1, voice]."""
    sounds = voices >= 0
    before = sounds[..., :-1, :]
    after = sounds[..., 1:, :]
    return np.asarray(before & after)


def _similar_motion(voices: Ints) -> Bools:
    """Mark the pairs of voices that move in one direction: bool [..., step - 1, pair].

    A voice that rests, before or after, does not move.
    """
    upper, lower = _pairs(voices.shape[-1])
    # From or to a rest there is no direction, though the numbers differ.
    motion = np.diff(voices, axis=-2)
    direction = np.sign(motion) * _sounds_on(voices)
    product = direction[..., upper] * direction[..., lower]
    return np.asarray(product > 0)


def _per_100(
    count: Ints,
    beats: float,
    defined: Bools,
) -> Floats:
    # A piece without steps has no beats either; it is not defined, whatever it is divided by.
    rate = 100 * count / max(beats, 1e-9)
    return np.asarray(np.where(defined, rate, np.nan))
