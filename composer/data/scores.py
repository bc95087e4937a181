"""MusicXML (.musicxml, .xml, .mxl) to Songs, through music21; `composer.songs.musicxml` is the way back.

music21 brings no sounds of drums, so each unpitched note is made a pitch, that of its sound, before it reads.
"""

from __future__ import annotations

import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from importlib import import_module
from io import BytesIO
from itertools import pairwise, zip_longest
from math import ceil
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from composer.errors import ComposerError, MissingPackageError
from composer.songs.song import KeySignature, Note, Song, Tempo, TimeSignature, Track

MAX_BYTES = 64 * 2**20  # unpacked; music21 takes minutes for that much
CLOSE = 1e-6  # beats
STEPS = ("C", "C", "D", "D", "E", "F", "F", "G", "G", "A", "A", "B")


def read_score(path: Path) -> Song:
    """Read a MusicXML file, also compressed: a Track for each staff, at sounding pitch, ties joined.

    Repeats are played once and grace notes left out, as are drums without a sound (midi-unpitched). A bar that its
    metre does not fill (a pickup) has a time signature of its own, so that `Song.bar_onsets()` are the score's bars.
    Raises ComposerError, one line that names the file, for what is not MusicXML; MissingPackageError.
    """
    return read_movements(path, (0,))[0]


def read_movements(
    path: Path, firsts: Sequence[int], mend: Callable[[ET.Element], None] | None = None
) -> list[Song]:
    """Read the movements of one file like `read_score`, each a Song from beat 0 on.

    firsts: the bar (from 0, a pickup counts) at which each begins; a time signature stands there. A movement without a
    key signature has that of the one before. mend: changes the score-partwise element before it is read.
    """
    try:
        root = ET.fromstring(_xml(path))
        if root.tag != "score-partwise":
            raise ComposerError(
                f"not MusicXML by parts: its first element is {root.tag[:40]}, not score-partwise"
            )
        importer = _music21("musicxml.xmlToM21").MusicXMLImporter()
        drums = _give_pitches(root)
        if mend:
            mend(root)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about layout
            importer.xmlRootToScore(root, importer.stream)
            score = importer.stream.toSoundingPitch(inPlace=True) or importer.stream
            untils = [*firsts[1:], None]
            songs = [
                _song(score, drums, first, until)
                for first, until in zip(firsts, untils, strict=True)
            ]
            return [songs[0], *(_in_key(song, before) for before, song in pairwise(songs))]
    except MissingPackageError:
        raise
    except ComposerError as error:
        raise ComposerError(f"cannot read {path}: {error}") from error
    except OSError as error:
        raise ComposerError(f"cannot read {path}: {error.strerror or error}") from error
    except (ET.ParseError, zipfile.BadZipFile) as error:
        raise ComposerError(f"cannot read {path}: not MusicXML: {error}") from error
    except Exception as error:  # music21 raises a dozen kinds over a damaged score
        reason = (str(error).splitlines() or [""])[0][:100]
        raise ComposerError(
            f"cannot read {path}: damaged MusicXML: {type(error).__name__} {reason}"
        ) from error


def _music21(module: str) -> Any:
    try:
        return import_module(f"music21.{module}")
    except ImportError as error:
        raise MissingPackageError(
            "reading MusicXML needs music21: pip install 'melody-composer[data]'"
        ) from error


