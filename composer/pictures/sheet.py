"""A song in rows of bars on a sheet, in inches from its upper left corner."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from composer.errors import ComposerError
from composer.pictures.layout import Layout, NumberedBar, RollGrid, Scope, lay_out
from composer.songs.song import Song

# Of the sheet in inches, as all sizes here.
WIDTH: Final = 16.0
LEFT: Final = 1.0
RIGHT: Final = 0.4
# Title and facts, without the legend.
HEAD: Final = 1.05
LEGEND_LINE: Final = 0.28
LEGEND_COLUMNS: Final = 6
# The height that the pitches of a row share.
PITCHES: Final = 3.8
# The height of a semitone: slimmer ones cannot be told apart, thicker ones look clumsy.
SLIMMEST, THICKEST = 0.05, 0.13
# The height of one drum.
LANE: Final = 0.17
# Bar numbers and the space above them.
NUMBERS: Final = 0.3
CHORDS: Final = 0.55
# The space below a row without them.
NO_CHORDS: Final = 0.2
FOOT: Final = 0.15
WIDEST_BEAT: Final = 1.2

BARS_PER_ROW: Final = 8
BEATS_PER_ROW: Final = 32
# A longer song gets more bars in a row: a page is not endless.
MAX_ROWS: Final = 40
MAX_BARS: Final = 2000


@dataclass(frozen=True)
class Row:
    """Bars side by side; `top` is the upper edge of their pitches on the sheet."""

    bars: tuple[NumberedBar, ...]
    top: float
    grid: RollGrid

    @property
    def start(self) -> float:
        """The beat at which the first bar starts."""
        return self.bars[0].start

    @property
    def end(self) -> float:
        """The beat at which the last bar ends."""
        return self.bars[-1].end

    @property
    def bottom(self) -> float:
        """The lower edge of the row, its drums included."""
        return self.top + self.grid.height

    def x(self, beat: float) -> float:
        """Return the distance of a beat from the left edge of the sheet."""
        return LEFT + self.grid.x(beat)

    def y(self, pitch: float) -> float:
        """Return the distance of the upper edge of a pitch from the top of the sheet."""
        return self.top + self.grid.y(pitch)

    def drum_y(self, drum: int) -> float:
        """Return the distance of the upper edge of a drum's lane from the top of the sheet."""
        return self.top + self.grid.drum_y(drum)


@dataclass(frozen=True)
class Sheet:
    """A layout on a sheet `height` inches high."""

    layout: Layout
    height: float
    rows: tuple[Row, ...]


def sheet_of(song: Song, melody: int | None = None) -> Sheet:
    """Return the sheet of a song: rows of eight bars, fewer if bars are long, more if the song is.

    Raise ComposerError for a song without notes or of more than MAX_BARS bars, MelodyError for a
    `melody` that is not there.
    """
    if song.end <= 0:
        raise ComposerError("a picture needs at least one note, the song has none")
    layout = lay_out(song, melody)
    rows = rows_of(layout.bars)
    grid = _grid(layout.scope, rows)
    below = CHORDS if layout.chords else NO_CHORDS
    step = NUMBERS + grid.height + below
    legend_lines = -(-len(song.tracks) // LEGEND_COLUMNS)
    head = HEAD + LEGEND_LINE * legend_lines
    placed = []
    for i, row in enumerate(rows):
        top = head + NUMBERS + i * step
        placed.append(
            Row(
                row,
                top,
                replace(grid, start=row[0].start),
            )
        )
    return Sheet(layout, head + step * len(rows) + FOOT, tuple(placed))


def _grid(scope: Scope, rows: list[tuple[NumberedBar, ...]]) -> RollGrid:
    longest = max(row[-1].end - row[0].start for row in rows)
    beat = min((WIDTH - LEFT - RIGHT) / longest, WIDEST_BEAT)
    semitone = PITCHES / max(len(scope.pitches), 1)
    semitone = min(max(semitone, SLIMMEST), THICKEST)
    return RollGrid(scope, 0.0, beat, semitone, LANE)


def rows_of(bars: tuple[NumberedBar, ...]) -> list[tuple[NumberedBar, ...]]:
    """Return bars in rows.

    A pickup stands beside the first full bars, a single bar left over at the end of the row before.
    Raise ComposerError for more than MAX_BARS bars.
    """
    if len(bars) > MAX_BARS:
        raise ComposerError(
            f"a picture has room for {MAX_BARS} bars, the song has {len(bars)}"
        )
    longest = max(bar.end - bar.start for bar in bars)
    size = min(max(int(BEATS_PER_ROW / longest), 1), BARS_PER_ROW)
    # A long song gets denser, not endless.
    while len(bars) > size * MAX_ROWS:
        size *= 2
    pickup = bars[0].number == 0
    # The pickup is no bar of its own: it would push every row off by one.
    starts = [0, *range(size + pickup, len(bars), size)]
    one_is_left = len(starts) > 1 and starts[-1] == len(bars) - 1
    if one_is_left and size > 1:
        starts.pop()
    ends = [*starts[1:], len(bars)]
    return [
        bars[start:end]
        for start, end in zip(
            starts,
            ends,
            strict=True,
        )
    ]
