"""A song as a PNG: a piano roll in rows of bars, coloured by track, with chord names below.

The page is one set of axes measured in inches: so corners are round and text keeps its distance.
"""

from __future__ import annotations

import warnings
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from composer.files import atomic
from composer.pictures.layout import is_black, main_metre, unisons
from composer.pictures.palette import BLACK, LIGHT, WHITE, mix
from composer.pictures.sheet import (
    HEAD,
    LANE,
    LEFT,
    LEGEND_COLUMNS,
    LEGEND_LINE,
    RIGHT,
    WIDTH,
    Row,
    Sheet,
    sheet_of,
)
from composer.pictures.text import drum_name, one_line, pitch_name, signs
from composer.songs.song import Note, Song
from composer.songs.theory import key_name, song_key

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI: Final = 120
# Of a side: matplotlib draws 65,535 at most.
MAX_PIXELS: Final = 60_000
KEY_WIDTH: Final = 0.24
KEYS_LEFT: Final = LEFT - 0.3
# Characters: longer ones would run into what stands beside them.
LONGEST_TITLE, LONGEST_NAME = 70, 20
# Points: smaller letters cannot be read in print.
SMALLEST_CHORD: Final = 4.5
# Inches, below which beats have no lines: they would be a grey area.
LEAST_BEAT: Final = 0.1

Rectangle = tuple[float, float, float, float]
"""x, y (the upper edge), width and height in inches."""


