"""Tell the beat at a second, by a fixed tempo, by taps or by MIDI clock, and how late one plays.

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
SLOWEST = 10.0  # qpm
FASTEST = 400.0
TAPPED = (30.0, 300.0)  # qpm
# Seconds; after it tapping begins again.
TAP_PAUSE = 2.0
TAPS_HEARD = 8
LEAST_PRESSES = 4


class Anchor(NamedTuple):
    """At `seconds` it is `beat`, and from there on it goes at `qpm`."""

    seconds: float
    beat: float
    qpm: float


@dataclass(frozen=True, slots=True)
class Transport:
    """Seconds to beats and back, over a tempo that may change.

    Between two anchors the beat goes evenly from one to the other, before the first and after the
    last at their qpm.

    >>> time = Transport.start(seconds=10.0, qpm=120.0)
    >>> time.beat(11.0), time.seconds(4.0)
    (2.0, 12.0)
    >>> time.changed(seconds=11.0, qpm=60.0).beat(12.0)  # from beat 2 on at half the tempo
    3.0
    """

    anchors: tuple[Anchor, ...]
    """At least one, in order of seconds and of beats."""

    def __post_init__(self) -> None:
        anchors = tuple(_checked(anchor) for anchor in self.anchors)
        if not anchors:
            raise ConfigError(
                "a transport has at least one anchor (seconds, beat, qpm), got none"
            )
        for before, after in pairwise(anchors):
            if not _follows(before, after):
                raise ConfigError(
                    f"a transport goes forward, got {before!r}, then {after!r}"
                )
        object.__setattr__(self, "anchors", anchors)

    @classmethod
    def start(cls, seconds: float, qpm: float, beat: float = 0.0) -> Transport:
        """Return a steady tempo with `beat` at `seconds`."""
        return cls((Anchor(seconds, beat, qpm),))

    def beat(self, seconds: float) -> float:
        """Return the beat at `seconds`; negative before the start."""
        at = bisect_right(self.anchors, seconds, key=lambda a: a.seconds) - 1
        anchor = self.anchors[max(0, at)]
        return anchor.beat + (seconds - anchor.seconds) * self._rate(at)

    def seconds(self, beat: float) -> float:
        """Return the seconds at which `beat` falls."""
        at = bisect_right(self.anchors, beat, key=lambda a: a.beat) - 1
        anchor = self.anchors[max(0, at)]
        return anchor.seconds + (beat - anchor.beat) / self._rate(at)

    def qpm_at(self, seconds: float) -> float:
        """Return the tempo at `seconds`."""
        at = bisect_right(self.anchors, seconds, key=lambda a: a.seconds) - 1
        return self.anchors[max(0, at)].qpm

    def changed(self, seconds: float, qpm: float) -> Transport:
        """Return a transport that goes on at `qpm` from `seconds` on; the beat goes on unbroken."""
        before = tuple(a for a in self.anchors if a.seconds < seconds)
        beat = self.beat(seconds)
        if before and beat <= before[-1].beat:  # too close to tell apart
            before = before[:-1]
        return Transport((*before, Anchor(seconds, beat, qpm)))

    def _rate(self, at: int) -> float:
        """Return the beats a second from anchor number `at` on; -1 is before the first."""
        if 0 <= at < len(self.anchors) - 1:
            here, there = self.anchors[at : at + 2]
            return (there.beat - here.beat) / (there.seconds - here.seconds)
        return self.anchors[max(0, at)].qpm / 60.0


def _checked(anchor: Anchor) -> Anchor:
    made = Anchor(*map(float, anchor))
    if not all(isfinite(value) for value in made):
        raise ConfigError(f"an anchor (seconds, beat, qpm) is all finite, got {made!r}")
    if not SLOWEST <= made.qpm <= FASTEST:
        raise ConfigError(
            f"qpm is between {SLOWEST:g} and {FASTEST:g}, got {made.qpm!r}"
        )
    return made


def tapped(times: Sequence[float]) -> float | None:
    """Return the qpm that was tapped, by the median of the last intervals, at most seven.

    None below two taps, and if the tempo is outside 30 to 300 qpm. times: seconds of all taps, in
    order; after a pause of over two seconds tapping begins again.

    >>> tapped([0.0, 0.5, 1.0, 1.5])
    120.0
    >>> tapped([0.0, 0.5, 9.0]) is None
    True
    """
    recent = list(times)[-TAPS_HEARD:]
    intervals = _intervals(recent)
    pauses = [i for i, interval in enumerate(intervals) if interval > TAP_PAUSE]
    intervals = intervals[pauses[-1] + 1 :] if pauses else intervals
    if not intervals or median(intervals) <= 0:
        return None
    qpm = 60.0 / median(intervals)
    slowest, fastest = TAPPED
    is_a_tempo = slowest - 1e-6 <= qpm <= fastest + 1e-6
    return qpm if is_a_tempo else None


@dataclass(frozen=True, slots=True)
class Offset:
    """How late one plays to the clicks."""

    seconds: float
    """The median, for `RecordConfig.offset`; negative if early."""
    spread: float
    """The median distance from that, in seconds."""
    used: int
    """Presses that were counted."""


def grid_offset(presses: Sequence[float], clicks: Sequence[float]) -> Offset:
    """Measure how late a player and their keyboard are, from playing along. Both in seconds, in any
    order.

    A press counts with the click nearest to it, one a click, if it is closer than half way to the
    next one. Raise ConfigError below four presses that count.

    >>> late = grid_offset([0.02, 1.03, 2.02, 3.01], clicks=[0.0, 1.0, 2.0, 3.0])
    >>> round(late.seconds, 3), late.used
    (0.02, 4)
    """
    grid = sorted(clicks)
    reach = median(_intervals(grid)) / 2 if len(grid) > 1 else 0.0
    # By click, how late it was struck.
    nearest: dict[float, float] = {}
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
    spread = median(abs(late - middle) for late in nearest.values())
    return Offset(middle, spread, len(nearest))


# Clocks that a line is drawn through: over 1.5 beats, which brings an error of 3 ms to under a
# tenth.
FITTED = 36
# That a transport remembers, unless told otherwise.
MOST_BEATS = 1024
# This number of clocks in a row, this far off (seconds) to the same side, are a new tempo.
SURPRISED = 4
SURPRISE = 0.005
# A hole: an interval longer than the period by this share, and by these seconds.
HOLE = 0.35
HOLE_SECONDS = 0.004
# A hole is lost clocks, or a slower tempo, or one late clock: the next clocks, this number, tell.
DOUBTED = 5
# They mean a slower tempo if they come this much later, as a factor and in seconds, or miss by this
# share of a period.
SLOWER = 1.12
SLOWER_SECONDS = 0.0015
MISSED = 0.6
# Clocks, before there is a tempo.
SURE = 6
SHORTEST, LONGEST = (
    60.0 / CLOCKS_PER_BEAT / qpm for qpm in (FASTEST, SLOWEST)
)  # seconds between two clocks


class ClockFollower:
    """Follows a MIDI clock, 24 a beat: `hear` what comes, ask for the `transport`.

    The first clock after a start is beat 0; after a continue the beat goes on where it stopped. A
    device that sends clocks without a start has its first clock as beat 0, and is not `running`.
    """

    def __init__(self, most_beats: int = MOST_BEATS) -> None:
        """most_beats: of the past that a transport remembers; each costs time whenever one is
        made.
        """
        self.running = False
        self._last: float | None = None
        # Of the last clock, counted on for ever.
        self._tick = -1
        self._zero = 0  # the tick that is beat 0
        self._stopped_at = 0  # the tick
        # A pause before a start is no hole.
        self._after_pause = False
        self._window: deque[tuple[float, int]] = deque(maxlen=FITTED)
        # (seconds of tick 0, seconds a tick).
        self._line: tuple[float, float] | None = None
        self._surprises: list[float] = []
        self._doubted: list[
            tuple[float, int]
        ] = []  # clocks from before a hole on: (seconds, clocks lost before)
        self._history: deque[Anchor] = deque(maxlen=most_beats)

    def hear(self, seconds: float, kind: str) -> None:
        """Follow a "clock", "start", "continue" or "stop" that came at `seconds`; other kinds are
        left out.
        """
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
        """Return the beats so far, smoothed; None before there are clocks enough for a tempo.

        It holds the tempos of the beats since the last start or continue, so that what was played
        can be placed.
        """
        now = self._anchor()
        if now is None:
            return None
        # An anchor that is nearly now would make the tempo of the moment out of two nearly equal
        # numbers.
        latest = now._replace(seconds=now.seconds - 1e-6, beat=now.beat - 1e-6)
        before = [anchor for anchor in self._history if _follows(anchor, latest)]
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
        self._after_pause = False
        self._last = seconds
        self._window.append((seconds, self._tick))
        if not self._doubted:
            self._notice(seconds)
            self._fit()
        if (self._tick - self._zero) % CLOCKS_PER_BEAT == 0:
            anchor = self._anchor()
            if anchor is not None and (
                not self._history or _follows(self._history[-1], anchor)
            ):
                self._history.append(anchor)

    def _lost(self, seconds: float) -> int:
        """Return how many clocks seem to be missing before this one."""
        if self._line is None or self._last is None:
            return 0
        start, period = self._line
        if seconds - self._last < period + max(HOLE * period, HOLE_SECONDS):
            return 0
        tick = round((seconds - start) / period)
        return max(0, tick - self._tick - 1)

    def _doubt(self, seconds: float, lost: int) -> None:
        """Take back clocks that were counted as lost, when those after them show that none were."""
        if self._last is None or self._line is None:
            return
        if not lost and not self._doubted:
            return
        if not self._doubted:
            self._doubted = [(self._last, 0)]
        self._doubted.append((seconds, lost))
        if len(self._doubted) < DOUBTED + 2:
            return
        times = [at for at, _ in self._doubted]
        came = len(times) - 1
        counted = came + sum(lost for _, lost in self._doubted)
        if self._none_was_lost(times, counted, self._line[1]):
            self._recount_from(times, counted)
        self._doubted = []

    @staticmethod
    def _none_was_lost(times: Sequence[float], counted: int, period: float) -> bool:
        """Tell whether clocks at `times` are all that were sent: they are slower, or fit no whole
        number of periods.
        """
        intervals = sorted(_intervals(times[1:]))
        without_longest = sum(intervals[:-1]) / (DOUBTED - 1)
        usual = min(median(intervals), without_longest)
        if usual > SLOWER * period + SLOWER_SECONDS:
            return True
        missed = abs(times[-1] - times[0] - counted * period)
        return missed > MISSED * period

    def _recount_from(self, times: Sequence[float], counted: int) -> None:
        """Count the clocks at `times` one by one, where `counted` were counted, and go on at their
        tempo.
        """
        came = len(times) - 1
        self._tick -= counted - came
        self._from_here(times[-1], (times[-1] - times[0]) / came)
        for i, at in enumerate(times[:-1]):
            self._window.append((at, self._tick - came + i))
        before = (anchor for anchor in self._history if anchor.seconds <= times[0])
        self._history = deque(before, self._history.maxlen)

    def _from_here(self, seconds: float, period: float) -> None:
        """Forget the clocks before this one; it goes on at one clock a `period`, kept to what a
        tempo may be.
        """
        period = min(max(period, SHORTEST), LONGEST)
        self._window.clear()
        self._surprises = []
        self._line = (seconds - period * self._tick, period)

    def _notice(self, seconds: float) -> None:
        """Forget the old tempo when several clocks in a row come too late, or too early."""
        if self._line is None:
            return
        start, period = self._line
        error = seconds - (start + period * self._tick)
        is_surprise = abs(error) >= SURPRISE
        other_side = self._surprises and (self._surprises[-1] > 0) != (error > 0)
        if not is_surprise or other_side:
            self._surprises = []
        if is_surprise:
            self._surprises.append(error)
        if len(self._surprises) >= SURPRISED:
            self._window = deque(list(self._window)[-SURPRISED:], FITTED)
            self._surprises = []

    def _fit(self) -> None:
        """Draw the line through the clocks of the window, by least squares; the old one stays until
        it is sure.
        """
        count = len(self._window)
        if count < (SURE if self._line is None else SURPRISED):
            return
        if self._line is None:
            self._recount()
        mean_at = sum(at for at, _ in self._window) / count
        mean_tick = sum(tick for _, tick in self._window) / count
        spread = sum((tick - mean_tick) ** 2 for _, tick in self._window)
        slope = (
            sum((tick - mean_tick) * (at - mean_at) for at, tick in self._window)
            / spread
        )
        if SHORTEST <= slope <= LONGEST:
            self._line = (mean_at - slope * mean_tick, slope)

    def _recount(self) -> None:
        """Count clocks lost among the very first ones, which no tempo could tell then."""
        times = [at for at, _ in self._window]
        period = max(median(_intervals(times)), SHORTEST)
        for i, interval in enumerate(_intervals(times)):
            lost = (
                round(interval / period) - 1
                if interval > 1.5 * period + HOLE_SECONDS
                else 0
            )
            for j in range(i + 1, len(times)):
                self._window[j] = (times[j], self._window[j][1] + lost)
            self._tick += lost

    def _anchor(self) -> Anchor | None:
        """Return when the last clock was, by the line."""
        if self._line is None:
            return None
        start, period = self._line
        beat = (self._tick - self._zero) / CLOCKS_PER_BEAT
        return Anchor(
            start + period * self._tick, beat, 60.0 / CLOCKS_PER_BEAT / period
        )


def _intervals(times: Sequence[float]) -> list[float]:
    return [b - a for a, b in pairwise(times)]


def _follows(before: Anchor, after: Anchor) -> bool:
    return after.seconds > before.seconds and after.beat > before.beat
