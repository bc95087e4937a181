"""From keys pressed, in seconds, to one melody, in beats: pure functions, no port and no clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil

import numpy as np

from composer.errors import ConfigError
from composer.live.melody.quantise import grid_shift, quantise_onsets
from composer.live.melody.transport import Transport
from composer.songs.edit import top_line
from composer.songs.song import DEFAULT_QPM, Note, Song, Tempo, TimeSignature, Track

SUSTAIN_PEDAL = 64
# A grace note is over within this share of a step, and its main note is at least so many times longer.
GRACE_STEP, GRACE_RATIO = 0.4, 2.0
PRIORITIES = ("last", "top")
# Tempos closer than this (qpm) are written as one: a MIDI clock's tempo is never twice the same.
TEMPO_CHANGE = 0.5
# A gap before the next note under this share of a step is how fingers move, not a rest.
ARTICULATION = 0.75


@dataclass(frozen=True, slots=True)
class RecordConfig:
    """How a melody is recorded and written down.

    bars: length of the take after the count-in (None: until stopped). count_in: bars counted in before the
    downbeat; with 0 the first note is the downbeat. resolution: steps per beat. double_hit, blip: seconds;
    keys struck closer than `double_hit` are one stroke, a note shorter than `blip` beside a longer one is a
    slip. grace: seconds; a note that is left for a much longer one sooner than this, and than 0.4 of a step, is
    its ornament. priority: of keys that overlap, the "last" or the "top" one is the melody. offset: seconds by which
    everything is heard late (`transport.grid_offset` measures it). stop_key: the controller that ends a take
    (AKM322: 105 play, 106 stop, 107 record).
    """

    qpm: float = DEFAULT_QPM
    bars: int | None = None
    beats_per_bar: int = 4
    count_in: int = 0
    resolution: int = 4
    triplets: bool = True
    pedal: bool = True
    double_hit: float = 0.02
    blip: float = 0.03
    stop_key: int = 106
    grace: float = 0.1
    priority: str = "last"
    offset: float = 0.0

    def __post_init__(self) -> None:
        if not 10 <= self.qpm <= 400:
            raise ConfigError(f"qpm is between 10 and 400, got {self.qpm!r}")
        least = {
            "bars": 1,
            "beats_per_bar": 1,
            "count_in": 0,
            "resolution": 1,
            "double_hit": 0,
            "blip": 0,
        }
        least["grace"] = 0
        for name, minimum in least.items():
            value = getattr(self, name)
            if value is not None and value < minimum:
                raise ConfigError(f"{name} is at least {minimum}, got {value!r}")
        if self.priority not in PRIORITIES:
            raise ConfigError(f"priority is one of {', '.join(PRIORITIES)}, got {self.priority!r}")
        if not -2 <= self.offset <= 2:
            raise ConfigError(f"offset is between -2 and 2 seconds, got {self.offset!r}")

    @property
    def beat_seconds(self) -> float:
        """Length of a beat in seconds."""
        return 60.0 / self.qpm


@dataclass(frozen=True, slots=True)
class Event:
    """What a keyboard said, `seconds` after the take began: a key, or a controller (pedal, knob, button).

    kind: "note_on", "note_off" or "control_change". number: pitch or controller. value: velocity or setting.
    """

    seconds: float
    kind: str
    number: int
    value: int

    @property
    def is_press(self) -> bool:
        """Whether a key goes down; a note-on of velocity 0 is a release."""
        return self.kind == "note_on" and self.value > 0


@dataclass(frozen=True, slots=True)
class Press:
    """A key held from `on` to `off`, in seconds; `grace` is the onset of an ornament struck before it."""

    on: float
    off: float
    pitch: int
    velocity: int
    grace: float | None = None


def capture(
    events: Sequence[Event],
    end: float,
    config: RecordConfig,
    transport: Transport | None = None,
    downbeat: float | None = None,
) -> Song:
    """The one line that was played: quantised, one note at a time, velocities kept; no notes make an empty track.

    events: in any order. end: seconds; what comes later is not heard, and keys still down there are let go.
    The last key pressed is the melody: it ends the note before, even one that is still held; with priority "top" a
    lower key counts only once the higher one is, or is about to be, let go. With a count-in, notes in its last bar
    become a pickup; without, beat 0 is the first note (the grid then lies where it fits all notes best). Notes past
    `config.bars` are cut.
    transport: the tempo in the seconds of `events` (None: `config.qpm` from second 0 on). downbeat: the beat of the
    transport that is the first of the take, with a bar of pickup before it (None: after the count-in, or the first
    note). The song begins there, less the pickup: `song.time_signatures[-1].onset` beats.
    """
    tempo = transport or Transport.start(0.0, config.qpm)
    events = sorted((e for e in events if e.seconds < end), key=lambda e: e.seconds)
    presses = _without_blips(_without_bounces(_presses(events, end), config), end, config)
    line = _without_graces(_one_line(presses, events, end, config), tempo, config)
    beats, zero = _on_beats(line, tempo, downbeat, config)
    pickup_room = config.beats_per_bar if config.count_in or downbeat is not None else 0.0
    return _song(_notes(line, beats, pickup_room, config), tempo, zero, config)


def _on_beats(
    line: Sequence[Press], tempo: Transport, downbeat: float | None, config: RecordConfig
) -> tuple[np.ndarray, float]:
    """(Beats of each note from the downbeat on, float [note, (on, off)]; the downbeat on the transport)."""

    def beat(seconds: float) -> float:
        return tempo.beat(seconds - config.offset)

    step = 1.0 / config.resolution
    on_off = np.array([(beat(p.on), beat(p.off)) for p in line]).reshape(-1, 2)
    if downbeat is None and not config.count_in:
        first = on_off[0, 0] if line else 0.0
        shift = grid_shift(on_off[:, 0] - first, config.resolution, config.triplets)
        zero = first + float(np.clip(shift, -0.4 * step, 0.4 * step))
    else:
        zero = float(config.count_in * config.beats_per_bar) if downbeat is None else downbeat
    beats = on_off - zero
    for i, press in enumerate(line):
        if (
            press.grace is not None
        ):  # the ornament is on the beat or before it: the better placed of the two tells
            early = beat(press.grace) - zero
            if abs(early / step - round(early / step)) < abs(
                beats[i, 0] / step - round(beats[i, 0] / step)
            ):
                beats[i, 0] = early
    return beats, zero


def _presses(events: Sequence[Event], end: float) -> list[Press]:
    """Keys paired with their releases, in order of onset; a key that is never released goes up at `end`."""
    down: dict[int, Event] = {}
    presses = []
    for event in events:
        if event.kind not in ("note_on", "note_off"):
            continue
        key = down.pop(event.number, None)  # a second press without a release ends the first
        if key is not None:
            presses.append(Press(key.seconds, event.seconds, key.number, key.value))
        if event.is_press:
            down[event.number] = event
    presses += [Press(key.seconds, end, key.number, key.value) for key in down.values()]
    return sorted(presses, key=lambda p: p.on)


def _without_bounces(presses: Sequence[Press], config: RecordConfig) -> list[Press]:
    """A key struck twice at once is one press, as long and as strong as both."""
    kept: list[Press] = []
    last: dict[int, int] = {}  # pitch -> where in `kept`
    for press in presses:
        at = last.get(press.pitch)
        if at is not None and press.on - kept[at].on < config.double_hit:
            first = kept[at]
            off, velocity = max(first.off, press.off), max(first.velocity, press.velocity)
            kept[at] = replace(first, off=off, velocity=velocity)
        else:
            last[press.pitch] = len(kept)
            kept.append(press)
    return kept


def _without_blips(presses: Sequence[Press], end: float, config: RecordConfig) -> list[Press]:
    """Without keys brushed on the way: shorter than a blip, let go before the take ended, beside a note that is not."""

    def brushed(press: Press, neighbour: Press) -> bool:
        near = neighbour.on < press.off + config.blip and press.on < neighbour.off + config.blip
        return near and neighbour.off - neighbour.on >= config.blip

    return [
        press
        for i, press in enumerate(presses)
        if press.off - press.on >= config.blip
        or press.off >= end
        or not any(
            brushed(press, other)
            for other in (*presses[max(0, i - 1) : i], *presses[i + 1 : i + 2])
        )
    ]


def _sustained(presses: Sequence[Press], events: Sequence[Event], end: float) -> list[Press]:
    """Keys let go while the sustain pedal is down sound until it comes up."""
    pedal = [
        (e.seconds, e.value >= 64)
        for e in events
        if e.kind == "control_change" and e.number == SUSTAIN_PEDAL
    ]

    def sounds_until(off: float) -> float:
        is_down = next((down for at, down in reversed(pedal) if at <= off), False)
        return next((at for at, down in pedal if at > off and not down), end) if is_down else off

    return [replace(p, off=sounds_until(p.off)) for p in presses]


def _one_line(
    presses: Sequence[Press], events: Sequence[Event], end: float, config: RecordConfig
) -> list[Press]:
    """One note at a time: a new note of the line ends the one before, whatever the pedal holds."""
    line = _strokes(presses, config)
    if config.priority == "top":
        line = _top(line)
    if config.pedal:
        line = _sustained(line, events, end)
    ends = (*(p.on for p in line[1:]), float("inf"))
    return [replace(p, off=min(p.off, end)) for p, end in zip(line, ends, strict=False)]


def _strokes(presses: Sequence[Press], config: RecordConfig) -> list[Press]:
    """Of keys struck together the highest that was struck with a will."""
    line: list[Press] = []
    together: list[Press] = []
    for press in (*presses, None):
        if together and (press is None or press.on - together[0].on >= config.double_hit):
            hardest = max(p.velocity for p in together)
            line.append(
                max((p for p in together if 2 * p.velocity > hardest), key=lambda p: p.pitch)
            )
            together = []
        if press is not None:
            together.append(press)
    return line


def _top(presses: Sequence[Press]) -> list[Press]:
    """The top line, legato allowed, as `music.top_line` finds it (in seconds here: its rules are of proportion)."""
    notes = tuple(Note(p.on, p.pitch, p.off - p.on, p.velocity) for p in presses)
    return [Press(n.onset, n.end, n.pitch, n.velocity) for n in top_line(Track(notes))[0].notes]


def _without_graces(line: Sequence[Press], tempo: Transport, config: RecordConfig) -> list[Press]:
    """Without ornaments: the main note knows when its grace note was struck."""
    kept: list[Press] = []
    for press in line:
        before = kept[-1] if kept else None
        if before is not None and before.pitch != press.pitch:
            gap = press.on - before.on
            step = 60.0 / tempo.qpm_at(press.on) / config.resolution
            if (
                gap < min(config.grace, GRACE_STEP * step)
                and press.off - press.on >= GRACE_RATIO * gap
            ):
                press = replace(press, grace=before.on if before.grace is None else before.grace)
                kept.pop()
        kept.append(press)
    return kept


def _notes(
    line: Sequence[Press], beats: np.ndarray, pickup_room: float, config: RecordConfig
) -> list[Note]:
    """The line on the grid; of two notes on one step the longer stays. beats: float [note, (on, off)]."""
    step = 1.0 / config.resolution
    onsets = quantise_onsets(beats[:, 0], config.resolution, config.triplets)
    longest = {
        onset: i
        for i, onset in sorted(enumerate(onsets), key=lambda o: beats[o[0], 1] - beats[o[0], 0])
    }
    kept = sorted(i for onset, i in longest.items() if onset >= -pickup_room)
    notes = []
    for i, after in zip(kept, [*kept[1:], None], strict=False):
        onset, off = float(onsets[i]), float(beats[i, 1])
        on_grid = abs(onset / step - round(onset / step)) < 1e-6
        unit = step if on_grid else 1 / 3
        end = onset + unit * max(1, round((off - onset) / unit))
        if after is not None and (
            end > onsets[after] or beats[after, 0] - off < ARTICULATION * step
        ):
            end = float(onsets[after])
        notes.append(Note(onset, line[i].pitch, end - onset, line[i].velocity))
    return notes


def _song(notes: Sequence[Note], tempo: Transport, zero: float, config: RecordConfig) -> Song:
    """Notes from the downbeat on as a song; what lies before it becomes a short first bar.

    zero: the downbeat on the transport.
    """
    pickup = max(0, ceil(-notes[0].onset)) if notes else 0
    last = float("inf") if config.bars is None else config.bars * config.beats_per_bar
    notes = [
        replace(n, onset=n.onset + pickup, duration=min(n.end, last) - n.onset)
        for n in notes
        if n.onset < last
    ]
    bar = TimeSignature(float(pickup), config.beats_per_bar, 4)
    return Song(
        tracks=(Track(tuple(notes), name="Melody"),),
        tempos=_tempos(tempo, zero - pickup, max((n.end for n in notes), default=0.0)),
        time_signatures=(TimeSignature(0.0, pickup, 4), bar) if pickup else (bar,),
    )


def _tempos(tempo: Transport, start: float, end: float) -> tuple[Tempo, ...]:
    """The tempos of a song of `end` beats that begins at beat `start` of the transport."""
    tempos = [Tempo(0.0, tempo.qpm_at(tempo.seconds(start)))]
    for anchor in tempo.anchors:
        onset = anchor.beat - start
        if 1e-6 < onset < end and abs(anchor.qpm - tempos[-1].qpm) >= TEMPO_CHANGE:
            tempos.append(Tempo(onset, anchor.qpm))
    return tuple(tempos)
