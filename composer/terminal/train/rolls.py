"""Watched melodies as they are arranged now: piano rolls in lines of a terminal.

With Unicode and colours a character holds four pixels, in quadrant blocks. Without, a letter
stands at the start of a note, that of its track, and a line while it lasts; the melody's line is
the heavy one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil
from typing import Final

from rich.segment import Segment
from rich.style import Style

from composer.pictures.cells import (
    EMPTY,
    LETTERS,
    NEEDED,
    BeatColumns,
    Ints,
    PitchRows,
    block_line,
    characters,
    code,
    pack,
    paint,
    pitch_rows,
    shade,
    table_of,
    track_of,
)
from composer.pictures.layout import Layout, Room, lay_out
from composer.pictures.palette import ANY_GROUND
from composer.pictures.text import pitch_name
from composer.songs.song import Song
from composer.terminal.text import DIM, PLAIN, Area, Line, fit, heading

# Lines: in a lower roll the voices lie on top of each other.
LEAST: Final = 8
# Columns at the left for the names of the rows.
KEYS: Final = 5
NARROWEST: Final = KEYS + 16
WIDEST_BEAT: Final = 8.0  # columns
# A longer song is cut at the last bar that fits: narrower beats cannot be read.
NARROWEST_BEAT: Final = 0.75
# Columns from which on a beat has a whole number of them, so that equal notes look equal.
EVEN_BEAT: Final = 2.0
ROOM: Final = Room(spare=0, narrowest=1)


@dataclass(frozen=True)
class SongRoll:
    """A song as pixels: its layout, cut to the bars that are shown, and their places."""

    layout: Layout
    rows: PitchRows
    columns: BeatColumns
    # Pixels above each other and beside each other in a character.
    per_cell: int
    # True if all bars are shown.
    whole: bool

    def bar_columns(self) -> list[tuple[int, int]]:
        """Return (column of characters, number) of every bar."""
        found = []
        for bar in self.layout.bars:
            column = self.columns.pixel(bar.start) // self.per_cell
            found.append((column, bar.number))
        return found

    def labels(self) -> list[str]:
        """Return the label of each line: the C's, the G's if there is room, the drums."""
        named = [""] * (self.rows.height // self.per_cell)
        for pitch in self.layout.scope.pitches:
            line = self.rows.pixel(pitch) // self.per_cell
            # A G between two C's, if each pitch has its pixel and the line is free.
            is_spare = pitch % 12 == 7 and self.rows.semitone == 1 and not named[line]
            if pitch % 12 == 0 or is_spare:
                named[line] = pitch_name(pitch)
        if self.rows.lanes:
            named[-1] = "drum"
        return named

    def pixels(self) -> Ints:
        """Return the codes of all pixels: int [row, column]."""
        onsets = LETTERS if self.per_cell == 1 else NEEDED
        return paint(
            table_of(self.layout.song),
            self.columns,
            self.rows,
            onsets=onsets,
        )


def rolls(songs: dict[str, Song], iteration: int, area: Area) -> list[Line]:
    """Return as many of the songs, in order, as `area` has room for."""
    lines: list[Line] = []
    for name, song in songs.items():
        room = area.height - len(lines)
        if room < LEAST or area.width < NARROWEST:
            break
        lines += _roll(
            f"{name}, iteration {iteration}", song, replace(area, height=room)
        )
    return lines


def roll_of(
    song: Song,
    lines: int,
    columns: int,
    per_cell: int = 2,
) -> SongRoll:
    """Return a song in at most `lines` lines and `columns` columns, fewer if it needs fewer."""
    # The melody is the first track, whatever the generator puts above it.
    melody = (
        0
        if song.tracks and song.tracks[0].notes and not song.tracks[0].is_drum
        else None
    )
    layout = lay_out(song, melody, ROOM)
    layout, beat = _cut(layout, columns)
    width = min(columns, ceil(layout.end * beat - 1e-6))
    return SongRoll(
        layout,
        pitch_rows(layout.scope, lines * per_cell, per_cell),
        BeatColumns(max(width, 1) * per_cell, beat * per_cell),
        per_cell,
        whole=len(layout.bars) == len(lay_out(song, melody, ROOM).bars),
    )


def _cut(layout: Layout, columns: int) -> tuple[Layout, float]:
    """Return the bars that fit, one at least, and the columns of a beat."""
    fitting = [bar for bar in layout.bars if bar.end * NARROWEST_BEAT <= columns]
    # Whole bars only: half a bar at the edge looks like the end of the song.
    layout = replace(layout, bars=tuple(fitting or layout.bars[:1]))
    beat = columns / layout.end
    if beat >= EVEN_BEAT:
        beat = float(int(beat))
    return layout, min(beat, WIDEST_BEAT)


def _roll(name: str, song: Song, area: Area) -> list[Line]:
    if song.end <= 0:
        return [heading(f"{name}: no notes", area, area.width)]
    # Blocks tell tracks apart by colour alone; without it letters do.
    in_blocks = area.unicode and area.colors
    roll = roll_of(
        song,
        area.height - 2,
        area.width - KEYS,
        2 if in_blocks else 1,
    )
    if not roll.whole:
        name += f", the first {len(roll.layout.bars)} bars"
    letters = [] if in_blocks else _letters(song)
    legend = _legend(roll.layout, area, letters)
    drawn = _block_lines(roll) if in_blocks else _letter_lines(roll, area, letters)
    lines = [
        heading(
            name,
            area,
            area.width,
            legend,
        ),
        _numbers(roll, area.width),
    ]
    for label, cells in zip(roll.labels(), drawn, strict=True):
        key = Segment(label.rjust(KEYS - 1) + " ", DIM)
        lines.append(fit([key, *cells], area.width))
    return lines


def _legend(layout: Layout, area: Area, letters: list[str]) -> Line:
    """Return the name of every track that sounds, in its colour or with its letter."""
    line: Line = []
    for index, track in enumerate(layout.song.tracks):
        if track.notes:
            sign = letters[index] + _lasting(index, area) if letters else "■"
            line.append(Segment(f" {sign} ", _track_style(index, area)))
            line.append(Segment(area.text(layout.names[index])))
    return line


def _letters(song: Song) -> list[str]:
    """Return a letter for each track: the first of its name, or its number if that is taken."""
    found: list[str] = []
    for index, track in enumerate(song.tracks):
        letter = track.name[:1].upper()
        is_free = letter.isascii() and letter.isalpha() and letter not in found
        found.append(letter if is_free else str((index + 1) % 10))
    return found


def _lasting(track: int, area: Area) -> str:
    return area.sign("━", "=") if track == 0 else area.sign("─", "-")


def _track_style(track: int, area: Area) -> Style:
    return Style(color=shade(ANY_GROUND, code(track))) if area.colors else PLAIN


def _numbers(roll: SongRoll, width: int) -> Line:
    """Return the numbers of the bars above their lines, those that have room."""
    # A number that would touch the one before is left out.
    text = " " * KEYS
    free = KEYS
    for column, bar in roll.bar_columns():
        if bar and column + KEYS >= free:
            text = text.ljust(column + KEYS) + str(bar)
            free = len(text) + 1
    return fit([Segment(text, DIM)], width)


def _block_lines(roll: SongRoll) -> list[Line]:
    packed = pack(*characters(roll.pixels()))
    base = [" "] * packed.shape[1]
    for column, _ in roll.bar_columns():
        base[column] = "▏"
    text = "".join(base)
    return [block_line(line, ANY_GROUND, text, DIM) for line in packed]


def _letter_lines(roll: SongRoll, area: Area, letters: list[str]) -> list[Line]:
    edges = {column for column, _ in roll.bar_columns()}
    return [
        _letter_line(
            line,
            edges,
            area,
            letters,
        )
        for line in roll.pixels().tolist()
    ]


def _letter_line(
    pixels: list[int],
    edges: set[int],
    area: Area,
    letters: list[str],
) -> Line:
    line = []
    for column, pixel in enumerate(pixels):
        if pixel == EMPTY:
            sign = area.sign("│", "|") if column in edges else " "
            line.append(Segment(sign, DIM))
            continue
        track = track_of(pixel)
        starts = pixel == code(track, is_onset=True)
        sign = letters[track] if starts else _lasting(track, area)
        line.append(Segment(sign, _track_style(track, area)))
    return line
