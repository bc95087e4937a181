"""The layout of a piano roll: bars, beats, chords, pitches, drums; nothing is drawn here.

Every surface draws this one layout, in units of its own: the page in inches, a film in pixels,
the terminal in rows and columns, the browser from `Layout.as_data()`. All count from the upper
left corner.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple

from composer.errors import MelodyError
from composer.pictures.palette import track_colors
from composer.pictures.text import drum_name, one_line, signs, track_name
from composer.songs.edit import melody_track
from composer.songs.song import Note, Song, TimeSignature
from composer.songs.theory import beat_onsets, chords_per_beat

# Pitch classes, C is 0.
BLACK_KEYS: Final = frozenset((1, 3, 6, 8, 10))
TOMS: Final = frozenset((41, 43, 45, 47, 48, 50))
# Lowest and highest pitch, if there is none: an empty range.
NO_PITCH: Final = (0, -1)
MIDDLE_C: Final = 60
# The drums that stand for their families: lanes of all drums would be too many to read.
KICK, SNARE, CYMBAL = 36, 38, 42
# Beats: rounding must not make notes overlap that only touch.
CLOSE: Final = 1e-6


class NumberedBar(NamedTuple):
    """A bar from `start` to `end` (beats), numbered from 1; 0 is a pickup."""

    number: int
    start: float
    end: float


class Scope(NamedTuple):
    """The pitches and drums that a roll has room for.

    low, high: pitches, both included; none if high < low. lanes: drums, from the lowest lane to
    the highest.
    """

    low: int
    high: int
    lanes: tuple[int, ...] = ()

    @property
    def pitches(self) -> range:
        """The pitches, from the lowest to the highest."""
        return range(self.low, self.high + 1)


class Room(NamedTuple):
    """The pitches and drums that a surface has room for."""

    # Semitones above and below what is played: notes at the very edge are hard to see.
    spare: int = 2
    # Semitones in all.
    narrowest: int = 18
    widest: int = 128
    # Share of the notes at each end that need no place.
    outliers: float = 0.0
    lanes: int = 128
    # True if the pitches are left out when drums alone play.
    unpitched: bool = True


PAGE: Final = Room()


@dataclass(frozen=True)
class RollGrid:
    """A place for every beat and pitch, from the upper left corner, in the unit of a surface."""

    scope: Scope
    # The beat at the left edge.
    start: float
    # Width of a beat.
    beat: float
    # Height of a pitch.
    semitone: float
    # Height of a drum's lane.
    lane: float

    def x(self, beat: float) -> float:
        """Return the distance of a beat from the left edge."""
        return (beat - self.start) * self.beat

    def y(self, pitch: float) -> float:
        """Return the distance of the upper edge of a pitch from the top."""
        return (self.scope.high - pitch) * self.semitone

    def drum_y(self, drum: int) -> float:
        """Return the distance of the upper edge of a drum's lane from the top."""
        lanes = self.scope.lanes
        above = len(lanes) - 1 - lanes.index(drum)
        return self.pitched + above * self.lane

    @property
    def pitched(self) -> float:
        """The height of all pitches, without the drums below them."""
        return len(self.scope.pitches) * self.semitone

    @property
    def height(self) -> float:
        """The height of the roll."""
        return self.pitched + len(self.scope.lanes) * self.lane


