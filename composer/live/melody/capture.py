"""Make one melody, in beats, of keys that were pressed, in seconds. Pure functions, no port and no
clock.
"""

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
# A grace note is over within this share of a step, and its main note is at least this many times
# longer.
GRACE_STEP = 0.4
GRACE_RATIO = 2.0
# Without a count-in the first note is the downbeat; it may itself be this share of a step beside
# the grid.
FIRST_NOTE_OFF = 0.4
PEDAL_DOWN = 64  # from this value on
PRIORITIES = ("last", "top")
# Tempos closer than this (qpm) are written as one: a MIDI clock's tempo is never twice the same.
TEMPO_CHANGE = 0.5
# A gap before the next note under this share of a step is how fingers move, not a rest.
ARTICULATION = 0.75


@dataclass(frozen=True, slots=True)
class RecordConfig:
    """How a melody is recorded and written down."""

    qpm: float = DEFAULT_QPM
    bars: int | None = None
    """Length of the take after the count-in; None until stopped."""
    beats_per_bar: int = 4
    count_in: int = 0
    """Bars counted in before the downbeat; with 0 the first note is the downbeat."""
    resolution: int = 4
    """Steps per beat."""
    triplets: bool = True
    pedal: bool = True
    """Whether notes sound on while the sustain pedal is down."""
    double_hit: float = 0.02
    """Seconds; keys struck closer than this are one stroke."""
    blip: float = 0.03
    """Seconds; a note shorter than this beside a longer one is a slip."""
    stop_key: int = 106
    """The controller that ends a take (AKM322: 105 play, 106 stop, 107 record)."""
    grace: float = 0.1
    """Seconds; a note left sooner than this, and than 0.4 of a step, for a much longer one is its
    ornament.
    """
    priority: str = "last"
    """Of keys that overlap, the "last" or the "top" one is the melody."""
    offset: float = 0.0
    """Seconds by which everything is heard late; `transport.grid_offset` measures it."""

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
            "grace": 0,
        }
        for name, minimum in least.items():
            value = getattr(self, name)
            if value is not None and value < minimum:
                raise ConfigError(f"{name} is at least {minimum}, got {value!r}")
        if self.priority not in PRIORITIES:
            raise ConfigError(
                f"priority is one of {', '.join(PRIORITIES)}, got {self.priority!r}"
            )
        if not -2 <= self.offset <= 2:
            raise ConfigError(
                f"offset is between -2 and 2 seconds, got {self.offset!r}"
            )

    @property
    def beat_seconds(self) -> float:
        """Return the length of a beat in seconds."""
        return 60.0 / self.qpm


@dataclass(frozen=True, slots=True)
class Event:
    """A key or a controller (pedal, knob, button) of a keyboard, `seconds` after the take began."""

    seconds: float
    kind: str
    """"note_on", "note_off" or "control_change"."""
    number: int
    """Pitch or controller."""
    value: int
    """Velocity or setting."""

    @property
    def is_press(self) -> bool:
        """Tell whether a key goes down; a note-on of velocity 0 is a release."""
        return self.kind == "note_on" and self.value > 0


@dataclass(frozen=True, slots=True)
class Press:
    """A key held from `on` to `off`, in seconds; `grace` is the onset of an ornament struck before
    it.
    """

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
    """Return the one line that was played: quantised, one note at a time, with its velocities;
    maybe without notes.

    events: in any order. end: seconds; what comes later is not heard, and keys still down there are
    let go. The last key pressed is the melody: it ends the note before, even one that is still
    held; with priority "top" a lower key counts only once the higher one is, or is about to be, let
    go. With a count-in, notes in its last bar become a pickup; without, beat 0 is the first note
    (the grid then lies where it fits all notes best). Notes past `config.bars` are cut. transport:
    the tempo in the seconds of `events` (None: `config.qpm` from second 0 on). downbeat: the beat
    of the transport that is the first of the take, with a bar of pickup before it (None: after the
    count-in, or the first note). The song begins there, less the pickup:
    `song.time_signatures[-1].onset` beats.

    >>> keys = [Event(0.02, "note_on", 60, 80), Event(0.48, "note_off", 60, 0)]
    >>> keys += [Event(0.51, "note_on", 64, 90), Event(1.49, "note_off", 64, 0)]
    >>> song = capture(keys, end=2.0, config=RecordConfig(qpm=120.0))
    >>> [(note.onset, note.pitch, note.duration) for note in song.tracks[0].notes]
    [(0.0, 60, 1.0), (1.0, 64, 2.0)]
    """
    tempo = transport or Transport.start(0.0, config.qpm)
    events = sorted((e for e in events if e.seconds < end), key=lambda e: e.seconds)
    presses = _without_blips(
        _without_bounces(_presses(events, end), config), end, config
    )
    line = _without_graces(_one_line(presses, events, end, config), tempo, config)
    beats, zero = _on_beats(line, tempo, downbeat, config)
    pickup_room = (
        config.beats_per_bar if config.count_in or downbeat is not None else 0.0
    )
    return _song(_notes(line, beats, pickup_room, config), tempo, zero, config)


