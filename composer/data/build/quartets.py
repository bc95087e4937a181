"""Build `quartets.npz` from music21's corpus: `python -m composer.data.build.quartets`.

Needs the extra `data` (music21). The same corpus gives the same bytes; `composer.data.quartets`
says what was chosen and left out, `quartets_works.json` which works are in which split.
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
from composer.songs.song import KeySignature, Note, Song, Tempo, TimeSignature, Track

WORKS = Path(__file__).with_name("quartets_works.json")
MAJOR, MINOR = 0, 9  # the tonic's degree over the key signature's major tonic


def works() -> list[dict[str, Any]]:
    """Return the table of works: work, key, split, low_treble (see `lower`), and movements.

    A movement has its file, first bar, heading and qpm.
    """
    table: list[dict[str, Any]] = json.loads(WORKS.read_text(encoding="utf-8"))
    return table


def corpus_folder() -> Path:
    """Return the folder in which music21 keeps its scores.

    Raise MissingPackageError without music21.
    """
    corpus = load_music21("corpus", "building quartets")
    return Path(str(corpus.__file__)).parent


# --- one work ----------------------------------------------------------------------------


def build(table: Iterable[dict[str, Any]]) -> list[Movement]:
    """Return the movements of these works.

    Raise ComposerError if a score is missing or is no quartet.
    """
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
            raise ComposerError(
                f"{path} is no quartet: it has {len(found[0].tracks)} parts"
            )
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
    name = work["work"]
    heading = row["heading"]
    cleaned = clean(song, row["qpm"])
    titled = replace(cleaned, title=title(name, number, heading))
    return Movement(name, number, heading, work["split"], titled)


def hush(score: ET.Element) -> None:
    """Make a rest of each note that is not printed."""
    # Some programs write out so what is heard of a tremolo or a trill.
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
    """Return a song with one line a part, on ticks.

    The tempo is as given, the modes as heard, and metres go up to the last note.
    """
    lines = []
    for track in song.tracks[:3]:
        line, _ = top_line(track)
        lines.append(line)
    # Of double stops the cello keeps the lowest note: the harmony rests on it.
    lines.append(bottom_line(song.tracks[3]))
    tracks = []
    for line, name, program in zip(lines, PARTS, PROGRAMS, strict=True):
        tracks.append(Track(_on_ticks(line.notes), name, program))
    end = max(track.end for track in tracks)
    metres = [metre for metre in song.time_signatures if metre.onset < end]
    return replace(
        song,
        tracks=tuple(tracks),
        tempos=(Tempo(0.0, float(qpm)),),
        time_signatures=tuple(metres),
        key_signatures=modes(song.key_signatures, tracks[3].notes),
    )


def _on_ticks(notes: Iterable[Note]) -> tuple[Note, ...]:
    """Return the notes with onset and end on ticks, without those that vanish so."""
    kept = []
    for note in notes:
        start = _ticks(note.onset)
        end = _ticks(note.end)
        if end > start:
            duration = (end - start) / TICKS
            kept.append(Note(start / TICKS, note.pitch, duration))
    return tuple(kept)


def modes(
    keys: Iterable[KeySignature], bass: Iterable[Note]
) -> tuple[KeySignature, ...]:
    """Return the key signatures, major or minor as the last note of `bass` under each says.

    A note that is neither tonic changes nothing.
    """
    signatures = list(keys)
    notes = list(bass)
    if not signatures:
        return ()
    later = [key.onset for key in signatures[1:]]
    ends = [*later, float("inf")]
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
    """Return the arrays of the file: all notes part after part, and their lengths (`*_of`).

    Times are in ticks.
    """

    def each(name: str) -> list[Any]:
        return [getattr(movement, name) for movement in movements]

    songs = [movement.song for movement in movements]
    parts = _parts(songs)
    note_counts = np.array([len(part) for part in parts], np.int16)
    metre_counts = [len(song.time_signatures) for song in songs]
    key_counts = [len(song.key_signatures) for song in songs]
    return {
        "work": np.array(each("work")),
        "number": np.array(each("number"), np.int8),
        "heading": np.array(each("heading")),
        "split": np.array(each("split")),
        "qpm": np.array([song.qpm for song in songs], np.float32),
        "notes_of": note_counts.reshape(-1, len(PARTS)),
        "metres_of": np.array(metre_counts, np.int16),
        "keys_of": np.array(key_counts, np.int16),
        **_pack_notes(parts),
        **_pack_marks(songs),
    }


def _parts(songs: list[Song]) -> list[tuple[Note, ...]]:
    """Return the notes of each part, song after song."""
    parts: list[tuple[Note, ...]] = []
    for song in songs:
        parts += [track.notes for track in song.tracks]
    return parts


def _pack_notes(parts: list[tuple[Note, ...]]) -> Arrays:
    """Return the notes of all parts.

    waits: from the onset before to this one, the first from the start.
    """
    # Waits are small numbers, many of them alike, and pack better than onsets.
    waits = []
    notes: list[Note] = []
    for part in parts:
        onsets = [_ticks(note.onset) for note in part]
        waits.append(np.diff(onsets, prepend=0))
        notes += part
    durations = [_ticks(note.duration) for note in notes]
    pitches = [note.pitch for note in notes]
    return {
        "waits": np.concatenate(waits).astype("<u2"),
        "durations": np.array(durations, "<u2"),
        "pitches": np.array(pitches, np.uint8),
    }


def _pack_marks(songs: list[Song]) -> Arrays:
    """Return metres and keys of all songs, rows of the tick and two numbers."""
    metres = []
    keys = []
    for song in songs:
        metres += [_metre_row(metre) for metre in song.time_signatures]
        keys += [_key_row(key) for key in song.key_signatures]
    return {
        "metres": np.array(metres, np.int32),
        "keys": np.array(keys, np.int32),
    }


def _metre_row(metre: TimeSignature) -> tuple[int, int, int]:
    return _ticks(metre.onset), metre.numerator, metre.denominator


def _key_row(key: KeySignature) -> tuple[int, int, int]:
    return _ticks(key.onset), key.sharps, key.is_minor


def _ticks(beats: float) -> int:
    return round(beats * TICKS)


def _make() -> tuple[Arrays, list[str]]:
    """Return the arrays of the file, and what to say about them."""
    from rich.progress import track

    movements = build(track(works(), description="Quartets"))
    parts = _parts([movement.song for movement in movements])
    notes = sum(len(part) for part in parts)
    splits = counted(movement.split for movement in movements)
    return pack(movements), [
        f"{len(movements)} movements: {splits}",
        f"{notes:,} notes",
    ]


def main() -> None:
    """Build the file and say what is in it."""
    run(BUNDLED, "the string quartets of music21's corpus", _make)


if __name__ == "__main__":
    main()
