"""Piano rolls in frames: one panel for each watched melody, ruled once, its notes drawn anew in every frame."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np

from composer.pictures.layout import BLACK_KEYS, Bar, bars
from composer.pictures.palette import LIGHT, MELODY, OTHERS
from composer.runs.film import ink
from composer.runs.film.ink import Box, Pixels, rgb
from composer.songs.edit import only_melody
from composer.songs.song import Note, Song
from composer.songs.theory import beat_onsets

MOST_BEATS: Final = 32.0  # in a panel
NARROWEST, WIDEST = 24, 61  # semitones in a panel
OUTLIERS: Final = 0.01  # share of the notes at each side that need not fit
SPARE: Final = 2  # semitones more where a scope is widened, so that it seldom is
MOST_LANES: Final = 8
HEARD: Final = "#FFF6DC"
WHITE: Final = "#FFFFFF"


class Scope(NamedTuple):
    """What every panel has room for: pitches from `low` to `high`, and a lane for each of these drums."""

    low: int
    high: int
    lanes: tuple[int, ...] = ()

    def holds(self, songs: Iterable[Song]) -> bool:
        """Whether these songs fit, but for a few notes that are drawn at its edge."""
        return scope_of(songs, self) == self


def scope_of(songs: Iterable[Song], least: Scope | None = None) -> Scope:
    """The scope for `songs`, but for outliers, and all of `least`."""
    tracks = [track for song in songs for track in song.tracks]
    pitches = sorted(note.pitch for track in tracks if not track.is_drum for note in track.notes)
    drums = Counter(note.pitch for track in tracks if track.is_drum for note in track.notes)
    before = least.lanes if least else ()
    more = [drum for drum, _ in drums.most_common() if drum not in before]
    return Scope(
        *_pitch_range(pitches, least), tuple(sorted([*before, *more[: MOST_LANES - len(before)]]))
    )


def _pitch_range(pitches: Sequence[int], least: Scope | None) -> tuple[int, int]:
    """Lowest and highest pitch with a place: NARROWEST semitones at least, WIDEST at most, round the middle note."""
    few = int(OUTLIERS * len(pitches))
    low, high = (pitches[few] - 1, pitches[-1 - few] + 1) if pitches else (60, 60)
    if least is not None:
        if least.high + 1 - least.low >= WIDEST or not pitches:
            return least.low, least.high
        low = least.low if low >= least.low else low - SPARE
        high = least.high if high <= least.high else high + SPARE
    if high + 1 - low > WIDEST:
        low = min(max(pitches[len(pitches) // 2] - WIDEST // 2, low), high + 1 - WIDEST)
        high = low + WIDEST - 1
    low -= max(0, NARROWEST - (high + 1 - low)) // 2
    low = min(max(low, 0), 128 - NARROWEST)
    return low, min(max(high, low + NARROWEST - 1), 127)


@dataclass(frozen=True)
class Panel:
    """A melody's place in a frame: `grid` its box, `bars` those that are shown, `scale` pixels for each of 1280 wide.

    heard: from which beat to which its sound is heard, or None.
    """

    name: str
    grid: Box
    bars: tuple[Bar, ...]
    scope: Scope
    scale: float
    heard: tuple[float, float] | None = None

    @property
    def start(self) -> float:
        """The first beat that is shown."""
        return self.bars[0].start

    @property
    def end(self) -> float:
        """The first beat that is not."""
        return self.bars[-1].end

    def x(self, beat: float) -> int:
        """The column of a beat."""
        share = (beat - self.start) / (self.end - self.start)
        return self.grid.x + round(min(max(share, 0.0), 1.0) * self.grid.width)

    def y(self, pitch: int) -> int:
        """The upper row of a pitch."""
        return self._tops[self.scope.high - pitch]

    @cached_property
    def _tops(self) -> list[int]:
        """The upper rows of all pitches, the highest first, and of what is below them."""
        count = self.scope.high + 1 - self.scope.low
        semitone = (self.grid.height - self.lane_height * len(self.scope.lanes)) / count
        return [self.grid.y + round(i * semitone) for i in range(count + 1)]

    @property
    def lane_height(self) -> int:
        """Rows of a drum's lane."""
        return max(3, round(7 * self.scale)) if self.scope.lanes else 0

    def place(self, note: Note, is_drum: bool) -> Box | None:
        """Where a note is drawn: at the edge if its pitch has no place; None for a drum without a lane."""
        left, right = self.x(note.onset), self.x(note.end)
        if is_drum:
            if note.pitch not in self.scope.lanes:
                return None
            top = self.grid.bottom - self.lane_height * (1 + self.scope.lanes.index(note.pitch))
            return Box(
                left, top, max(min(right - left - 1, self.lane_height), 2), self.lane_height - 1
            )
        pitch = min(max(note.pitch, self.scope.low), self.scope.high)
        top, bottom = self.y(pitch), self.y(pitch - 1)
        if pitch != note.pitch:  # half as high, at the very edge
            middle = (top + bottom) // 2
            top, bottom = (middle, bottom) if note.pitch < pitch else (top, middle)
        return Box(left, top, max(right - left - 1, 2), max(bottom - top, 2))


