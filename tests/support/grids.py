"""Small grids and pianorolls that tests of metrics are made of."""

from __future__ import annotations

import numpy as np


def steps(*rows: list[int], each: int = 1) -> np.ndarray:
    """Voices, int [step, voice], each row `each` steps long."""
    return np.repeat(np.array(rows), each, axis=0)


def beats(*rows: list[int]) -> np.ndarray:
    """Voices, int [step, voice], each row a beat long."""
    return steps(*rows, each=4)


def line(*pitches: int, voice: int) -> np.ndarray:
    """One voice that moves over others that do not."""
    grid = np.full((len(pitches), 4), 60)
    grid[:, voice] = pitches
    return grid


def some_grids(seed: int = 7) -> list[np.ndarray]:
    """Random, with rests and held notes, of several lengths."""
    rng = np.random.default_rng(seed)
    return [rng.choice([-1, *range(48, 72)], (n, 4)).repeat(3, axis=0) for n in (9, 5, 9, 1, 22)]


def roll_of(*tracks: list[tuple[int, int, int]], steps: int = 16) -> np.ndarray:
    """Bool [step, 128, track] of notes (first step, pitch, steps)."""
    roll = np.zeros((steps, 128, len(tracks)), bool)
    for i, notes in enumerate(tracks):
        for at, pitch, length in notes:
            roll[at : at + length, pitch, i] = True
    return roll


def onsets_of(*tracks: list[tuple[int, int, int]], steps: int = 16) -> np.ndarray:
    """Bool [step, 128, track] of where the same notes start."""
    return roll_of(*[[(at, pitch, 1) for at, pitch, _ in notes] for notes in tracks], steps=steps)
