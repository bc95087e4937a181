"""Hold what a session is set to, and what it shows: two frozen tables, no logic of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import floor

from composer.errors import ConfigError, Mend
from composer.generators.latents import Source
from composer.live.commands import FASTEST, LONGEST, MODES, SLOWEST
from composer.songs.song import DEFAULT_QPM

PHASES = ("idle", "count-in", "listening", "thinking", "playing", "calibrating")
VOICES = 4
# Seconds before their downbeat at which the first notes of an answer are sent, so that there is
# time to make it again.
COMMIT = 0.012
# The name of the voice that is played.
MELODY = "melody"
# General MIDI's drum channel, counted from 0: 10 as players count.
DRUMS = 9


@dataclass(frozen=True)
class SessionConfig:
    """How a session listens and answers.

    mode: "phrase" (play, then hear it arranged), "duet" (the voices of each beat while one plays),
    "call" (phrase and answer in turns). bars: of a phrase; None: until one stops, or is silent for
    a bar. count_in: bars. with_melody: the answer repeats the melody too. loop: the answer goes
    round. seed, latents: of the arrangement; by name a seed, a knob or both. programs: General MIDI
    numbers of melody, then voices; without, the model's own. offset: seconds by which keys come
    late (calibration). thru: keys sound at once. clock_in, clock_out: MIDI clock followed, sent.
    channels: of melody and voices, counted from 0 (players count from 1); the metronome is on the
    drum channel.
    """

    mode: str = "phrase"
    bars: int | None = 4
    beats_per_bar: int = 4
    qpm: float = DEFAULT_QPM
    count_in: int = 1
    metronome: bool = True
    with_melody: bool = True
    loop: bool = False
    seed: int = 0
    latents: Mapping[str, Source] = field(default_factory=dict)
    programs: tuple[int, ...] = ()
    offset: float = 0.0
    thru: bool = True
    clock_in: bool = False
    clock_out: bool = False
    channels: tuple[int, ...] = (0, 1, 2, 3)

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise ConfigError(f"a mode is one of {', '.join(MODES)}, got {self.mode!r}")
        if not SLOWEST <= self.qpm <= FASTEST:
            raise ConfigError(
                f"qpm is between {SLOWEST:.0f} and {FASTEST:.0f} in a session, got {self.qpm!r}"
            )
        if self.bars is not None and not 1 <= self.bars <= LONGEST:
            raise ConfigError(
                f"bars is 1 to {LONGEST}, or None until one stops, got {self.bars!r}"
            )
        limits = {
            "beats_per_bar": (1, 12),
            "count_in": (0, 8),
            "seed": (0, 10**18),
            "offset": (-0.5, 0.5),
        }
        for name, (least, most) in limits.items():
            if not least <= getattr(self, name) <= most:
                raise ConfigError(
                    f"{name} is {least} to {most}, got {getattr(self, name)!r}"
                )
        are_programs = all(0 <= program <= 127 for program in self.programs)
        if len(self.programs) > VOICES or not are_programs:
            raise ConfigError(
                f"programs are up to {VOICES} numbers of 0 to 127, got {list(self.programs)}"
            )
        _check_channels(self.channels)


def _check_channels(channels: tuple[int, ...]) -> None:
    used = set(channels)
    are_different = len(channels) == len(used) == VOICES
    if not are_different or not used <= set(range(16)) - {DRUMS}:
        raise ConfigError(
            f"channels are {VOICES} of 0 to 15, all different and not {DRUMS}, got {channels}"
        )


@dataclass(frozen=True, slots=True)
class ShownNote:
    """A note on the screen. onset, end: beats of the session. voice: 0 the melody, 1 to 3 the
    accompaniment.

    ahead: decided before its beat, in a duet; false for what was played, and for a phrase arranged
    in hindsight.
    """

    onset: float
    end: float
    pitch: int
    voice: int
    ahead: bool = False


Shown = tuple[tuple[ShownNote, ...], tuple[ShownNote, ...]]
"""Melody and accompaniment."""


@dataclass(frozen=True, slots=True)
class Latency:
    """The last of a kind of latency and the 99th percentile of the latest thousand, in ms; None:
    not measured yet.
    """

    last: float | None = None
    p99: float | None = None


@dataclass(frozen=True)
class State:
    """What the screen draws; a new one each time it is asked for.

    phase: "idle", "count-in", "listening", "thinking", "playing" or "calibrating". beat: now, from
    the first downbeat after the count-in (negative before it); bar: from 1, 0 in the count-in.
    start: the beat at which the phrase shown begins, its notes lie from there on; length: its
    beats, None where it is open. seconds: of the session's clock, at which it was `beat`; with
    `qpm` they say what the beat is at any other time, unless the phase is "idle". voices: names of
    the melody and of the voices that the model adds. knobs: -1..1 by the model's names of them.
    takes: made so far; kept: whether the last one is marked. latencies: "thru", "decision" and
    "ready" (how long before its beat a decision was there). message: one line for the player; mend:
    a way out of what it says, which each edge words for itself. remarks: of the last arrangement,
    and what else a listener should know.
    """

    mode: str = "phrase"
    phase: str = "idle"
    beat: float = 0.0
    seconds: float = 0.0
    bar: int = 0
    beats_per_bar: int = 4
    qpm: float = DEFAULT_QPM
    start: float = 0.0
    length: float | None = None
    loop: bool = False
    metronome: bool = True
    with_melody: bool = True
    seed: int = 0
    knobs: Mapping[str, float] = field(default_factory=dict)
    model: str = ""
    voices: tuple[str, ...] = (MELODY,)
    device: str = ""
    plugged: bool = False
    output: str = ""
    output_alive: bool = False
    melody: tuple[ShownNote, ...] = ()
    accompaniment: tuple[ShownNote, ...] = ()
    held: tuple[int, ...] = ()
    takes: int = 0
    kept: bool = False
    latencies: Mapping[str, Latency] = field(default_factory=dict)
    message: str = ""
    mend: Mend | None = None
    remarks: tuple[str, ...] = ()

    def at(self, seconds: float) -> State:
        """Return the state of another time of the session's clock, if nothing but time passes."""
        if self.phase == "idle":
            return self
        beat = self.beat + (seconds - self.seconds) * self.qpm / 60
        committed = beat + COMMIT * self.qpm / 60
        bar = bar_of(beat, committed, self.beats_per_bar)
        return replace(self, beat=beat, seconds=seconds, bar=bar)


def bar_of(beat: float, committed: float, beats_per_bar: int) -> int:
    """Return the bar that is shown, from 1; 0 in the count-in.

    committed: the beat up to which all is sent, as an answer begins that long before its downbeat.
    """
    return max(0, floor(committed / beats_per_bar) + 1) if beat >= 0 else 0
