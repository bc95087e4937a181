"""How a Song is laid out on paper: bars, note values, ties. Pure; `musicxml` puts it into a file.

A unit is a twelfth of a beat: a sixteenth has three, a triplet eighth four.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from composer.songs.song import DEFAULT_QPM, KeySignature, Note, Song, Tempo, Track
from composer.songs.theory import song_key

UNITS: Final = 12  # a beat
SIXTEENTHS: Final = (0, 3, 6, 9, 12)
TRIPLETS: Final = (0, 4, 8, 12)
VALUES: Final = {  # units: (note type, dots), longest first
    72: ("whole", 1),
    48: ("whole", 0),
    36: ("half", 1),
    24: ("half", 0),
    18: ("quarter", 1),
    12: ("quarter", 0),
    9: ("eighth", 1),
    6: ("eighth", 0),
    3: ("16th", 0),
}
TRIPLET_VALUES: Final = {8: "quarter", 4: "eighth"}

Group = tuple[int, int, tuple[int, ...]]
"""(start, stop, pitches from the bottom up) in units: a note or a chord before it is cut into values."""


@dataclass
class Bar:
    """A bar from `start` to `stop` (units); `new_...` only where something changes."""

    number: int
    start: int
    stop: int
    sharps: int
    new_key: KeySignature | None = None
    new_metre: tuple[int, int] | None = None
    tempos: list[Tempo] = field(default_factory=list)


def bars_of(song: Song) -> list[Bar]:
    """The bars of `song`, the last one whole, barlines rounded to sixteenths.

    A short first bar before a new metre is a pickup: number 0, under the metre that follows. Tempos and keys belong
    to the bar in which they fall. A song without metre is in 4/4, without key in the one that its notes suggest.
    """
    onsets = song.bar_onsets()
    last = onsets[-1] + song.metre_at(onsets[-1]).beats_per_bar
    lines = [round(onset * 4) * 3 for onset in [*onsets, last]]
    lines[-1] = max(lines[-1], 3)  # a song in 1/64 has a bar too
    first_key = song_key(song)
    pickup = _has_pickup(song)
    bars: list[Bar] = []
    metre_before: tuple[int, int] | None = None
    key_before: KeySignature | None = None
    for onset, (start, stop) in zip(onsets, pairwise(lines), strict=True):
        if stop <= start:
            continue
        metre = song.metre_at(song.time_signatures[1].onset if pickup and not bars else onset)
        key = next((k for k in reversed(song.key_signatures) if k.onset * UNITS < stop), first_key)
        bar = Bar(len(bars) + (not pickup), start, stop, key.sharps)
        if (metre.numerator, metre.denominator) != metre_before:
            bar.new_metre = metre_before = (metre.numerator, metre.denominator)
        if key_before is None or (key.sharps, key.is_minor) != (
            key_before.sharps,
            key_before.is_minor,
        ):
            bar.new_key = key_before = key
        bar.tempos = [tempo for tempo in song.tempos if start <= tempo.onset * UNITS < stop]
        bars.append(bar)
    if not song.tempos:
        bars[0].tempos = [Tempo(0.0, DEFAULT_QPM)]
    return bars


def _has_pickup(song: Song) -> bool:
    metres = song.time_signatures
    return len(metres) > 1 and metres[0].onset <= 0 < metres[1].onset < metres[1].beats_per_bar


@dataclass(frozen=True)
class Piece:
    """What is printed as one note, chord or rest: a part of a bar (units), tied to what is before and after it."""

    start: int
    stop: int
    pitches: tuple[int, ...] = ()
    tied_from: bool = False
    tied_to: bool = False


@dataclass(frozen=True)
class _Beat:
    """A beat of a bar (units) and the places in it where notes may start."""

    start: int
    stop: int
    grid: tuple[int, ...]

    def snap(self, at: float) -> int:
        return self.start + min(self.grid, key=lambda place: abs(at - self.start - place))

    def after(self, at: int) -> int:
        return self.start + next(place for place in self.grid if self.start + place > at)


class Ruler:
    """The beats of a part, each with the grid that its notes need; what lies behind the last bar is cut."""

    def __init__(self, track: Track, bars: Sequence[Bar]) -> None:
        self.starts = [at for bar in bars for at in range(bar.start, bar.stop, UNITS)]
        stops = [
            min(at + UNITS, bar.stop) for bar in bars for at in range(bar.start, bar.stop, UNITS)
        ]
        places: list[list[float]] = [[] for _ in self.starts]
        for note in track.notes:
            for at in (note.onset * UNITS, note.end * UNITS):
                i = self._index(at)
                places[i].append(at - self.starts[i])
        spans = zip(self.starts, stops, places, strict=True)
        self.beats = [
            _Beat(start, stop, _grid(inside, stop - start)) for start, stop, inside in spans
        ]

    def _index(self, at: float) -> int:
        return max(bisect_right(self.starts, at) - 1, 0)

    def beat(self, at: float) -> _Beat:
        """The beat in which `at` (units) lies."""
        return self.beats[self._index(at)]

    def snap(self, at: float) -> int:
        """The place (units) nearest to `at` where a note may start or stop."""
        return self.beat(at).snap(at)

    def groups(self, notes: Sequence[Note]) -> list[Group]:
        """What starts together is one group, as long as its longest note, or to the next group."""
        stops: dict[int, int] = {}
        pitches: dict[int, set[int]] = {}
        for note in notes:
            start = self.snap(note.onset * UNITS)
            if note.duration <= 0 or start >= self.beats[-1].stop:
                continue
            stop = max(self.snap(note.end * UNITS), self.beat(start).after(start))
            stops[start] = max(stops.get(start, 0), stop)
            pitches.setdefault(start, set()).add(note.pitch)
        starts = sorted(stops)
        ends = [*starts[1:], self.beats[-1].stop] if starts else []
        return [
            (a, min(stops[a], b), tuple(sorted(pitches[a])))
            for a, b in zip(starts, ends, strict=True)
        ]

    def pieces(self, start: int, stop: int) -> Iterator[tuple[int, int]]:
        """Cut a span inside one bar into values that can be printed."""
        while start < stop:
            end = self._piece_end(start, stop)
            yield start, end
            start = end

    def _piece_end(self, start: int, stop: int) -> int:
        beat, last = self.beat(start), self.beat(stop)
        within = start - beat.start
        if beat.grid is TRIPLETS and (within or stop < beat.stop):
            return min(stop, beat.stop)
        if (stop - last.start) % 3:  # it ends inside a beat of triplets: up to that beat first
            stop = last.start
        if (
            within % 6 and stop > beat.stop
        ):  # the second or last sixteenth of a beat: not over the beat
            stop = beat.stop
        return start + next(value for value in VALUES if value <= stop - start)


def _grid(places: Sequence[float], length: int) -> tuple[int, ...]:
    """Sixteenths or triplets, whichever `places` (units from the beat) are nearer to; a short beat has no triplets."""
    sixteenths = tuple(place for place in SIXTEENTHS if place <= length)
    if length < UNITS:
        return sixteenths
    errors = [
        sum(min(abs(at - place) for place in grid) for at in places)
        for grid in (sixteenths, TRIPLETS)
    ]
    return TRIPLETS if errors[1] < errors[0] - 1e-6 else sixteenths


def bar_pieces(ruler: Ruler, groups: Iterable[Group], bar: Bar) -> Iterator[Piece]:
    """The bar from its start to its stop, without gaps."""
    at = bar.start
    for start, stop, pitches in groups:
        first, last = max(start, bar.start), min(stop, bar.stop)
        yield from (Piece(a, b) for a, b in ruler.pieces(at, first))
        for a, b in ruler.pieces(first, last):
            yield Piece(a, b, pitches, tied_from=a > start, tied_to=b < stop)
        at = last
    if at == bar.start:
        yield Piece(bar.start, bar.stop)
    else:
        yield from (Piece(a, b) for a, b in ruler.pieces(at, bar.stop))
