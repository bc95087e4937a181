"""The layout of a Song as a score: bars, note values, ties. Pure; `musicxml` puts it into a file.

A unit is a twelfth of a beat: a sixteenth has three, a triplet eighth four.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from composer.songs.song import (
    DEFAULT_QPM,
    KeySignature,
    Note,
    Song,
    Tempo,
    Track,
)
from composer.songs.theory import song_key

UNITS: Final = 12  # a beat
SIXTEENTH: Final = 3
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

Figures = tuple[int, int]
"""A metre as printed: (3, 4) is 3/4."""

Group = tuple[int, int, tuple[int, ...]]
"""(start, stop, pitches from the bottom up) in units: a note or a chord before it is cut."""


# --- bars --------------------------------------------------------------------------------


@dataclass
class ScoreBar:
    """A bar of a score."""

    number: int  # as printed; a pickup is 0
    start: int  # in units
    stop: int
    sharps: int
    # Given only if something changes:
    new_key: KeySignature | None = None
    new_metre: Figures | None = None
    tempos: list[Tempo] = field(default_factory=list)


def bars_of(song: Song) -> list[ScoreBar]:
    """Return the bars of a song, the last one whole, barlines rounded to sixteenths.

    A short first bar before a new metre is a pickup: number 0, under the metre that follows. Tempos
    and keys belong to the bar in which they fall. A song without metre is in 4/4, without key in
    the one that its notes suggest.

    >>> tune = Track((Note(0.0, 67, 1.0), Note(1.0, 72, 3.0)))
    >>> from composer.songs.song import TimeSignature
    >>> metres = TimeSignature(0.0, 1, 4), TimeSignature(1.0, 3, 4)
    >>> song = Song((tune,), time_signatures=metres)
    >>> [(bar.number, bar.start, bar.stop) for bar in bars_of(song)]
    [(0, 0, 12), (1, 12, 48)]
    """
    onsets = song.bar_onsets()
    lines = _barlines(song, onsets)
    first_key = song_key(song)
    has_pickup = _has_pickup(song)
    bars: list[ScoreBar] = []
    metre_before: Figures | None = None
    key_before: tuple[int, bool] | None = None
    for onset, (start, stop) in zip(onsets, pairwise(lines), strict=True):
        # A bar shorter than half a sixteenth is rounded away.
        if stop <= start:
            continue
        is_pickup = has_pickup and not bars
        metre = _figures(song, onset, is_pickup)
        key = _key_in(song, stop, first_key)
        key_here = key.sharps, key.is_minor
        number = len(bars) + (0 if has_pickup else 1)
        bar = ScoreBar(number, start, stop, key.sharps)
        if metre != metre_before:
            bar.new_metre = metre
        if key_here != key_before:
            bar.new_key = key
        bar.tempos = _tempos_in(song, start, stop)
        bars.append(bar)
        metre_before = metre
        key_before = key_here
    # A score says how fast it is, though nobody has said so.
    if not song.tempos:
        bars[0].tempos = [Tempo(0.0, DEFAULT_QPM)]
    return bars


def _figures(song: Song, onset: float, is_pickup: bool) -> Figures:
    """Return the metre of a bar as it is printed."""
    if is_pickup:
        onset = song.time_signatures[1].onset
    metre = song.metre_at(onset)
    return metre.numerator, metre.denominator


def _tempos_in(song: Song, start: int, stop: int) -> list[Tempo]:
    """Return the tempos that begin in a span (units)."""
    return [tempo for tempo in song.tempos if start <= tempo.onset * UNITS < stop]


def _barlines(song: Song, onsets: Sequence[float]) -> list[int]:
    """Return the barlines in units, one more than there are bars."""
    end = onsets[-1] + song.metre_at(onsets[-1]).beats_per_bar
    lines = [round(onset * 4) * SIXTEENTH for onset in [*onsets, end]]
    lines[-1] = max(lines[-1], SIXTEENTH)  # a song in 1/64 has a bar too
    return lines


def _has_pickup(song: Song) -> bool:
    if len(song.time_signatures) < 2:
        return False
    first, second = song.time_signatures[:2]
    return first.onset <= 0 < second.onset < second.beats_per_bar


def _key_in(song: Song, stop: int, first_key: KeySignature) -> KeySignature:
    """Return the last key that begins before `stop` (units)."""
    begun = [key for key in song.key_signatures if key.onset * UNITS < stop]
    return begun[-1] if begun else first_key


# --- where notes start and stop ----------------------------------------------------------


@dataclass(frozen=True)
class _Beat:
    """A beat of a bar (units) and the places in it at which notes may start."""

    start: int
    stop: int
    grid: tuple[int, ...]

    def snap(self, at: float) -> int:
        """Return the place nearest to `at`."""
        within = at - self.start
        nearest = min(self.grid, key=lambda place: abs(within - place))
        return self.start + nearest

    def after(self, at: int) -> int:
        """Return the first place after `at`, in the beat or at its end."""
        within = at - self.start
        following = next(place for place in self.grid if place > within)
        return self.start + following


class Ruler:
    """The beats of a part, each with the grid that its notes need; notes end with the last bar."""

    def __init__(self, track: Track, bars: Sequence[ScoreBar]) -> None:
        self.starts: list[int] = []  # of all beats
        stops: list[int] = []
        for bar in bars:
            for start in range(bar.start, bar.stop, UNITS):
                self.starts.append(start)
                stops.append(min(start + UNITS, bar.stop))
        places = self._places(track)
        self.beats: list[_Beat] = []
        for start, stop, inside in zip(self.starts, stops, places, strict=True):
            grid = _grid(inside, stop - start)
            self.beats.append(_Beat(start, stop, grid))

    def _places(self, track: Track) -> list[list[float]]:
        """Return where in each beat notes start and stop, in units from the beat."""
        places: list[list[float]] = [[] for _ in self.starts]
        for note in track.notes:
            for at in (note.onset * UNITS, note.end * UNITS):
                beat = self._index(at)
                places[beat].append(at - self.starts[beat])
        return places

    def _index(self, at: float) -> int:
        return max(bisect_right(self.starts, at) - 1, 0)

    def beat(self, at: float) -> _Beat:
        """Return the beat in which `at` (units) lies."""
        return self.beats[self._index(at)]

    def snap(self, at: float) -> int:
        """Return the place (units) nearest to `at` at which a note may start or stop."""
        return self.beat(at).snap(at)

    def groups(self, notes: Sequence[Note]) -> list[Group]:
        """Join what starts together into groups, as long as the longest note or to the next."""
        end = self.beats[-1].stop
        stops: dict[int, int] = {}
        pitches: dict[int, set[int]] = {}
        for note in notes:
            start = self.snap(note.onset * UNITS)
            if note.duration <= 0 or start >= end:
                continue
            stop = self._note_stop(note, start)
            stops[start] = max(stops.get(start, 0), stop)
            pitches.setdefault(start, set()).add(note.pitch)
        groups = []
        following = end
        for start in sorted(stops, reverse=True):
            stop = min(stops[start], following)
            chord = tuple(sorted(pitches[start]))
            groups.append((start, stop, chord))
            following = start
        return groups[::-1]

    def _note_stop(self, note: Note, start: int) -> int:
        """Return where a note that starts at `start` stops, in units."""
        # A note that rounds to nothing is as long as its beat's shortest value.
        shortest = self.beat(start).after(start)
        return max(self.snap(note.end * UNITS), shortest)

    def pieces(self, start: int, stop: int) -> Iterator[tuple[int, int]]:
        """Cut a span inside one bar into values that can be printed."""
        while start < stop:
            end = self._piece_end(start, stop)
            yield start, end
            start = end

    def _piece_end(self, start: int, stop: int) -> int:
        beat = self.beat(start)
        last = self.beat(stop)
        within = start - beat.start
        fills_the_beat = within == 0 and stop >= beat.stop
        if beat.grid is TRIPLETS and not fills_the_beat:
            return min(stop, beat.stop)
        # A value over several beats may end only at a place that both grids have.
        ends_in_triplets = (stop - last.start) % SIXTEENTH != 0
        if ends_in_triplets:
            stop = last.start
        # From the second or last sixteenth of a beat a note does not go over the beat.
        is_off_the_eighth = within % (2 * SIXTEENTH) != 0
        if is_off_the_eighth and stop > beat.stop:
            stop = beat.stop
        longest = next(value for value in VALUES if value <= stop - start)
        return start + longest


def _grid(places: Sequence[float], length: int) -> tuple[int, ...]:
    """Return sixteenths or triplets, whichever `places` (units from the beat) are nearer to.

    length: of the beat; one that a barline cuts short has no triplets.
    """
    sixteenths = tuple(place for place in SIXTEENTHS if place <= length)
    if length < UNITS:
        return sixteenths
    is_triplets = _error(places, TRIPLETS) < _error(places, sixteenths) - 1e-6
    return TRIPLETS if is_triplets else sixteenths


def _error(places: Sequence[float], grid: Sequence[int]) -> float:
    """Return how far places lie from the grid, all in all."""
    return sum(min(abs(at - place) for place in grid) for at in places)


# --- what is printed ---------------------------------------------------------------------


@dataclass(frozen=True)
class PrintedNote:
    """A note, chord or rest as printed: a part of a bar, tied to what is before and after it."""

    start: int  # in units
    stop: int
    pitches: tuple[int, ...] = ()  # none: a rest
    tied_from: bool = False
    tied_to: bool = False


def bar_pieces(
    ruler: Ruler, groups: Iterable[Group], bar: ScoreBar
) -> Iterator[PrintedNote]:
    """Yield what is printed in a bar, from its start to its stop, without gaps.

    groups: those that sound in the bar, in order.
    """
    at = bar.start
    for start, stop, pitches in groups:
        first = max(start, bar.start)
        last = min(stop, bar.stop)
        yield from _rests(ruler, at, first)
        for a, b in ruler.pieces(first, last):
            yield PrintedNote(a, b, pitches, tied_from=a > start, tied_to=b < stop)
        at = last
    if at == bar.start:
        yield PrintedNote(bar.start, bar.stop)  # one rest, whatever the metre
    else:
        yield from _rests(ruler, at, bar.stop)


def _rests(ruler: Ruler, start: int, stop: int) -> Iterator[PrintedNote]:
    for a, b in ruler.pieces(start, stop):
        yield PrintedNote(a, b)
