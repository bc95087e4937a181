"""Keys, chords on the beats, dissonance and tonal distance, mostly as in Yeh et al. 2021 (melody
harmonization).

Voices are int [..., step, voice] and beats int [..., beat, voice], from the melody down, -1 for a
rest.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np

from composer.metrics.grids import Bools, Floats, Ints, mean_where, on_beats
from composer.songs.theory import CHORDS, PARTIAL_CHORDS, SCALES, key_correlations

CLASSES: Final = 12
CHORD_VOICES: Final = 3  # fewer make no chord

# Named as in `theory.CHORDS`. Suspensions are no chords here: they resolve into one.
TRIADS: Final = ("", "m", "dim", "aug")
QUALITIES: Final = (*TRIADS, "7", "m7", "maj7", "m7b5", "dim7", "mMaj7")
NO_CHORD: Final = CLASSES * len(QUALITIES)
"""The number after the last chord's; a chord's number is 10 * root + quality."""

DOMINANT: Final = 7  # semitones above the tonic
FINAL_BASS: Final = (
    0.12  # what a last bass note on the tonic adds to a key's correlation
)

# Minor has both forms of its sixth and seventh degree.
IN_KEY: Final = np.stack(
    [SCALES["major"], SCALES["natural minor"] | SCALES["melodic minor"]]
)

# By semitones up to the melody, octaves folded: 1 for unison, thirds, fifth and sixths, 0 for the
# fourth, else -1.
CONSONANCE: Final = np.array([1, -1, -1, 1, 1, 0, -1, 1, 1, 1, -1, -1])
DISSONANT: Final = (1, 2, 6, 10, 11)  # seconds, tritone, sevenths

# Circles of fifths, minor thirds and major thirds; the last is half as large (Harte et al. 2006).
_TURNS = [7 / 6, 3 / 2, 2 / 3]  # half turns a semitone
_ANGLES = np.outer(np.arange(CLASSES), _TURNS) * np.pi
_RADII = np.array([1, 1, 0.5])
_SINES = _RADII * np.sin(_ANGLES)
_COSINES = _RADII * np.cos(_ANGLES)
TONAL_SPACE: Final = np.concatenate([_SINES, _COSINES], axis=1)
"""The place of each pitch class in tonal space: float [12, 6]."""


def harmony_features(
    voices: Ints,
    keys: Ints,
    surprisal: Floats,
) -> dict[str, Floats]:
    """Return the ladder's features of harmony, float [...] each; undefined is 0.

    voices: int [..., step, 4]. keys: int [..., 2], tonic and 1 for minor. surprisal: see
    `chord_surprisal`. `tonic_chords` and `dominant_chords` are the shares of beats whose chord has
    that root; the others are the functions here.
    """
    beats = on_beats(voices)
    chords = relative_chords(beats, keys)
    roots = chords // len(QUALITIES)
    measured = {
        **_chord_kinds(beats),
        "melody_dissonance": melody_dissonance(beats),
        "pitch_consonance": pitch_consonance(voices),
        "pitch_classes": pitch_class_sets(beats).sum(-1).mean(-1),
        "in_key": in_key(voices, keys),
        **_vocabulary(chords),
        "chord_distance": chord_distance(beats),
        "melody_chord_distance": melody_chord_distance(beats),
        "chord_repetition": chord_repetition(beats),
        "tonic_chords": np.asarray((roots == 0).mean(-1)),
        "dominant_chords": np.asarray((roots == DOMINANT).mean(-1)),
        "root_position": root_position(beats),
        "chord_surprisal": mean_surprisal(chords, surprisal),
    }
    return {name: np.nan_to_num(value) for name, value in measured.items()}


# --- keys --------------------------------------------------------------------------------


def chorale_key(voices: Ints) -> tuple[int, int]:
    """Return the likeliest key of one grid, int [step, 4]: tonic (0 to 11), and 1 for minor.

    It is the best correlation of all sounding steps with a key's profile (Krumhansl 1990), to which
    a last bass note on the tonic adds a little. `songs.theory.estimate_key` asks the profiles
    alone, as it knows no bass.

    >>> chorale_key(np.array([[72, 64, 55, 48], [71, 62, 55, 43], [72, 64, 55, 48]]))
    (0, 0)
    """
    sounding = voices[voices >= 0]
    scores = key_correlations(np.bincount(sounding % CLASSES, minlength=CLASSES))
    bass = voices[:, 3]
    # Of a bass that never sounds the last note is no note, and nothing is added.
    last_bass = bass[bass >= 0][-1:]
    scores[:, last_bass % CLASSES] += FINAL_BASS
    # Rounded, so that keys that fit alike tie on every machine; the first of them counts.
    best = int(np.argmax(scores.round(9)))
    minor, tonic = divmod(best, CLASSES)
    return tonic, minor


def chorale_keys(grids: Iterable[Ints]) -> Ints:
    """Return the `chorale_key` of each grid: int [piece, 2].

    >>> chorale_keys([np.array([[72, 64, 55, 48], [71, 62, 55, 43], [72, 64, 55, 48]])])
    array([[0, 0]])
    """
    keys = [chorale_key(grid) for grid in grids]
    return np.array(keys, np.int64).reshape(-1, 2)


def in_key(voices: Ints, keys: Ints) -> Floats:
    """Return the share of the added voices' sounding steps in the scale of the key: float [...].

    keys: int [..., 2], tonic and 1 for minor, whose scale has nine notes. NaN if no added voice
    sounds.

    >>> float(in_key(np.array([[72, 64, 61]]), np.array([0, 0])))  # E and C sharp in C major
    0.5
    """
    tonic = keys[..., 0, None, None]
    minor = keys[..., 1, None, None]
    added = voices[..., 1:]
    degree = (added - tonic) % CLASSES
    is_inside = IN_KEY[minor, degree]
    return mean_where(is_inside, added >= 0, axis=(-2, -1))


# --- chords ------------------------------------------------------------------------------


def pitch_class_sets(beats: Ints) -> Bools:
    """Mark the pitch classes that sound on each beat: bool [..., beat, 12], C first."""
    classes = np.where(beats >= 0, beats % CLASSES, -1)
    sounds = classes[..., None] == np.arange(CLASSES)
    return np.asarray(sounds.any(-2), bool)


def chord_numbers(beats: Ints) -> Ints:
    """Return the number of the chord on each beat, 10 * root + index in QUALITIES, or -1: int [...,
    beat].

    Triads and seventh chords in any inversion; a fifth may be left out.

    >>> c, g7, cluster = [67, 64, 60], [65, 59, 55], [62, 61, 60]
    >>> chord_numbers(np.array([c, g7, cluster]))
    array([ 0, 74, -1])
    """
    bits = 1 << np.arange(CLASSES)
    sets = pitch_class_sets(beats) @ bits
    return np.asarray(_CHORD_OF[sets])


def chord_share(beats: Ints) -> Floats:
    """Return the share of the beats with three voices or more that make a chord: float [...].

    NaN if no beat has three voices. The ladder's `chords` are the same, but for a piece without
    such a beat: there all its beats count.

    >>> float(chord_share(np.array([[67, 64, 60], [62, 61, 60], [64, -1, 60]])))
    0.5
    """
    is_chord = chord_numbers(beats) >= 0
    return mean_where(is_chord, _is_rich(beats))


def relative_chords(beats: Ints, keys: Ints) -> Ints:
    """Return chord numbers whose root counts from the tonic, NO_CHORD if there is none: int [...,
    beat].

    >>> relative_chords(np.array([[71, 67, 62]]), np.array([7, 0]))  # G major in G major
    array([0])
    """
    absolute = chord_numbers(beats)
    # A whole circle of roots is NO_CHORD numbers long, so counting from the tonic wraps around
    # there.
    of_tonic = len(QUALITIES) * keys[..., :1]
    relative = (absolute - of_tonic) % NO_CHORD
    return np.where(absolute >= 0, relative, NO_CHORD)


def root_position(beats: Ints) -> Floats:
    """Return the share of the chords over a sounding bass, the fourth voice, that have it as their
    root: float [...].

    >>> c, c_over_e = [72, 67, 64, 48], [72, 67, 60, 52]
    >>> float(root_position(np.array([c, c_over_e])))
    0.5
    """
    chords = chord_numbers(beats)
    bass = beats[..., 3]
    root = chords // len(QUALITIES)
    is_root = bass % CLASSES == root
    known = (chords >= 0) & (bass >= 0)
    return mean_where(is_root, known)


def chord_repetition(beats: Ints) -> Floats:
    """Return the share of the beats, from the second on, with the pitch classes of the beat before:
    float [...].

    >>> float(chord_repetition(np.array([[67, 64, 60], [72, 64, 55], [71, 62, 55]])))
    0.5
    """
    sets = pitch_class_sets(beats)
    before = sets[..., :-1, :]
    is_alike = sets[..., 1:, :] == before
    return _mean(is_alike.all(-1))


def chord_surprisal(progressions: Iterable[Ints]) -> Floats:
    """Learn how surprising each chord is after each other: bits, float [chord, chord].

    progressions: relative chords, int [beat] each. Counts of pairs are mixed with those of single
    chords (plus a half each) as if these had been seen ten times.
    """
    pairs = np.zeros((NO_CHORD + 1, NO_CHORD + 1))
    for chords in progressions:
        before = chords[:-1]
        after = chords[1:]
        np.add.at(pairs, (before, after), 1)
    single = pairs.sum(0) + 0.5
    seen = pairs.sum(1, keepdims=True)
    expected = 10 * single / single.sum()
    chance = (pairs + expected) / (seen + 10)
    return np.asarray(-np.log2(chance))


def mean_surprisal(chords: Ints, surprisal: Floats) -> Floats:
    """Return the mean bits of chords int [..., beat], each after the one before: float [...]."""
    before = chords[..., :-1]
    after = chords[..., 1:]
    return _mean(surprisal[before, after])


def _mean(values: Floats | Bools) -> Floats:
    """Return the mean over the last axis, NaN if that is empty."""
    everywhere = np.ones(values.shape, bool)
    return mean_where(values, everywhere)


def _bits(classes: Iterable[int]) -> int:
    """Write a set of pitch classes as a number, a bit each."""
    return sum(1 << c for c in classes)


def _chord_table() -> Ints:
    """Number the chord of every pitch-class set, taken as 12 bits: int [4096], -1 for none."""
    # A minor third with a major seventh is no chord: without its fifth it is mostly a suspension.
    partial = {
        classes: name for classes, name in PARTIAL_CHORDS.items() if name != "mMaj7"
    }
    numbers = np.full(1 << CLASSES, -1)
    for classes, name in (CHORDS | partial).items():
        if name not in QUALITIES:
            continue
        # An augmented triad or a diminished seventh has many roots. From the top down, the first
        # above C stays.
        for root in reversed(range(CLASSES)):
            sounding = _bits((c + root) % CLASSES for c in classes)
            numbers[sounding] = len(QUALITIES) * root + QUALITIES.index(name)
    return numbers


_CHORD_OF = _chord_table()


def _is_rich(beats: Ints) -> Bools:
    """Mark the beats on which enough voices for a chord sound: bool [..., beat]."""
    sounding = (beats >= 0).sum(-1)
    return np.asarray(sounding >= CHORD_VOICES)


def _chord_kinds(beats: Ints) -> dict[str, Floats]:
    """Return the shares of triads, of sevenths and of both.

    They are shares of the beats with three voices or more, of all beats if there is none.
    """
    numbers = chord_numbers(beats)
    rich = _is_rich(beats)
    rich |= ~rich.any(-1, keepdims=True)
    is_chord = numbers >= 0
    is_triad = numbers % len(QUALITIES) < len(TRIADS)
    triads = mean_where(is_chord & is_triad, rich)
    sevenths = mean_where(is_chord & ~is_triad, rich)
    return {"triads": triads, "sevenths": sevenths, "chords": triads + sevenths}


def _vocabulary(chords: Ints) -> dict[str, Floats]:
    """Return the entropy of the chords in bits (CHE) and how many differ (CC), Yeh et al. 2021."""
    every_chord = np.arange(NO_CHORD + 1)
    counts = (chords[..., None] == every_chord).sum(-2)
    share = counts / chords.shape[-1]
    # A chord that is not used has no bits; log2 of 1 in its place is 0.
    logarithm = np.log2(np.where(counts, share, 1))
    bits = -share * logarithm
    used = (counts > 0).sum(-1)
    return {"chord_entropy": bits.sum(-1), "chord_coverage": used.astype(float)}


# --- melody and voices -------------------------------------------------------------------


def melody_dissonance(beats: Ints) -> Floats:
    """Return the share of the added notes on beats that are dissonant with the melody: float [...].

    Dissonant are seconds, the tritone and sevenths, over any octaves. NaN if none sounds together
    with the melody.

    >>> float(melody_dissonance(np.array([[72, 64, 62, 48]])))  # E, D and C under C
    0.3333333333333333
    """
    melody = beats[..., :1]
    added = beats[..., 1:]
    interval = np.abs(added - melody) % CLASSES
    is_dissonant = np.isin(interval, DISSONANT)
    both_sound = (added >= 0) & (melody >= 0)
    return mean_where(is_dissonant, both_sound, axis=(-2, -1))


def pitch_consonance(voices: Ints) -> Floats:
    """Return the mean consonance of the melody over each added voice, -1 to 1, over all steps:
    float [...].

    The score of an interval is its CONSONANCE (PCS, Yeh et al. 2021). NaN if none sounds together
    with the melody.

    >>> float(pitch_consonance(np.array([[72, 64, 67, 61]])))  # a sixth 1, a fourth 0, a seventh -1
    0.0
    """
    melody = voices[..., :1]
    added = voices[..., 1:]
    interval = (melody - added) % CLASSES
    both_sound = (added >= 0) & (melody >= 0)
    return mean_where(CONSONANCE[interval], both_sound, axis=(-2, -1))


def tonal_centroid(sets: Bools) -> Floats:
    """Return the mean place of pitch-class sets in tonal space: float [..., 6], 0 for silence.

    sets: bool [..., 12].
    """
    total = sets @ TONAL_SPACE
    count = sets.sum(-1, keepdims=True)
    # Silence lies at the origin.
    return np.asarray(total / np.maximum(count, 1))


def chord_distance(beats: Ints) -> Floats:
    """Return the mean tonal distance from each beat to the next (CTD, Yeh et al. 2021): float
    [...].

    Each pitch class of a beat counts once; `rolls.tonal_distance` weighs them by how long they
    sound.

    >>> float(chord_distance(np.array([[72, 64, 55], [67, 64, 60]])))  # the same chord
    0.0
    """
    place = tonal_centroid(pitch_class_sets(beats))
    moved = np.diff(place, axis=-2)
    return _mean(np.linalg.norm(moved, axis=-1))


def melody_chord_distance(beats: Ints) -> Floats:
    """Return the mean tonal distance of the melody from the added voices (MCTD, Yeh et al. 2021):
    float [...].

    Beats count on which the melody sounds; NaN if there are none.

    >>> round(float(melody_chord_distance(np.array([[67, 60]]))), 3)  # G over C
    1.737
    """
    melody = tonal_centroid(pitch_class_sets(beats[..., :1]))
    added = tonal_centroid(pitch_class_sets(beats[..., 1:]))
    apart = np.linalg.norm(added - melody, axis=-1)
    is_sung = beats[..., 0] >= 0
    return mean_where(apart, is_sung)
