"""Keys, chords on the beats, dissonance and distance, mostly as in Yeh et al. 2021 (melody harmonization)."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import Final

import numpy as np

from composer.metrics.grids import Bools, Floats, Ints, mean_where, on_beats
from composer.songs.theory import CHORDS, PARTIAL_CHORDS, SCALES, key_correlations

# Named as in `theory.CHORDS`; suspensions are no chords here, they resolve into one.
TRIADS = ("", "m", "dim", "aug")
QUALITIES = (*TRIADS, "7", "m7", "maj7", "m7b5", "dim7", "mMaj7")
NO_CHORD = 12 * len(
    QUALITIES
)  # chord numbers are 10 * root (relative to the tonic where said) + quality
FINAL_BASS = 0.12  # what a last bass note on the tonic adds to a key's correlation

# Minor has both forms of its sixth and seventh degree.
IN_KEY: Final = np.stack([SCALES["major"], SCALES["natural minor"] | SCALES["melodic minor"]])
# Semitones above the melody's octave -> 1 consonant (unison, thirds, fifth, sixths), 0 fourth, -1 dissonant.
CONSONANCE: Final = np.array([1, -1, -1, 1, 1, 0, -1, 1, 1, 1, -1, -1])
DISSONANT: Final = (1, 2, 6, 10, 11)
_ANGLES = np.outer(np.arange(12), [7 / 6, 3 / 2, 2 / 3]) * np.pi
_RADII = np.array([1, 1, 0.5])
TONAL_SPACE: Final = np.concatenate([_RADII * np.sin(_ANGLES), _RADII * np.cos(_ANGLES)], axis=1)
"""Fifths, minor thirds and major thirds as circles: float [12, 6] (Harte et al. 2006)."""


def harmony_features(voices: Ints, keys: Ints, surprisal: Floats) -> dict[str, Floats]:
    """Chords on the beats and consonance: float [...] each.

    voices: int [..., step, 4]. keys: int [..., 2], tonic and 1 where minor. surprisal: see `chord_surprisal`.
    """
    beats = on_beats(voices)
    chords = relative_chords(beats, keys)
    return {
        **_chord_kinds(beats),
        "melody_dissonance": melody_dissonance(beats),
        "pitch_consonance": pitch_consonance(voices),
        "pitch_classes": pitch_class_sets(beats).sum(-1).mean(-1),
        "in_key": in_key(voices, keys),
        **_vocabulary(chords),
        **_distances(beats),
        "chord_repetition": chord_repetition(beats),
        "tonic_chords": np.asarray((chords // len(QUALITIES) == 0).mean(-1)),
        "dominant_chords": np.asarray((chords // len(QUALITIES) == 7).mean(-1)),
        "root_position": root_position(beats),
        "chord_surprisal": mean_surprisal(chords, surprisal),
    }


def estimate_key(voices: Ints) -> tuple[int, int]:
    """The likeliest key of one grid, int [step, 4]: tonic (0-11), 1 where minor.

    Krumhansl 1990: the best correlation of all sounding steps with a key's profile; the last bass note counts too.
    """
    scores = key_correlations(np.bincount(voices[voices >= 0] % 12, minlength=12))
    bass = voices[voices[:, 3] >= 0, 3]
    scores[:, bass[-1:] % 12] += FINAL_BASS
    minor, tonic = divmod(int(np.argmax(scores.round(9))), 12)
    return tonic, minor


def pitch_class_sets(beats: Ints) -> Bools:
    """Which pitch classes sound: bool [..., beat, 12] of int [..., beat, voice]."""
    classes = np.where(beats >= 0, beats % 12, -1)
    return np.asarray((classes[..., None] == np.arange(12)).any(-2), bool)


def _bits(classes: Iterable[int]) -> int:
    return sum(1 << c for c in classes)


def _chord_numbers() -> Ints:
    """Chord number of every pitch-class set, a 12-bit number: int [4096], -1 where it is none.

    Of the many roots of an augmented triad or diminished seventh the first above C. A minor third with a major
    seventh is none: without its fifth it is mostly a suspension.
    """
    partial = {classes: name for classes, name in PARTIAL_CHORDS.items() if name != "mMaj7"}
    numbers = np.full(4096, -1)
    for (classes, name), root in product({**CHORDS, **partial}.items(), reversed(range(12))):
        if name in QUALITIES:
            numbers[_bits((c + root) % 12 for c in classes)] = len(
                QUALITIES
            ) * root + QUALITIES.index(name)
    return numbers


_CHORD_OF = _chord_numbers()


def chord_numbers(beats: Ints) -> Ints:
    """10 * root + index in QUALITIES of the chord on each beat, -1 where it is none: int [..., beat]."""
    return np.asarray(_CHORD_OF[pitch_class_sets(beats) @ (1 << np.arange(12))])


def relative_chords(beats: Ints, keys: Ints) -> Ints:
    """Chord numbers with the root counted from the tonic, NO_CHORD where it is none: int [..., beat]."""
    absolute = chord_numbers(beats)
    relative = (absolute - len(QUALITIES) * keys[..., :1]) % NO_CHORD
    return np.where(absolute >= 0, relative, NO_CHORD)


def _chord_kinds(beats: Ints) -> dict[str, Floats]:
    """Shares of triads, sevenths and both, of the beats with three voices or more (if there are any)."""
    numbers = chord_numbers(beats)
    rich = (beats >= 0).sum(-1) >= 3
    rich |= ~rich.any(-1, keepdims=True)
    is_triad = numbers % len(QUALITIES) < len(TRIADS)
    triads, sevenths = (mean_where((numbers >= 0) & kind, rich) for kind in (is_triad, ~is_triad))
    return {"triads": triads, "sevenths": sevenths, "chords": triads + sevenths}


def melody_dissonance(beats: Ints) -> Floats:
    """Share of lower notes on beats that are a second, tritone or seventh from the soprano: float [...]."""
    interval = np.abs(beats[..., 1:] - beats[..., :1]) % 12
    both = (beats[..., 1:] >= 0) & (beats[..., :1] >= 0)
    return mean_where(np.isin(interval, DISSONANT), both, axis=(-2, -1))


def pitch_consonance(voices: Ints) -> Floats:
    """Mean consonance score of the soprano over each lower voice (PCS, Yeh et al. 2021), all steps: float [...]."""
    both = (voices[..., 1:] >= 0) & (voices[..., :1] >= 0)
    return mean_where(CONSONANCE[(voices[..., :1] - voices[..., 1:]) % 12], both, axis=(-2, -1))


def in_key(voices: Ints, keys: Ints) -> Floats:
    """Share of the lower voices' sounding steps in the scale of the key: float [...]."""
    tonic, minor = keys[..., 0, None, None], keys[..., 1, None, None]
    lower = voices[..., 1:]
    return mean_where(IN_KEY[minor, (lower - tonic) % 12], lower >= 0, axis=(-2, -1))


