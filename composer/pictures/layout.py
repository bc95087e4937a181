"""Where everything in a picture of a song goes: bars, rows of bars, inches; nothing is drawn here."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Final, NamedTuple

from composer.errors import ComposerError, MelodyError
from composer.songs.song import Note, Song, TimeSignature, melody_track
from composer.songs.theory import beat_onsets, chords_per_beat

WIDTH: Final = 16.0  # of the page in inches, as all sizes here
LEFT: Final = 1.0
RIGHT: Final = 0.4
HEAD: Final = 1.05  # title and facts, without the legend
LEGEND_LINE: Final = 0.28
LEGEND_COLUMNS: Final = 6
PITCHES: Final = 3.8  # the height that the pitches of a row share
LANE: Final = 0.17  # of one drum
NUMBERS: Final = 0.3  # bar numbers and the space above them
CHORDS: Final = 0.55
FOOT: Final = 0.15
WIDEST_BEAT: Final = 1.2

BARS_PER_ROW: Final = 8
BEATS_PER_ROW: Final = 32
MAX_ROWS: Final = 40  # a longer song gets more bars in a row
MAX_BARS: Final = 2000


class Bar(NamedTuple):
    """A bar from `start` to `end` (beats), numbered from 1; 0 is a pickup."""

    number: int
    start: float
    end: float


class Row(NamedTuple):
    """Bars side by side; `top` is the upper edge of their pitches, in inches above the foot of the page."""

    bars: list[Bar]
    top: float

    @property
    def start(self) -> float:
        """Where its first bar starts, in beats."""
        return self.bars[0].start

    @property
    def end(self) -> float:
        """Where its last bar ends, in beats."""
        return self.bars[-1].end


@dataclass(frozen=True)
class Page:
    """A song and its place on paper.

    melody: index of the track to highlight, -1 for none. chords: (onset, name) where the chord changes.
    beats: onset of every beat, to the end of the last bar. low, high: the pitches of a row, none where
    high < low; below them one lane for each drum in `lanes`. beat, semitone: inches for each.
    """

    song: Song
    melody: int
    chords: list[tuple[float, str]]
    beats: list[float]
    low: int
    high: int
    lanes: list[int]
    beat: float
    semitone: float
    height: float
    rows: list[Row]

    def x(self, row: Row, onset: float) -> float:
        """Inches from the left edge of the page to `onset` (beats)."""
        return LEFT + (onset - row.start) * self.beat

    def y(self, row: Row, pitch: float) -> float:
        """Inches from the foot of the page to the lower edge of `pitch`."""
        return row.top - (self.high + 1 - pitch) * self.semitone

    def lane(self, row: Row, drum: int) -> float:
        """Inches from the foot of the page to the lower edge of the lane of `drum`; the first is the lowest."""
        return self.bottom(row) + self.lanes.index(drum) * LANE

    def bottom(self, row: Row) -> float:
        """Inches from the foot of the page to the lower edge of a row, its drums included."""
        return self.y(row, self.low) - len(self.lanes) * LANE


def lay_out(song: Song, melody: int | None = None) -> Page:
    """The page for `song`: rows of eight bars, fewer where bars are long, more where the song is.

    Raises ComposerError for a song without notes or of more than MAX_BARS bars, MelodyError for a
    `melody` that is not there.
    """
    if song.end <= 0:
        raise ComposerError("a picture needs at least one note, the song has none")
    chosen = _melody(song, melody)
    rows = rows_of(bars(song))
    low, high = _pitch_range(song)
    lanes = sorted({note.pitch for track in song.tracks if track.is_drum for note in track.notes})
    semitone = min(max(PITCHES / max(high + 1 - low, 1), 0.05), 0.13)
    chords = chord_changes(chords_per_beat(song))
    pitches_and_below = (
        (high + 1 - low) * semitone + LANE * len(lanes) + (CHORDS if chords else 0.2)
    )
    head = HEAD + LEGEND_LINE * (1 + (len(song.tracks) - 1) // LEGEND_COLUMNS)
    height = head + (NUMBERS + pitches_and_below) * len(rows) + FOOT
    tops = [height - head - NUMBERS - i * (NUMBERS + pitches_and_below) for i in range(len(rows))]
    beat = min(
        (WIDTH - LEFT - RIGHT) / max(row[-1].end - row[0].start for row in rows), WIDEST_BEAT
    )
    placed = [Row(row, top) for row, top in zip(rows, tops, strict=True)]
    return Page(
        song,
        chosen,
        chords,
        beat_onsets(song, placed[-1].end),
        low,
        high,
        lanes,
        beat,
        semitone,
        height,
        placed,
    )


def bars(song: Song) -> list[Bar]:
    """The bars of `song`, the last at full length; a first bar shorter than the second is a pickup, number 0."""
    starts = song.bar_onsets()
    ends = [*starts[1:], max(starts[-1] + song.metre_at(starts[-1]).beats_per_bar, song.end)]
    is_pickup = len(starts) > 1 and ends[0] - starts[0] < ends[1] - starts[1] - 1e-9
    return [
        Bar(i + (not is_pickup), a, b) for i, (a, b) in enumerate(zip(starts, ends, strict=True))
    ]


def rows_of(song_bars: list[Bar]) -> list[list[Bar]]:
    """Bars in rows: a pickup beside the first full bars, a single bar left over at the end of the row before."""
    if len(song_bars) > MAX_BARS:
        raise ComposerError(
            f"a picture has room for {MAX_BARS} bars, the song has {len(song_bars)}"
        )
    longest = max(bar.end - bar.start for bar in song_bars)
    size = min(max(int(BEATS_PER_ROW / longest), 1), BARS_PER_ROW)
    while len(song_bars) > size * MAX_ROWS:
        size *= 2
    pickup = song_bars[0].number == 0
    starts = [0, *range(size + pickup, len(song_bars), size)]
    if len(starts) > 1 and starts[-1] == len(song_bars) - 1 and size > 1:
        starts.pop()
    return [song_bars[a:b] for a, b in zip(starts, [*starts[1:], len(song_bars)], strict=True)]


def main_metre(song: Song) -> TimeSignature:
    """The time signature that is in force for the most beats."""
    beats: dict[tuple[int, int], float] = defaultdict(float)
    for bar in bars(song):
        metre = song.metre_at(bar.start)
        beats[metre.numerator, metre.denominator] += bar.end - bar.start
    return TimeSignature(0.0, *max(beats, key=lambda figures: beats[figures]))


def chord_changes(chords: list[tuple[float, str]]) -> list[tuple[float, str]]:
    """Those of `chords` (onset, name) that differ from the one named before; beats without a chord are passed over."""
    changes: list[tuple[float, str]] = []
    for onset, name in chords:
        if name and (not changes or changes[-1][1] != name):
            changes.append((onset, name))
    return changes


def unisons(song: Song) -> dict[tuple[int, Note], list[int]]:
    """For notes, by (track, note), that share their pitch with another track: all tracks there, in order."""
    by_pitch: dict[int, list[tuple[Note, int]]] = defaultdict(list)
    for index, played in enumerate(song.tracks):
        for note in () if played.is_drum else played.notes:
            by_pitch[note.pitch].append((note, index))
    shared: dict[tuple[int, Note], set[int]] = defaultdict(set)
    for notes in by_pitch.values():
        notes.sort()
        for i, (note, track) in enumerate(notes):
            for j in range(i + 1, len(notes)):
                other, other_track = notes[j]
                if other.onset >= note.end - 1e-6:
                    break
                if other_track != track:
                    shared[track, note] |= {track, other_track}
                    shared[other_track, other] |= {track, other_track}
    return {key: sorted(tracks) for key, tracks in shared.items()}


def _melody(song: Song, melody: int | None) -> int:
    try:
        return melody_track(song, melody)
    except MelodyError:
        if melody is not None:
            raise
        return -1  # drums alone


def _pitch_range(song: Song) -> tuple[int, int]:
    """Lowest and highest pitch of a row: what is played and two semitones more, an octave and a half at least."""
    pitches = [note.pitch for track in song.tracks if not track.is_drum for note in track.notes]
    if not pitches:
        return 0, -1
    low, high = min(pitches) - 2, max(pitches) + 2
    spare = max(18 - (high + 1 - low), 0)
    return max(low - (spare + 1) // 2, 0), min(high + spare // 2, 127)