def plot_song(path: str | Path | None, song: Song, melody: int | None = None) -> Figure:
    """Draw a song as a piano roll and return the matplotlib figure; with a `path` write it as PNG.

    Pale notes are soft, full colour is loud. Notes of two tracks on one pitch share its height.

    Args:
        path: the PNG file, or None.
        song: at least one note, at most 2000 bars.
        melody: index of the track to highlight; None for the highest on average.

    Raise ComposerError for a song without notes or too long for a page, MelodyError for a `melody`
    that is not there, OutputError if the file cannot be written.

    >>> from composer import Note, Song, Track
    >>> figure = plot_song(None, Song((Track((Note(0, 60, 4),), "Flute"),), title="Long note"))
    >>> figure.axes[0].texts[0].get_text()
    'Long note'
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    sheet = sheet_of(song, melody)
    dpi = min(DPI, MAX_PIXELS / sheet.height)
    figure = Figure(
        figsize=(WIDTH, sheet.height),
        dpi=dpi,
        facecolor=LIGHT.ground,
    )
    # y counts from the top, as on every other surface.
    axes = figure.add_axes(
        (0.0, 0.0, 1.0, 1.0),
        xlim=(0, WIDTH),
        ylim=(sheet.height, 0),
    )
    axes.set_axis_off()
    _draw_head(axes, sheet)
    for row in sheet.rows:
        _draw_grid(axes, sheet, row)
        _draw_keys(axes, row)
        _draw_chords(axes, sheet, row)
    _draw_notes(axes, sheet)
    if path is not None:
        with atomic(path) as temporary, warnings.catch_warnings():
            # A title may be in a script that the font lacks.
            warnings.filterwarnings("ignore", "Glyph")
            FigureCanvasAgg(figure).print_png(str(temporary))
    return figure


def facts(song: Song) -> str:
    """Return tempo, metre, key and length in one line."""
    # Without a metre or a key in the file a usual one would be a guess: it is left out, or marked.
    parts = ["♩ = " + _speeds(song)]
    if song.time_signatures:
        metre = main_metre(song)
        parts.append(f"{metre.numerator}/{metre.denominator}")
    if any(track.notes and not track.is_drum for track in song.tracks):
        estimated = "" if song.key_signatures else " (estimated)"
        parts.append(signs(key_name(song_key(song))) + estimated)
    minutes, seconds = divmod(round(song.seconds(song.end)), 60)
    parts.append(f"{minutes}:{seconds:02d}")
    return "     ".join(parts)


def _speeds(song: Song) -> str:
    tempos = [tempo.qpm for tempo in song.tempos if tempo.onset < song.end] or [
        song.qpm
    ]
    slowest = f"{min(tempos):.0f}"
    fastest = f"{max(tempos):.0f}"
    if slowest == fastest:
        return slowest
    return f"{slowest}–{fastest}"


def _draw_head(axes: Any, sheet: Sheet) -> None:
    """Draw title, facts and legend."""
    layout = sheet.layout
    title = one_line(layout.song.title, LONGEST_TITLE) or "Untitled"
    _text(axes, LEFT, 0.5, title, size=20, weight="bold")
    _text(
        axes,
        LEFT,
        0.83,
        facts(layout.song),
        size=11,
        color=LIGHT.faint,
    )
    column_width = (WIDTH - LEFT - RIGHT) / LEGEND_COLUMNS
    for index, name in enumerate(layout.names):
        line, column = divmod(index, LEGEND_COLUMNS)
        x = LEFT + column * column_width
        y = HEAD + 0.08 + line * LEGEND_LINE
        is_melody = index == layout.melody and len(layout.names) > 1
        label = one_line(name, LONGEST_NAME) + (" (melody)" if is_melody else "")
        weight = "bold" if is_melody else "normal"
        _round_boxes(
            axes,
            [(x, y - 0.06, 0.3, 0.12)],
            [layout.colors[index]],
        )
        _text(axes, x + 0.4, y, label, weight=weight)


def _draw_grid(axes: Any, sheet: Sheet, row: Row) -> None:
    """Draw the ground of a row: bands, lines, the numbers of the bars."""
    _draw_pitch_lines(axes, row)
    beats = []
    # Beats that are too near to each other would be a grey area.
    if row.grid.beat > LEAST_BEAT:
        beats = [
            row.x(beat) for beat in sheet.layout.beats if row.start < beat < row.end
        ]
    _lines(axes.vlines, beats, row.bottom, row.top, LIGHT.beat_line)

    edges = [row.x(bar.start) for bar in row.bars] + [row.x(row.end)]
    _lines(axes.vlines, edges, row.bottom, row.top, LIGHT.bar_line, width=1.3)
    _number_bars(axes, row, edges)


def _number_bars(axes: Any, row: Row, edges: list[float]) -> None:
    """Write the numbers of the bars; of narrow bars only every tenth, or they would overlap."""
    for bar, (x, next_x) in zip(row.bars, pairwise(edges), strict=True):
        has_room = next_x - x > 0.3 or bar.number % 10 == 0
        if bar.number and has_room:
            _text(
                axes,
                x + 0.03,
                row.top - 0.1,
                str(bar.number),
                size=8.5,
                color=LIGHT.faint,
            )


def _draw_pitch_lines(axes: Any, row: Row) -> None:
    """Draw the bands of black keys, and the lines of octaves and drums."""
    left = row.x(row.start)
    right = row.x(row.end)
    scope = row.grid.scope
    black = [row.y(pitch) for pitch in scope.pitches if is_black(pitch)]
    bands = [(left, y, right - left, row.grid.semitone) for y in black]
    _fill(axes, bands, LIGHT.band)
    # A line under each C: the eye finds the octave without counting.
    octaves = [row.y(pitch - 1) for pitch in scope.pitches[1:] if pitch % 12 == 0]
    lanes = [row.drum_y(drum) for drum in scope.lanes]
    _lines(axes.hlines, [*octaves, *lanes], left, right, LIGHT.beat_line)
    sides = [row.top, row.top + row.grid.pitched, row.bottom]
    _lines(axes.hlines, sides, left, right, LIGHT.bar_line, order=2)


def _draw_keys(axes: Any, row: Row) -> None:
    """Draw a keyboard at the left of the row, with the names of the C's and of the drums."""
    _draw_keyboard(axes, row)
    scope = row.grid.scope
    for pitch in scope.pitches:
        if pitch % 12 == 0:
            middle = row.y(pitch - 0.5)
            _label(axes, KEYS_LEFT - 0.06, middle, pitch_name(pitch), 8.5)
    for drum in scope.lanes:
        _label(
            axes,
            LEFT - 0.06,
            row.drum_y(drum) + LANE / 2,
            drum_name(drum),
            7.5,
        )


def _draw_keyboard(axes: Any, row: Row) -> None:
    """Draw the keys of the pitches; nothing if there are none."""
    scope, semitone = row.grid.scope, row.grid.semitone
    if not scope.pitches:
        return
    x = KEYS_LEFT
    _fill(
        axes,
        [(x, row.top, KEY_WIDTH, row.grid.pitched)],
        WHITE,
        edge=LIGHT.bar_line,
    )
    black = [(x, row.y(p), 0.15, semitone) for p in scope.pitches if is_black(p)]
    _fill(axes, black, LIGHT.black_key)
    # Between B and C and between E and F no black key parts the white ones.
    gaps = [row.y(pitch - 1) for pitch in scope.pitches[1:] if pitch % 12 in (0, 5)]
    _lines(
        axes.hlines,
        gaps,
        x,
        x + KEY_WIDTH,
        LIGHT.bar_line,
        width=0.7,
        order=3,
    )


