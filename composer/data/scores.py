"""Read MusicXML (.musicxml, .xml, .mxl) into Songs, through music21; `composer.songs.musicxml` is
the way back.

music21 brings no sounds of drums, so each unpitched note is made a pitch, that of its sound, before
it reads.
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
MIB = 2**20
ZIP = b"PK\x03\x04"
CONTAINER = "META-INF/container.xml"
SCORE_ENDINGS = (".xml", ".musicxml")

CLOSE = 1e-6  # beats
MOST_SHARPS = 7
LAST_PITCH = 127
LARGEST_NUMERATOR = 255  # that MIDI can hold
LETTERS = ("C", "C", "D", "D", "E", "F", "F", "G", "G", "A", "A", "B")
SHARPENED = (1, 3, 6, 8, 10)
LONGEST_REASON = 100  # characters of what music21 says
SHORT_TEXT = 60  # characters of what a file holds that a message shows

Bars = Sequence[Any]
"""The measures of one part, of music21."""


def read_score(path: Path) -> Song:
    """Read a MusicXML file, also compressed: a Track for each staff, at sounding pitch, ties
    joined.

    Repeats are played once and grace notes left out, as are drums without a sound (midi-unpitched).
    A bar that its metre does not fill (a pickup) has a time signature of its own, so that
    `Song.bar_onsets()` are the score's bars. Raise ComposerError, one line that names the file, for
    what is not MusicXML; MissingPackageError without music21.
    """
    return read_movements(path, (0,))[0]


def read_movements(
    path: Path,
    firsts: Sequence[int],
    mend: Callable[[ET.Element], None] | None = None,
) -> list[Song]:
    """Read the movements of one file like `read_score`, each a Song from beat 0 on.

    firsts: the bar (from 0, a pickup counts) at which each begins; a time signature stands there. A
    movement without a key signature has that of the one before. mend: changes the score-partwise
    element before it is read.
    """
    try:
        return _read_movements(path, firsts, mend)
    except MissingPackageError:
        raise
    except ComposerError as error:
        raise ComposerError(f"cannot read {path}: {error}") from error
    except OSError as error:
        raise ComposerError(f"cannot read {path}: {error.strerror or error}") from error
    except (ET.ParseError, zipfile.BadZipFile) as error:
        raise ComposerError(f"cannot read {path}: not MusicXML: {error}") from error
    except Exception as error:
        # music21 raises a dozen kinds over a damaged score.
        kind = type(error).__name__
        first_line = (str(error).splitlines() or [""])[0]
        reason = first_line[:LONGEST_REASON]
        raise ComposerError(
            f"cannot read {path}: damaged MusicXML: {kind} {reason}"
        ) from error


def load_music21(module: str, purpose: str) -> Any:
    """Import a module of music21.

    Raise MissingPackageError, which names the purpose, if it is not installed.
    """
    try:
        import_module("music21")
        return import_module(f"music21.{module}")
    except ImportError as error:
        raise MissingPackageError(
            f"{purpose} needs music21: pip install 'melody-composer[data]'"
        ) from error


def _read_movements(
    path: Path,
    firsts: Sequence[int],
    mend: Callable[[ET.Element], None] | None,
) -> list[Song]:
    root = ET.fromstring(_xml(path))
    if root.tag != "score-partwise":
        raise ComposerError(
            f"not MusicXML by parts: its first element is {root.tag[:40]}, not score-partwise"
        )
    drums = _give_pitches(root)
    if mend:
        mend(root)
    score = _parse(root)
    ends = [*firsts[1:], None]
    songs: list[Song] = []
    for first, until in zip(firsts, ends, strict=True):
        songs.append(_song(score, drums, first, until))
    later = [_in_key_of(song, before) for before, song in pairwise(songs)]
    return [songs[0], *later]


def _parse(root: ET.Element) -> Any:
    """Return a score of music21, at sounding pitch."""
    reader = load_music21("musicxml.xmlToM21", "reading MusicXML")
    importer = reader.MusicXMLImporter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about layout
        importer.xmlRootToScore(root, importer.stream)
        return importer.stream.toSoundingPitch(inPlace=True) or importer.stream


# --- the file ----------------------------------------------------------------------------


def _xml(path: Path) -> bytes:
    """Return the XML in a file, unpacked from a .mxl.

    That is a zip file that names its score in META-INF/container.xml.
    """
    if path.exists() and not path.is_file():
        raise ComposerError("it is a folder, a device or a pipe, not a file")
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if data.startswith(ZIP):
        with zipfile.ZipFile(BytesIO(data)) as members:
            data = _member(members, _score_inside(members))
    if len(data) > MAX_BYTES:
        raise ComposerError(
            f"too large: a score has at most {MAX_BYTES // MIB} MiB, this one more"
        )
    return data


def _score_inside(members: zipfile.ZipFile) -> str:
    """Return the name of the score in a .mxl file."""
    names = members.namelist()
    if CONTAINER in names:
        for entry in ET.fromstring(_member(members, CONTAINER)).iter():
            if entry.tag.endswith("rootfile"):
                return entry.get("full-path", "")
    for name in names:
        if name.endswith(SCORE_ENDINGS) and not name.startswith("META-INF"):
            return name
    raise ComposerError("not MusicXML: a zip file without a score in it")


def _member(members: zipfile.ZipFile, name: str) -> bytes:
    try:
        with members.open(name) as file:
            return file.read(MAX_BYTES + 1)
    except KeyError:
        raise ComposerError(
            f"not MusicXML: a zip file without {name[:SHORT_TEXT]!r}"
        ) from None


# --- drums -------------------------------------------------------------------------------


def _give_pitches(root: ET.Element) -> set[str]:
    """Write the sound of each unpitched note in place of its line on the staff.

    Return the ids of the drum parts.
    """
    sounds = _drum_sounds(root)
    drums = set()
    for part in root.iter("part"):
        for note in part.iter("note"):
            place = note.find("unpitched")
            if place is None:
                continue
            drums.add(part.get("id", ""))
            used = note.find("instrument")
            instrument = (
                _only_instrument(root, part) if used is None else used.get("id")
            )
            _replace_unpitched(place, sounds.get(instrument))
    return drums


def _drum_sounds(root: ET.Element) -> dict[str | None, int]:
    """Return the pitch of each drum, by the id of its instrument."""
    sounds = {}
    for midi in root.iter("midi-instrument"):
        if midi.find("midi-unpitched") is not None:
            sounds[midi.get("id")] = int(midi.findtext("midi-unpitched", "1")) - 1
    return sounds


def _only_instrument(root: ET.Element, part: ET.Element) -> str | None:
    """Return the id of the first instrument of a part, for notes that name none."""
    found = root.find(
        f"part-list/score-part[@id='{part.get('id', '')}']/midi-instrument"
    )
    return None if found is None else found.get("id")


def _replace_unpitched(place: ET.Element, sound: int | None) -> None:
    """Turn the line of a drum into its pitch, or into a rest if it has no sound."""
    place.clear()
    if sound is None:
        place.tag = "rest"
        return
    place.tag = "pitch"
    ET.SubElement(place, "step").text = LETTERS[sound % 12]
    if sound % 12 in SHARPENED:
        ET.SubElement(place, "alter").text = "1"
    ET.SubElement(place, "octave").text = str(sound // 12 - 1)


# --- bars --------------------------------------------------------------------------------


class _ScoreBars:
    """The bars of a score, one list for all parts: where each starts (beats), and its metre.

    Parts whose bars differ in length (a note too many or too few, as real files have) would drift
    apart, so each bar starts together: it is as long as its metre says if it is so in any part,
    else as in most.
    """

    def __init__(self, parts: Sequence[Bars]) -> None:
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
            start = self.starts[-1]
            metre = TimeSignature(start, *figures)
            length = _length(bars, metre.beats_per_bar)
            self.metres.append(metre)
            self.starts.append(start + length)

    def spans(self) -> Iterator[tuple[float, float]]:
        """Yield where each bar starts and ends."""
        yield from pairwise(self.starts)

    def signatures(self) -> tuple[TimeSignature, ...]:
        """Return time signatures for these bars; two that a repeat sign makes of one are one."""
        found: list[TimeSignature] = []
        joined = self._joined()
        last = joined[-1][1] if joined else 0.0
        for start, end, metre in joined:
            missing = metre.beats_per_bar - (end - start)
            # The last bar may be short without a metre of its own.
            if missing > CLOSE and end != last:
                metre = _short_bar(start, end - start) or metre
            if not found or _lies_elsewhere(found[-1], metre):
                found.append(metre)
        return tuple(found)

    def _joined(self) -> list[tuple[float, float, TimeSignature]]:
        """Return (start, end, metre) of each bar, those joined that a repeat sign cuts in two."""
        joined: list[tuple[float, float, TimeSignature]] = []
        bars = zip(self.metres, self.spans(), strict=True)
        for number, (metre, (start, end)) in enumerate(bars):
            # The pickup is never joined to the bar after it.
            if len(joined) > 1 and number not in self.changes:
                first, _, metre_before = joined[-1]
                if end - first <= metre.beats_per_bar + CLOSE:
                    joined[-1] = (first, end, metre_before)
                    continue
            joined.append((start, end, metre))
        return joined


def _length(bars: Bars, full: float) -> float:
    """Return the length in beats of a bar, given the bar in each part.

    full: the length that its metre has.
    """
    # Not `bar.highestTime`: a word or a hairpin may lie beyond the barline.
    lengths = [float(bar.flatten().notesAndRests.highestTime) or full for bar in bars]
    if any(abs(length - full) < CLOSE for length in lengths):
        return full
    often = Counter(lengths)
    length = max(often, key=lambda length: (often[length], length))
    if (8 * length).is_integer():
        return length
    # Rounded up to a sixteenth, so that later bars lie on the grid.
    return ceil(4 * length) / 4


def _short_bar(start: float, length: float) -> TimeSignature | None:
    """Return a bar of `length` beats, None if no note value fills it.

    It is counted in quarters if they fill it, else in finer notes.
    """
    for denominator in (4, 8, 16, 32):
        exact = length * denominator / 4
        numerator = round(exact)
        is_exact = abs(exact - numerator) < CLOSE
        if is_exact and 1 <= numerator <= LARGEST_NUMERATOR:
            return TimeSignature(start, numerator, denominator)
    return None


def _lies_elsewhere(before: TimeSignature, metre: TimeSignature) -> bool:
    """Return whether a bar of `metre` is not one that `before` would go on with."""
    is_same_numerator = before.numerator == metre.numerator
    is_same_denominator = before.denominator == metre.denominator
    if not (is_same_numerator and is_same_denominator):
        return True
    bars = (metre.onset - before.onset) / before.beats_per_bar
    return abs(bars - round(bars)) > CLOSE


# --- from music21 ------------------------------------------------------------------------


def _song(
    score: Any,
    drums: set[str],
    first: int,
    until: int | None,
) -> Song:
    """Return the bars of a score from `first` to `until` as a Song."""
    parts = []
    for part in score.parts:
        inside = list(part.getElementsByClass("Measure"))[first:until]
        parts.append(_up_to_last_note(inside))
    bars = _ScoreBars(parts)
    tracks = []
    for part, inside in zip(score.parts, parts, strict=True):
        tracks.append(_track(part, inside, bars, drums))
    return Song(
        tracks=tuple(tracks),
        tempos=_tempos(parts, bars),
        time_signatures=bars.signatures(),
        key_signatures=_keys(parts, bars),
        title=str(score.metadata.bestTitle or "") if score.metadata else "",
    )


def _up_to_last_note(inside: list[Any]) -> list[Any]:
    """Return the bars up to the last one with notes, so that it is known as the last."""
    while inside and not inside[-1].flatten().notes:
        inside = inside[:-1]
    return inside


def _in_key_of(song: Song, before: Song) -> Song:
    """Return `song` with the key signature in which the one before ends, if it begins with none."""
    begins_with_one = any(key.onset == 0 for key in song.key_signatures)
    if begins_with_one or not before.key_signatures:
        return song
    key = replace(before.key_signatures[-1], onset=0.0)
    return replace(song, key_signatures=(key, *song.key_signatures))


def _track(
    part: Any,
    inside: Bars,
    bars: _ScoreBars,
    drums: set[str],
) -> Track:
    played = part.getInstrument(returnDefault=False)
    program = getattr(played, "midiProgram", None) or 0
    is_drum = getattr(played, "partId", None) in drums
    return Track(
        tuple(_notes(inside, bars)),
        str(part.partName or ""),
        program,
        is_drum,
    )


def _notes(inside: Bars, bars: _ScoreBars) -> list[Note]:
    """Return the notes, also those of chords; one tied to the one before is joined with it.

    None goes over its barline.
    """
    notes: list[Note] = []
    last: dict[int, int] = {}  # pitch: index of the last note of it
    for onset, end, one in _sounding(inside, bars):
        pitch = int(one.pitch.midi)
        goes_on = one.tie is not None and one.tie.type in ("stop", "continue")
        before = notes[last[pitch]] if pitch in last else None
        # A tie from a note that is not there, as files have them, begins a note.
        if goes_on and before and abs(before.end - onset) < CLOSE:
            notes[last[pitch]] = Note(
                before.onset,
                pitch,
                end - before.onset,
                before.velocity,
            )
        elif 0 <= pitch <= LAST_PITCH:
            last[pitch] = len(notes)
            notes.append(Note(onset, pitch, end - onset))
    return notes


def _sounding(inside: Bars, bars: _ScoreBars) -> Iterator[tuple[float, float, Any]]:
    """Yield (onset, end, note) of each note that sounds, in the order of the onsets."""
    for bar, (start, stop) in zip(inside, bars.spans(), strict=False):
        for element in bar.flatten().notes:
            onset = start + float(element.offset)
            end = min(onset + float(element.quarterLength), stop)
            # A grace note, a chord symbol, or what lies past the barline has no length.
            if end <= onset:
                continue
            notes = element.notes if "Chord" in element.classes else (element,)
            for one in notes:
                yield onset, end, one


def _marks(
    inside: Bars,
    bars: _ScoreBars,
    kind: str,
) -> Iterator[tuple[float, Any]]:
    """Yield (onset, mark) of the marks of that class of music21."""
    for bar, (start, stop) in zip(inside, bars.spans(), strict=False):
        for element in bar.flatten().getElementsByClass(kind):
            yield min(start + float(element.offset), stop), element


def _tempos(parts: Sequence[Bars], bars: _ScoreBars) -> tuple[Tempo, ...]:
    """Return the tempos; of several at one onset the first that has a number counts."""
    found: dict[float, Tempo] = {}
    for inside in parts:
        for onset, mark in _marks(inside, bars, "MetronomeMark"):
            qpm = mark.getQuarterBPM()
            if qpm and qpm > 0:
                found.setdefault(onset, Tempo(onset, float(qpm)))
    return tuple(found.values())


def _keys(parts: Sequence[Bars], bars: _ScoreBars) -> tuple[KeySignature, ...]:
    """Return the key signatures of the first part that has any."""
    for inside in parts:
        found: dict[float, KeySignature] = {}
        for onset, key in _marks(inside, bars, "KeySignature"):
            if abs(key.sharps) <= MOST_SHARPS:
                is_minor = getattr(key, "mode", "") == "minor"
                found[onset] = KeySignature(onset, key.sharps, is_minor)
        if found:
            return tuple(found.values())
    return ()
