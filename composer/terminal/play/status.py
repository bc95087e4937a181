"""The first line of the stage: phase, mode, bar and beat, switches, tempo, model and seed."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from rich.segment import Segment
from rich.style import Style

from composer.terminal.palette import TerminalPalette, style
from composer.terminal.text import Chunk, Line, apart, clean, length, squeeze

if TYPE_CHECKING:
    from composer.live.session.state import State

PHASES: Final = {
    "idle": "READY",
    "count-in": "COUNT-IN",
    "listening": "LISTENING",
    "thinking": "THINKING",
    "playing": "PLAYING",
    "calibrating": "CALIBRATING",
}
WHITE: Final = "#FFFFFF"
YOUNG: Final = 0.25  # of a beat, for which its dot is bright
LEAST_MODEL: Final = 5  # columns, in fewer of which no name of a model can be read
NO_BEAT: Final = -1


class Status(NamedTuple):
    """The parts of a state that the line shows; equal ones are drawn once."""

    phase: str
    mode: str
    place: str
    beat: int  # of the bar, from 0; NO_BEAT: none
    young: bool
    beats_per_bar: int
    qpm: int
    loop: bool
    metronome: bool
    alone: bool  # the answer comes without the melody
    model: str
    seed: int
    piano: bool  # the letters are notes

    @classmethod
    def of(cls, state: State, piano: bool) -> Status:
        """Return the parts of a state that the line shows."""
        beat = int(state.beat // 1) % state.beats_per_bar
        return cls(
            phase=state.phase,
            mode=state.mode,
            place=place(state),
            beat=NO_BEAT if state.phase == "idle" else beat,
            young=state.beat % 1 < YOUNG,
            beats_per_bar=state.beats_per_bar,
            qpm=round(state.qpm),
            loop=state.loop,
            metronome=state.metronome,
            # The voices of a duet go with a melody that is heard anyway.
            alone=not state.with_melody and state.mode != "duet",
            model=state.model,
            seed=state.seed,
            piano=piano,
        )


def place(state: State) -> str:
    """Return bar and beat, "12.3"; before the first bar the beats to go, "-2"."""
    beat = int(state.beat // 1)
    if state.phase == "idle":
        return " -.-"
    if beat < 0:
        return f"{beat:>4}"
    return f"{state.bar:>2}.{beat % state.beats_per_bar + 1}"


@lru_cache(maxsize=64)
def status(shown: Status, width: int, palette: TerminalPalette) -> Line:
    """Return the line, `width` columns wide."""
    blank = style(palette.text, palette.head)
    # What has a low rank stays on a narrow terminal.
    pieces = [
        Chunk(0, _phase(shown, palette)),
        Chunk(0, (_bold(shown.mode, palette),)),
        Chunk(1, (_bold(shown.place, palette),)),
        Chunk(3, _metronome(shown, palette)),
        Chunk(2, (_bold(f"♩ = {shown.qpm}", palette),)),
        Chunk(
            4 if shown.loop else 7, (_switch(shown.loop, "⟳ loop", "no loop", palette),)
        ),
        Chunk(5, (_switch(shown.metronome, "♪ click", "no click", palette),)),
        Chunk(6, (_dim("melody off" if shown.alone else "", palette),)),
    ]
    left = squeeze([piece for piece in pieces if length(piece.parts)], width - 1, blank)
    room = width - length(left) - 4
    return apart(left, [_dim(_model(shown, room), palette)], width, blank)


def _model(shown: Status, room: int) -> str:
    """Return model and seed, or as much of them as there is room for."""
    seed = f"seed {shown.seed}"
    left = room - len(seed) - len(" · ")
    if left <= LEAST_MODEL:
        return f"{seed} "
    return f"{clean(shown.model, left)} · {seed} "


def _phase(shown: Status, palette: TerminalPalette) -> tuple[Segment, ...]:
    name = PHASES.get(shown.phase, shown.phase.upper())
    badge = Segment(f" {name} ", _badge(shown.phase, palette))
    if not shown.piano:
        return (badge,)
    return badge, Segment(" PIANO ", style(palette.ground, palette.warn, True))


def _badge(phase: str, palette: TerminalPalette) -> Style:
    grounds = {
        "count-in": palette.warn,
        "listening": palette.track(0),
        "thinking": palette.warn,
        "playing": palette.track(1),
        "calibrating": palette.track(3),
    }
    look = palette.text if phase == "idle" else WHITE
    return style(look, grounds.get(phase, palette.chosen), True)


def _metronome(shown: Status, palette: TerminalPalette) -> tuple[Segment, ...]:
    """Return a dot for each beat of the bar, that of now filled, bright while the beat is young."""
    muted = style(palette.faint, palette.head)
    now = shown.beat
    if now == NO_BEAT:
        return (Segment("○" * shown.beats_per_bar, muted),)
    color = palette.faint
    if shown.young:
        color = palette.warn if now == 0 else palette.good
    return (
        Segment("○" * now, muted),
        Segment("●", style(color, palette.head, True)),
        Segment("○" * (shown.beats_per_bar - now - 1), muted),
    )


def _switch(on: bool, yes: str, no: str, palette: TerminalPalette) -> Segment:
    return _bold(yes, palette) if on else _dim(no, palette)


def _bold(text: str, palette: TerminalPalette) -> Segment:
    return Segment(text, style(palette.text, palette.head, True))


def _dim(text: str, palette: TerminalPalette) -> Segment:
    return Segment(text, style(palette.faint, palette.head))
