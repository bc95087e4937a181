"""What stands above and below the roll, in lines: phase and tempo, knobs, devices, latencies, messages, keys."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from rich.segment import Segment
from rich.style import Style

from composer.terminal.play.keys import PIANO_HINTS, shown_commands, shown_key
from composer.terminal.play.lines import Line, Piece, apart, clean, fit, length, squeeze
from composer.terminal.play.mends import by_key
from composer.terminal.play.palette import Palette, mix, style

if TYPE_CHECKING:
    from composer.live.session.state import Latency, State

PHASES: Final = {
    "idle": "READY",
    "count-in": "COUNT-IN",
    "listening": "LISTENING",
    "thinking": "THINKING",
    "playing": "PLAYING",
    "calibrating": "CALIBRATING",
}
LATENCIES: Final = {
    "thru": "key to sound",
    "decision": "decided in",
    "ready": "ready before the beat",
}
SHORT: Final = {"thru": "thru", "decision": "decided", "ready": "ready"}
RANKS: Final = {"thru": 0, "ready": 1, "decision": 2}  # of latencies; the highest gives way first
FIGURES: Final = "ms last/99%"  # what the two figures of a latency are
NO_KEYBOARD: Final = (
    "no keyboard: plug one in, or Tab plays the letters",
    "no keyboard: Tab plays the letters",
)
GONE: Final = ("is gone: plug it in, it comes back by itself", "gone: plug it in")
SILENT: Final = ("is silent: it is tried again and again", "silent: tried again")
NO_OUTPUT: Final = ("no sound: what is saved can still be heard", "no sound")
SHORTEST_NAME: Final = 9  # columns of a device or output; the latencies have what names leave
LONGEST_DEVICE, LONGEST_OUTPUT = 30, 24
KNOB_COLUMNS: Final = 4  # knobs that the line has room for, also where a model has fewer
WIDEST_TRACK: Final = 25  # columns of a slider
YOUNG: Final = 0.25  # of a beat, for which its dot is bright
DECIMALS: Final = 10.0  # ms; below it, latencies have one


class Status(NamedTuple):
    """What the first line shows of a state; equal ones are drawn once."""

    phase: str
    mode: str
    place: str
    beat: int  # of the bar, from 0; -1: none
    young: bool
    beats_per_bar: int
    qpm: int
    loop: bool
    metronome: bool
    alone: bool  # the answer comes without the melody
    model: str
    seed: int
    piano: bool

    @classmethod
    def of(cls, state: State, piano: bool) -> Status:
        """From a state; `piano`: whether the letters are notes."""
        beat = -1 if state.phase == "idle" else int(state.beat // 1) % state.beats_per_bar
        return cls(
            *(
                state.phase,
                state.mode,
                place(state),
                beat,
                state.beat % 1 < YOUNG,
                state.beats_per_bar,
            ),
            *(
                round(state.qpm),
                state.loop,
                state.metronome,
                not state.with_melody and state.mode != "duet",
            ),
            *(state.model, state.seed, piano),
        )


class Devices(NamedTuple):
    """What the line of devices shows of a state."""

    device: str
    plugged: bool
    output: str
    output_alive: bool
    latencies: tuple[tuple[str, Latency], ...]

    @classmethod
    def of(cls, state: State) -> Devices:
        """From a state."""
        latencies = tuple(state.latencies.items())
        return cls(state.device, state.plugged, state.output, state.output_alive, latencies)


class News(NamedTuple):
    """What the line of messages shows: a text, whether something went wrong, the takes."""

    text: str
    bad: bool
    takes: int
    kept: bool

    @classmethod
    def of(cls, state: State, own: tuple[str, bool]) -> News:
        """The stage's `own` message (text, whether it went wrong) comes before the session's, that before a remark."""
        text, bad = own if own[0] else (by_key(state.message, state.mend), False)
        return cls(
            text or (state.remarks[-1] if state.remarks else ""), bad, state.takes, state.kept
        )


@lru_cache(maxsize=64)
def status(state: Status, width: int, palette: Palette) -> Line:
    """Phase, mode, bar and beat, metronome, tempo; model and seed at the right."""
    blank = style(palette.ink, palette.head)
    bold, dim = style(palette.ink, palette.head, True), style(palette.muted, palette.head)
    badge = Segment(f" {PHASES.get(state.phase, state.phase.upper())} ", _badge(state, palette))
    loop = Segment("⟳ loop", bold) if state.loop else Segment("no loop", dim)
    click = Segment("♪ click", bold) if state.metronome else Segment("no click", dim)
    pieces = [
        Piece(
            0,
            (
                badge,
                *(
                    [Segment(" PIANO ", style(palette.ground, palette.warn, True))]
                    if state.piano
                    else []
                ),
            ),
        ),
        Piece(0, (Segment(state.mode, bold),)),
        Piece(1, (Segment(state.place, bold),)),
        Piece(3, tuple(_metronome(state, palette))),
        Piece(2, (Segment(f"♩ = {state.qpm}", bold),)),
        Piece(4 if state.loop else 7, (loop,)),
        Piece(5, (click,)),
        Piece(6, (Segment("melody off", dim),) if state.alone else ()),
    ]
    left = squeeze(pieces, width - 1, blank)
    room = width - sum(part.cell_length for part in left) - 4
    seed = f" · seed {state.seed}"
    model = clean(state.model, room - len(seed)) if room > len(seed) + 5 else ""
    right = [Segment(f"{model}{seed if model else seed[3:]} ", dim)]
    return apart(left, right, width, blank)


def place(state: State) -> str:
    """Bar and beat, "12.3"; before the first bar the beats to go, "-2"."""
    beat = int(state.beat // 1)
    if state.phase == "idle":
        return " -.-"
    if beat < 0:
        return f"{beat:>4}"
    return f"{state.bar:>2}.{beat % state.beats_per_bar + 1}"


def _badge(state: Status, palette: Palette) -> Style:
    colors = {
        "count-in": palette.warn,
        "listening": palette.voice(0),
        "thinking": palette.warn,
        "playing": palette.voice(1),
        "calibrating": palette.voice(3),
    }
    ground = colors.get(state.phase, palette.chosen)
    return style(palette.ink if state.phase == "idle" else "#FFFFFF", ground, True)


def _metronome(state: Status, palette: Palette) -> Line:
    """A dot for each beat of the bar, that of now filled, bright while the beat is young."""
    now = state.beat
    if now < 0:
        return [Segment("○" * state.beats_per_bar, style(palette.muted, palette.head))]
    color = (palette.warn if now == 0 else palette.good) if state.young else palette.muted
    return [
        Segment("○" * now, style(palette.muted, palette.head)),
        Segment("●", style(color, palette.head, True)),
        Segment("○" * (state.beats_per_bar - now - 1), style(palette.muted, palette.head)),
    ]


@lru_cache(maxsize=64)
def knobs(values: tuple[tuple[str, float], ...], chosen: str, width: int, palette: Palette) -> Line:
    """A slider for each knob of the model, by its number key."""
    blank = style(palette.muted, palette.head)
    line: Line = [Segment(" ", blank)]
    if not values:
        return fit([Segment(" this model has no knobs", blank)], width, blank)
    each = (width - 1) // max(len(values), KNOB_COLUMNS)
    widest = max(len(name) for name, _ in values)
    track = max(min(each - widest - 5, WIDEST_TRACK), 3)
    for number, (name, value) in enumerate(values, 1):
        ground = palette.chosen if name == chosen else palette.head
        label = f"{'▸' if name == chosen else ' '}{number} {name:<{widest}} "
        ink = style(palette.ink, ground, name == chosen)
        slider = _slider(value, track, palette, ground)
        line += [Segment(label, ink), *slider, Segment(" ", ink)]
        line += [Segment(" " * (each - sum(p.cell_length for p in slider) - len(label) - 1), blank)]
    return fit(line, width, blank)


def _slider(value: float, columns: int, palette: Palette, ground: str) -> Line:
    """A track with a handle; -1 is its left end, +1 its right one, and 0, let go, the middle."""
    columns -= columns % 2 == 0
    middle, handle = columns // 2, round((value + 1) / 2 * (columns - 1))
    handle = min(max(handle, 0), columns - 1)
    rail, moved = style(mix(palette.muted, ground, 0.6), ground), style(palette.warn, ground)
    line = []
    for column in range(columns):
        inside = min(middle, handle) <= column <= max(middle, handle) and value != 0
        if column == handle:
            line.append(
                Segment("●", style(palette.ink if value == 0 else palette.warn, ground, True))
            )
        else:
            line.append(
                Segment(
                    "━" if inside else "┼" if column == middle else "─", moved if inside else rail
                )
            )
    return line


@lru_cache(maxsize=64)
def devices(state: Devices, width: int, palette: Palette) -> Line:
    """A light each for keyboard and output, what to do where one is out; the latencies at the right."""
    blank = style(palette.muted, palette.head)
    troubled = not (state.plugged and state.output_alive)
    room = max(width - 8 if troubled else (width - 8) // 2, SHORTEST_NAME)
    rooms = min(room, LONGEST_DEVICE), min(room, LONGEST_OUTPUT)
    for is_short in (False, True):
        keyboard = _light(
            state.plugged, state.device, rooms[0], (NO_KEYBOARD[is_short], GONE[is_short]), palette
        )
        sound = _light(
            state.output_alive,
            state.output,
            rooms[1],
            (NO_OUTPUT[is_short], SILENT[is_short]),
            palette,
        )
        lights = [Segment(" ", blank), *keyboard, Segment("   ", blank), *sound]
        if length(lights) <= width:
            break
    return apart(
        lights, latencies(state.latencies, width - length(lights) - 2, palette), width, blank
    )


def _light(on: bool, name: str, room: int, trouble: tuple[str, str], palette: Palette) -> Line:
    """A green light and a name, or a red one and what to do: `trouble` where there is none, and where it went away."""
    if on:
        ink = style(palette.ink, palette.head)
        return [
            Segment("● ", style(palette.good, palette.head, True)),
            Segment(clean(name, room), ink),
        ]
    text = f"{clean(name, 24)} {trouble[1]}" if name else trouble[0]
    bad = style(palette.bad, palette.head, True)
    return [Segment("○ ", bad), Segment(text, bad)]


def latencies(measured: Sequence[tuple[str, Latency]], width: int, palette: Palette) -> Line:
    """Each kind of latency: the last, and after a slash what 99 of 100 keep to, in ms; as much of it as fits."""
    blank, ink = style(palette.muted, palette.head), style(palette.ink, palette.head)
    for names, room in ((LATENCIES, sys.maxsize), (SHORT, width - 1)):
        figures = [
            (kind, Segment(f"{names.get(kind, kind)} ", blank), _ms(value))
            for kind, value in measured
        ]
        pieces = [
            Piece(RANKS.get(kind, 2), (name, Segment(text, ink))) for kind, name, text in figures
        ]
        line = squeeze([*pieces, Piece(9, (Segment(FIGURES, blank),))], room, blank)
        if pieces and length(line) < width:
            return [*line, Segment(" ", blank)]
    return []


def _ms(value: Latency) -> str:
    if value.last is None:
        return "–"
    figures = [value.last] if value.p99 is None else [value.last, value.p99]
    return "/".join(f"{x:.1f}" if abs(x) < DECIMALS else f"{x:.0f}" for x in figures)


@lru_cache(maxsize=64)
def message(news: News, width: int, palette: Palette, voices: tuple[str, ...] = ()) -> Line:
    """What the player should know; at the right the takes and, where there is room, `voices` in their colours."""
    blank = style(palette.ink, palette.ground)
    takes = f"{news.takes} take{'s' if news.takes != 1 else ''}{', the last kept' if news.kept else ''} "
    color = palette.good if news.kept else palette.muted
    right = [Segment(takes if news.takes else "", style(color, palette.ground))]
    ink = style(palette.bad if news.bad else palette.ink, palette.ground, news.bad)
    left = [Segment(" " + clean(news.text, width - len(takes) - 3), ink)]
    names = [
        *squeeze(_voices(voices, palette), width, blank, gap=1),
        Segment(" " * 3 if news.takes else " ", blank),
    ]
    fits = voices and length([*left, *names, *right]) + 2 < width
    return apart(left, [*names, *right] if fits else right, width, blank)


@lru_cache(maxsize=64)
def legend(voices: tuple[str, ...], ahead: bool, width: int, palette: Palette) -> Line:
    """The names of the voices in their colours; and how notes look that are decided `ahead`, where there are any."""
    blank = style(palette.muted, palette.ground)
    pieces = _voices(voices, palette)
    if ahead:
        pale = style(mix(palette.voice(1), palette.ground, 0.5), palette.ground)
        pieces.append(Piece(1, (Segment("▌▌▌", pale), Segment(" decided, not yet heard", blank))))
    return fit([Segment(" ", blank), *squeeze(pieces, width - 1, blank)], width, blank)


def _voices(names: Sequence[str], palette: Palette) -> list[Piece]:
    ink = style(palette.muted, palette.ground)
    return [
        Piece(
            0,
            (Segment("■ ", style(palette.voice(i), palette.ground)), Segment(clean(name, 12), ink)),
        )
        for i, name in enumerate(names)
    ]


@lru_cache(maxsize=64)
def footer(piano: bool, width: int, palette: Palette) -> Line:
    """The keys, as many as there is room for; with the piano on, where its notes are and how to leave it."""
    blank, key = style(palette.muted, palette.head), style(palette.ink, palette.head, True)
    commands = [
        (command.rank, shown_key(command), command.label)
        for command in shown_commands()
        if command.label
    ]
    hints = PIANO_HINTS if piano else commands
    pieces = [
        Piece(rank, (Segment(shown, key), Segment(" " + text, blank)))
        for rank, shown, text in hints
    ]
    return fit([Segment(" ", blank), *squeeze(pieces, width - 1, blank)], width, blank)
