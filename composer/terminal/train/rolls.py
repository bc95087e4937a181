"""Watched melodies as they are arranged now: piano rolls in lines of a terminal.

With Unicode and colours a character holds two pitches, in half blocks. Without, a letter stands where a note starts,
that of its track, and a line where it lasts; the melody's line is the heavy one.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import numpy as np
from rich.segment import Segment
from rich.style import Style

from composer.pictures.palette import MELODY, OTHERS
from composer.songs.song import Song
from composer.terminal.train.characters import EMPTY, Ints, Roll, draw
from composer.terminal.train.paper import DIM, PLAIN, Line, Paper, fit, title

LEAST: Final = 8  # lines; a lower one shows nothing
KEYS: Final = 5  # columns at the left for the names of the rows
NARROWEST: Final = KEYS + 16


def rolls(songs: dict[str, Song], iteration: int, paper: Paper) -> list[Line]:
    """As many of the songs, in order, as `paper` has room for."""
    lines: list[Line] = []
    for name, song in songs.items():
        room = paper.height - len(lines)
        if room < LEAST or paper.width < NARROWEST:
            break
        lines += _roll(f"{name}, iteration {iteration}", song, paper, room)
    return lines


def _roll(name: str, song: Song, paper: Paper, height: int) -> list[Line]:
    if song.end <= 0:
        return [title(f"{name}: no notes", paper, paper.width)]
    blocks = paper.unicode and paper.colors
    roll = draw(song, height - 2, paper.width - KEYS, 2 if blocks else 1)
    letters = _letters(song)
    if not roll.whole:
        name += f", the first {len(roll.bars)} bars"
    legend = _legend(song, paper, None if blocks else letters)
    lines = [title(name, paper, paper.width, legend), _numbers(roll, paper.width)]
    edges = {column for column, _ in roll.bars}
    for row, label in enumerate(roll.labels):
        key = Segment(label.rjust(KEYS - 1) + " ", DIM)
        if blocks:
            cells = _block_row(_colored(roll.pixels[2 * row : 2 * row + 2]), edges)
        else:
            cells = _letter_row(roll.pixels[row], edges, paper, letters)
        lines.append(fit([key, *cells], paper.width))
    return lines


def _legend(song: Song, paper: Paper, letters: list[str] | None) -> Line:
    """The name of every track that sounds, in its colour or with its letter."""
    line: Line = []
    for index, track in enumerate(song.tracks):
        if track.notes:
            sign = letters[index] + _lasting(index, paper) if letters else "■"
            style = _style(2 * index, EMPTY) if paper.colors else PLAIN
            line += [
                Segment(f" {sign} ", style),
                Segment(paper.text(track.name or f"track {index + 1}")),
            ]
    return line


def _letters(song: Song) -> list[str]:
    """A letter for each track: the first of its name, or its number where that is taken or no letter."""
    found: list[str] = []
    for index, track in enumerate(song.tracks):
        letter = track.name[:1].upper()
        free = letter.isascii() and letter.isalpha() and letter not in found
        found.append(letter if free else str((index + 1) % 10))
    return found


def _lasting(track: int, paper: Paper) -> str:
    return paper("━", "=") if track == 0 else paper("─", "-")


def _numbers(roll: Roll, width: int) -> Line:
    """The numbers of the bars above their lines, those that have room."""
    line, at = " " * KEYS, KEYS
    for column, bar in roll.bars:
        if bar and column + KEYS >= at:
            line = line.ljust(column + KEYS) + str(bar)
            at = len(line) + 1
    return fit([Segment(line, DIM)], width)


def _colored(pixels: Ints) -> Ints:
    """The pixels, with a start only where it would not be seen otherwise: right after a note of the same track."""
    before = np.concatenate([np.full((len(pixels), 1), EMPTY), pixels[:, :-1]], axis=1)
    alone = (pixels != EMPTY) & (before // 2 != pixels // 2)
    return np.where(alone, pixels // 2 * 2, pixels)


def _block_row(pixels: Ints, edges: set[int]) -> Iterator[Segment]:
    """A row of half blocks, two pixels above each other in each."""
    top, bottom = pixels
    changes = (np.flatnonzero((np.diff(top) != 0) | (np.diff(bottom) != 0)) + 1).tolist()
    for start, end in zip([0, *changes], [*changes, len(top)], strict=True):
        upper, lower = int(top[start]), int(bottom[start])
        if upper == lower == EMPTY:
            yield Segment(
                "".join("▏" if column in edges else " " for column in range(start, end)), DIM
            )
        else:
            sign = "█" if upper == lower else "▄" if upper == EMPTY else "▀"
            yield Segment(sign * (end - start), _style(upper, lower))


def _letter_row(
    pixels: Ints, edges: set[int], paper: Paper, letters: list[str]
) -> Iterator[Segment]:
    for column, pixel in enumerate(pixels.tolist()):
        track, starts = divmod(pixel, 2)
        if pixel == EMPTY:
            yield Segment(paper("│", "|") if column in edges else " ", DIM)
        else:
            style = _style(2 * track, EMPTY) if paper.colors else PLAIN
            yield Segment(letters[track] if starts else _lasting(track, paper), style)


@lru_cache(maxsize=1024)
def _style(upper: int, lower: int) -> Style:
    """The colours of a character of two pixels."""
    if EMPTY in (upper, lower) or upper == lower:
        return Style(color=_shade(max(upper, lower)))
    return Style(color=_shade(upper), bgcolor=_shade(lower))


def _shade(pixel: int) -> str:
    """The colour of a pixel: the track's, lighter where a note starts."""
    track, starts = divmod(pixel, 2)
    color = MELODY if track == 0 else OTHERS[(track - 1) % len(OTHERS)]
    light = 0.45 if starts else 0.0
    return "#" + bytes(round(c + light * (255 - c)) for c in bytes.fromhex(color[1:])).hex()
