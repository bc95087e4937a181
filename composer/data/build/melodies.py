"""Build the bundled melodies from their ABC notation: `python -m composer.data.build.melodies`.

music21 reads the notes; the header fields are read here, since it drops most of them.
"""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from composer.catalog import IN_REPOSITORY
from composer.errors import MelodyError, MissingPackageError
from composer.songs import write
from composer.songs.song import KeySignature, Note, Song, Tempo, TimeSignature, Track

ABC = "melodies.abc"
FIELDS = "XTCSFMLQK"
VERSION = "%abc-2.1"  # without it music21 takes an accidental for one note only, not for the rest of the bar


@dataclass(frozen=True)
class Tune:
    """One tune of the ABC file: its header fields by letter, and its whole text."""

    fields: dict[str, str]
    text: str

    @property
    def name(self) -> str:
        """The name of its MIDI file, without the ending."""
        return self.fields["F"].removesuffix(".mid")


@dataclass(frozen=True)
class Bar:
    """One bar as written: its length in beats and its notes, onsets counted from the start of the bar.

    With each note comes True if it continues a tie from the note before.
    """

    length: float
    notes: tuple[tuple[Note, bool], ...]


def tunes(text: str) -> list[Tune]:
    """The tunes of an ABC file, in order. Raises MelodyError if one lacks a field or two share a file."""
    found = [_tune(part) for part in re.split(r"(?m)^(?=X:)", text) if part.startswith("X:")]
    files = [tune.name for tune in found]
    if twice := sorted({name for name in files if files.count(name) > 1}):
        raise MelodyError(
            f"each tune has a file of its own, these names are used twice: {', '.join(twice)}"
        )
    return found


def _tune(text: str) -> Tune:
    fields = {line[0]: line[2:].strip() for line in text.splitlines() if re.match(r"[A-Z]:", line)}
    if missing := [letter for letter in FIELDS if letter not in fields]:
        raise MelodyError(
            f"a tune has the fields {FIELDS}; X:{fields['X']} lacks {', '.join(missing)}"
        )
    return Tune(fields, text)


def to_song(tune: Tune) -> Song:
    """A tune as a Song with one track, "Melody". Raises MelodyError if its bars do not add up."""
    part = _parse(tune.text)
    metre, key = (
        part.recurse().getElementsByClass("TimeSignature")[0],
        part.recurse().getElementsByClass("Key")[0],
    )
    mark = part.recurse().getElementsByClass("MetronomeMark")[0]
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


def _bar(measure: Any) -> Bar:
    notes = tuple(
        (
            Note(float(note.offset), note.pitch.midi, float(note.quarterLength)),
            note.tie is not None and note.tie.type != "start",
        )
        for note in measure.notes
    )
    return Bar(float(measure.duration.quarterLength), notes)


def _pickup(name: str, bars: list[Bar], beats_per_bar: float) -> float:
    """Beats before the first full bar; the last bar must be short by as much, all others full."""
    if not bars:
        raise MelodyError(f"{name}: music21 finds no bars; a tune has three or more")
    pickup = bars[0].length if bars[0].length < beats_per_bar else 0.0
    lengths = [beats_per_bar] * len(bars)
    if pickup:
        lengths[0], lengths[-1] = pickup, beats_per_bar - pickup
    for number, (bar, length) in enumerate(
        zip(bars, lengths, strict=True), start=0 if pickup else 1
    ):
        if abs(bar.length - length) > 1e-6:
            raise MelodyError(f"{name}: bar {number} has {length:g} beats, got {bar.length:g}")
    return pickup


def _signatures(metre: TimeSignature, pickup: float) -> tuple[TimeSignature, ...]:
    if not pickup:
        return (metre,)
    short = TimeSignature(0.0, round(pickup * metre.denominator / 4), metre.denominator)
    return (short, TimeSignature(pickup, metre.numerator, metre.denominator))


def _notes(name: str, bars: list[Bar]) -> tuple[Note, ...]:
    """All notes on the time line of the song, tied ones joined."""
    line: list[Note] = []
    start = 0.0
    for bar in bars:
        for note, tied in bar.notes:
            if tied:
                if note.pitch != line[-1].pitch:
                    raise MelodyError(f"{name}: a tie joins {line[-1].pitch} and {note.pitch}")
                line[-1] = replace(line[-1], duration=line[-1].duration + note.duration)
            else:
                line.append(Note(start + note.onset, note.pitch, note.duration))
        start += bar.length
    return tuple(line)


def build(folder: Path) -> list[Path]:
    """Write the MIDI file of every tune in `folder`'s ABC file beside it; return what was written."""
    written: list[Path] = []
    for tune in tunes((folder / ABC).read_text(encoding="utf-8")):
        written.append(folder / f"{tune.name}.mid")
        write(written[-1], to_song(tune))
    return written


def main() -> None:
    """Build all, and print each file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--folder", type=Path, default=IN_REPOSITORY, help=f"where {ABC} is and the files go"
    )
    for file in build(parser.parse_args().folder):
        print(file)


if __name__ == "__main__":
    main()