def _on_beats(
    line: Sequence[Press],
    tempo: Transport,
    downbeat: float | None,
    config: RecordConfig,
) -> tuple[np.ndarray, float]:
    """Return the beats of each note from the downbeat on, float [note, (on, off)], and the downbeat
    on the transport.
    """

    def beat(seconds: float) -> float:
        return tempo.beat(seconds - config.offset)

    step = 1.0 / config.resolution
    on_off = np.array([(beat(p.on), beat(p.off)) for p in line]).reshape(-1, 2)
    if downbeat is None and not config.count_in:
        first = on_off[0, 0] if line else 0.0
        shift = grid_shift(on_off[:, 0] - first, config.resolution, config.triplets)
        most = FIRST_NOTE_OFF * step
        zero = first + float(np.clip(shift, -most, most))
    elif downbeat is None:
        zero = float(config.count_in * config.beats_per_bar)
    else:
        zero = downbeat
    beats = on_off - zero
    for i, press in enumerate(line):
        if press.grace is None:
            continue
        # An ornament is played on the beat or before it: the better placed of the two tells.
        early = beat(press.grace) - zero
        if _off_the_grid(early, step) < _off_the_grid(beats[i, 0], step):
            beats[i, 0] = early
    return beats, zero


def _off_the_grid(beat: float, step: float) -> float:
    """Return how far a beat lies from its nearest step, as a share of the step."""
    return abs(beat / step - round(beat / step))


def _presses(events: Sequence[Event], end: float) -> list[Press]:
    """Pair keys with their releases, in order of onset; a key that is never released goes up at
    `end`.
    """
    down: dict[int, Event] = {}
    presses = []
    for event in events:
        if event.kind not in ("note_on", "note_off"):
            continue
        # A second press without a release ends the first.
        key = down.pop(event.number, None)
        if key is not None:
            presses.append(Press(key.seconds, event.seconds, key.number, key.value))
        if event.is_press:
            down[event.number] = event
    presses += [Press(key.seconds, end, key.number, key.value) for key in down.values()]
    return sorted(presses, key=lambda p: p.on)


def _without_bounces(presses: Sequence[Press], config: RecordConfig) -> list[Press]:
    """Make one press, as long and as strong as both, of a key that bounces."""
    kept: list[Press] = []
    # By pitch, the place of its last press in `kept`.
    last: dict[int, int] = {}
    for press in presses:
        at = last.get(press.pitch)
        if at is not None and press.on - kept[at].on < config.double_hit:
            first = kept[at]
            off = max(first.off, press.off)
            velocity = max(first.velocity, press.velocity)
            kept[at] = replace(first, off=off, velocity=velocity)
        else:
            last[press.pitch] = len(kept)
            kept.append(press)
    return kept


def _without_blips(
    presses: Sequence[Press], end: float, config: RecordConfig
) -> list[Press]:
    """Leave out keys brushed on the way: shorter than a blip, and beside a note that is not."""

    def is_short(press: Press) -> bool:
        return press.off - press.on < config.blip

    def is_near(press: Press, other: Press) -> bool:
        return other.on < press.off + config.blip and press.on < other.off + config.blip

    kept = []
    for i, press in enumerate(presses):
        neighbours = (*presses[max(0, i - 1) : i], *presses[i + 1 : i + 2])
        brushed = any(
            is_near(press, other) and not is_short(other) for other in neighbours
        )
        # A key that is still down when the take ends is short by chance.
        if press.off >= end or not is_short(press) or not brushed:
            kept.append(press)
    return kept


def _sustained(
    presses: Sequence[Press], events: Sequence[Event], end: float
) -> list[Press]:
    """Let keys that go up while the sustain pedal is down sound until it comes up."""
    is_pedal = ("control_change", SUSTAIN_PEDAL)
    pedal = [
        (e.seconds, e.value >= PEDAL_DOWN)
        for e in events
        if (e.kind, e.number) == is_pedal
    ]

    def sounds_until(off: float) -> float:
        is_down = next((down for at, down in reversed(pedal) if at <= off), False)
        if not is_down:
            return off
        return next((at for at, down in pedal if at > off and not down), end)

    return [replace(press, off=sounds_until(press.off)) for press in presses]


