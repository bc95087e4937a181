"""A song as a picture: a piano roll in rows of bars, a colour for each track, chord names under the beats.

The page is one set of axes whose unit is the inch, so that corners are round and text keeps its distance.
"""

from __future__ import annotations

import warnings
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from composer.files import atomic
from composer.pictures.layout import (
    HEAD,
    LANE,
    LEFT,
    LEGEND_COLUMNS,
    LEGEND_LINE,
    RIGHT,
    WIDTH,
    Page,
    Row,
    lay_out,
    main_metre,
    unisons,
)
from composer.songs.song import Song
from composer.songs.theory import key_name, song_key

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI: Final = 120
MAX_PIXELS: Final = 60_000  # matplotlib draws 65,535 at most

MELODY: Final = "#E4472E"
OTHERS: Final = (
    "#2C6FB7",
    "#26977D",
    "#8457B8",
    "#D7932A",
    "#3FA5C9",
    "#B84E7C",
    "#73902B",
    "#7A6A58",
)
INK, MUTED = "#22252B", "#6E7580"
BAR_LINE, BEAT_LINE, BLACK_ROW = "#8B919C", "#DFE3E8", "#F0F2F5"
BLACK_KEYS: Final = (1, 3, 6, 8, 10)
# fmt: off
DRUMS: Final = {  # General MIDI, those in use
    35: "kick", 36: "kick", 37: "rim", 38: "snare", 39: "clap", 40: "snare", 41: "low tom", 42: "hi-hat",
    43: "low tom", 44: "pedal hat", 45: "mid tom", 46: "open hat", 47: "mid tom", 48: "high tom", 49: "crash",
    50: "high tom", 51: "ride", 52: "china", 53: "ride bell", 54: "tambourine", 55: "splash", 56: "cowbell",
}
# fmt: on

Box = tuple[float, float, float, float]
"""x, y, width and height in inches."""


def plot_song(path: str | Path | None, song: Song, melody: int | None = None) -> Figure:
    """Draw `song` as a piano roll, write it as PNG where a `path` is given, and return the matplotlib figure.

    melody: index of the track to highlight; None: the highest on average. Pale notes are soft, full
    colour is loud. Notes of two tracks on one pitch share its row.
    Raises ComposerError for a song without notes or too long for a page, MelodyError for a `melody`
    that is not there, OutputError where the file cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    page = lay_out(song, melody)
    figure = Figure(
        figsize=(WIDTH, page.height), dpi=min(DPI, MAX_PIXELS / page.height), facecolor="white"
    )
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0), xlim=(0, WIDTH), ylim=(0, page.height))
    axes.set_axis_off()
    _draw_head(axes, page)
    for row in page.rows:
        _draw_grid(axes, page, row)
        _draw_keys(axes, page, row)
        _draw_chords(axes, page, row)
    _draw_notes(axes, page)
    if path is not None:
        with atomic(path) as temporary, warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph")  # a title in a script that the font lacks
            FigureCanvasAgg(figure).print_png(str(temporary))
    return figure


def track_colors(page: Page) -> list[str]:
    """A colour for each track, as #rrggbb; the melody has one of its own."""
    others = [i for i in range(len(page.song.tracks)) if i != page.melody]
    colors = {i: OTHERS[place % len(OTHERS)] for place, i in enumerate(others)}
    return [colors.get(i, MELODY) for i in range(len(page.song.tracks))]


def facts(song: Song) -> str:
    """Tempo, metre, key and length in one line."""
    tempos = [tempo.qpm for tempo in song.tempos if tempo.onset < song.end] or [song.qpm]
    speeds = dict.fromkeys([f"{min(tempos):.0f}", f"{max(tempos):.0f}"])
    metre = main_metre(song)
    parts = [
        "♩ = " + "–".join(speeds),
        f"{metre.numerator}/{metre.denominator}" if song.time_signatures else "",
    ]
    if any(track.notes and not track.is_drum for track in song.tracks):
        parts.append(
            _signs(key_name(song_key(song))) + ("" if song.key_signatures else " (estimated)")
        )
    minutes, seconds = divmod(round(song.seconds(song.end)), 60)
    return "     ".join([*filter(None, parts), f"{minutes}:{seconds:02d}"])


