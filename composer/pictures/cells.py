"""A piano roll in characters of a terminal, of a whole song or of one that is being played.

A character holds four pixels (quadrant blocks), two pitches above each other and two moments beside
each other, so that four octaves fit 24 lines. First notes become pixels, then pixels characters.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, floor, inf
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment
from rich.style import Style

from composer.pictures.layout import CYMBAL, KICK, SNARE, Scope, drum_family
from composer.pictures.palette import OTHERS, Palette, mix
from composer.songs.song import Song

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

# By bits: 1 upper left, 2 upper right, 4 lower left, 8 lower right.
QUADRANTS: Final = " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█"
# From below. Drums of a family share a lane: a terminal has few lines.
DRUM_LANES: Final = (KICK, SNARE, CYMBAL)

# The code of a pixel without a note; all others are 1 or more.
EMPTY: Final = 0
PLAYED, SOUNDING, COMING = 0, 1, 2
# Tracks with a colour of their own: further ones share them, so that a code stays small.
TRACKS: Final = 1 + len(OTHERS)
CODES: Final = 1 + 2 * 3 * TRACKS

# Onsets that stand out, by two pixels of a longer note.
WIDE: Final = "wide"
# Onsets that stand out only if nothing else parts them from the note before.
NEEDED: Final = "needed"
# Onsets of one pixel, which becomes a letter.
LETTERS: Final = "letters"
# Pixels from which on an onset takes two: of a shorter note it would leave too little.
LONG: Final = 4
# Beats: rounding in MIDI files must not part notes that touch.
TOUCHING: Final = 0.02
# Beats: a note that is held for longer, or for ever, is drawn no further.
LONGEST: Final = 4096.0


class TimedNote(Protocol):
    """A note of a song that is being played; `ahead`: decided before its beat."""

    @property
    def onset(self) -> float:
        """The beat of its start."""

    @property
    def end(self) -> float:
        """The beat of its end."""

    @property
    def pitch(self) -> int:
        """Its MIDI pitch."""

    @property
    def voice(self) -> int:
        """Its track; 0 is the melody."""

    @property
    def ahead(self) -> bool:
        """True if it was decided before its beat."""


def code(track: int, time: int = PLAYED, is_onset: bool = False) -> int:
    """Return the code of a pixel.

    time: PLAYED, SOUNDING or COMING. is_onset: a note begins there.
    """
    if track >= TRACKS:
        track = 1 + (track - 1) % len(OTHERS)
    return 1 + 2 * (3 * track + time) + is_onset


def track_of(pixel: int) -> int:
    """Return the track that a pixel's code shows."""
    return (pixel - 1) // 6


@lru_cache(maxsize=1024)
def shade(palette: Palette, pixel: int) -> str:
    """Return the colour of a pixel.

    A sounding note shines, one to come is pale, an onset stands out.
    """
    # There are few codes and many pixels: each colour is mixed once.
    if pixel == EMPTY:
        return palette.ground
    color = palette.track(track_of(pixel))
    time = (pixel - 1) // 2 % 3
    is_onset = (pixel - 1) % 2
    if time == COMING:
        color = mix(color, palette.ground, 0.5)
    elif time == SOUNDING:
        color = mix(color, palette.lit, 0.6)
    if is_onset:
        color = mix(color, palette.lit, palette.onset)
    return color