def melody_bars(song: Song) -> list[Bar]:
    """The bars of the first track, the melody, which is the same in every snapshot; of all tracks where it is empty."""
    has_melody = bool(song.tracks) and bool(song.tracks[0].notes)
    return bars(only_melody(song) if has_melody else song)


def shown_bars(song: Song) -> tuple[Bar, ...]:
    """The bars of a panel: from where the melody begins, as many as fit in MOST_BEATS."""
    found = melody_bars(song)
    first = min((note.onset for track in song.tracks[:1] for note in track.notes), default=0.0)
    found = [bar for bar in found if bar.end > first + 1e-6]
    pickup = found[0].end - found[0].start if found[0].number == 0 else 0.0
    whole = [bar for bar in found if bar.end - found[0].start <= MOST_BEATS + pickup + 1e-6]
    return tuple(whole or found[:1])


def track_colors(count: int) -> list[ink.Color]:
    """Colours of so many tracks, the melody first; the same as in `plotting`."""
    return [rgb(MELODY), *(rgb(OTHERS[i % len(OTHERS)]) for i in range(count - 1))]


def panels(
    area: Box, songs: Mapping[str, Song], scope: Scope, scale: float, size: int
) -> list[Panel]:
    """A panel for each song, one below the other in `area`; `size`: the height of their titles."""
    left, gap = round(34 * scale), round(12 * scale)
    height = (area.height - gap * (len(songs) - 1)) // max(len(songs), 1)
    found = []
    for i, (name, song) in enumerate(songs.items()):
        box = Box(area.x, area.y + i * (height + gap), area.width, height).inset(left, size, 0, 0)
        found.append(
            Panel(
                song.title or name.replace("-", " ").capitalize(),
                box,
                shown_bars(song),
                scope,
                scale,
            )
        )
    return found


def rule(image: Pixels, panel: Panel, song: Song) -> None:
    """All of a panel that stays: its title, what is heard, the black keys, octaves, beats and bars."""
    grid, scale = panel.grid, panel.scale
    ink.card(
        image,
        Box(grid.x - 1, grid.y - 1, grid.width + 2, grid.height + 2),
        rgb(WHITE),
        rgb(LIGHT.bar_line),
        2,
    )
    pitches = range(panel.scope.low, panel.scope.high + 1)
    thick = panel.y(panel.scope.low) - panel.y(panel.scope.high) > 3 * (
        panel.scope.high - panel.scope.low
    )
    for pitch in (p for p in pitches if thick and p % 12 in BLACK_KEYS):
        ink.fill(
            image,
            Box(grid.x, panel.y(pitch), grid.width, panel.y(pitch - 1) - panel.y(pitch)),
            rgb(LIGHT.band),
        )
    if panel.heard:
        left, right = panel.x(panel.heard[0]), panel.x(panel.heard[1])
        ink.fill(image, Box(left, grid.y, right - left, grid.height), rgb(HEARD), 0.75)
    _rule_pitches(image, panel)
    beats = [b for b in beat_onsets(song, panel.end) if panel.start < b < panel.end]
    for beat in beats if grid.width / (panel.end - panel.start) > 5 else ():
        ink.fill(image, Box(panel.x(beat), grid.y, 1, grid.height), rgb(LIGHT.beat_line))
    for bar in panel.bars:
        if bar.start > panel.start:
            ink.fill(image, Box(panel.x(bar.start), grid.y, 1, grid.height), rgb(LIGHT.bar_line))
    title_end = ink.text(
        image,
        grid.x,
        grid.y - 7 * scale,
        ink.shortened(panel.name, grid.width / 2, 15 * scale, True),
        15 * scale,
        rgb(LIGHT.text),
        bold=True,
    )
    ink.text(
        image,
        title_end + 10 * scale,
        grid.y - 7 * scale,
        _bars_shown(panel, song),
        12 * scale,
        rgb(LIGHT.faint),
    )


