"""The whole picture of the stage as lines; what is equal to the last one is not made again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from composer.pictures.cells import NoteTable, PitchRows
from composer.terminal.palette import TerminalPalette
from composer.terminal.play.devices import Devices, devices
from composer.terminal.play.lens import USUAL, Lens, lens_for, rows_for
from composer.terminal.play.notices import News, footer, legend, message
from composer.terminal.play.roll import LEFT, View, chord_names, chords, roll, ruler
from composer.terminal.play.sliders import sliders
from composer.terminal.play.status import Status, status
from composer.terminal.text import Line

if TYPE_CHECKING:
    from composer.live.session.state import State

ABOVE: Final = 4  # lines over the roll, its ruler among them
BELOW: Final = 2
TALL: Final = 28  # lines, from which on chords and the legend have a line each
WELCOME: Final = (
    "Press space, hear the clicks, play a melody.",
    "",
    "?  teaches    tab  plays the letters",
)


class Drawing:
    """Makes the picture of one state after another.

    The pitches in view change only if one would be out of it: a roll that jumps cannot be read.
    """

    def __init__(self) -> None:
        self._parts: tuple[object, object] = (None, None)
        self._notes = NoteTable(())
        self._chords: dict[int, str] = {}
        self._rows: PitchRows = rows_for((), 1)
        self._wanted: tuple[int, int] = USUAL
        self._phase = ""
        self._view: View | None = None
        self._roll: list[Line] = []

    def lines(
        self,
        state: State,
        size: tuple[int, int],
        palette: TerminalPalette,
        chosen: str,
        own: tuple[str, bool],
        piano: bool,
    ) -> list[Line]:
        """Return the lines of a screen.

        size: columns and lines. chosen: the knob that stands out. own: a message of the stage's,
        and whether something went wrong. piano: the letters are notes.
        """
        width, height = size
        is_tall = height >= TALL
        lines = [
            status(Status.of(state, piano), width, palette),
            sliders(tuple(state.knobs.items()), chosen, width, palette),
            devices(Devices.of(state), width, palette),
            *self._drawn_roll(state, size, palette),
        ]
        news = News.of(state, own)
        if is_tall:
            lines.append(legend(state.voices, state.mode == "duet", width, palette))
            lines.append(message(news, width, palette))
        else:
            lines.append(message(news, width, palette, state.voices))
        lines.append(footer(piano, width, palette))
        return lines[:height]

    def _drawn_roll(
        self, state: State, size: tuple[int, int], palette: TerminalPalette
    ) -> list[Line]:
        """Return ruler, chords and rows of the roll."""
        width, height = size
        is_tall = height >= TALL
        count = max(height - ABOVE - BELOW - 2 * is_tall, 1)
        self._take_notes(state)
        view = self._looked_at(state, width, count, palette)
        if view != self._view:
            self._view = view
            self._roll = [ruler(view)]
            if is_tall:
                self._roll.append(chords(view, self._chords))
            self._roll += roll(view, self._notes)
        return self._roll

    def _take_notes(self, state: State) -> None:
        """Take the notes of a state if they are others than before."""
        parts = (state.melody, state.accompaniment)
        if parts == self._parts:
            return
        self._parts = parts
        self._notes = NoteTable((*state.melody, *state.accompaniment))
        self._chords = chord_names(self._notes, *self._notes.beats())
        self._view = None

    def _looked_at(
        self, state: State, width: int, count: int, palette: TerminalPalette
    ) -> View:
        """Return what `count` rows of the roll show now."""
        lens = lens_for(max(width - LEFT, 1))
        self._choose_rows(state, lens, count)
        is_welcome = state.phase == "idle" and not self._notes.pitches.size
        return View(
            lens,
            self._rows,
            palette,
            state.beats_per_bar,
            lens.now(state.beat),
            state.held,
            count_of(state),
            WELCOME if is_welcome else (),
        )

    def _choose_rows(self, state: State, lens: Lens, count: int) -> None:
        """Choose the pitches in view."""
        # Only what is new counts: the view stays through a phrase and its answer.
        if state.phase == "count-in" and self._phase != "count-in":
            # A new phrase begins: what the last one needed is not needed any more.
            self._wanted = USUAL
            self._rows = rows_for((), 1)
        self._phase = state.phase
        seen = self._notes.pitches[self._notes.in_view(lens.at(state.beat))]
        pitches = list(state.held)
        if seen.size:
            pitches += [int(seen.min()), int(seen.max())]
        if self._rows.pixels != 2 * count or not self._rows.holds(pitches):
            low, high = self._wanted
            self._wanted = (min([low, *pitches]), max([high, *pitches]))
            self._rows = rows_for(pitches, count, self._wanted)


def count_of(state: State) -> str:
    """Return the number of a count-in, "" in all other phases."""
    if state.phase != "count-in":
        return ""
    return str(int(state.beat // 1) % state.beats_per_bar + 1)