def _draw_chords(axes: Any, sheet: Sheet, row: Row) -> None:
    """Draw chord names under their beats, the bass below; smaller if the next one is near."""
    y = row.bottom + 0.14
    here = [chord for chord in sheet.layout.chords if row.start <= chord[0] < row.end]
    for (onset, name), (after, _) in pairwise([*here, (row.end, "")]):
        chord, slash, bass = signs(name).partition("/")
        room = (after - onset) * row.grid.beat
        letters = max(len(chord), len(bass) + 1)
        # A letter of DejaVu Sans is about .74 of its size wide; a point is 1/72 inch.
        size = min(10.0, 72 * room / (0.74 * letters))
        if size < SMALLEST_CHORD:
            continue
        x = row.x(onset) + 0.02
        _text(axes, x, y, chord, size=size)
        _text(
            axes,
            x,
            y + 0.16,
            slash + bass,
            size=0.88 * size,
            color=LIGHT.faint,
        )


def _draw_notes(axes: Any, sheet: Sheet) -> None:
    """Draw every note in every row that it sounds in; the first track lies on top."""
    layout = sheet.layout
    shared = unisons(layout.song)
    for index, track in enumerate(layout.song.tracks):
        color = layout.colors[index]
        boxes: list[Rectangle] = []
        shades: list[str] = []
        for note in track.notes:
            tracks = shared.get((index, note), [index])
            share = (tracks.index(index), len(tracks))
            for row in sheet.rows:
                if row.start < note.end and note.onset < row.end:
                    boxes.append(_note_box(row, note, share, track.is_drum))
                    # Soft notes are pale, but never so pale that they vanish.
                    shades.append(
                        mix(
                            color,
                            WHITE,
                            0.35 + 0.65 * min(note.velocity / 100, 1.0),
                        )
                    )
        _round_boxes(axes, boxes, shades, edge=mix(color, BLACK, 0.75))


def _note_box(
    row: Row,
    note: Note,
    share: tuple[int, int],
    is_drum: bool,
) -> Rectangle:
    """Return the rectangle of a note in a row.

    share: its place among the tracks on its pitch, and their number.
    """
    left = row.x(max(note.onset, row.start))
    right = row.x(min(note.end, row.end))
    if is_drum:
        y = row.drum_y(note.pitch) + 0.02
        height = LANE - 0.04
        right = left + min(0.14, row.grid.beat / 4)
    else:
        place, count = share
        height = row.grid.semitone / count
        y = row.y(note.pitch) + height * place
    return left + 0.01, y + 0.006, max(right - left - 0.02, 0.02), height - 0.012


def _round_boxes(
    axes: Any,
    boxes: list[Rectangle],
    colors: list[str],
    edge: str = "none",
) -> None:
    """Draw rectangles with round corners, each in its colour."""
    from matplotlib.patches import FancyBboxPatch

    patches = []
    for x, y, width, height in boxes:
        radius = 0.4 * min(width, height, 0.1)
        style = f"round,pad=0,rounding_size={radius}"
        patches.append(FancyBboxPatch((x, y), width, height, boxstyle=style))
    _collect(
        axes, patches, facecolors=colors, edgecolors=edge, linewidths=0.6, zorder=4
    )


def _fill(
    axes: Any,
    boxes: list[Rectangle],
    color: str,
    edge: str = "none",
) -> None:
    """Draw rectangles in one colour, under everything else."""
    from matplotlib.patches import Rectangle as Patch

    patches = [
        Patch(
            (x, y),
            width,
            height,
        )
        for x, y, width, height in boxes
    ]
    _collect(axes, patches, facecolors=color, edgecolors=edge, linewidths=0.7, zorder=0)


def _collect(axes: Any, patches: list[Any], **style: Any) -> None:
    from matplotlib.collections import PatchCollection

    axes.add_collection(PatchCollection(patches, **style))


def _lines(
    draw: Any,
    places: list[float],
    start: float,
    end: float,
    color: str,
    width: float = 0.8,
    order: int = 0,
) -> None:
    """Draw parallel lines; bar lines, which are wider, lie over those of beats."""
    # Beats lie below bars, bars below notes.
    order = order or (2 if width > 1 else 1)
    draw(places, start, end, colors=color, linewidths=width, zorder=order)


def _label(
    axes: Any,
    x: float,
    y: float,
    text: str,
    size: float,
) -> None:
    """Write a faint word that ends at `x`."""
    _text(
        axes,
        x,
        y,
        text,
        size=size,
        color=LIGHT.faint,
        ha="right",
    )


def _text(axes: Any, x: float, y: float, text: str, **style: Any) -> None:
    """Write text as it is, never as mathematics; vertically centred on `y`."""
    usual = {"size": 10, "color": LIGHT.text, "va": "center", "family": "DejaVu Sans"}
    axes.text(
        x,
        y,
        text,
        parse_math=False,
        usetex=False,
        **{**usual, **style},
    )
