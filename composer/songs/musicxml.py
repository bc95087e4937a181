"""Songs as MusicXML 4.0, to open in MuseScore, Finale or Dorico. Writing only; MusicXML's "measure" is our bar.

What goes where is laid out in `notation`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

from composer.errors import OutputError
from composer.files import atomic
from composer.songs.engraving import (
    TRIPLET_VALUES,
    UNITS,
    VALUES,
    Bar,
    Piece,
    Ruler,
    bar_pieces,
    bars_of,
)
from composer.songs.song import Song, Tempo, Track
from composer.songs.theory import pitch_class_name

ACCIDENTALS: Final = {-2: "flat-flat", -1: "flat", 0: "natural", 1: "sharp", 2: "double-sharp"}
DOCTYPE: Final = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n'
    b'<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" '
    b'"http://www.musicxml.org/dtds/partwise.dtd">\n'
)
UNPRINTABLE: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_musicxml(path: str | Path, song: Song) -> None:
    """Write `song` as MusicXML, a part for each track; the file appears whole or not at all.

    Rounded: barlines to sixteenths; onsets and ends, beat by beat, to sixteenths or to triplet eighths, whichever
    are nearer; a note lasts at least one. Tempos and keys go to the start of their bar. Lost: velocities, and
    voices within a track: what starts together is one chord, as long as its longest note, and the next onset ends
    it. A short first bar before a new metre is a pickup: number 0. A song without metre is in 4/4, without key in
    the one that its notes suggest. Raises OutputError.
    """
    for track in song.tracks:
        for note in track.notes:
            if not (0 <= note.pitch <= 127 and note.onset >= 0 and note.end < float("inf")):
                raise OutputError(
                    f"a note has a pitch of 0 to 127 and starts at beat 0 or later, got {note}"
                )
    data = to_bytes(song)
    with atomic(path) as temporary:
        temporary.write_bytes(data)


def to_bytes(song: Song) -> bytes:
    """The bytes that `write_musicxml` writes."""
    score = ET.Element("score-partwise", version="4.0")
    if song.title:
        _add(_add(score, "work"), "work-title", song.title)
    names = _add(score, "part-list")
    bars = bars_of(song)
    for number, track in enumerate(song.tracks or (Track(),), 1):
        _add_name(names, track, f"P{number}")
        part = _add(score, "part", id=f"P{number}")
        _add_bars(part, track, bars, first=number == 1)
    ET.indent(score)
    text: bytes = ET.tostring(score, encoding="utf-8")
    return DOCTYPE + text + b"\n"


def _add(parent: ET.Element, tag: str, text: object = None, **attributes: str) -> ET.Element:
    child = ET.SubElement(parent, tag, attributes)
    if text is not None:
        child.text = UNPRINTABLE.sub("", str(text))
    return child


def _add_name(names: ET.Element, track: Track, part: str) -> None:
    name = _add(names, "score-part", id=part)
    _add(name, "part-name", track.name)
    sounds = sorted({note.pitch for note in track.notes}) if track.is_drum else [0]
    for pitch in sounds:
        _add(_add(name, "score-instrument", id=f"{part}-I{pitch}"), "instrument-name", track.name)
    for pitch in sounds:
        midi = _add(name, "midi-instrument", id=f"{part}-I{pitch}")
        if track.is_drum:
            _add(midi, "midi-channel", 10)
        _add(midi, "midi-program", track.program + 1)
        if track.is_drum:
            _add(midi, "midi-unpitched", pitch + 1)


def _add_bars(part: ET.Element, track: Track, bars: Sequence[Bar], first: bool) -> None:
    ruler = Ruler(track, bars)
    groups = ruler.groups(track.notes)
    passed = 0
    for bar in bars:
        measure = _add(
            part, "measure", number=str(bar.number), **({} if bar.number else {"implicit": "yes"})
        )
        _add_attributes(measure, bar, track, clef=bar is bars[0])
        for tempo in bar.tempos if first else ():
            _add_tempo(measure, tempo)
        while passed < len(groups) and groups[passed][1] <= bar.start:
            passed += 1
        inside = []
        for group in islice(groups, passed, None):
            if group[0] >= bar.stop:
                break
            inside.append(group)
        accidentals: dict[str, int] = {}
        for piece in bar_pieces(ruler, inside, bar):
            _add_piece(
                measure, piece, bar, ruler, accidentals, part.get("id", "") if track.is_drum else ""
            )


def _add_attributes(measure: ET.Element, bar: Bar, track: Track, clef: bool) -> None:
    if not (clef or bar.new_key or bar.new_metre):
        return
    attributes = _add(measure, "attributes")
    if clef:
        _add(attributes, "divisions", UNITS)
    if bar.new_key and not track.is_drum:
        key = _add(attributes, "key")
        _add(key, "fifths", bar.new_key.sharps)
        _add(key, "mode", "minor" if bar.new_key.is_minor else "major")
    if bar.new_metre:
        time = _add(attributes, "time")
        _add(time, "beats", bar.new_metre[0])
        _add(time, "beat-type", bar.new_metre[1])
    if clef:
        is_low = bool(track.notes) and track.mean_pitch < 60
        sign, line = ("percussion", None) if track.is_drum else ("F", 4) if is_low else ("G", 2)
        element = _add(attributes, "clef")
        _add(element, "sign", sign)
        if line:
            _add(element, "line", line)


def _add_tempo(measure: ET.Element, tempo: Tempo) -> None:
    direction = _add(measure, "direction", placement="above")
    metronome = _add(_add(direction, "direction-type"), "metronome")
    _add(metronome, "beat-unit", "quarter")
    _add(metronome, "per-minute", f"{tempo.qpm:.6g}")
    _add(direction, "sound", tempo=f"{tempo.qpm:.6g}")


def _add_piece(
    measure: ET.Element,
    piece: Piece,
    bar: Bar,
    ruler: Ruler,
    accidentals: dict[str, int],
    drums: str,
) -> None:
    """Add a rest, a note or a chord. `accidentals` holds what stands in the bar so far; `drums` is the part's id."""
    for i, pitch in enumerate(piece.pitches or (None,)):
        note = _add(measure, "note")
        if i:
            _add(note, "chord")
        accidental = None
        if pitch is None:
            _add(
                note,
                "rest",
                **(
                    {"measure": "yes"} if (piece.start, piece.stop) == (bar.start, bar.stop) else {}
                ),
            )
        else:
            accidental = _add_pitch(note, pitch, bar.sharps, accidentals, unpitched=bool(drums))
        _add(note, "duration", piece.stop - piece.start)
        ties = [
            kind for kind, tied in (("stop", piece.tied_from), ("start", piece.tied_to)) if tied
        ]
        for kind in ties:
            _add(note, "tie", type=kind)
        if drums and pitch is not None:
            _add(note, "instrument", id=f"{drums}-I{pitch}")
        _add(note, "voice", 1)
        tuplet = _add_value(note, piece, ruler, None if piece.tied_from else accidental)
        _add_notations(note, ties, [] if i else tuplet)


