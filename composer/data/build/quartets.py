"""Build `quartets.npz` from music21's corpus: `python -m composer.data.build.quartets`.

Needs the extra `data` (music21). The same corpus gives the same bytes; `composer.data.quartets` says what was chosen
and left out, `quartets_works.json` which works are in which split.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np

from composer.data.build.archive import Arrays, counted, run
from composer.data.quartets import BUNDLED, PARTS, PROGRAMS, TICKS, Movement, title
from composer.data.scores import load_music21, read_movements
from composer.errors import ComposerError
from composer.songs.edit import bottom_line, top_line
from composer.songs.song import KeySignature, Note, Song, Tempo, Track

WORKS = Path(__file__).with_name("quartets_works.json")
MAJOR, MINOR = 0, 9  # the tonic's degree over the key signature's major tonic


def works() -> list[dict[str, Any]]:
    """Return the table of works: work, key, split, low_treble (see `lower`), and movements.

    A movement has its file, first bar, heading and qpm.
    """
    table: list[dict[str, Any]] = json.loads(WORKS.read_text(encoding="utf-8"))
    return table


def corpus_folder() -> Path:
    """Return the folder in which music21 keeps its scores. Raise MissingPackageError without music21."""
    return Path(str(load_music21("corpus", "building quartets").__file__)).parent


# --- one work ----------------------------------------------------------------------------


def build(table: Iterable[dict[str, Any]]) -> list[Movement]:
    """Return the movements of these works. Raise ComposerError if a score is missing or is no quartet."""
    folder = corpus_folder()
    movements: list[Movement] = []
    for work in table:
        movements += _movements(work, folder)
    return movements


def _movements(work: dict[str, Any], folder: Path) -> list[Movement]:
    songs: list[Song] = []
    mend = lower if work["low_treble"] else hush
    # A file may hold several movements, one after the other.
    for file, rows in groupby(work["movements"], key=lambda row: row["file"]):
        path = folder / f"{file}.mxl"
        found = read_movements(
            path,
            [row["first"] for row in rows],
            mend,
        )
        if any(len(song.tracks) != len(PARTS) for song in found):
            raise ComposerError(f"{path} is no quartet: it has {len(found[0].tracks)} parts")
        songs += found
    movements: list[Movement] = []
    for row, song in zip(work["movements"], songs, strict=True):
        movements.append(_movement(work, len(movements) + 1, row, song))
    return movements


def _movement(
    work: dict[str, Any],
    number: int,
    row: dict[str, Any],
    song: Song,
) -> Movement:
    name, heading = work["work"], row["heading"]
    song = replace(clean(song, row["qpm"]), title=title(name, number, heading))
    return Movement(name, number, heading, work["split"], song)


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
    """Return a song with one line a part, on ticks: tempo as given, modes as heard, metres up to the last note."""
    # Of double stops the cello keeps the lowest note, on which the harmony stands, the others the highest.
    lines = [top_line(track)[0] for track in song.tracks[:3]]
    lines.append(bottom_line(song.tracks[3]))
    tracks = []
    for line, name, program in zip(lines, PARTS, PROGRAMS, strict=True):
        tracks.append(Track(_on_ticks(line.notes), name, program))
    end = max(track.end for track in tracks)
    return replace(
        song,
        tracks=tuple(tracks),
        tempos=(Tempo(0.0, float(qpm)),),
        time_signatures=tuple(metre for metre in song.time_signatures if metre.onset < end),
        key_signatures=modes(song.key_signatures, tracks[3].notes),
    )


def _on_ticks(notes: Iterable[Note]) -> tuple[Note, ...]:
    """Return the notes with onset and end on ticks, without those that vanish so."""
    kept = []
    for note in notes:
        start, end = _ticks(note.onset), _ticks(note.end)
        if end > start:
            kept.append(Note(start / TICKS, note.pitch, (end - start) / TICKS))
    return tuple(kept)


def modes(keys: Iterable[KeySignature], bass: Iterable[Note]) -> tuple[KeySignature, ...]:
    """Return the key signatures, major or minor as the last note of `bass` under each says.

    A note that is neither tonic changes nothing.
    """
    signatures = list(keys)
    notes = list(bass)
    ends = [key.onset for key in signatures[1:]] + [float("inf")]
    found = []
    for key, end in zip(signatures, ends, strict=True):
        pitches = [note.pitch for note in notes if note.onset < end]
        if pitches:
            degree = (pitches[-1] - 7 * key.sharps) % 12
            if degree in (MAJOR, MINOR):
                key = replace(key, is_minor=degree == MINOR)
        found.append(key)
    return tuple(found)


# --- the file ----------------------------------------------------------------------------


def pack(movements: list[Movement]) -> Arrays:
    """Return the arrays of the file: all notes part after part, their lengths (`*_of`), times in ticks."""
    songs = [movement.song for movement in movements]
    parts = [track.notes for song in songs for track in song.tracks]
    note_counts = np.array([len(part) for part in parts], np.int16)
    return {
        "work": np.array([movement.work for movement in movements]),
        "number": np.array([movement.number for movement in movements], np.int8),
        "heading": np.array([movement.heading for movement in movements]),
        "split": np.array([movement.split for movement in movements]),
        "qpm": np.array([song.qpm for song in songs], np.float32),
        "notes_of": note_counts.reshape(-1, len(PARTS)),
        "metres_of": np.array([len(song.time_signatures) for song in songs], np.int16),
        "keys_of": np.array([len(song.key_signatures) for song in songs], np.int16),
        **_pack_notes(parts),
        **_pack_marks(songs),
    }


def _pack_notes(parts: list[tuple[Note, ...]]) -> Arrays:
    """Return the notes of all parts. waits: from the onset before to this one, the first from the start."""
    waits = [np.diff([_ticks(note.onset) for note in part], prepend=0) for part in parts]
    notes = [note for part in parts for note in part]
    return {
        "waits": np.concatenate(waits).astype("<u2"),
        "durations": np.array([_ticks(note.duration) for note in notes], "<u2"),
        "pitches": np.array([note.pitch for note in notes], np.uint8),
    }


def _pack_marks(songs: list[Song]) -> Arrays:
    """Return metres and keys of all songs, rows of the tick and two numbers."""
    metres = []
    keys = []
    for song in songs:
        metres += [(_ticks(m.onset), m.numerator, m.denominator) for m in song.time_signatures]
        keys += [(_ticks(k.onset), k.sharps, k.is_minor) for k in song.key_signatures]
    return {"metres": np.array(metres, np.int32), "keys": np.array(keys, np.int32)}


def _ticks(beats: float) -> int:
    return round(beats * TICKS)


def _make() -> tuple[Arrays, list[str]]:
    """Return the arrays of the file, and what to say about them."""
    from rich.progress import track

    movements = build(track(works(), description="Quartets"))
    notes = sum(len(part.notes) for movement in movements for part in movement.song.tracks)
    splits = counted(movement.split for movement in movements)
    return pack(movements), [f"{len(movements)} movements: {splits}", f"{notes:,} notes"]


def main() -> None:
    """Build the file and say what is in it."""
    run(BUNDLED, "the string quartets of music21's corpus", _make)


if __name__ == "__main__":
    main()