def _one_line(
    presses: Sequence[Press], events: Sequence[Event], end: float, config: RecordConfig
) -> list[Press]:
    """Return one note at a time: a new note of the line ends the one before, whatever the pedal
    holds.
    """
    line = _strokes(presses, config)
    if config.priority == "top":
        line = _top(line)
    if config.pedal:
        line = _sustained(line, events, end)
    next_onsets = [*(press.on for press in line[1:]), float("inf")]
    return [
        replace(press, off=min(press.off, latest))
        for press, latest in zip(line, next_onsets, strict=False)
    ]


def _strokes(presses: Sequence[Press], config: RecordConfig) -> list[Press]:
    """Return of keys struck together the highest that was meant: struck at least half as hard as
    the hardest.
    """
    chords: list[list[Press]] = []
    for press in presses:
        if chords and press.on - chords[-1][0].on < config.double_hit:
            chords[-1].append(press)
        else:
            chords.append([press])
    line = []
    for chord in chords:
        hardest = max(press.velocity for press in chord)
        meant = [press for press in chord if 2 * press.velocity > hardest]
        line.append(max(meant, key=lambda press: press.pitch))
    return line


def _top(presses: Sequence[Press]) -> list[Press]:
    """Return the top line, legato allowed, as `songs.edit.top_line` finds it.

    It is given seconds here instead of beats, for its rules are of proportion.
    """
    notes = tuple(Note(p.on, p.pitch, p.off - p.on, p.velocity) for p in presses)
    return [
        Press(n.onset, n.end, n.pitch, n.velocity)
        for n in top_line(Track(notes))[0].notes
    ]


def _without_graces(
    line: Sequence[Press], tempo: Transport, config: RecordConfig
) -> list[Press]:
    """Leave out ornaments; the main note remembers when its grace note was struck."""
    kept: list[Press] = []
    for press in line:
        if kept and _is_grace(kept[-1], press, tempo, config):
            before = kept.pop()
            struck = before.on if before.grace is None else before.grace
            kept.append(replace(press, grace=struck))
        else:
            kept.append(press)
    return kept


def _is_grace(
    press: Press, main: Press, tempo: Transport, config: RecordConfig
) -> bool:
    """Tell whether a press is the ornament of the next one, `main`."""
    if press.pitch == main.pitch:
        return False
    gap = main.on - press.on
    step = 60.0 / tempo.qpm_at(main.on) / config.resolution
    is_quick = gap < min(config.grace, GRACE_STEP * step)
    return is_quick and main.off - main.on >= GRACE_RATIO * gap


def _notes(
    line: Sequence[Press], beats: np.ndarray, pickup_room: float, config: RecordConfig
) -> list[Note]:
    """Put the line on the grid; of two notes on one step the longer stays. beats: float [note, (on,
    off)].
    """
    step = 1.0 / config.resolution
    onsets = quantise_onsets(beats[:, 0], config.resolution, config.triplets)
    by_length = sorted(range(len(line)), key=lambda i: beats[i, 1] - beats[i, 0])
    # A longer one takes the place of a shorter.
    longest = {onsets[i]: i for i in by_length}
    kept = sorted(i for onset, i in longest.items() if onset >= -pickup_room)
    notes = []
    for i, after in zip(kept, [*kept[1:], None], strict=False):
        onset = float(onsets[i])
        off = float(beats[i, 1])
        is_triplet = _off_the_grid(onset, step) >= 1e-6
        unit = 1 / 3 if is_triplet else step
        end = onset + unit * max(1, round((off - onset) / unit))
        if after is not None:
            is_legato = beats[after, 0] - off < ARTICULATION * step
            if is_legato or end > onsets[after]:
                end = float(onsets[after])
        notes.append(Note(onset, line[i].pitch, end - onset, line[i].velocity))
    return notes


def _song(
    notes: Sequence[Note], tempo: Transport, zero: float, config: RecordConfig
) -> Song:
    """Make a song of notes from the downbeat on; what lies before it becomes a short first bar.

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
    """Return the tempos of a song of `end` beats that begins at beat `start` of the transport."""
    tempos = [Tempo(0.0, tempo.qpm_at(tempo.seconds(start)))]
    for anchor in tempo.anchors:
        onset = anchor.beat - start
        if 1e-6 < onset < end and abs(anchor.qpm - tempos[-1].qpm) >= TEMPO_CHANGE:
            tempos.append(Tempo(onset, anchor.qpm))
    return tuple(tempos)
