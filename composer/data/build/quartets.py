"""Build `quartets.npz` from music21's corpus: `python -m composer.data.build.quartets`.

Needs the extra `data` (music21). The same corpus gives the same bytes; what was chosen and left out stands in
`composer.data.quartets`, which works are in which split in `quartets_works.json`.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from importlib import import_module
from itertools import groupby
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
from numpy.typing import NDArray

from composer.data.build.jsb import write
from composer.data.quartets import BUNDLED, PARTS, PROGRAMS, TICKS, Movement, title
from composer.data.scores import read_movements
from composer.errors import ComposerError, MissingPackageError
from composer.songs.edit import bottom_line, top_line
from composer.songs.song import KeySignature, Note, Song, Tempo, Track

WORKS = Path(__file__).with_name("quartets_works.json")
MAJOR, MINOR = 0, 9  # the tonic's degree over the key signature's major tonic


def works() -> list[dict[str, Any]]:
    """The table of works: work, key, split, low_treble (`lower`), and its movements: file, first bar, heading, qpm."""
    table: list[dict[str, Any]] = json.loads(WORKS.read_text(encoding="utf-8"))
    return table


def corpus_folder() -> Path:
    """Where music21 keeps its scores. Raises MissingPackageError without music21."""
    try:
        return Path(str(import_module("music21").__file__)).parent / "corpus"
    except ImportError as error:
        raise MissingPackageError(
            "building quartets needs music21: pip install 'melody-composer[data]'"
        ) from error


# --- one work ----------------------------------------------------------------------------


def build(table: Iterable[dict[str, Any]]) -> list[Movement]:
    """The movements of these works. Raises ComposerError where a score is missing or is no quartet."""
    folder = corpus_folder()
    return [movement for work in table for movement in _movements(work, folder)]


def _movements(work: dict[str, Any], folder: Path) -> list[Movement]:
    songs: list[Song] = []
    for file, rows in groupby(work["movements"], key=lambda row: row["file"]):
        path = folder / f"{file}.mxl"
        found = read_movements(
            path, [row["first"] for row in rows], lower if work["low_treble"] else hush
        )
        if any(len(song.tracks) != len(PARTS) for song in found):
            raise ComposerError(f"{path} is no quartet: it has {len(found[0].tracks)} parts")
        songs += found
    return [
        _movement(work, number, row, song)
        for number, (row, song) in enumerate(zip(work["movements"], songs, strict=True), 1)
    ]


def _movement(work: dict[str, Any], number: int, row: dict[str, Any], song: Song) -> Movement:
    song = replace(clean(song, row["qpm"]), title=title(work["work"], number, row["heading"]))
    return Movement(work["work"], number, row["heading"], work["split"], song)


def hush(score: ET.Element) -> None:
    """Make a rest of each note that is not printed: some programs write what is heard of a tremolo or trill so."""
    for note in score.iter("note"):
        pitch = note.find("pitch")
        if note.get("print-object") == "no" and pitch is not None:
            pitch.clear()
            pitch.tag = "rest"


def lower(score: ET.Element) -> None:
    """Let the last part sound an octave lower wherever it stands in the treble clef, and `hush`."""
    sign = ""
    for element in score.findall("part")[-1].iter():
        if element.tag == "clef":
            sign = element.findtext("sign", "")
        elif element.tag == "octave" and sign == "G":
            element.text = str(int(element.text or "") - 1)
    hush(score)


def clean(song: Song, qpm: float) -> Song:
    """One line a part, on ticks; tempo as given, modes as heard, metres up to the last note."""
    lines = [top_line(track)[0] for track in song.tracks[:3]] + [bottom_line(song.tracks[3])]
    tracks = tuple(
        Track(_on_ticks(line.notes), name, program)
        for line, name, program in zip(lines, PARTS, PROGRAMS, strict=True)
    )
    end = max(track.end for track in tracks)
    return replace(
        song,
        tracks=tracks,
        tempos=(Tempo(0.0, float(qpm)),),
        time_signatures=tuple(metre for metre in song.time_signatures if metre.onset < end),
        key_signatures=modes(song.key_signatures, tracks[3].notes),
    )


def _on_ticks(notes: Iterable[Note]) -> tuple[Note, ...]:
    ticks = [(round(note.onset * TICKS), round(note.end * TICKS), note.pitch) for note in notes]
    return tuple(
        Note(start / TICKS, pitch, (end - start) / TICKS)
        for start, end, pitch in ticks
        if end > start
    )


def modes(keys: Iterable[KeySignature], bass: Iterable[Note]) -> tuple[KeySignature, ...]:
    """The key signatures, major or minor as the last note of `bass` under each says, where it is one of the tonics."""
    signatures, notes = list(keys), list(bass)
    found = []
    for i, key in enumerate(signatures):
        until = signatures[i + 1].onset if i + 1 < len(signatures) else float("inf")
        last = [note.pitch for note in notes if note.onset < until][-1:]
        degree = (last[0] - 7 * key.sharps) % 12 if last else -1
        found.append(replace(key, is_minor=degree == MINOR) if degree in (MAJOR, MINOR) else key)
    return tuple(found)


# --- the file ----------------------------------------------------------------------------


def pack(movements: list[Movement]) -> dict[str, NDArray[Any]]:
    """The arrays of the file: all notes part after part, their lengths (`*_of`), times in ticks.

    waits: from the onset before to this one, the first from the start.
    """
    songs = [movement.song for movement in movements]
    parts = [track.notes for song in songs for track in song.tracks]
    metres = [
        (_ticks(m.onset), m.numerator, m.denominator)
        for song in songs
        for m in song.time_signatures
    ]
    keys = [(_ticks(k.onset), k.sharps, k.is_minor) for song in songs for k in song.key_signatures]
    return {
        "work": np.array([movement.work for movement in movements]),
        "number": np.array([movement.number for movement in movements], np.int8),
        "heading": np.array([movement.heading for movement in movements]),
        "split": np.array([movement.split for movement in movements]),
        "qpm": np.array([song.qpm for song in songs], np.float32),
        "notes_of": np.array([len(notes) for notes in parts], np.int16).reshape(-1, len(PARTS)),
        "metres_of": np.array([len(song.time_signatures) for song in songs], np.int16),
        "keys_of": np.array([len(song.key_signatures) for song in songs], np.int16),
        "waits": np.concatenate(
            [np.diff([_ticks(n.onset) for n in notes], prepend=0) for notes in parts]
        ).astype("<u2"),
        "durations": np.array([_ticks(note.duration) for notes in parts for note in notes], "<u2"),
        "pitches": np.array([note.pitch for notes in parts for note in notes], np.uint8),
        "metres": np.array(metres, np.int32),
        "keys": np.array(keys, np.int32),
    }


def _ticks(beats: float) -> int:
    return round(beats * TICKS)


def main() -> None:
    """Build the file and say what is in it."""
    from rich.console import Console
    from rich.progress import track

    parser = argparse.ArgumentParser(
        description="Build quartets.npz from the string quartets of music21's corpus."
    )
    parser.add_argument(
        "--out", type=Path, default=BUNDLED, help="file to write (default: the bundled one)"
    )
    out: Path = parser.parse_args().out
    console = Console()
    try:
        movements = build(track(works(), description="Quartets", console=console))
        write(out, pack(movements))
    except ComposerError as error:
        parser.exit(2, f"{error}\n")
    counts = Counter(movement.split for movement in movements)
    notes = sum(len(part.notes) for movement in movements for part in movement.song.tracks)
    console.print(
        f"{len(movements)} movements: "
        + ", ".join(f"{n} {split}" for split, n in counts.most_common())
    )
    console.print(f"{notes:,} notes; {out}: {out.stat().st_size / 1000:.0f} KB", highlight=False)


if __name__ == "__main__":
    main()
