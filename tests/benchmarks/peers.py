"""Notes to measure, as each evaluator wants them, and what DeepComposer, MuseGAN, pypianoroll and MusPy make of them.

pypianoroll and MusPy are run. DeepComposer's and MuseGAN's evaluators are no packages (the helper of a notebook; code
for TensorFlow 1): what they publish is computed here, a line or two each, in this project's words. MuseGAN is its
current version; versions 1 and 2 get empty bars, dyads and qualified notes right, and mix classes with octaves too.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from composer.metrics.harmony import TONAL_SPACE
from composer.songs.theory import C_MAJOR

LOW, HIGH = 24, 108  # the 84 pitches that DeepComposer and MuseGAN look at


@dataclass(frozen=True)
class Notes:
    """Tracks of notes (first step, pitch, steps), all bars of one length; a grid that every evaluator can be given."""

    tracks: tuple[tuple[tuple[int, int, int], ...], ...]
    steps: int = 16
    bar: int = 16
    beat: int = 4
    drums: bool = False

    def roll(self) -> np.ndarray:
        """Bool [step, 128, track]."""
        roll = np.zeros((self.steps, 128, len(self.tracks)), bool)
        for i, notes in enumerate(self.tracks):
            for at, pitch, length in notes:
                roll[at : at + length, pitch, i] = True
        return roll

    def onsets(self) -> np.ndarray:
        """Bool [step, 128, track]."""
        onsets = np.zeros((self.steps, 128, len(self.tracks)), bool)
        for i, notes in enumerate(self.tracks):
            for at, pitch, _ in notes:
                onsets[at, pitch, i] = True
        return onsets

    def bars(self) -> np.ndarray:
        """Int [bar], the first step of each."""
        return np.arange(0, self.steps, self.bar)

    def cells(self, track: int = 0) -> np.ndarray:
        """What DeepComposer and MuseGAN are given, but for their batch axis: float [bar, step, 84] of a track."""
        return self.roll()[:, LOW:HIGH, track].reshape(-1, self.bar, HIGH - LOW).astype(float)

    def velocities(self, track: int = 0) -> np.ndarray:
        """What pypianoroll is given: int [step, 128] of a track, velocities."""
        return 100 * self.roll()[:, :, track].astype(int)

    def music(self) -> Any:
        """What MusPy is given."""
        import muspy

        def track(notes: tuple[tuple[int, int, int], ...]) -> muspy.Track:
            return muspy.Track(
                is_drum=self.drums,
                notes=[muspy.Note(at, pitch, length) for at, pitch, length in notes],
            )

        return muspy.Music(resolution=self.beat, tracks=[track(notes) for notes in self.tracks])


def answer(ask: Callable[[Any], Any], notes: Any) -> float | str:
    """What an evaluator says: a number, or "raises ..." with the error's name."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return float(ask(notes))
        except (ValueError, TypeError, ArithmeticError, IndexError) as error:
            return f"raises {type(error).__name__}"


def same(first: float | str, second: float | str) -> bool:
    """Whether two answers are one, NaN with NaN; numbers to four digits."""
    if isinstance(first, str) or isinstance(second, str):
        return first == second
    return bool(np.isclose(first, second, rtol=1e-4, atol=1e-6, equal_nan=True))


# DeepComposer and MuseGAN, as published. cells: [bar, step, 84].


def mixed_classes(cells: np.ndarray) -> np.ndarray:
    """Their "chroma", [bar, step, 12]: class before octave, so that C4 to E4 are one class, and C5 is another."""
    return cells.reshape(*cells.shape[:2], 12, 7).sum(-1)


def bars_that_sound(notes: Notes) -> float:
    """Both call it the empty-bar rate."""
    return (notes.cells() > 0.5).any((1, 2)).mean()


def mixed_in_scale(cells: np.ndarray) -> float:
    """Both; DeepComposer feeds it +1 and -1."""
    chroma = mixed_classes(cells)
    return chroma[..., C_MAJOR].sum() / chroma.sum()


def distance_from_ones(cells: np.ndarray) -> float:
    """What DeepComposer calls a count of pitches or classes: an L2 norm."""
    return float(np.linalg.norm(1 - cells.sum(1).mean(0)))


def cells_per_bar(cells: np.ndarray) -> float:
    """What MuseGAN calls pitches used: every step of a held note counts, and so do empty bars."""
    return np.count_nonzero(cells, -1).sum(1).mean()


def over_two_pitches(notes: Notes) -> float:
    """Both, "polyphonic"."""
    return (np.count_nonzero(notes.cells(), -1) > 2).mean()


def qualified_across_pitches(notes: Notes) -> float:
    """MuseGAN: starts and ends are paired in order of time, and their distance counts cells of all pitches."""
    cells = notes.cells().reshape(-1, HIGH - LOW)
    change = np.diff(np.pad(cells, ((1, 1), (0, 0))), axis=0).ravel()
    return float(np.mean(np.flatnonzero(change < 0) - np.flatnonzero(change > 0) >= 2))


def mixed_tonal_distance(notes: Notes) -> float:
    """MuseGAN: right but for the classes, and for silence, which is divided by."""
    places = []
    for track in (0, 1):
        chroma = mixed_classes(notes.cells(track)).reshape(-1, notes.beat, 12).sum(1)
        places.append(chroma / chroma.sum(1, keepdims=True) @ TONAL_SPACE)
    return np.linalg.norm(places[0] - places[1], axis=-1).mean()


def cells_in_pattern(notes: Notes) -> float:
    """MuseGAN: cells instead of strokes, every other step for a tenth (16 or 32 steps a bar)."""
    cells = notes.cells().sum(-1)
    return (cells * np.tile([1, 0.1], notes.bar // 2)).sum() / cells.sum()