def _bars_shown(panel: Panel, song: Song) -> str:
    last, count = panel.bars[-1].number, melody_bars(song)[-1].number
    first = max(panel.bars[0].number, 1)
    shown = f"bars {first}–{last}" if last > first else f"bar {last}"
    return (
        shown
        + (f" of {count}" if (first, last) != (1, count) else "")
        + ("   ♪ heard where shaded" if panel.heard else "")
    )


def _rule_pitches(image: Pixels, panel: Panel) -> None:
    """A line under every C, and its name at the left."""
    grid, lanes = panel.grid, panel.lane_height * len(panel.scope.lanes)
    for pitch in range(panel.scope.low, panel.scope.high + 1):
        if pitch % 12 == 0:
            bottom = panel.y(pitch - 1)
            if pitch > panel.scope.low:
                ink.fill(image, Box(grid.x, bottom, grid.width, 1), rgb(LIGHT.beat_line))
            name, size = f"C{pitch // 12 - 1}", 11 * panel.scale
            x = grid.x - ink.text_width(name, size) - 6 * panel.scale
            ink.text(
                image, x, (panel.y(pitch) + bottom + 0.72 * size) / 2, name, size, rgb(LIGHT.faint)
            )
    if lanes:
        ink.fill(image, Box(grid.x, grid.bottom - lanes, grid.width, 1), rgb(LIGHT.bar_line))


def draw_notes(image: Pixels, panel: Panel, song: Song) -> None:
    """The notes of a song, the first track, the melody, above the others."""
    colors = track_colors(len(song.tracks))
    for track, color in reversed(list(zip(song.tracks, colors, strict=True))):
        edge = ink.mix(color, rgb(LIGHT.text), 0.75)
        for note in track.notes:
            if note.onset < panel.end and note.end > panel.start:
                box = panel.place(note, track.is_drum)
                if box is not None:
                    ink.note(image, box, color, edge)


def draw_playhead(image: Pixels, panel: Panel, beat: float) -> tuple[Box, Pixels]:
    """A line where the sound is; returns its box and what it hides."""
    box = Box(min(panel.x(beat), panel.grid.right - 2), panel.grid.y, 2, panel.grid.height)
    part = image[box.y : box.bottom, box.x : box.right]
    hidden = np.array(part)
    part[:] = rgb(LIGHT.text)
    return box, hidden


def legend(image: Pixels, right: int, y: int, names: Sequence[str], scale: float) -> None:
    """Colours and names of the tracks, ending at `right`."""
    size = 13 * scale
    labels = [
        ink.shortened(name or f"Track {i + 1}", 120 * scale, size) for i, name in enumerate(names)
    ]
    x = float(right)
    for label, color in reversed(list(zip(labels, track_colors(len(names)), strict=True))):
        x -= ink.text_width(label, size)
        ink.text(image, x, y, label, size, rgb(LIGHT.text))
        x -= 20 * scale
        ink.note(
            image,
            Box(round(x), round(y - 9 * scale), round(14 * scale), round(9 * scale)),
            color,
            ink.mix(color, rgb(LIGHT.text), 0.75),
        )
        x -= 18 * scale
