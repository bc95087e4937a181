"""Helpers that tests of cli share."""

from __future__ import annotations

import subprocess
from pathlib import Path

from composer.songs.song import Note, Song, Tempo, TimeSignature, Track


def two_tracks() -> Song:
    """A low melody of three notes over nothing, and a higher one of five."""
    low = Track(tuple(Note(3.0 * i, 60 + 2 * i, 3.0, 70) for i in range(3)), name="Low")
    high = Track(tuple(Note(1.5 * i, 72 - i, 1.5, 90) for i in range(5)), name="High")
    return Song((low, high), (Tempo(0.0, 90.0),), (TimeSignature(0.0, 3, 4),))


def fails(done: subprocess.CompletedProcess, *words: str) -> None:
    """One line on stderr with these words, nothing on stdout, exit status 2."""
    assert done.returncode == 2, done
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("composer: ")
    for word in words:
        assert word in lines[0]


def files(folder: Path) -> list[str]:
    """All files below `folder`, hidden ones too."""
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def fails_last_line(done: subprocess.CompletedProcess, *words: str) -> None:
    done.stderr = done.stderr.splitlines(keepends=True)[-1] if done.stderr else ""
    fails(done, *words)