@dataclass(frozen=True)
class PitchRows:
    """Pitches in rows of pixels, from above, and below them three lanes of drums.

    semitone: pixels of a pitch, 1 or more, or a share if pitches share pixels. pixels: of all
    pitches. lanes: pixels of all drums, a free one above them included; 0 for none.
    """

    low: int
    high: int
    semitone: float
    pixels: int
    lanes: int = 0

    def pixel(self, pitch: int) -> int:
        """Return the uppermost pixel of a pitch; if it is out of view, that at the edge."""
        # A little more than zero: 3 * (1 / 3) must not fall into the pixel before.
        row = int((self.high - pitch) * self.semitone + 1e-9)
        return min(max(row, 0), self.pixels - 1)

    def span(self, pitch: int) -> tuple[int, int]:
        """Return the pixels of a pitch: the first, and the one after the last."""
        first = self.pixel(pitch)
        return first, min(first + max(int(self.semitone), 1), self.pixels)

    def lane(self, drum: int) -> int:
        """Return the pixel of a drum's lane."""
        above = len(DRUM_LANES) - 1 - DRUM_LANES.index(drum_family(drum))
        return self.height - len(DRUM_LANES) + above

    def place(self, pitch: int, is_drum: bool) -> tuple[int, int]:
        """Return the pixels of a note: the first, and the one after the last."""
        if not is_drum:
            return self.span(pitch)
        lane = self.lane(pitch)
        return lane, lane + 1

    def pitch(self, pixel: int) -> int:
        """Return the pitch of a pixel; the highest of those that share it."""
        steps = pixel / self.semitone
        if self.semitone >= 1:
            return self.high - floor(steps)
        return self.high - ceil(steps - 1e-9)

    def holds(self, pitches: Iterable[int]) -> bool:
        """Return True if all of these are in view."""
        return all(self.low <= pitch <= self.high for pitch in pitches)

    @property
    def height(self) -> int:
        """Pixels of pitches and drums."""
        return self.pixels + self.lanes


def pitch_rows(scope: Scope, pixels: int, per_line: int) -> PitchRows:
    """Return the rows of a scope in at most `pixels` pixels, `per_line` of them in a line.

    Pitches share pixels if there are not enough; no line is half pitches, half drums.
    """
    # One free pixel parts the drums from the lowest pitch.
    lanes = _whole_lines(len(DRUM_LANES) + 1, per_line) if scope.lanes else 0
    count = len(scope.pitches)
    room = max(pixels - lanes, per_line)
    pitched = min(_whole_lines(count, per_line), room)
    semitone = min(1.0, pitched / max(count, 1))
    return PitchRows(scope.low, scope.high, semitone, pitched, lanes)


