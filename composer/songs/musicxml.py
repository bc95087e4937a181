"""Songs as MusicXML 4.0, to open in MuseScore, Finale or Dorico. Writing only.

MusicXML's "measure" is our bar. Where everything goes is laid out in `engraving`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

from composer.errors import OutputError
from composer.files import atomic
from composer.songs.engraving import (
    TRIPLET_VALUES,
    UNITS,
    VALUES,
    Group,
    PrintedNote,
    Ruler,
    ScoreBar,
    bar_pieces,
    bars_of,
)
from composer.songs.song import Song, Tempo, Track
from composer.songs.theory import pitch_class_name

MIDDLE_C: Final = 60  # parts that lie lower on average have a bass clef
DRUM_CHANNEL: Final = 10
FIFTHS: Final = "FCGDAEB"  # the order in which a signature sharpens
ACCIDENTALS: Final = {
    -2: "flat-flat",
    -1: "flat",
    0: "natural",
    1: "sharp",
    2: "double-sharp",
}
DOCTYPE: Final = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n'
    b'<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" '
    b'"http://www.musicxml.org/dtds/partwise.dtd">\n'
)
# What XML cannot hold, not even escaped.
UNPRINTABLE: Final = re.compile(
    "[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)


def write_musicxml(path: str | Path, song: Song) -> None:
    """Write a song as MusicXML, a part for each track; the file appears whole or not at all.

    Rounded: barlines to sixteenths; onsets and ends, beat by beat, to sixteenths or to triplet
    eighths, whichever are nearer; a note lasts at least one. Tempos and keys go to the start of
    their bar. Lost: velocities, and voices within a track: what starts together is one chord, as
    long as its longest note, and the next onset ends it. A short first bar before a new metre is a
    pickup: number 0. A song without metre is in 4/4, without key in the one that its notes suggest.

    Raise OutputError for a note that cannot be printed, or a place that cannot be written.
    """
    for track in song.tracks:
        for note in track.notes:
            is_pitch = 0 <= note.pitch <= 127
            is_in_time = note.onset >= 0 and note.end < float("inf")
            if not is_pitch or not is_in_time:
                raise OutputError(
                    f"a note has a pitch of 0 to 127 and starts at beat 0 or later, got {note}"
                )
    data = to_bytes(song)
    with atomic(path) as temporary:
        temporary.write_bytes(data)


def to_bytes(song: Song) -> bytes:
    """Return the bytes that `write_musicxml` writes.

    >>> from composer.songs.song import Note
    >>> b"<step>C</step>" in to_bytes(Song((Track((Note(0.0, 60, 1.0),)),)))
    True
    """
    score = ET.Element("score-partwise", version="4.0")
    if song.title:
        work = _add(score, "work")
        _add(work, "work-title", song.title)
    names = _add(score, "part-list")
    bars = bars_of(song)
    tracks = song.tracks or (Track(),)
    for number, track in enumerate(tracks, 1):
        part_id = f"P{number}"
        _add_name(names, track, part_id)
        part = _add(score, "part", id=part_id)
        _add_bars(part, track, bars, with_tempos=number == 1)
    ET.indent(score)
    text: bytes = ET.tostring(score, encoding="utf-8")
    return DOCTYPE + text + b"\n"


def _add(
    parent: ET.Element, tag: str, text: object = None, **attributes: str
) -> ET.Element:
    child = ET.SubElement(parent, tag, attributes)
    if text is not None:
        child.text = UNPRINTABLE.sub("", str(text))
    return child


def _add_name(names: ET.Element, track: Track, part: str) -> None:
    """Add the part's name, and its instruments: each drum is one."""
    name = _add(names, "score-part", id=part)
    _add(name, "part-name", track.name)
    sounds = sorted({note.pitch for note in track.notes}) if track.is_drum else [0]
    for pitch in sounds:
        instrument = _add(name, "score-instrument", id=f"{part}-I{pitch}")
        _add(instrument, "instrument-name", track.name)
    for pitch in sounds:
        midi = _add(name, "midi-instrument", id=f"{part}-I{pitch}")
        if track.is_drum:
            _add(midi, "midi-channel", DRUM_CHANNEL)
        _add(midi, "midi-program", track.program + 1)
        if track.is_drum:
            _add(midi, "midi-unpitched", pitch + 1)


