"""Time: which beat it is at a second, by a fixed tempo, by taps or by MIDI clock, and how late one plays.

Pure: seconds come in as arguments and nothing here reads a clock.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite
from statistics import median
from typing import NamedTuple

from composer.errors import ConfigError

CLOCKS_PER_BEAT = 24
SLOWEST, FASTEST = 10.0, 400.0  # qpm
TAPPED = (30.0, 300.0)  # qpm
TAP_PAUSE = 2.0  # seconds; after it tapping begins anew
TAPS_HEARD = 8
LEAST_PRESSES = 4


class Anchor(NamedTuple):
    """At `seconds` it is `beat`, and from there on it goes at `qpm`."""

    seconds: float
    beat: float
    qpm: float


@dataclass(frozen=True, slots=True)
class Transport:
    """Seconds to beats and back, over a tempo that may change. anchors: in order of seconds and of beats, at least one.

    Between two anchors the beat goes evenly from one to the other, before the first and after the last at their qpm.
    """

    anchors: tuple[Anchor, ...]

    def __post_init__(self) -> None:
        anchors = tuple(Anchor(*map(float, anchor)) for anchor in self.anchors)
        if not anchors or not all(isfinite(value) for anchor in anchors for value in anchor):
            raise ConfigError(
                f"a transport has at least one anchor (seconds, beat, qpm), all finite, got {anchors!r}"
            )
        for _, _, qpm in anchors:
            if not SLOWEST <= qpm <= FASTEST:
                raise ConfigError(f"qpm is between {SLOWEST:g} and {FASTEST:g}, got {qpm!r}")
        for before, after in pairwise(anchors):
            if after.seconds <= before.seconds or after.beat <= before.beat:
                raise ConfigError(f"a transport goes forward, got {before!r}, then {after!r}")
        object.__setattr__(self, "anchors", anchors)

    @classmethod
    def start(cls, seconds: float, qpm: float, beat: float = 0.0) -> Transport:
        """A steady tempo with `beat` at `seconds`."""
        return cls((Anchor(seconds, beat, qpm),))

    def beat(self, seconds: float) -> float:
        """The beat at `seconds`; negative before the start."""
        at = bisect_right(self.anchors, seconds, key=lambda a: a.seconds) - 1
        anchor = self.anchors[max(0, at)]
        return anchor.beat + (seconds - anchor.seconds) * self._rate(at)

    def seconds(self, beat: float) -> float:
        """When `beat` falls: the other way round."""
        at = bisect_right(self.anchors, beat, key=lambda a: a.beat) - 1
        anchor = self.anchors[max(0, at)]
        return anchor.seconds + (beat - anchor.beat) / self._rate(at)

    def qpm_at(self, seconds: float) -> float:
        """The tempo at `seconds`."""
        at = bisect_right(self.anchors, seconds, key=lambda a: a.seconds) - 1
        return self.anchors[max(0, at)].qpm

    def changed(self, seconds: float, qpm: float) -> Transport:
        """The same up to `seconds`, from there on at `qpm`; the beat goes on unbroken."""
        before = tuple(a for a in self.anchors if a.seconds < seconds)
        beat = self.beat(seconds)
        if before and beat <= before[-1].beat:  # too close to tell apart
            before = before[:-1]
        return Transport((*before, Anchor(seconds, beat, qpm)))

    def _rate(self, at: int) -> float:
        """Beats a second from anchor number `at` on; -1 is before the first."""
        if 0 <= at < len(self.anchors) - 1:
            here, there = self.anchors[at : at + 2]
            return (there.beat - here.beat) / (there.seconds - here.seconds)
        return self.anchors[max(0, at)].qpm / 60.0


def tapped(times: Sequence[float]) -> float | None:
    """The qpm that was tapped: by the median of the last intervals, at most seven.

    times: seconds of all taps, in order; a pause of over two seconds begins anew. None below two taps, and where
    the tempo is outside 30 to 300 qpm.
    """
    recent = list(times)[-TAPS_HEARD:]
    intervals = _intervals(recent)
    pauses = [i for i, interval in enumerate(intervals) if interval > TAP_PAUSE]
    intervals = intervals[pauses[-1] + 1 :] if pauses else intervals
    if not intervals or median(intervals) <= 0:
        return None
    qpm = 60.0 / median(intervals)
    return qpm if TAPPED[0] - 1e-6 <= qpm <= TAPPED[1] + 1e-6 else None


@dataclass(frozen=True, slots=True)
class Offset:
    """How late one plays to the clicks: median `seconds` (negative: early), median distance from that (`spread`).

    used: how many presses were counted. `seconds` is what `RecordConfig.offset` takes.
    """

    seconds: float
    spread: float
    used: int


def grid_offset(presses: Sequence[float], clicks: Sequence[float]) -> Offset:
    """How late a player and their keyboard are, from playing along: both in seconds, in any order.

    A press counts with the click nearest to it, one a click, if it is closer than half way to the next one.
    Raises ConfigError below four presses that count.
    """
    grid = sorted(clicks)
    reach = median(_intervals(grid)) / 2 if len(grid) > 1 else 0.0
    nearest: dict[float, float] = {}  # click -> lateness
    for press in presses:
        click = min(grid, key=lambda c: abs(press - c), default=press)
        late = press - click
        if abs(late) < reach and abs(late) < abs(nearest.get(click, reach)):
            nearest[click] = late
    if len(nearest) < LEAST_PRESSES:
        raise ConfigError(
            f"calibration needs a key on at least {LEAST_PRESSES} of the clicks, heard {len(nearest)}: "
            "play one key along with the clicks, once a click"
        )
    middle = median(nearest.values())
    return Offset(middle, median(abs(late - middle) for late in nearest.values()), len(nearest))


FITTED = (
    36  # clocks that a line is drawn through: over 1.5 beats, which takes +-3 ms to under a tenth
)
MOST_BEATS = 1024  # that a transport remembers, unless told otherwise
SURPRISE = 0.005  # seconds; so many clocks in a row so far off, to the same side, are a new tempo
SURPRISED = 4
# A hole: an interval longer than the period by this share, and by these seconds.
HOLE, HOLE_SECONDS = 0.35, 0.004
# It is lost clocks, or a slower tempo, or one late clock: so many clocks after it tell.
DOUBTED, SLOWER, SLOWER_SECONDS, MISSED = 5, 1.12, 0.0015, 0.6
SURE = 6  # clocks, before there is a tempo
SHORTEST, LONGEST = (
    60.0 / CLOCKS_PER_BEAT / qpm for qpm in (FASTEST, SLOWEST)
)  # seconds between two clocks


class ClockFollower:
    """Follows a MIDI clock, 24 a beat: `hear` what comes, ask for the `transport`.

    The first clock after a start is beat 0; after a continue the beat goes on where it stopped. A device that sends
    clocks without a start has its first clock as beat 0, and is not `running`.
    """

    def __init__(self, most_beats: int = MOST_BEATS) -> None:
        """most_beats: of the past that a transport remembers; each costs time whenever one is made."""
        self.running = False
        self._last: float | None = None
        self._tick = -1  # of the last clock, counted on for ever
        self._zero = 0  # the tick that is beat 0
        self._stopped_at = 0
        self._after_pause = False  # a pause before a start is no hole
        self._window: deque[tuple[float, int]] = deque(maxlen=FITTED)
        self._line: tuple[float, float] | None = None  # (seconds of tick 0, seconds a tick)
        self._surprises: list[float] = []
        self._doubted: list[
            tuple[float, int]
        ] = []  # clocks from before a hole on: (seconds, clocks lost before)
        self._history: deque[Anchor] = deque(maxlen=most_beats)

    def hear(self, seconds: float, kind: str) -> None:
        """Take in a "clock", "start", "continue" or "stop" that came at `seconds`; other kinds are left out."""
        if kind == "clock":
            self._clock(seconds)
        elif kind == "start":
            self._zero = self._tick + 1
            self._begin()
        elif kind == "continue":
            if not self.running:
                self._zero += self._tick + 1 - self._stopped_at
            self._begin()
        elif kind == "stop" and self.running:
            self.running = False
            self._stopped_at = self._tick + 1

    def transport(self) -> Transport | None:
        """Where the beat is, smoothed; None before there are clocks enough for a tempo.

        It holds the tempos of the beats since the last start or continue, so that what was played can be placed.
        """
        now = self._anchor()
        if now is None:
            return None
        before = [
            a for a in self._history if a.seconds < now.seconds - 1e-6 and a.beat < now.beat - 1e-6
        ]
        return Transport((*before, now))

    def _begin(self) -> None:
        self.running = True
        self._after_pause = True
        self._history.clear()

    def _clock(self, seconds: float) -> None:
        if not isfinite(seconds):
            return
        lost = self._lost(seconds)
        if self._line is not None and lost and self._after_pause:
            self._tick += 1
            self._from_here(seconds, self._line[1])
        else:
            self._tick += 1 + lost
            self._doubt(seconds, lost)
        self._after_pause, self._last = False, seconds
        self._window.append((seconds, self._tick))
        if not self._doubted:
            self._notice(seconds)
            self._fit()
        if (self._tick - self._zero) % CLOCKS_PER_BEAT == 0:
            anchor = self._anchor()
            if anchor is not None and (not self._history or _follows(self._history[-1], anchor)):
                self._history.append(anchor)

    def _lost(self, seconds: float) -> int:
        """How many clocks seem to be missing before this one."""
        if self._line is None or self._last is None:
            return 0
        start, period = self._line
        if seconds - self._last < period + max(HOLE * period, HOLE_SECONDS):
            return 0
        return max(0, round((seconds - start) / period) - self._tick - 1)

    def _doubt(self, seconds: float, lost: int) -> None:
        """Take back clocks that were counted as lost, when those after them show that none were."""
        if self._last is None or self._line is None or not (lost or self._doubted):
            return
        if not self._doubted:
            self._doubted = [(self._last, 0)]
        self._doubted.append((seconds, lost))
        if len(self._doubted) < DOUBTED + 2:
            return
        times, period = [at for at, _ in self._doubted], self._line[1]
        none, intervals = len(times) - 1, sorted(_intervals(times[1:]))
        counted = none + sum(lost for _, lost in self._doubted)
        usual = min(median(intervals), sum(intervals[:-1]) / (DOUBTED - 1))
        is_slower = usual > SLOWER * period + SLOWER_SECONDS
        if is_slower or abs(times[-1] - times[0] - counted * period) > MISSED * period:
            self._tick -= counted - none
            self._from_here(seconds, (times[-1] - times[0]) / none)
            self._window.extend((at, self._tick - none + i) for i, at in enumerate(times[:-1]))
            self._history = deque(
                (a for a in self._history if a.seconds <= times[0]), self._history.maxlen
            )
        self._doubted = []

    def _from_here(self, seconds: float, period: float) -> None:
        """Forget the clocks before this one; it goes on at one clock a `period`, kept to what a tempo may be."""
        period = min(max(period, SHORTEST), LONGEST)
        self._window.clear()
        self._surprises = []
        self._line = (seconds - period * self._tick, period)

    def _notice(self, seconds: float) -> None:
        """Forget the old tempo when several clocks in a row come too late, or too early."""
        if self._line is None:
            return
        error = seconds - (self._line[0] + self._line[1] * self._tick)
        if abs(error) < SURPRISE or (self._surprises and (self._surprises[-1] > 0) != (error > 0)):
            self._surprises = []
        if abs(error) >= SURPRISE:
            self._surprises.append(error)
        if len(self._surprises) >= SURPRISED:
            self._window = deque(list(self._window)[-SURPRISED:], FITTED)
            self._surprises = []

    def _fit(self) -> None:
        """The line through the clocks of the window, by least squares; the old one stays until a new one is sure."""
        count = len(self._window)
        if count < (SURE if self._line is None else SURPRISED):
            return
        if self._line is None:
            self._recount()
        mean_at = sum(at for at, _ in self._window) / count
        mean_tick = sum(tick for _, tick in self._window) / count
        spread = sum((tick - mean_tick) ** 2 for _, tick in self._window)
        slope = sum((tick - mean_tick) * (at - mean_at) for at, tick in self._window) / spread
        if SHORTEST <= slope <= LONGEST:
            self._line = (mean_at - slope * mean_tick, slope)

    def _recount(self) -> None:
        """Clocks lost among the very first ones, which no tempo could tell then."""
        times = [at for at, _ in self._window]
        period = max(median(_intervals(times)), SHORTEST)
        for i, interval in enumerate(_intervals(times)):
            lost = round(interval / period) - 1 if interval > 1.5 * period + HOLE_SECONDS else 0
            for j in range(i + 1, len(times)):
                self._window[j] = (times[j], self._window[j][1] + lost)
            self._tick += lost

    def _anchor(self) -> Anchor | None:
        """Where the line says that the last clock was."""
        if self._line is None:
            return None
        start, period = self._line
        beat = (self._tick - self._zero) / CLOCKS_PER_BEAT
        return Anchor(start + period * self._tick, beat, 60.0 / CLOCKS_PER_BEAT / period)


def _intervals(times: Sequence[float]) -> list[float]:
    return [b - a for a, b in pairwise(times)]


def _follows(before: Anchor, after: Anchor) -> bool:
    return after.seconds > before.seconds and after.beat > before.beat
