"""Songs of two tracks that tests of data and training are made of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from composer.data import parse_roles
from composer.songs import write
from composer.songs.song import Note, Song, Tempo, TimeSignature, Track

ROLES = parse_roles(["Top=73", "Low=32-39"])


def duet(seed: int, shift: int = 0, **changes: object) -> Song:
    """A flute of 40 notes and a bass of 10, other ones for each seed."""
    draw = np.random.default_rng(seed)
    top = tuple(
        Note(float(i), int(p) + shift, 1.0) for i, p in enumerate(draw.integers(65, 85, 40))
    )
    low = tuple(Note(4.0 * i, int(p) + shift, 4.0) for i, p in enumerate(draw.integers(33, 55, 10)))
    tracks = (Track(top, "Flute", 73), Track(low, "Bass", 33))
    return replace(Song(tracks, (Tempo(0.0, 90.0),), (TimeSignature(0.0, 3, 4),)), **changes)


def fill(folder: Path, songs: dict[str, Song]) -> Path:
    """Write songs as files into a folder, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, song in songs.items():
        write(folder / name, song)
    return folder