@dataclass(frozen=True)
class Layout:
    """A song and all that a picture of it shows.

    >>> from composer.songs.song import Note, Song, Track
    >>> layout = lay_out(Song((Track((Note(0, 60, 6),), "Flute"),)))
    >>> [bar.number for bar in layout.bars], layout.scope.low, layout.colors
    ([1, 2], 52, ['#E4472E'])
    """

    song: Song
    # Index of the track to highlight; -1 for none.
    melody: int
    bars: tuple[NumberedBar, ...]
    scope: Scope

    @property
    def start(self) -> float:
        """The first beat that is shown."""
        return self.bars[0].start

    @property
    def end(self) -> float:
        """The beat at which the last bar ends."""
        return self.bars[-1].end

    @cached_property
    def beats(self) -> list[float]:
        """Onset of every beat, to the end of the last bar."""
        return beat_onsets(self.song, self.end)

    @cached_property
    def chords(self) -> list[tuple[float, str]]:
        """Onset and name of every chord that differs from the one before."""
        return chord_changes(chords_per_beat(self.song))

    @cached_property
    def colors(self) -> list[str]:
        """The colour of each track, as #RRGGBB."""
        return track_colors(len(self.song.tracks), self.melody)

    @cached_property
    def names(self) -> list[str]:
        """The name of each track."""
        return [
            track_name(track.name, index)
            for index, track in enumerate(self.song.tracks)
        ]

    @property
    def order(self) -> list[int]:
        """The tracks in the order of drawing: the melody last, over all others."""
        return drawing_order(len(self.song.tracks), self.melody)

    def as_data(self) -> dict[str, Any]:
        """Return the layout as lists, texts and numbers alone, which become JSON as they are."""
        lanes = [{"pitch": drum, "name": drum_name(drum)} for drum in self.scope.lanes]
        tracks = [self._track_data(index) for index in range(len(self.song.tracks))]
        return {
            "title": one_line(self.song.title),
            "bars": [list(bar) for bar in self.bars],
            "beats": self.beats,
            "chords": [[onset, signs(name)] for onset, name in self.chords],
            "low": self.scope.low,
            "high": self.scope.high,
            "lanes": lanes,
            "tracks": tracks,
            "order": self.order,
        }

    def _track_data(self, index: int) -> dict[str, Any]:
        track = self.song.tracks[index]
        notes = [
            [note.onset, note.end, note.pitch, note.velocity] for note in track.notes
        ]
        return {
            "name": self.names[index],
            "color": self.colors[index],
            "is_melody": index == self.melody,
            "is_drum": track.is_drum,
            "notes": notes,
        }


def lay_out(song: Song, melody: int | None = None, room: Room = PAGE) -> Layout:
    """Return the layout of a whole song.

    melody: index of the track to highlight; None for the highest on average. Raise MelodyError if
    there is no such track.
    """
    return Layout(
        song,
        _melody(song, melody),
        tuple(bars(song)),
        scope_of([song], room),
    )


def bars(song: Song) -> list[NumberedBar]:
    """Return the bars of a song, the last at full length.

    A first bar that is shorter than the second is a pickup, number 0.
    """
    # A song may end in the middle of its last bar, which is drawn whole all the same.
    starts = song.bar_onsets()
    last = song.metre_at(starts[-1]).beats_per_bar
    ends = [*starts[1:], max(starts[-1] + last, song.end)]
    lengths = [end - start for start, end in zip(starts, ends, strict=True)]
    is_pickup = len(starts) > 1 and lengths[0] < lengths[1] - 1e-9
    first = 0 if is_pickup else 1
    return [
        NumberedBar(
            first + i,
            starts[i],
            ends[i],
        )
        for i in range(len(starts))
    ]


def main_metre(song: Song) -> TimeSignature:
    """Return the time signature that is in force for the most beats."""
    beats: dict[tuple[int, int], float] = defaultdict(float)
    for bar in bars(song):
        metre = song.metre_at(bar.start)
        beats[metre.numerator, metre.denominator] += bar.end - bar.start
    numerator, denominator = max(beats, key=lambda figures: beats[figures])
    return TimeSignature(0.0, numerator, denominator)


def chord_changes(chords: Iterable[tuple[float, str]]) -> list[tuple[float, str]]:
    """Return those of `chords` (onset, name) that differ from the one before; "" is passed over.

    >>> chord_changes([(0, "C"), (1, ""), (2, "C"), (3, "G")])
    [(0, 'C'), (3, 'G')]
    """
    changes: list[tuple[float, str]] = []
    before = ""
    for onset, name in chords:
        if name and name != before:
            changes.append((onset, name))
            before = name
    return changes


def drawing_order(count: int, melody: int = 0) -> list[int]:
    """Return the indexes of `count` tracks in the order of drawing: the melody last."""
    # The first track, usually the leading one, lies over those that follow it.
    order = [index for index in reversed(range(count)) if index != melody]
    if 0 <= melody < count:
        order.append(melody)
    return order


def is_black(pitch: int) -> bool:
    """Return true for the pitch of a black key."""
    return pitch % 12 in BLACK_KEYS


def drum_family(drum: int) -> int:
    """Return the drum that stands for the family of `drum`: KICK, SNARE (toms too) or CYMBAL.

    >>> drum_family(35), drum_family(45), drum_family(49)
    (36, 38, 42)
    """
    if drum < 37:
        return KICK
    if drum in TOMS or drum <= 40:
        return SNARE
    return CYMBAL


def lane_order(drums: Iterable[int]) -> tuple[int, ...]:
    """Return drums from the lowest lane up: kicks, then snares and toms, then cymbals."""
    return tuple(sorted(set(drums), key=lambda drum: (drum_family(drum), drum)))


