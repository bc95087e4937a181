"""The piano roll in lines of a terminal: its ruler, its keyboard at the left, its notes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment

from composer.pictures.layout import BLACK_KEYS
from composer.songs.theory import name_chord, pitch_class_name
from composer.terminal.play.lines import Line, fit
from composer.terminal.play.palette import CODES, EMPTY, SOUNDING, Palette, code, style
from composer.terminal.play.roll import (
    QUADRANTS,
    Ints,
    Lens,
    Notes,
    Scope,
    characters,
    picture,
    rulings,
)

NAMES: Final = 4  # columns for the names of pitches
KEYS: Final = 3  # columns for the keys
LEFT: Final = NAMES + KEYS + 1
DIGIT: Final = CODES  # the code of a digit of the count-in
HEAD, WORDS = -1, -2  # what stands in a cell without a note: the playhead, words
# fmt: off
DIGITS: Final = {
    "0": (7, 5, 5, 5, 7), "1": (2, 6, 2, 2, 7), "2": (7, 1, 7, 4, 7), "3": (7, 1, 7, 1, 7), "4": (5, 5, 7, 1, 1),
    "5": (7, 4, 7, 1, 7), "6": (7, 4, 7, 5, 7), "7": (7, 1, 1, 2, 2), "8": (7, 5, 7, 5, 7), "9": (7, 5, 7, 1, 7),
}  # rows of three bits
# fmt: on


@dataclass(frozen=True)
class View:
    """All that the roll shows, besides its notes: the same view of the same notes is the same picture.

    now: the pixel of the beat (`Lens.now`), which is all of the beat that is seen. held: keys that are down. number:
    of a count-in, drawn large, or "". words: lines in the middle of an empty roll.
    """

    lens: Lens
    scope: Scope
    palette: Palette
    beats_per_bar: int = 4
    now: int = 0
    held: tuple[int, ...] = ()
    number: str = ""
    words: tuple[str, ...] = ()

    @property
    def beat(self) -> float:
        """The beat at which the view is drawn: where its pixel begins."""
        return self.now / self.lens.per_beat


def ruler(view: View) -> Line:
    """The numbers of the bars above their lines."""
    _, numbers = rulings(view.beat, view.lens, view.beats_per_bar)
    text = " " * LEFT
    for column, bar in numbers:
        if bar > 0 and column + LEFT >= len(text):
            text = text.ljust(column + LEFT) + str(bar) + " "
    palette = view.palette
    blank = style(palette.muted, palette.ground)
    return fit([Segment(text, blank)], LEFT + view.lens.columns, blank)


def chords(view: View, names: Mapping[int, str]) -> Line:
    """The chords over their beats, named where they change; the one that sounds now stands out."""
    left, palette = view.lens.left(view.beat), view.palette
    line, at, before = [Segment(" " * LEFT, style(palette.muted, palette.ground))], LEFT, ""
    for beat in sorted(names):
        column = (beat * view.lens.per_beat - left) // 2 + LEFT
        name, before = (names[beat] if names[beat] != before else ""), names[beat] or before
        if name and column >= at and column + len(name) < LEFT + view.lens.columns:
            color = palette.ink if beat <= view.beat < beat + 1 else palette.muted
            line += [Segment(" " * (column - at), style(color, palette.ground))]
            line += [Segment(name + " ", style(color, palette.ground, bold=color == palette.ink))]
            at = column + len(name) + 1
    return fit(line, LEFT + view.lens.columns, style(palette.muted, palette.ground))


def chord_names(notes: Notes, first: int, last: int) -> dict[int, str]:
    """The chord on each beat from `first` to before `last` that has three pitches or more, by beat."""
    sounding = {beat: [pitch for pitch, _ in notes.sounding(beat)] for beat in range(first, last)}
    return {
        beat: _signs(name_chord(pitches)) for beat, pitches in sounding.items() if len(pitches) > 2
    }


def rows(view: View, notes: Notes) -> list[Line]:
    """The rows of keys and notes, `scope.pixels / 2` of them."""
    bits, front, back = characters(picture(notes, view.beat, view.lens, view.scope))
    if view.number:
        _stamp(view.number, bits, front)
    runs = (bits * (CODES + 1) + front) * (CODES + 1) + back
    runs[bits == 0] = 0
    runs[:, view.lens.head][bits[:, view.lens.head] == 0] = HEAD
    line, _ = rulings(view.beat, view.lens, view.beats_per_bar)
    bases = [line] * len(bits)
    _write(view.words, bases, runs)
    sounding = {**dict(notes.sounding(view.beat)), **dict.fromkeys(view.held, 0)}
    keys = _keyboard(view.scope, view.palette, tuple(sorted(sounding.items())))
    grounds = [_ground(view.scope, view.palette, row) for row in range(len(bits))]
    return [
        [*keys[row], *_notes(view.palette, grounds[row], bases[row], runs[row])]
        for row in range(len(bits))
    ]


def _notes(palette: Palette, ground: str, base: str, runs: Ints) -> Line:
    """A row of notes: a segment for each run of equal characters."""
    changes = (np.flatnonzero(runs[1:] != runs[:-1]) + 1).tolist()
    line = []
    for start, end in zip([0, *changes], [*changes, len(runs)], strict=True):
        line.append(_run(palette, ground, base[start:end], int(runs[start])))
    return line


def _run(palette: Palette, ground: str, base: str, run: int) -> Segment:
    if run == 0:
        return Segment(base, style(palette.grid, ground))
    if run == HEAD:
        return Segment("▎", style(palette.ink, ground))
    if run == WORDS:
        return Segment(base, style(palette.ink, ground))
    sign, color, behind = _sign(palette, run)
    return Segment(sign * len(base), style(color, behind or ground))


@lru_cache(maxsize=4096)
def _sign(palette: Palette, run: int) -> tuple[str, str, str]:
    """(The character, its colour, the colour behind it or "" for the row's own) of a run."""
    rest, back = divmod(run, CODES + 1)
    bits, front = divmod(rest, CODES + 1)
    color = palette.ink if front == DIGIT else palette.pixel(front)
    return QUADRANTS[bits], color, "" if back == EMPTY else palette.pixel(back)


def _ground(scope: Scope, palette: Palette, row: int) -> str:
    """Every other octave has a band behind it."""
    return palette.band if scope.pitch(2 * row + 1) // 12 % 2 else palette.ground


@lru_cache(maxsize=64)
def _keyboard(scope: Scope, palette: Palette, sounding: tuple[tuple[int, int], ...]) -> list[Line]:
    """The rows of keys; those of `sounding` (pitch, voice) are lit, the melody over the others."""
    order = sorted(sounding, key=lambda pair: -pair[1])
    lit = {pixel: pair for pair in order for pixel in range(*scope.span(pair[0]))}
    octaves = {
        scope.pixel(pitch) // 2: pitch for pitch in range(0, 128, 12) if scope.holds([pitch])
    }
    return [_keys(scope, palette, row, lit, octaves.get(row)) for row in range(scope.pixels // 2)]


def _keys(
    scope: Scope, palette: Palette, row: int, lit: Mapping[int, tuple[int, int]], octave: int | None
) -> Line:
    """The name of a lit key, else of the C that begins an `octave`, and two keys above each other."""
    ground = _ground(scope, palette, row)
    here = [
        lit[pixel]
        for pixel in (2 * row, 2 * row + 1)
        if pixel in lit and scope.pixel(lit[pixel][0]) // 2 == row
    ]
    pitch, voice = min(here, key=lambda pair: pair[1], default=(octave, -1))
    color = palette.muted if voice < 0 else palette.pixel(code(voice, SOUNDING))
    near = [_key(scope, palette, pixel, lit, is_end=False) for pixel in (2 * row, 2 * row + 1)]
    ends = [_key(scope, palette, pixel, lit, is_end=True) for pixel in (2 * row, 2 * row + 1)]
    return [
        Segment(
            " " * NAMES if pitch is None else _pitch_name(pitch), style(color, ground, voice >= 0)
        ),
        Segment("▀" * (KEYS - 1), style(*near)),
        Segment("▀", style(*ends)),
        Segment(" ", style(palette.grid, ground)),
    ]


def _key(
    scope: Scope, palette: Palette, pixel: int, lit: Mapping[int, tuple[int, int]], is_end: bool
) -> str:
    """The colour of a key, near the names or at its end, which black keys do not reach."""
    pitch, voice = lit.get(pixel, (scope.pitch(pixel), -1))
    is_black = pitch % 12 in BLACK_KEYS and not is_end
    if not 0 <= pitch <= 127:
        return palette.ground
    if voice >= 0 and (is_black or pitch % 12 not in BLACK_KEYS):
        return palette.pixel(code(voice, SOUNDING))
    return palette.black if is_black else palette.white


@lru_cache(maxsize=128)
def _pitch_name(pitch: int) -> str:
    return f"{_signs(pitch_class_name(pitch))}{pitch // 12 - 1}".ljust(NAMES)[:NAMES]


def _signs(name: str) -> str:
    """Real sharps and flats in the name of a pitch or chord."""
    return name.replace("#", "♯").replace("b", "♭")


def _stamp(number: str, bits: Ints, front: Ints) -> None:
    """Digits in the middle, over all else, as large as a third of the height lets them be."""
    height, width = bits.shape
    down = 2 if height >= 14 else 1
    across = 2 * down
    shape = np.concatenate([_digit(figure) for figure in number], axis=1)
    shape = shape.repeat(down, axis=0).repeat(across, axis=1)[:height, :width]
    top, left = (height - shape.shape[0]) // 2, (width - shape.shape[1]) // 2
    area = np.s_[top : top + shape.shape[0], left : left + shape.shape[1]]
    bits[area][shape], front[area][shape] = 15, DIGIT


def _digit(figure: str) -> NDArray[np.bool_]:
    return np.array([[row >> 2 & 1, row >> 1 & 1, row & 1, 0] for row in DIGITS[figure]], bool)


def _write(words: Sequence[str], bases: list[str], runs: Ints) -> None:
    """Words in the middle of the rows, where there are no notes."""
    top = (len(bases) - len(words)) // 2
    for row, text in enumerate(words, top):
        if not 0 <= row < len(bases) or not text:
            continue
        text = f" {text} "[: len(bases[row])]
        left = (len(bases[row]) - len(text)) // 2
        bases[row] = bases[row][:left] + text + bases[row][left + len(text) :]
        runs[row, left : left + len(text)] = WORDS