def _draw_head(axes: Any, page: Page) -> None:
    song, top = page.song, page.height
    _text(axes, LEFT, top - 0.5, _clean(song.title, 70) or "Untitled", size=20, weight="bold")
    _text(axes, LEFT, top - 0.83, facts(song), size=11, color=MUTED)
    for i, (track, color) in enumerate(zip(song.tracks, track_colors(page), strict=True)):
        line, column = divmod(i, LEGEND_COLUMNS)
        x = LEFT + column * (WIDTH - LEFT - RIGHT) / LEGEND_COLUMNS
        y = top - HEAD - 0.08 - line * LEGEND_LINE
        name = _clean(track.name, 20) or f"Track {i + 1}"
        is_melody = i == page.melody and len(song.tracks) > 1
        _boxes(axes, [(x, y - 0.06, 0.3, 0.12)], [color])
        _text(
            axes,
            x + 0.4,
            y,
            name + (" (melody)" if is_melody else ""),
            weight="bold" if is_melody else "normal",
        )


def _draw_grid(axes: Any, page: Page, row: Row) -> None:
    """The rows of black keys and drums, then the lines of beats and bars, then the numbers of the bars."""
    left, right, bottom = page.x(row, row.start), page.x(row, row.end), page.bottom(row)
    black = [
        page.y(row, pitch) for pitch in range(page.low, page.high + 1) if pitch % 12 in BLACK_KEYS
    ]
    _fill(axes, [(left, y, right - left, page.semitone) for y in black], BLACK_ROW)
    octaves = [
        page.y(row, pitch) for pitch in range(page.low + 1, page.high + 1) if pitch % 12 == 0
    ]
    lanes = [page.lane(row, drum) + LANE for drum in page.lanes]
    axes.hlines([*octaves, *lanes], left, right, colors=BEAT_LINE, linewidths=0.8, zorder=1)
    beats = (
        [page.x(row, beat) for beat in page.beats if row.start < beat < row.end]
        if page.beat > 0.1
        else []
    )
    axes.vlines(beats, bottom, row.top, colors=BEAT_LINE, linewidths=0.8, zorder=1)
    edges = [page.x(row, bar.start) for bar in row.bars]
    axes.vlines([*edges, right], bottom, row.top, colors=BAR_LINE, linewidths=1.3, zorder=2)
    axes.hlines(
        [bottom, page.y(row, page.low), row.top],
        left,
        right,
        colors=BAR_LINE,
        linewidths=0.8,
        zorder=2,
    )
    for bar, x, next_x in zip(row.bars, edges, [*edges[1:], right], strict=True):
        if bar.number and (next_x - x > 0.3 or bar.number % 10 == 0):
            _text(axes, x + 0.03, row.top + 0.1, str(bar.number), size=8.5, color=MUTED)


def _draw_keys(axes: Any, page: Page, row: Row) -> None:
    """A keyboard at the left of the row, with the names of the C's, and the names of the drums."""
    if page.high >= page.low:
        x, y = LEFT - 0.3, page.y(row, page.low)
        _fill(axes, [(x, y, 0.24, row.top - y)], "white", edge=BAR_LINE)
        pitches = range(page.low, page.high + 1)
        black = [(x, page.y(row, p), 0.15, page.semitone) for p in pitches if p % 12 in BLACK_KEYS]
        _fill(axes, black, INK)
        gaps = [page.y(row, pitch) for pitch in pitches[1:] if pitch % 12 in (0, 5)]
        axes.hlines(gaps, x, x + 0.24, colors=BAR_LINE, linewidths=0.7, zorder=3)
        for pitch in (p for p in pitches if p % 12 == 0):
            middle = page.y(row, pitch + 0.5)
            _text(axes, x - 0.06, middle, f"C{pitch // 12 - 1}", size=8.5, color=MUTED, ha="right")
    for drum in page.lanes:
        middle = page.lane(row, drum) + LANE / 2
        _text(
            axes, LEFT - 0.06, middle, DRUMS.get(drum, str(drum)), size=7.5, color=MUTED, ha="right"
        )


