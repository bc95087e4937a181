"""ABC notation, in which the bundled tunes are written, to Songs. Reading only.

music21 reads the notes; the header fields are read here, since it drops most of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from composer.errors import MelodyError, MissingPackageError
from composer.songs.song import KeySignature, Note, Song, Tempo, TimeSignature, Track

FIELDS: Final = "XTCSFMLQK"  # what each tune of ours says of itself
# Without it music21 takes an accidental for one note only, not for the rest of the bar.
VERSION: Final = "%abc-2.1"


@dataclass(frozen=True)
class AbcTune:
    """One tune of an ABC file."""

    fields: dict[str, str]  # of its header, by letter
    text: str  # all of it

    @property
    def name(self) -> str:
        """Return the name of its MIDI file without the ending, as its field F says."""
        return self.fields["F"].removesuffix(".mid")


@dataclass(frozen=True)
class _Bar:
    """One bar as written."""

    length: float  # in beats
    # Onsets count from the start of the bar. With each note comes True if it continues a tie from
    # the note before.
    notes: tuple[tuple[Note, bool], ...]


def tunes(text: str) -> list[AbcTune]:
    """Return the tunes of an ABC file, in order.

    Raise MelodyError if a tune lacks a field or two tunes share a file.
    """
    parts = re.split(r"(?m)^(?=X:)", text)
    found = [_tune(part) for part in parts if part.startswith("X:")]
    files = [tune.name for tune in found]
    twice = sorted({name for name in files if files.count(name) > 1})
    if twice:
        names = ", ".join(twice)
        raise MelodyError(
            f"each tune has a file of its own, these names are used twice: {names}"
        )
    return found


def _tune(text: str) -> AbcTune:
    lines = [line for line in text.splitlines() if re.match(r"[A-Z]:", line)]
    fields = {line[0]: line[2:].strip() for line in lines}
    missing = [letter for letter in FIELDS if letter not in fields]
    if missing:
        lacks = ", ".join(missing)
        raise MelodyError(
            f"a tune has the fields {FIELDS}; X:{fields['X']} lacks {lacks}"
        )
    return AbcTune(fields, text)


def to_song(tune: AbcTune) -> Song:
    """Return a tune as a Song with one track, "Melody".

    Raise MelodyError if its bars do not add up, MissingPackageError without music21.
    """
    part = _parse(tune.text)
    elements = part.recurse()
    metre = elements.getElementsByClass("TimeSignature")[0]
    key = elements.getElementsByClass("Key")[0]
    mark = elements.getElementsByClass("MetronomeMark")[0]
    bars = [_bar(measure) for measure in part.getElementsByClass("Measure")]
    signature = TimeSignature(0.0, metre.numerator, metre.denominator)
    pickup = _pickup(tune.name, bars, signature.beats_per_bar)
    return Song(
        tracks=(Track(_notes(tune.name, bars), "Melody"),),
        tempos=(Tempo(0.0, round(mark.getQuarterBPM(), 6)),),
        time_signatures=_signatures(signature, pickup),
        key_signatures=(KeySignature(0.0, key.sharps, key.mode == "minor"),),
        title=tune.fields["T"],
    )


def _parse(text: str) -> Any:
    try:
        from music21 import converter
    except ImportError as error:
        raise MissingPackageError(
            "building the melodies needs music21: pip install 'melody-composer[data]'"
        ) from error
    return converter.parse(f"{VERSION}\n{text}", format="abc").parts[0]


def _bar(measure: Any) -> _Bar:
    notes = tuple(_note(note) for note in measure.notes)
    return _Bar(float(measure.duration.quarterLength), notes)


def _note(note: Any) -> tuple[Note, bool]:
    is_tied = note.tie is not None and note.tie.type != "start"
    onset = float(note.offset)
    duration = float(note.quarterLength)
    return Note(onset, note.pitch.midi, duration), is_tied


def _pickup(name: str, bars: Sequence[_Bar], beats_per_bar: float) -> float:
    """Return the beats before the first full bar.

    The last bar must be short by as much, all others full; raise MelodyError if not.
    """
    if not bars:
        raise MelodyError(f"{name}: music21 finds no bars; a tune has three or more")
    first_length = bars[0].length
    pickup = first_length if first_length < beats_per_bar else 0.0
    lengths = [beats_per_bar] * len(bars)
    if pickup:
        lengths[0] = pickup
        lengths[-1] = beats_per_bar - pickup
    first = 0 if pickup else 1
    for number, (bar, length) in enumerate(
        zip(bars, lengths, strict=True), start=first
    ):
        if abs(bar.length - length) > 1e-6:
            raise MelodyError(
                f"{name}: bar {number} has {length:g} beats, got {bar.length:g}"
            )
    return pickup


def _signatures(metre: TimeSignature, pickup: float) -> tuple[TimeSignature, ...]:
    if not pickup:
        return (metre,)
    numerator = round(pickup * metre.denominator / 4)
    short = TimeSignature(0.0, numerator, metre.denominator)
    return short, replace(metre, onset=pickup)


def _notes(name: str, bars: Sequence[_Bar]) -> tuple[Note, ...]:
    """Return all notes on the time line of the song, tied ones joined."""
    line: list[Note] = []
    start = 0.0
    for bar in bars:
        for note, is_tied in bar.notes:
            if is_tied:
                line[-1] = _tied(name, line[-1], note)
            else:
                line.append(replace(note, onset=start + note.onset))
        start += bar.length
    return tuple(line)


def _tied(name: str, before: Note, note: Note) -> Note:
    if note.pitch != before.pitch:
        raise MelodyError(f"{name}: a tie joins {before.pitch} and {note.pitch}")
    return replace(before, duration=before.duration + note.duration)
