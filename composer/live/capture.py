"""From keys pressed, in seconds, to one melody, in beats: pure functions, no port and no clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil

import numpy as np

from composer.errors import ConfigError
from composer.music import DEFAULT_QPM, Note, Song, Tempo, TimeSignature, Track

SUSTAIN_PEDAL = 64
# A beat is in triplets when thirds explain its onsets better than sixteenths by this sum of squared errors
# (beats²): more with one onset off the beat than with a pair; less once TRIPLET_BEATS of the take are sure.
# One exact triplet onset gives .007, a pair .014; a sixteenth struck .06 beats off gives .003.
TRIPLET_GAIN_ONE, TRIPLET_GAIN_PAIR, TRIPLET_GAIN_AMONG = 0.0055, 0.003, 0.001
TRIPLET_BEATS = 2
# A gap before the next note under this share of a step is how fingers move, not a rest.
ARTICULATION = 0.75


@dataclass(frozen=True, slots=True)
class RecordConfig:
    """How a melody is recorded and written down.

    bars: length of the take after the count-in (None: until stopped). count_in: bars counted in before the
    downbeat; with 0 the first note is the downbeat. resolution: steps per beat. double_hit, blip: seconds;
    keys struck closer than `double_hit` are one stroke, a note shorter than `blip` beside a longer one is a
    slip. stop_key: the controller that ends a take (AKM322: 105 play, 106 stop, 107 record).
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

    def __post_init__(self) -> None:
        if not 10 <= self.qpm <= 400:
            raise ConfigError(f"qpm is between 10 and 400, got {self.qpm!r}")
        least = {"bars": 1, "beats_per_bar": 1, "count_in": 0, "resolution": 1, "double_hit": 0, "blip": 0}
        for name, minimum in least.items():
            value = getattr(self, name)
            if value is not None and value < minimum:
                raise ConfigError(f"{name} is at least {minimum}, got {value!r}")

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
    """A key held from `on` to `off`, in seconds."""

    on: float
    off: float
    pitch: int
    velocity: int


def capture(events: Sequence[Event], end: float, config: RecordConfig) -> Song:
    """The one line that was played: quantised, one note at a time, velocities kept; no notes make an empty track.

    events: in any order. end: seconds; what comes later is not heard, and keys still down there are let go.
    The last key pressed is the melody: it ends the note before, even one that is still held. With a count-in,
    notes in its last bar become a pickup; without, beat 0 is the first note. Notes past `config.bars` are cut.
    """
    events = sorted((e for e in events if e.seconds < end), key=lambda e: e.seconds)
    presses = _without_blips(_without_bounces(_presses(events, end), config), end, config)
    line = _one_line(_sustained(presses, events, end) if config.pedal else presses, config)
    downbeat = config.count_in * config.beats_per_bar * config.beat_seconds
    if line and not config.count_in:
        downbeat = line[0].on
    beats = np.array([(p.on - downbeat, p.off - downbeat) for p in line]).reshape(-1, 2) / config.beat_seconds
    return _song(_notes(line, beats, config), config)


def quantise_onsets(times: Sequence[float] | np.ndarray, resolution: int = 4, triplets: bool = True) -> np.ndarray:
    """Each time on its nearest step, or on a third of a beat where triplets fit that beat clearly better.

    times: beats [n], in any order. resolution: steps per beat. Returns float beats [n].
    """
    times = np.asarray(times, dtype=float)
    straight = np.round(times * resolution) / resolution
    if not triplets or not times.size:
        return straight + 0.0
    fine = max(resolution, 4)
    thirds = np.round(times * 3) / 3
    gain = (times - np.round(times * fine) / fine) ** 2 - (times - thirds) ** 2
    _, beat = np.unique(np.floor(times), return_inverse=True)
    gains = np.bincount(beat, weights=gain)
    off_beats = np.bincount(beat, weights=np.abs(thirds - np.round(thirds)) > 0.1)
    in_triplets = gains > np.where(off_beats > 1, TRIPLET_GAIN_PAIR, TRIPLET_GAIN_ONE)
    if in_triplets.sum() >= TRIPLET_BEATS:
        in_triplets = gains > TRIPLET_GAIN_AMONG
    return np.where(in_triplets[beat], thirds, straight) + 0.0  # + 0.0: no -0.0


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
        or not any(brushed(press, other) for other in (*presses[max(0, i - 1) : i], *presses[i + 1 : i + 2]))
    ]


def _sustained(presses: Sequence[Press], events: Sequence[Event], end: float) -> list[Press]:
    """Keys let go while the sustain pedal is down sound until it comes up."""
    pedal = [(e.seconds, e.value >= 64) for e in events if e.kind == "control_change" and e.number == SUSTAIN_PEDAL]

    def sounds_until(off: float) -> float:
        is_down = next((down for at, down in reversed(pedal) if at <= off), False)
        return next((at for at, down in pedal if at > off and not down), end) if is_down else off

    return [replace(p, off=sounds_until(p.off)) for p in presses]


def _one_line(presses: Sequence[Press], config: RecordConfig) -> list[Press]:
    """One note at a time: of keys struck together the highest struck with a will; a new note ends the one before."""
    line: list[Press] = []
    together: list[Press] = []
    for press in (*presses, None):
        if together and (press is None or press.on - together[0].on >= config.double_hit):
            hardest = max(p.velocity for p in together)
            line.append(max((p for p in together if 2 * p.velocity > hardest), key=lambda p: p.pitch))
            together = []
        if press is not None:
            together.append(press)
    ends = (*(p.on for p in line[1:]), float("inf"))
    return [replace(p, off=min(p.off, end)) for p, end in zip(line, ends, strict=False)]


def _notes(line: Sequence[Press], beats: np.ndarray, config: RecordConfig) -> list[Note]:
    """The line on the grid; of two notes on one step the longer stays. beats: float [note, (on, off)]."""
    step = 1.0 / config.resolution
    onsets = quantise_onsets(beats[:, 0], config.resolution, config.triplets)
    earliest = -config.beats_per_bar if config.count_in else 0.0
    longest = {onset: i for i, onset in sorted(enumerate(onsets), key=lambda o: beats[o[0], 1] - beats[o[0], 0])}
    kept = sorted(i for onset, i in longest.items() if onset >= earliest)
    notes = []
    for i, after in zip(kept, [*kept[1:], None], strict=False):
        onset, off = float(onsets[i]), float(beats[i, 1])
        on_grid = abs(onset / step - round(onset / step)) < 1e-6
        unit = step if on_grid else 1 / 3
        end = onset + unit * max(1, round((off - onset) / unit))
        if after is not None and (end > onsets[after] or beats[after, 0] - off < ARTICULATION * step):
            end = float(onsets[after])
        notes.append(Note(onset, line[i].pitch, end - onset, line[i].velocity))
    return notes


def _song(notes: Sequence[Note], config: RecordConfig) -> Song:
    """Notes from the downbeat on as a song; what lies before it becomes a short first bar."""
    pickup = max(0, ceil(-notes[0].onset)) if notes else 0
    last = float("inf") if config.bars is None else config.bars * config.beats_per_bar
    notes = [replace(n, onset=n.onset + pickup, duration=min(n.end, last) - n.onset) for n in notes if n.onset < last]
    bar = TimeSignature(float(pickup), config.beats_per_bar, 4)
    return Song(
        tracks=(Track(tuple(notes), name="Melody"),),
        tempos=(Tempo(0.0, config.qpm),),
        time_signatures=(TimeSignature(0.0, pickup, 4), bar) if pickup else (bar,),
    )