def _draw_chords(axes: Any, page: Page, row: Row) -> None:
    """Chord names under their beats, the bass on a line of its own; smaller where the next one is near."""
    y = page.bottom(row) - 0.14
    here = [chord for chord in page.chords if row.start <= chord[0] < row.end]
    for (onset, name), (after, _) in pairwise([*here, (row.end, "")]):
        chord, slash, bass = _signs(name).partition("/")
        room = (after - onset) * page.beat
        size = min(10.0, 72 * room / (0.74 * max(len(chord), len(bass) + 1)))
        if size >= 4.5:
            _text(axes, page.x(row, onset) + 0.02, y, chord, size=size)
            _text(
                axes,
                page.x(row, onset) + 0.02,
                y - 0.16,
                slash + bass,
                size=0.88 * size,
                color=MUTED,
            )


def _draw_notes(axes: Any, page: Page) -> None:
    """Every note in every row that it sounds in; tracks on one pitch share its height, the first on top."""
    shared, colors = unisons(page.song), track_colors(page)
    for index, track in enumerate(page.song.tracks):
        boxes: list[Box] = []
        shades: list[str] = []
        for note in track.notes:
            for row in (r for r in page.rows if r.start < note.end and note.onset < r.end):
                left, right = (
                    page.x(row, max(note.onset, row.start)),
                    page.x(row, min(note.end, row.end)),
                )
                if track.is_drum:
                    y, height, right = (
                        page.lane(row, note.pitch) + 0.02,
                        LANE - 0.04,
                        left + min(0.14, page.beat / 4),
                    )
                else:
                    tracks = shared.get((index, note), [index])
                    height = page.semitone / len(tracks)
                    y = page.y(row, note.pitch) + height * (len(tracks) - 1 - tracks.index(index))
                boxes.append(
                    (left + 0.01, y + 0.006, max(right - left - 0.02, 0.02), height - 0.012)
                )
                shades.append(
                    _mix(colors[index], "#FFFFFF", 0.35 + 0.65 * min(note.velocity / 100, 1.0))
                )
        _boxes(axes, boxes, shades, edge=_mix(colors[index], "#000000", 0.75))


def _boxes(axes: Any, boxes: list[Box], colors: list[str], edge: str = "none") -> None:
    """Rectangles with round corners, each in its colour."""
    from matplotlib.patches import FancyBboxPatch

    styles = [f"round,pad=0,rounding_size={0.4 * min(w, h, 0.1)}" for _, _, w, h in boxes]
    patches = [
        FancyBboxPatch((x, y), w, h, boxstyle=s)
        for (x, y, w, h), s in zip(boxes, styles, strict=True)
    ]
    _collect(axes, patches, facecolors=colors, edgecolors=edge, linewidths=0.6, zorder=4)


def _fill(axes: Any, boxes: list[Box], color: str, edge: str = "none") -> None:
    """Rectangles in one colour, under everything else."""
    from matplotlib.patches import Rectangle

    patches = [Rectangle((x, y), w, h) for x, y, w, h in boxes]
    _collect(axes, patches, facecolors=color, edgecolors=edge, linewidths=0.7, zorder=0)


def _collect(axes: Any, patches: list[Any], **style: Any) -> None:
    from matplotlib.collections import PatchCollection

    axes.add_collection(PatchCollection(patches, **style))


def _text(axes: Any, x: float, y: float, text: str, **style: Any) -> None:
    """Text as it is, never as mathematics; vertically centred on `y`."""
    style = {"size": 10, "color": INK, "va": "center", "family": "DejaVu Sans", **style}
    axes.text(x, y, text, parse_math=False, usetex=False, **style)


def _clean(text: str, longest: int) -> str:
    """`text` on one line, without characters that cannot be drawn, at most `longest` long."""
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def _signs(name: str) -> str:
    return name.replace("#", "♯").replace("b", "♭")


def _mix(color: str, other: str, share: float) -> str:
    """`share` of `color` and the rest of `other`, all as #rrggbb."""
    pairs = zip(bytes.fromhex(color[1:]), bytes.fromhex(other[1:]), strict=True)
    return "#" + bytes(round(share * a + (1 - share) * b) for a, b in pairs).hex()