def scope_of(
    songs: Iterable[Song], room: Room = PAGE, least: Scope | None = None
) -> Scope:
    """Return the pitches and drums of some songs, as far as there is room, and all of `least`."""
    pitches: list[int] = []
    drums: Counter[int] = Counter()
    for song in songs:
        for track in song.tracks:
            played = [note.pitch for note in track.notes]
            if track.is_drum:
                drums.update(played)
            else:
                pitches += played
    low, high = _pitch_range(sorted(pitches), room, least)
    return Scope(low, high, _lanes(drums, room, least))


def _lanes(drums: Counter[int], room: Room, least: Scope | None) -> tuple[int, ...]:
    """Return the drums that have a lane: those of `least`, then the most frequent."""
    # Lanes that are there stay, so that a roll that grows does not jump.
    kept = least.lanes if least else ()
    more = [drum for drum, _ in drums.most_common() if drum not in kept]
    spare = max(room.lanes - len(kept), 0)
    return lane_order([*kept, *more[:spare]])


def _pitch_range(
    pitches: Sequence[int], room: Room, least: Scope | None
) -> tuple[int, int]:
    """Return the lowest and highest pitch with a place, for pitches in rising order."""
    if least is not None:
        is_full = len(least.pitches) >= room.widest
        if is_full or not pitches:
            return least.low, least.high
        return _widened(pitches, room, least)
    if pitches:
        low, high = _outer(pitches, room)
        low, high = _narrowed(pitches, low, high, room)
        return _at_least(low, high, room)
    if room.unpitched:
        return NO_PITCH
    return _at_least(MIDDLE_C, MIDDLE_C, room)


def _outer(pitches: Sequence[int], room: Room) -> tuple[int, int]:
    few = int(room.outliers * len(pitches))
    lowest = pitches[few]
    highest = pitches[-1 - few]
    return lowest - room.spare, highest + room.spare


def _widened(pitches: Sequence[int], room: Room, least: Scope) -> tuple[int, int]:
    """Widen `least` for the pitches that it lacks, and a little more, so that it seldom happens."""
    low, high = _outer(pitches, room)
    low = least.low if low >= least.low else low - 2
    high = least.high if high <= least.high else high + 2
    low, high = _narrowed(pitches, low, high, room)
    return _at_least(low, high, room)


def _narrowed(
    pitches: Sequence[int],
    low: int,
    high: int,
    room: Room,
) -> tuple[int, int]:
    """Cut what is too wide, around the middle note."""
    if high + 1 - low <= room.widest:
        return low, high
    middle = pitches[len(pitches) // 2]
    low = min(max(middle - room.widest // 2, low), high + 1 - room.widest)
    return low, low + room.widest - 1


def _at_least(low: int, high: int, room: Room) -> tuple[int, int]:
    """Widen what is too narrow at both sides, within MIDI's pitches."""
    # The odd semitone goes above.
    missing = max(0, room.narrowest - (high + 1 - low))
    low = min(max(low - missing // 2, 0), 128 - room.narrowest)
    return low, min(max(high, low + room.narrowest - 1), 127)


def unisons(song: Song) -> dict[tuple[int, Note], list[int]]:
    """Return the tracks that share a pitch while both sound, in order, by (track, note)."""
    by_pitch: dict[int, list[tuple[Note, int]]] = defaultdict(list)
    for index, track in enumerate(song.tracks):
        if track.is_drum:
            continue
        for note in track.notes:
            by_pitch[note.pitch].append((note, index))
    # Only notes on one pitch can meet: sorting those alone keeps long songs quick.
    shared: dict[tuple[int, Note], set[int]] = defaultdict(set)
    for notes in by_pitch.values():
        _share(sorted(notes), shared)
    return {key: sorted(tracks) for key, tracks in shared.items()}


def _share(
    notes: Sequence[tuple[Note, int]], shared: dict[tuple[int, Note], set[int]]
) -> None:
    """Add those of `notes`, all on one pitch and in order, that sound together."""
    for i, (note, track) in enumerate(notes):
        for j in range(i + 1, len(notes)):
            other, other_track = notes[j]
            if other.onset >= note.end - CLOSE:
                break
            if other_track != track:
                shared[track, note] |= {track, other_track}
                shared[other_track, other] |= {track, other_track}


def _melody(song: Song, melody: int | None) -> int:
    """Return the index of the melody; -1 if none is asked for and drums alone play."""
    try:
        return melody_track(song, melody)
    except MelodyError:
        if melody is not None:
            raise
        return -1