# --- bars --------------------------------------------------------------------------------


def _add_bars(
    part: ET.Element, track: Track, bars: Sequence[ScoreBar], with_tempos: bool
) -> None:
    ruler = Ruler(track, bars)
    groups = ruler.groups(track.notes)
    drums = part.get("id", "") if track.is_drum else ""
    for bar, inside in _groups_by_bar(groups, bars):
        attributes = {} if bar.number else {"implicit": "yes"}
        measure = _add(part, "measure", number=str(bar.number), **attributes)
        _add_attributes(measure, bar, track, is_first=bar is bars[0])
        if with_tempos:
            for tempo in bar.tempos:
                _add_tempo(measure, tempo)
        notes = _Notes(measure, bar, ruler, drums)
        for piece in bar_pieces(ruler, inside, bar):
            notes.add(piece)


def _groups_by_bar(
    groups: Sequence[Group], bars: Sequence[ScoreBar]
) -> Iterator[tuple[ScoreBar, list[Group]]]:
    """Yield each bar with the groups that sound in it, in one pass over both."""
    passed = 0
    for bar in bars:
        while passed < len(groups) and groups[passed][1] <= bar.start:
            passed += 1
        inside = []
        for at in range(passed, len(groups)):
            start = groups[at][0]
            if start >= bar.stop:
                break
            inside.append(groups[at])
        yield bar, inside


def _add_attributes(
    measure: ET.Element, bar: ScoreBar, track: Track, is_first: bool
) -> None:
    if not (is_first or bar.new_key or bar.new_metre):
        return
    attributes = _add(measure, "attributes")
    if is_first:
        _add(attributes, "divisions", UNITS)
    if bar.new_key and not track.is_drum:
        key = _add(attributes, "key")
        _add(key, "fifths", bar.new_key.sharps)
        _add(key, "mode", "minor" if bar.new_key.is_minor else "major")
    if bar.new_metre:
        numerator, denominator = bar.new_metre
        time = _add(attributes, "time")
        _add(time, "beats", numerator)
        _add(time, "beat-type", denominator)
    if is_first:
        _add_clef(attributes, track)


def _add_clef(attributes: ET.Element, track: Track) -> None:
    clef = _add(attributes, "clef")
    if track.is_drum:
        _add(clef, "sign", "percussion")
        return
    is_low = bool(track.notes) and track.mean_pitch < MIDDLE_C
    _add(clef, "sign", "F" if is_low else "G")
    _add(clef, "line", 4 if is_low else 2)


def _add_tempo(measure: ET.Element, tempo: Tempo) -> None:
    figure = f"{tempo.qpm:.6g}"
    direction = _add(measure, "direction", placement="above")
    kind = _add(direction, "direction-type")
    metronome = _add(kind, "metronome")
    _add(metronome, "beat-unit", "quarter")
    _add(metronome, "per-minute", figure)
    _add(direction, "sound", tempo=figure)


# --- notes -------------------------------------------------------------------------------