def _add_pitch(
    note: ET.Element, pitch: int, sharps: int, accidentals: dict[str, int], unpitched: bool
) -> str | None:
    """Add the pitch, spelled by the key; returns the accidental to print, None where key or bar imply it."""
    name = pitch_class_name(pitch, sharps)
    alter = name.count("#") - name.count("b")
    octave = (pitch - alter) // 12 - 1
    prefix = "display-" if unpitched else ""
    element = _add(note, "unpitched" if unpitched else "pitch")
    _add(element, f"{prefix}step", name[0])
    if alter and not unpitched:
        _add(element, "alter", alter)
    _add(element, f"{prefix}octave", octave)
    line = f"{name[0]}{octave}"
    implied = accidentals.get(line, (sharps + 6 - "FCGDAEB".index(name[0])) // 7)
    accidentals[line] = alter
    return None if unpitched or alter == implied else ACCIDENTALS[alter]


def _add_value(note: ET.Element, piece: Piece, ruler: Ruler, accidental: str | None) -> list[str]:
    """Add type, dots, accidental and triplet; returns where a tuplet's bracket starts or stops, if it does here."""
    length = piece.stop - piece.start
    if length not in VALUES and length not in TRIPLET_VALUES:
        return []  # a rest of a whole bar has no type
    kind, dots = VALUES.get(length) or (TRIPLET_VALUES[length], 0)
    _add(note, "type", kind)
    for _ in range(dots):
        _add(note, "dot")
    if accidental:
        _add(note, "accidental", accidental)
    if length not in TRIPLET_VALUES:
        return []
    modification = _add(note, "time-modification")
    _add(modification, "actual-notes", 3)
    _add(modification, "normal-notes", 2)
    beat = ruler.beat(piece.start)
    ends = (("start", piece.start == beat.start), ("stop", piece.stop == beat.stop))
    return [where for where, is_here in ends if is_here]


def _add_notations(note: ET.Element, ties: Sequence[str], tuplet: Sequence[str]) -> None:
    if not ties and not tuplet:
        return
    notations = _add(note, "notations")
    for kind in ties:
        _add(notations, "tied", type=kind)
    for kind in tuplet:
        _add(notations, "tuplet", type=kind)
