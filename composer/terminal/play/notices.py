"""The last lines of the stage: the voices, what the player should know, and the keys."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from rich.segment import Segment

from composer.pictures.palette import mix
from composer.terminal.palette import TerminalPalette, style
from composer.terminal.play.keys import PIANO_HINTS, shown_commands, shown_key
from composer.terminal.play.mends import by_key
from composer.terminal.text import Chunk, Line, apart, clean, fit, length, squeeze

if TYPE_CHECKING:
    from composer.live.session.state import State

LONGEST_VOICE: Final = 12  # columns of a name
PALE: Final = 0.5  # of its colour, for a note that is decided and not yet heard


class News(NamedTuple):
    """The parts of a state that the line of messages shows."""

    text: str
    bad: bool
    takes: int
    kept: bool

    @classmethod
    def of(cls, state: State, own: tuple[str, bool]) -> News:
        """Return what the line shows of a state.

        The stage's `own` message (a text, and whether it went wrong) comes before the session's,
        that before a remark.
        """
        text, bad = own
        if not text:
            text = by_key(state.message, state.mend)
        if not text and state.remarks:
            text = state.remarks[-1]
        return cls(text, bad, state.takes, state.kept)


@lru_cache(maxsize=64)
def message(
    news: News, width: int, palette: TerminalPalette, voices: tuple[str, ...] = ()
) -> Line:
    """Return the message, and at the right the takes.

    voices: they are named in their colours, if there is room.
    """
    blank = style(palette.text, palette.ground)
    takes = _takes(news)
    color = palette.good if news.kept else palette.faint
    right = [Segment(takes, style(color, palette.ground))]
    look = style(palette.bad if news.bad else palette.text, palette.ground, news.bad)
    left = [Segment(" " + clean(news.text, width - len(takes) - 3), look)]
    names = squeeze(_voices(voices, palette), width, blank, gap=1)
    names.append(Segment("   " if takes else " ", blank))
    if voices and length([*left, *names, *right]) + 2 < width:
        right = [*names, *right]
    return apart(left, right, width, blank)


def _takes(news: News) -> str:
    if not news.takes:
        return ""
    count = f"{news.takes} take{'s' if news.takes > 1 else ''}"
    return f"{count}, the last kept " if news.kept else f"{count} "


@lru_cache(maxsize=64)
def legend(
    voices: tuple[str, ...], ahead: bool, width: int, palette: TerminalPalette
) -> Line:
    """Return the names of the voices in their colours.

    ahead: say how notes look that are decided and not yet heard, as there are some.
    """
    blank = style(palette.faint, palette.ground)
    pieces = _voices(voices, palette)
    if ahead:
        pale = style(mix(palette.track(1), palette.ground, PALE), palette.ground)
        sample = Segment("▌▌▌", pale)
        words = Segment(" decided, not yet heard", blank)
        pieces.append(Chunk(1, (sample, words)))
    line = squeeze(pieces, width - 1, blank)
    return fit([Segment(" ", blank), *line], width, blank)


def _voices(names: Sequence[str], palette: TerminalPalette) -> list[Chunk]:
    look = style(palette.faint, palette.ground)
    pieces = []
    for number, name in enumerate(names):
        square = Segment("■ ", style(palette.track(number), palette.ground))
        pieces.append(Chunk(0, (square, Segment(clean(name, LONGEST_VOICE), look))))
    return pieces


@lru_cache(maxsize=64)
def footer(piano: bool, width: int, palette: TerminalPalette) -> Line:
    """Return the keys, as many as there is room for.

    piano: the letters are notes; then the line says which, and how to leave them.
    """
    blank = style(palette.faint, palette.head)
    bold = style(palette.text, palette.head, True)
    pieces = []
    for rank, key, label in PIANO_HINTS if piano else _hints():
        pieces.append(Chunk(rank, (Segment(key, bold), Segment(f" {label}", blank))))
    line = squeeze(pieces, width - 1, blank)
    return fit([Segment(" ", blank), *line], width, blank)


def _hints() -> list[tuple[int, str, str]]:
    """Return rank, key and label of each command that has a label."""
    rows = [row for row in shown_commands() if row.label]
    return [(row.rank, shown_key(row), row.label) for row in rows]