def _whole_lines(pixels: int, per_line: int) -> int:
    return -(-pixels // per_line) * per_line


@dataclass(frozen=True)
class BeatColumns:
    """Beats in columns of pixels: `left` is the pixel at the left edge, counted from beat 0."""

    # In pixels.
    width: int
    per_beat: float
    left: int = 0

    def pixel(self, beat: float) -> int:
        """Return the pixel at which a beat begins, from the left edge."""
        return round(beat * self.per_beat) - self.left

    def pixels(self, beats: Floats) -> Ints:
        """Return the same for many beats: int [beat]."""
        return np.round(beats * self.per_beat).astype(np.int64) - self.left

    @property
    def beats(self) -> tuple[float, float]:
        """The first beat in view, and the first that is not."""
        first = self.left / self.per_beat
        behind = (self.left + self.width) / self.per_beat
        return first, behind


class NoteTable:
    """Notes in columns of numbers, made once for many pictures.

    The melody comes last, so that it is drawn over the others.
    """

    def __init__(self, notes: Sequence[TimedNote], drums: Iterable[int] = ()) -> None:
        """Take notes; `drums`: the tracks that are drums."""
        # Drawn in this order: the melody, voice 0, comes last and lies on top.
        ordered = sorted(notes, key=lambda note: (-note.voice, note.onset))
        fields = [(n.onset, n.end, n.pitch, n.voice, n.ahead) for n in ordered]
        table = np.array(fields, float).reshape(-1, 5)
        self.onsets: Floats = table[:, 0]
        self.ends: Floats = np.clip(
            table[:, 1],
            table[:, 0],
            table[:, 0] + LONGEST,
        )
        self.pitches: Ints = table[:, 2].astype(int)
        self.voices: Ints = table[:, 3].astype(int)
        self.ahead: Bools = table[:, 4] > 0
        self.drums: Bools = np.isin(self.voices, list(drums))
        self.repeated = self._repeated()

    def _repeated(self) -> Bools:
        """Return True for each note that ends as its track strikes the same pitch again."""
        order = np.lexsort((self.onsets, self.pitches, self.voices))
        now = order[:-1]
        then = order[1:]
        same_track = self.voices[now] == self.voices[then]
        same_pitch = self.pitches[now] == self.pitches[then]
        close = np.abs(self.onsets[then] - self.ends[now]) < TOUCHING
        found = np.zeros(len(order), bool)
        found[now] = same_track & same_pitch & close
        return found

    def beats(self) -> tuple[int, int]:
        """Return the first beat in which something sounds, and the one after the last.

        0, 0 if nothing sounds.
        """
        if not len(self.onsets):
            return 0, 0
        return int(np.floor(self.onsets.min())), int(np.ceil(self.ends.max()))

    def sounding(self, beat: float) -> tuple[tuple[int, int], ...]:
        """Return (pitch, track) of those that sound at a beat; of a unison the track drawn last."""
        at = np.flatnonzero((self.onsets <= beat) & (beat < self.ends))
        by_pitch = {int(self.pitches[i]): int(self.voices[i]) for i in at}
        return tuple(sorted(by_pitch.items()))

    def in_view(self, columns: BeatColumns) -> Ints:
        """Return the indexes of the notes in view, in order of drawing."""
        first, last = columns.beats
        # A note that ends just before the edge may still round into the first pixel.
        is_late = self.ends > first - 1 / columns.per_beat
        return np.flatnonzero(is_late & (self.onsets < last))


@dataclass(frozen=True)
class _SongNote:
    onset: float
    end: float
    pitch: int
    voice: int
    ahead: bool = False


def table_of(song: Song) -> NoteTable:
    """Return the notes of a whole song; the first track is the melody."""
    notes = []
    for index, track in enumerate(song.tracks):
        notes += [
            _SongNote(
                note.onset,
                note.end,
                note.pitch,
                index,
            )
            for note in track.notes
        ]
    drums = [index for index, track in enumerate(song.tracks) if track.is_drum]
    return NoteTable(notes, drums)


def paint(
    notes: NoteTable,
    columns: BeatColumns,
    rows: PitchRows,
    now: float = inf,
    onsets: str = WIDE,
) -> Ints:
    """Return codes, int [pixel row, pixel column], EMPTY if there is no note.

    A note decided ahead is hatched, every other pixel of it, until its beat has come. A note
    leaves a pixel free before it is struck again, unless onsets are LETTERS.
    """
    pixels = np.full((rows.height, columns.width), EMPTY, np.int64)
    seen = notes.in_view(columns)
    starts = columns.pixels(notes.onsets[seen])
    ends = np.maximum(columns.pixels(notes.ends[seen]), starts + 1)
    # A drum has no length worth showing.
    ends = np.where(notes.drums[seen], starts + 1, ends)
    if onsets != LETTERS:
        ends -= notes.repeated[seen] & (ends - starts > 1)
    times = _times(notes, seen, now)
    for i, index in enumerate(seen.tolist()):
        first, last = rows.place(int(notes.pitches[index]), bool(notes.drums[index]))
        voice = int(notes.voices[index])
        time = int(times[i])
        hatched = bool(time == COMING and notes.ahead[index])
        part = pixels[first:last]
        span = (int(starts[i]), int(ends[i]))
        _paint_note(part, span, (voice, time), hatched, onsets)
    return pixels


def _times(notes: NoteTable, seen: Ints, now: float) -> Ints:
    """Return PLAYED, SOUNDING or COMING for each of the notes in view."""
    # The latest first: a note that has ended is played, one that has not begun is to come.
    times = np.where(notes.ends[seen] <= now, PLAYED, SOUNDING)
    times[notes.onsets[seen] > now] = COMING
    return times


def _paint_note(
    part: Ints, span: tuple[int, int], look: tuple[int, int], hatched: bool, onsets: str
) -> None:
    """Paint one note into its rows of pixels; look: its track and time."""
    start, end = span
    plain = code(*look)
    # Asked before the note is painted, which would cover the pixel.
    stands_out = onsets != NEEDED or _joins(part, start, plain)
    stride = 2 if hatched else 1
    if end > 0:
        part[:, max(start, start % stride) : end : stride] = plain
    if stands_out:
        is_wide = onsets == WIDE and end - start >= LONG and not hatched
        last = start + 2 if is_wide else start + 1
        part[:, max(start, 0) : max(last, 0)] = code(*look, is_onset=True)


def _joins(part: Ints, start: int, before: int) -> bool:
    """Return True if the pixel before `start` has the same code: two notes would look like one."""
    return bool(0 < start <= part.shape[1] and part[0, start - 1] == before)


def characters(pixels: Ints) -> tuple[Ints, Ints, Ints]:
    """Return (quadrants, codes in front, codes behind), each int [row, column].

    pixels: codes, int [2 * row, 2 * column].

    A character has two colours. If its pixels have more, no onset stands out, and if that is not
    enough the right ones are shown at the left too: a pitch must not take another's colour.
    """
    rows = pixels.shape[0] // 2
    columns = pixels.shape[1] // 2
    four = (
        pixels.reshape(rows, 2, columns, 2)
        .transpose(1, 3, 0, 2)
        .reshape(
            4,
            rows,
            columns,
        )
    )
    # Two codes at most can be shown: the greatest in front, the least behind.
    front = four.max(0)
    back = four.min(0)
    for simpler in (_without_onsets, _right_ones):
        too_many = ((four != front) & (four != back)).any(0)
        if too_many.any():
            four = np.where(too_many, simpler(four), four)
            front = four.max(0)
            back = four.min(0)
    in_front = (four == front) & (front != EMPTY)
    bits = in_front * np.array([1, 2, 4, 8])[:, None, None]
    return bits.sum(0), front, back


def _without_onsets(four: Ints) -> Ints:
    # Codes of onsets are even.
    is_onset = (four != EMPTY) & (four % 2 == 0)
    return np.asarray(four - is_onset)


def _right_ones(four: Ints) -> Ints:
    return np.asarray(four[[1, 1, 3, 3]])


def pack(bits: Ints, front: Ints, back: Ints) -> Ints:
    """Return one number for each character; 0 for one without a note."""
    packed: Ints = (bits * (CODES + 1) + front) * (CODES + 1) + back
    packed[bits == 0] = 0
    return packed


def unpack(packed: int) -> tuple[str, int, int]:
    """Return (sign, code in front, code behind) of a packed character."""
    rest, back = divmod(packed, CODES + 1)
    bits, front = divmod(rest, CODES + 1)
    return QUADRANTS[bits], front, back


def stretches(packed: Ints) -> list[tuple[int, int]]:
    """Return the runs of equal characters of a line: (the first column, the one after the last)."""
    changes = (np.flatnonzero(packed[1:] != packed[:-1]) + 1).tolist()
    return list(
        zip(
            [0, *changes],
            [*changes, len(packed)],
            strict=True,
        )
    )


def block_line(
    packed: Ints,
    palette: Palette,
    base: str,
    blank: Style,
) -> list[Segment]:
    """Return a line of characters on the terminal's own ground; without a note `base` shows."""
    line = []
    for start, end in stretches(packed):
        if packed[start] == 0:
            line.append(Segment(base[start:end], blank))
            continue
        sign, front, back = unpack(int(packed[start]))
        behind = None if back == EMPTY else shade(palette, back)
        style = _style(shade(palette, front), behind)
        line.append(Segment(sign * (end - start), style))
    return line


@lru_cache(maxsize=1024)
def _style(color: str, behind: str | None) -> Style:
    return Style(color=color, bgcolor=behind)
