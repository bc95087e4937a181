"""The stage's piano roll in lines of a terminal: its ruler, its chords, its keyboard, its notes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from rich.segment import Segment
from rich.style import Style

from composer.pictures.cells import (
    EMPTY,
    Ints,
    NoteTable,
    PitchRows,
    characters,
    pack,
    paint,
    shade,
    stretches,
    unpack,
)
from composer.pictures.layout import chord_changes
from composer.pictures.palette import Palette
from composer.pictures.text import signs
from composer.songs.theory import name_chord
from composer.terminal.palette import TerminalPalette, style
from composer.terminal.play.digits import large
from composer.terminal.play.keyboard import WIDTH, ground_of, keyboard
from composer.terminal.play.lens import Lens, rulings
from composer.terminal.text import Line, fit

LEFT: Final = WIDTH  # columns of the keyboard
# What a cell without a note can hold besides lines; notes are packed into numbers from 0 on.
HEAD, WORDS, DIGIT = -1, -2, -3
LEAST_OF_A_CHORD: Final = 3  # pitches


@dataclass(frozen=True)
class View:
    """All that the roll shows, besides its notes: the same view of the same notes is the same
    picture.
    """

    lens: Lens
    rows: PitchRows
    palette: TerminalPalette
    beats_per_bar: int = 4
    now: int = (
        0  # the pixel of the beat (`Lens.now`), which is all of the beat that is seen
    )
    held: tuple[int, ...] = ()  # keys that are down
    number: str = ""  # of a count-in, drawn large
    words: tuple[str, ...] = ()  # lines in the middle of an empty roll

    @property
    def beat(self) -> float:
        """The beat at which the view is drawn: the start of its pixel."""
        return self.now / self.lens.per_beat

    @property
    def width(self) -> int:
        """Columns of a line, the keyboard included."""
        return LEFT + self.lens.columns


def ruler(view: View) -> Line:
    """Return the numbers of the bars above their lines."""
    _, numbers = rulings(view.beat, view.lens, view.beats_per_bar)
    text = " " * LEFT
    for column, bar in numbers:
        if bar > 0 and column + LEFT >= len(text):
            text = text.ljust(column + LEFT) + str(bar) + " "
    blank = style(view.palette.faint, view.palette.ground)
    return fit([Segment(text, blank)], view.width, blank)


def chords(view: View, names: Mapping[int, str]) -> Line:
    """Return the chords over their beats, named as they change; the one that sounds now stands
    out.
    """
    palette = view.palette
    blank = style(palette.faint, palette.ground)
    lit = style(palette.text, palette.ground, bold=True)
    columns = view.lens.at(view.beat)
    line, free = [Segment(" " * LEFT, blank)], LEFT
    changes = chord_changes((float(beat), names[beat]) for beat in sorted(names))
    for beat, name in changes:
        column = columns.pixel(beat) // 2 + LEFT
        if column < free or column + len(name) >= view.width:
            continue
        is_now = beat <= view.beat < beat + 1
        line.append(Segment(" " * (column - free), blank))
        line.append(Segment(name + " ", lit if is_now else blank))
        free = column + len(name) + 1
    return fit(line, view.width, blank)


def chord_names(notes: NoteTable, first: int, last: int) -> dict[int, str]:
    """Return the chord on each beat from `first` to before `last` that has three pitches or more,
    by beat.
    """
    names = {}
    for beat in range(first, last):
        pitches = [pitch for pitch, _ in notes.sounding(beat)]
        if len(pitches) >= LEAST_OF_A_CHORD:
            names[beat] = signs(name_chord(pitches))
    return names


def roll(view: View, notes: NoteTable) -> list[Line]:
    """Return the lines of keys and notes, `view.rows.pixels / 2` of them."""
    painted = paint(
        notes,
        view.lens.at(view.beat),
        view.rows,
        view.beat,
    )
    packed = pack(*characters(painted))
    if view.number:
        packed[large(view.number, *packed.shape)] = DIGIT
    # The playhead is a line behind the notes.
    head = packed[:, view.lens.head]
    head[head == 0] = HEAD
    line, _ = rulings(view.beat, view.lens, view.beats_per_bar)
    bases = [line] * len(packed)
    # Words stand on the line of bars, so they come before the cells are made.
    _write(view.words, bases, packed)
    keys = _keys(view, notes)
    lines = []
    for index in range(len(packed)):
        ground = ground_of(view.rows, view.palette, index)
        cells = _cells(view.palette, ground, bases[index], packed[index])
        lines.append([*keys[index], *cells])
    return lines


def _keys(view: View, notes: NoteTable) -> list[Line]:
    """Return the keyboard, with what sounds; a key that is held is the melody's."""
    sounding = dict(notes.sounding(view.beat))
    for pitch in view.held:
        sounding[pitch] = 0
    return keyboard(view.rows, view.palette, tuple(sorted(sounding.items())))


def _cells(
    palette: TerminalPalette,
    ground: str,
    base: str,
    packed: Ints,
) -> Line:
    """Return a line of notes: a segment for each run of equal characters."""
    line = []
    for start, end in stretches(packed):
        sign, look = _look(palette, ground, int(packed[start]))
        text = sign * (end - start) if sign else base[start:end]
        line.append(Segment(text, look))
    return line


@lru_cache(maxsize=4096)
def _look(palette: Palette, ground: str, packed: int) -> tuple[str, Style]:
    """Return (the character, "" for what lies beneath; the style) of a packed cell."""
    if packed == 0:
        return "", style(palette.beat_line, ground)
    if packed == WORDS:
        return "", style(palette.text, ground)
    if packed == HEAD:
        return "▎", style(palette.text, ground)
    if packed == DIGIT:
        return "█", style(palette.text, ground)
    sign, front, back = unpack(packed)
    behind = ground if back == EMPTY else shade(palette, back)
    return sign, style(shade(palette, front), behind)


def _write(words: Sequence[str], bases: list[str], packed: Ints) -> None:
    """Write words into the middle of the lines, over what is there."""
    top = (len(bases) - len(words)) // 2
    for index, text in enumerate(words, top):
        if not 0 <= index < len(bases) or not text:
            continue
        base = bases[index]
        text = f" {text} "[: len(base)]
        left = (len(base) - len(text)) // 2
        right = left + len(text)
        bases[index] = base[:left] + text + base[right:]
        packed[index, left:right] = WORDS