def _xml(path: Path) -> bytes:
    """The XML in a file, unpacked where it is a .mxl (a zip that names its score in META-INF/container.xml)."""
    if path.exists() and not path.is_file():
        raise ComposerError("it is a folder, a device or a pipe, not a file")
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if data[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(BytesIO(data)) as members:
            data = _member(members, _score_inside(members))
    if len(data) > MAX_BYTES:
        raise ComposerError(
            f"too large: a score has at most {MAX_BYTES // 2**20} MiB, this one has more"
        )
    return data


def _score_inside(members: zipfile.ZipFile) -> str:
    container = "META-INF/container.xml"
    if container in members.namelist():
        for entry in ET.fromstring(_member(members, container)).iter():
            if entry.tag.endswith("rootfile"):
                return entry.get("full-path", "")
    names = [
        n
        for n in members.namelist()
        if n.endswith((".xml", ".musicxml")) and not n.startswith("META-INF")
    ]
    if not names:
        raise ComposerError("not MusicXML: a zip file without a score in it")
    return names[0]


def _member(members: zipfile.ZipFile, name: str) -> bytes:
    try:
        with members.open(name) as file:
            return file.read(MAX_BYTES + 1)
    except KeyError:
        raise ComposerError(f"not MusicXML: a zip file without {name[:60]!r}") from None


def _give_pitches(root: ET.Element) -> set[str]:
    """Write the sound of each unpitched note in place of its line on the staff, in `root`; ids of the drum parts."""
    sounds = {
        midi.get("id"): int(midi.findtext("midi-unpitched", "1")) - 1
        for midi in root.iter("midi-instrument")
        if midi.find("midi-unpitched") is not None
    }
    drums = set()
    for part in root.iter("part"):
        for note in part.iter("note"):
            place = note.find("unpitched")
            if place is None:
                continue
            drums.add(part.get("id", ""))
            used = note.find("instrument")
            sound = sounds.get(used.get("id") if used is not None else _only_instrument(root, part))
            place.clear()
            place.tag = "rest" if sound is None else "pitch"
            if sound is not None:
                _spell(place, sound)
    return drums


def _only_instrument(root: ET.Element, part: ET.Element) -> str | None:
    """Id of the first instrument of a part, for notes that name none."""
    found = root.find(f"part-list/score-part[@id='{part.get('id', '')}']/midi-instrument")
    return None if found is None else found.get("id")


def _spell(place: ET.Element, pitch: int) -> None:
    ET.SubElement(place, "step").text = STEPS[pitch % 12]
    if pitch % 12 in (1, 3, 6, 8, 10):
        ET.SubElement(place, "alter").text = "1"
    ET.SubElement(place, "octave").text = str(pitch // 12 - 1)


# --- from music21 ------------------------------------------------------------------------


class _Bars:
    """The bars of a score, one list for all parts: where each starts (beats), and its metre.

    Parts whose bars differ in length (a note too many or too few, as real files have) would drift apart, so each bar
    starts together: it is as long as its metre says if it is so in any part, else as in most.
    """

    def __init__(self, parts: Sequence[Sequence[Any]]) -> None:
        self.metres: list[TimeSignature] = []
        self.changes: set[int] = set()  # bars at which a time signature stands
        self.starts = [0.0]
        figures = (4, 4)
        for number, column in enumerate(zip_longest(*parts)):
            bars = [bar for bar in column if bar is not None]
            signs = [bar.timeSignature for bar in bars if bar.timeSignature is not None]
            if signs:
                figures = (int(signs[0].numerator), int(signs[0].denominator))
                self.changes.add(number)
            self.metres.append(TimeSignature(self.starts[-1], *figures))
            self.starts.append(self.starts[-1] + self._length(bars, self.metres[-1].beats_per_bar))

    @staticmethod
    def _length(bars: Sequence[Any], full: float) -> float:
        # Not `bar.highestTime`: a word or a hairpin may lie beyond the barline.
        lengths = [float(bar.flatten().notesAndRests.highestTime) or full for bar in bars]
        if any(abs(length - full) < CLOSE for length in lengths):
            return full
        often = Counter(lengths)
        length = max(often, key=lambda length: (often[length], length))
        return (
            length if (8 * length).is_integer() else ceil(4 * length) / 4
        )  # so that later bars lie on the grid

    def signatures(self) -> tuple[TimeSignature, ...]:
        """Time signatures whose bars are these; two bars that a repeat sign makes of one are one."""
        found: list[TimeSignature] = []
        spans = self._joined()
        for start, end, metre in spans:
            missing = metre.beats_per_bar - (end - start)
            if missing > CLOSE and end != spans[-1][1]:
                metre = _short(start, end - start) or metre
            if not found or _lies_elsewhere(found[-1], metre):
                found.append(metre)
        return tuple(found)

    def _joined(self) -> list[tuple[float, float, TimeSignature]]:
        """(start, end, metre) of each bar; the pickup is never joined to the bar after it."""
        spans: list[tuple[float, float, TimeSignature]] = []
        for number, (metre, (start, end)) in enumerate(
            zip(self.metres, pairwise(self.starts), strict=True)
        ):
            fits = len(spans) > 1 and end - spans[-1][0] <= metre.beats_per_bar + CLOSE
            if fits and number not in self.changes:
                spans[-1] = (spans[-1][0], end, spans[-1][2])
            else:
                spans.append((start, end, metre))
        return spans


def _song(score: Any, drums: set[str], first: int = 0, until: int | None = None) -> Song:
    parts = [_played(list(part.getElementsByClass("Measure"))[first:until]) for part in score.parts]
    bars = _Bars(parts)
    return Song(
        tracks=tuple(
            _track(part, inside, bars, drums)
            for part, inside in zip(score.parts, parts, strict=True)
        ),
        tempos=_tempos(parts, bars),
        time_signatures=bars.signatures(),
        key_signatures=_keys(parts, bars),
        title=str(score.metadata.bestTitle or "") if score.metadata else "",
    )


def _played(inside: list[Any]) -> list[Any]:
    """The bars up to the last one with notes, so that it is known as the last."""
    while inside and not inside[-1].flatten().notes:
        inside = inside[:-1]
    return inside


def _in_key(song: Song, before: Song) -> Song:
    """`song` with the key signature in which the one before ends, where it begins with none."""
    if not before.key_signatures or any(key.onset == 0 for key in song.key_signatures):
        return song
    return replace(
        song, key_signatures=(replace(before.key_signatures[-1], onset=0.0), *song.key_signatures)
    )


def _track(part: Any, inside: Sequence[Any], bars: _Bars, drums: set[str]) -> Track:
    played = part.getInstrument(returnDefault=False)
    program = getattr(played, "midiProgram", None) or 0
    is_drum = getattr(played, "partId", None) in drums
    return Track(tuple(_notes(inside, bars)), str(part.partName or ""), program, is_drum)


def _notes(inside: Sequence[Any], bars: _Bars) -> list[Note]:
    """Notes, also those of chords; one tied to the one before is joined with it. None goes over its barline."""
    notes: list[Note] = []
    last: dict[int, int] = {}  # pitch: index of the last note of it
    for onset, end, one in _sounding(inside, bars):
        pitch = int(one.pitch.midi)
        goes_on = one.tie is not None and one.tie.type in ("stop", "continue")
        before = notes[last[pitch]] if pitch in last else None
        if goes_on and before and abs(before.end - onset) < CLOSE:
            notes[last[pitch]] = Note(before.onset, pitch, end - before.onset, before.velocity)
        elif 0 <= pitch <= 127:
            last[pitch] = len(notes)
            notes.append(Note(onset, pitch, end - onset))
    return notes


def _sounding(inside: Sequence[Any], bars: _Bars) -> Iterator[tuple[float, float, Any]]:
    """(onset, end, note) of each note that sounds, in the order of the onsets."""
    for bar, (start, stop) in zip(inside, pairwise(bars.starts), strict=False):
        for element in bar.flatten().notes:
            onset = start + float(element.offset)
            end = min(onset + float(element.quarterLength), stop)
            if end <= onset:  # a grace note, a chord symbol, or past the barline
                continue
            for one in element.notes if "Chord" in element.classes else (element,):
                yield onset, end, one


def _marks(inside: Sequence[Any], bars: _Bars, kind: str) -> Iterator[tuple[float, Any]]:
    for bar, (start, stop) in zip(inside, pairwise(bars.starts), strict=False):
        for element in bar.flatten().getElementsByClass(kind):
            yield min(start + float(element.offset), stop), element


def _tempos(parts: Sequence[Sequence[Any]], bars: _Bars) -> tuple[Tempo, ...]:
    """Of several at one onset the first that has a number counts."""
    found: dict[float, Tempo] = {}
    for inside in parts:
        for onset, mark in _marks(inside, bars, "MetronomeMark"):
            qpm = mark.getQuarterBPM()
            if qpm and qpm > 0:
                found.setdefault(onset, Tempo(onset, float(qpm)))
    return tuple(found.values())


def _keys(parts: Sequence[Sequence[Any]], bars: _Bars) -> tuple[KeySignature, ...]:
    """Those of the first part that has any."""
    for inside in parts:
        found = {
            onset: key
            for onset, key in _marks(inside, bars, "KeySignature")
            if abs(key.sharps) <= 7
        }
        if found:
            return tuple(
                KeySignature(at, k.sharps, getattr(k, "mode", "") == "minor")
                for at, k in found.items()
            )
    return ()


def _short(start: float, length: float) -> TimeSignature | None:
    """A bar of so many beats, counted in quarters if they fill it, else in finer notes; None where none do."""
    for denominator in (4, 8, 16, 32):
        numerator = length * denominator / 4
        if 1 <= round(numerator) <= 255 and abs(numerator - round(numerator)) < CLOSE:
            return TimeSignature(start, round(numerator), denominator)
    return None


def _lies_elsewhere(before: TimeSignature, metre: TimeSignature) -> bool:
    """Whether a bar of `metre` is not one that `before` would go on with."""
    if (before.numerator, before.denominator) != (metre.numerator, metre.denominator):
        return True
    bars = (metre.onset - before.onset) / before.beats_per_bar
    return abs(bars - round(bars)) > CLOSE