class _Notes:
    """The notes of a bar; it keeps the accidentals that stand in the bar so far."""

    def __init__(
        self, measure: ET.Element, bar: ScoreBar, ruler: Ruler, drums: str
    ) -> None:
        self.measure = measure
        self.bar = bar
        self.ruler = ruler
        self.drums = drums  # the part's id, if it is one of drums
        self.accidentals: dict[str, int] = {}  # by line, "F4"

    def add(self, piece: PrintedNote) -> None:
        """Add a rest, a note or a chord."""
        if not piece.pitches:
            self._add_rest(piece)
        for i, pitch in enumerate(piece.pitches):
            self._add_note(piece, pitch, is_first=i == 0)

    def _add_rest(self, piece: PrintedNote) -> None:
        note = _add(self.measure, "note")
        is_whole_bar = (piece.start, piece.stop) == (self.bar.start, self.bar.stop)
        attributes = {"measure": "yes"} if is_whole_bar else {}
        _add(note, "rest", **attributes)
        _add(note, "duration", piece.stop - piece.start)
        ties = _add_ties(note, piece)
        _add(note, "voice", 1)
        tuplet = self._add_value(note, piece, None)
        _add_notations(note, ties, tuplet)

    def _add_note(self, piece: PrintedNote, pitch: int, is_first: bool) -> None:
        """Add one note of a chord; only its first carries the tuplet's bracket."""
        note = _add(self.measure, "note")
        if not is_first:
            _add(note, "chord")
        accidental = self._add_pitch(note, pitch)
        _add(note, "duration", piece.stop - piece.start)
        ties = _add_ties(note, piece)
        if self.drums:
            _add(note, "instrument", id=f"{self.drums}-I{pitch}")
        _add(note, "voice", 1)
        # A tied note needs no accidental of its own.
        tuplet = self._add_value(note, piece, None if piece.tied_from else accidental)
        _add_notations(note, ties, tuplet if is_first else [])

    def _add_pitch(self, note: ET.Element, pitch: int) -> str | None:
        """Add the pitch, spelled by the key.

        Return the accidental to print, None if key or bar imply it.
        """
        name = pitch_class_name(pitch, self.bar.sharps)
        step = name[0]
        alter = name.count("#") - name.count("b")
        octave = (pitch - alter) // 12 - 1
        if self.drums:
            element = _add(note, "unpitched")
            _add(element, "display-step", step)
            _add(element, "display-octave", octave)
        else:
            element = _add(note, "pitch")
            _add(element, "step", step)
            if alter:
                _add(element, "alter", alter)
            _add(element, "octave", octave)
        line = f"{step}{octave}"
        implied = self.accidentals.get(line, self._in_signature(step))
        self.accidentals[line] = alter
        return None if self.drums or alter == implied else ACCIDENTALS[alter]

    def _in_signature(self, step: str) -> int:
        """Return how the key signature alters a step: 1 is sharp, -1 flat."""
        return (self.bar.sharps + 6 - FIFTHS.index(step)) // 7

    def _add_value(
        self, note: ET.Element, piece: PrintedNote, accidental: str | None
    ) -> list[str]:
        """Add type, dots, accidental and triplet.

        Return the ends of a tuplet's bracket that are here: "start", "stop".
        """
        length = piece.stop - piece.start
        is_triplet = length in TRIPLET_VALUES
        if not is_triplet and length not in VALUES:
            return []  # a rest of a whole bar has no type
        kind, dots = (TRIPLET_VALUES[length], 0) if is_triplet else VALUES[length]
        _add(note, "type", kind)
        for _ in range(dots):
            _add(note, "dot")
        if accidental:
            _add(note, "accidental", accidental)
        if not is_triplet:
            return []
        modification = _add(note, "time-modification")
        _add(modification, "actual-notes", 3)
        _add(modification, "normal-notes", 2)
        beat = self.ruler.beat(piece.start)
        ends = {"start": piece.start == beat.start, "stop": piece.stop == beat.stop}
        return _true_ones(ends)


def _add_ties(note: ET.Element, piece: PrintedNote) -> list[str]:
    """Add the ties, as they sound; return them for `_add_notations`, which adds them as seen."""
    ties = _true_ones({"stop": piece.tied_from, "start": piece.tied_to})
    for kind in ties:
        _add(note, "tie", type=kind)
    return ties


def _add_notations(
    note: ET.Element, ties: Sequence[str], tuplet: Sequence[str]
) -> None:
    if not ties and not tuplet:
        return
    notations = _add(note, "notations")
    for kind in ties:
        _add(notations, "tied", type=kind)
    for kind in tuplet:
        _add(notations, "tuplet", type=kind)


def _true_ones(names: Mapping[str, bool]) -> list[str]:
    return [name for name, is_so in names.items() if is_so]