def _vocabulary(chords: Ints) -> dict[str, Floats]:
    """Entropy in bits of the chords used (CHE) and how many differ (CC), Yeh et al. 2021."""
    counts = (chords[..., None] == np.arange(NO_CHORD + 1)).sum(-2)
    share = counts / chords.shape[-1]
    bits = -share * np.log2(np.where(counts, share, 1))
    return {"chord_entropy": bits.sum(-1), "chord_coverage": (counts > 0).sum(-1).astype(float)}


def tonal_centroid(sets: Bools) -> Floats:
    """Mean place of pitch-class sets, bool [..., 12], in tonal space: float [..., 6]; the origin for silence."""
    return np.asarray(sets @ TONAL_SPACE / np.maximum(sets.sum(-1, keepdims=True), 1))


def _distances(beats: Ints) -> dict[str, Floats]:
    """Tonal distance from beat to beat (CTD) and of the melody from the voices below (MCTD), Yeh et al. 2021."""
    whole, melody, lower = (
        tonal_centroid(pitch_class_sets(part)) for part in (beats, beats[..., :1], beats[..., 1:])
    )
    moved = np.linalg.norm(np.diff(whole, axis=-2), axis=-1)
    apart = np.linalg.norm(lower - melody, axis=-1)
    return {
        "chord_distance": mean_where(moved, np.ones(moved.shape, bool)),
        "melody_chord_distance": mean_where(apart, beats[..., 0] >= 0),
    }


def chord_repetition(beats: Ints) -> Floats:
    """Share of beats with the pitch classes of the beat before: float [...]."""
    sets = pitch_class_sets(beats)
    same = (sets[..., 1:, :] == sets[..., :-1, :]).all(-1)
    return mean_where(same, np.ones(same.shape, bool))


def root_position(beats: Ints) -> Floats:
    """Share of the chords on beats, the bass sounding, that have their root in it: float [...]."""
    chords, bass = chord_numbers(beats), beats[..., 3]
    return mean_where(bass % 12 == chords // len(QUALITIES), (chords >= 0) & (bass >= 0))


def chord_surprisal(progressions: Iterable[Ints]) -> Floats:
    """Bits of each chord after each other, learned from relative chords int [beat]: float [chord, chord].

    Counts of pairs, mixed with those of single chords (plus a half each) as if these had been seen ten times.
    """
    pairs = np.zeros((NO_CHORD + 1, NO_CHORD + 1))
    for chords in progressions:
        np.add.at(pairs, (chords[:-1], chords[1:]), 1)
    single = pairs.sum(0) + 0.5
    seen = pairs.sum(1, keepdims=True)
    return np.asarray(-np.log2((pairs + 10 * single / single.sum()) / (seen + 10)))


def mean_surprisal(chords: Ints, surprisal: Floats) -> Floats:
    """Mean bits of the chords int [..., beat], each after the one before: float [...]."""
    bits = surprisal[chords[..., :-1], chords[..., 1:]]
    return mean_where(bits, np.ones(bits.shape, bool))
