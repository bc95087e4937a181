"""A piano roll in pixels: in frames of a film, and as a picture of its own.

In a film all that stays is drawn once; each frame adds its notes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np

from composer.pictures import pixels
from composer.pictures.layout import (
    NumberedBar,
    RollGrid,
    Room,
    Scope,
    bars,
    drawing_order,
    is_black,
    scope_of,
)
from composer.pictures.palette import LIGHT, WHITE, mix, track_colors
from composer.pictures.pixels import Box, Pixels, rgb
from composer.pictures.text import pitch_name, song_name, track_name
from composer.songs.song import Note, Song
from composer.songs.theory import beat_onsets

# In a panel: with more, notes become too thin to follow.
MOST_BEATS: Final = 32.0
ROOM: Final = Room(
    spare=1,
    narrowest=24,
    widest=61,
    outliers=0.01,
    lanes=8,
    unpitched=False,
)
# The ground of the bars that are heard.
HEARD: Final = "#FFF6DC"
# Pixels of a beat, from which on beats have lines: nearer ones would be a grey area.
LEAST_BEAT: Final = 5
# Pixels of a pitch, from which on black keys have a band: thinner ones flicker in a film.
LEAST_SEMITONE: Final = 3
# Pixels at the left of a panel for the names of the C's, of a frame 1280 wide.
KEYS: Final = 34
# The same between two panels.
GAP: Final = 12

# Pixels of a single picture, which has no frame to fill.
PICTURE_BEAT: Final = 24
PICTURE_SEMITONE: Final = 6
PICTURE_LANE: Final = 7
# At most: a longer picture would be too wide to look at.
PICTURE_BEATS: Final = 128.0
PICTURE_ROOM: Final = Room(spare=2, narrowest=12)


def film_scope(songs: Iterable[Song], least: Scope | None = None) -> Scope:
    """Return the pitches and drums of songs, but for outliers, and all of `least`."""
    return scope_of(songs, ROOM, least)


def holds(scope: Scope, songs: Iterable[Song]) -> bool:
    """Return True if songs fit, but for a few notes that are drawn at the edge."""
    return film_scope(songs, scope) == scope


@dataclass(frozen=True)
class Panel:
    """A melody's place in a frame."""

    name: str
    box: Box
    # Those that are shown.
    bars: tuple[NumberedBar, ...]
    scope: Scope
    # Pixels for each of a frame 1280 wide.
    scale: float
    # The beats between which its sound is heard.
    heard: tuple[float, float] | None = None

    @property
    def start(self) -> float:
        """The first beat that is shown."""
        return self.bars[0].start

    @property
    def end(self) -> float:
        """The first beat that is not."""
        return self.bars[-1].end

    @cached_property
    def grid(self) -> RollGrid:
        """The place of every beat and pitch, from the corner of the box."""
        lane = max(3, round(7 * self.scale))
        pitched = self.box.height - lane * len(self.scope.lanes)
        return RollGrid(
            self.scope,
            self.start,
            beat=self.box.width / (self.end - self.start),
            semitone=pitched / max(len(self.scope.pitches), 1),
            lane=lane,
        )

    def x(self, beat: float) -> int:
        """Return the column of a beat, at the edge if it is not shown."""
        # Notes that go on beyond the panel are cut at its edge.
        beat = min(max(beat, self.start), self.end)
        return self.box.x + round(self.grid.x(beat))

    def y(self, pitch: int) -> int:
        """Return the upper row of a pitch."""
        return self.box.y + round(self.grid.y(pitch))

    def place(self, note: Note, is_drum: bool) -> Box | None:
        """Return the box of a note; None for a drum without a lane.

        A note whose pitch has no place lies at the edge.
        """
        left = self.x(note.onset)
        right = self.x(note.end)
        if is_drum:
            return self._drum_place(note.pitch, left, right)
        pitch = min(max(note.pitch, self.scope.low), self.scope.high)
        top = self.y(pitch)
        bottom = self.y(pitch - 1)
        # Out of view: half as high, at the very edge.
        middle = (top + bottom) // 2
        if note.pitch < pitch:
            top = middle
        elif note.pitch > pitch:
            bottom = middle
        return Box(
            left,
            top,
            max(right - left - 1, 2),
            max(bottom - top, 2),
        )

    def _drum_place(
        self,
        drum: int,
        left: int,
        right: int,
    ) -> Box | None:
        if drum not in self.scope.lanes:
            return None
        lane = int(self.grid.lane)
        above_bottom = lane * (1 + self.scope.lanes.index(drum))
        width = max(min(right - left - 1, lane), 2)
        return Box(left, self.box.bottom - above_bottom, width, lane - 1)


def melody_bars(song: Song) -> list[NumberedBar]:
    """Return the bars of the first track, the melody, which is the same in every snapshot.

    Of all tracks if it is empty.
    """
    # With the added voices the end, and so the panel, would move from snapshot to snapshot.
    if song.tracks and song.tracks[0].notes:
        return bars(replace(song, tracks=song.tracks[:1]))
    return bars(song)


def shown_bars(song: Song, most: float = MOST_BEATS) -> tuple[NumberedBar, ...]:
    """Return the bars of a panel: from the start of the melody, as many as fit in `most` beats."""
    melody = song.tracks[0].notes if song.tracks else ()
    first = min((note.onset for note in melody), default=0.0)
    found = [bar for bar in melody_bars(song) if bar.end > first + 1e-6]
    # A pickup comes on top.
    pickup = found[0].end - found[0].start if found[0].number == 0 else 0.0
    latest = found[0].start + most + pickup + 1e-6
    whole = [bar for bar in found if bar.end <= latest]
    return tuple(whole or found[:1])


def panels(
    area: Box, songs: Mapping[str, Song], scope: Scope, scale: float, titles: int
) -> list[Panel]:
    """Return a panel for each song, one below the other in `area`; titles: the height of one."""
    gap = round(GAP * scale)
    keys = round(KEYS * scale)
    count = max(len(songs), 1)
    height = (area.height - gap * (count - 1)) // count
    found = []
    for i, (name, song) in enumerate(songs.items()):
        top = area.y + i * (height + gap)
        area_of_one = Box(area.x, top, area.width, height)
        box = area_of_one.inset(keys, titles, 0, 0)
        found.append(
            Panel(
                song_name(song.title, name),
                box,
                shown_bars(song),
                scope,
                scale,
            )
        )
    return found


def rule(image: Pixels, panel: Panel, song: Song) -> None:
    """Draw all of a panel that stays: ground, bands, lines, names of the C's."""
    box = panel.box
    frame = Box(
        box.x - 1,
        box.y - 1,
        box.width + 2,
        box.height + 2,
    )
    pixels.card(
        image,
        frame,
        rgb(LIGHT.ground),
        rgb(LIGHT.bar_line),
        2,
    )
    # Bands thinner than that flicker in a coded film.
    if panel.grid.semitone > LEAST_SEMITONE:
        _draw_bands(image, panel)
    if panel.heard:
        _draw_heard(image, panel, panel.heard)
    _draw_octaves(image, panel)
    # Beats that are too near to each other would be a grey area.
    if panel.grid.beat > LEAST_BEAT:
        beats = beat_onsets(song, panel.end)
        _draw_verticals(image, panel, beats, LIGHT.beat_line)
    _draw_verticals(image, panel, [bar.start for bar in panel.bars], LIGHT.bar_line)


def _draw_heard(image: Pixels, panel: Panel, heard: tuple[float, float]) -> None:
    """Draw the ground of the beats that are heard."""
    left = panel.x(heard[0])
    right = panel.x(heard[1])
    box = Box(left, panel.box.y, right - left, panel.box.height)
    # The bands of the black keys shine through.
    pixels.fill(image, box, rgb(HEARD), 0.75)


def _draw_bands(image: Pixels, panel: Panel) -> None:
    for pitch in panel.scope.pitches:
        if is_black(pitch):
            top = panel.y(pitch)
            height = panel.y(pitch - 1) - top
            band = Box(panel.box.x, top, panel.box.width, height)
            pixels.fill(image, band, rgb(LIGHT.band))


def _draw_octaves(image: Pixels, panel: Panel) -> None:
    """Draw a line under every C, and one over the drums."""
    box = panel.box
    for pitch in panel.scope.pitches[1:]:
        if pitch % 12 == 0:
            pixels.fill(
                image,
                Box(box.x, panel.y(pitch - 1), box.width, 1),
                rgb(LIGHT.beat_line),
            )
    if panel.scope.lanes:
        top = box.bottom - int(panel.grid.lane) * len(panel.scope.lanes)
        pixels.fill(
            image,
            Box(box.x, top, box.width, 1),
            rgb(LIGHT.bar_line),
        )


def _draw_verticals(
    image: Pixels,
    panel: Panel,
    beats: Iterable[float],
    color: str,
) -> None:
    """Draw lines at those of `beats` that are in view, but for the left edge."""
    for beat in beats:
        if panel.start < beat < panel.end:
            line = Box(
                panel.x(beat),
                panel.box.y,
                1,
                panel.box.height,
            )
            pixels.fill(image, line, rgb(color))


def write_names(image: Pixels, panel: Panel, song: Song) -> None:
    """Write a panel's title above it, and the names of the C's at its left."""
    _write_title(image, panel, song)
    box = panel.box
    size = 11 * panel.scale
    for pitch in panel.scope.pitches:
        if pitch % 12 == 0:
            name = pitch_name(pitch)
            x = box.x - pixels.text_width(name, size) - 6 * panel.scale
            y = (panel.y(pitch) + panel.y(pitch - 1) + 0.72 * size) / 2
            pixels.text(image, x, y, name, size, rgb(LIGHT.faint))


def _write_title(image: Pixels, panel: Panel, song: Song) -> None:
    """Write a panel's title, and beside it which bars are shown."""
    scale, box = panel.scale, panel.box
    line = box.y - 7 * scale
    title = pixels.shortened(
        panel.name,
        box.width / 2,
        15 * scale,
        bold=True,
    )
    end = pixels.text(
        image,
        box.x,
        line,
        title,
        15 * scale,
        rgb(LIGHT.text),
        bold=True,
    )
    facts = _facts(panel, song)
    pixels.text(
        image,
        end + 10 * scale,
        line,
        facts,
        12 * scale,
        rgb(LIGHT.faint),
    )


def _facts(panel: Panel, song: Song) -> str:
    """Return a text: the bars that are shown, their number in all, a sign if they are heard."""
    first = max(panel.bars[0].number, 1)
    last = panel.bars[-1].number
    count = melody_bars(song)[-1].number
    shown = f"bars {first}–{last}" if last > first else f"bar {last}"
    if (first, last) != (1, count):
        shown += f" of {count}"
    if panel.heard:
        shown += "   ♪ heard where shaded"
    return shown


def draw_notes(image: Pixels, panel: Panel, song: Song) -> None:
    """Draw the notes of a song, the first track, the melody, above the others."""
    count = len(song.tracks)
    colors = track_colors(count)
    for index in drawing_order(count):
        track = song.tracks[index]
        color = rgb(colors[index])
        # A darker edge parts notes that touch.
        edge = rgb(mix(colors[index], LIGHT.text, 0.75))
        for note in track.notes:
            if note.onset >= panel.end or note.end <= panel.start:
                continue
            box = panel.place(note, track.is_drum)
            if box is not None:
                pixels.note(image, box, color, edge)


def draw_playhead(image: Pixels, panel: Panel, beat: float) -> tuple[Box, Pixels]:
    """Draw a line at the sound; return its box and the pixels that it hides."""
    x = min(panel.x(beat), panel.box.right - 2)
    box = Box(x, panel.box.y, 2, panel.box.height)
    # What it hides is put back before the next frame: cheaper than a copy of the picture.
    part = image[box.y : box.bottom, box.x : box.right]
    hidden = np.array(part)
    part[:] = rgb(LIGHT.text)
    return box, hidden


def legend(
    image: Pixels,
    right: int,
    y: int,
    names: Sequence[str],
    scale: float,
) -> None:
    """Write colours and names of the tracks, ending at `right`."""
    size = 13 * scale
    colors = track_colors(len(names))
    # Written from the right, since only there its end is known.
    x = float(right)
    for index in reversed(range(len(names))):
        name = track_name(names[index], index)
        label = pixels.shortened(name, 120 * scale, size)
        x -= pixels.text_width(label, size)
        pixels.text(image, x, y, label, size, rgb(LIGHT.text))
        x -= 20 * scale
        edge = rgb(mix(colors[index], LIGHT.text, 0.75))
        sign = Box(
            round(x),
            round(y - 9 * scale),
            round(14 * scale),
            round(9 * scale),
        )
        pixels.note(image, sign, rgb(colors[index]), edge)
        x -= 18 * scale


def picture(song: Song) -> Pixels:
    """Return a song as a piano roll without words: uint8 [row, column, 3].

    A long song is cut to its first bars.

    >>> from composer.songs.song import Note, Song, Track
    >>> picture(Song((Track((Note(0, 60, 4),)),))).shape
    (72, 96, 3)
    """
    scope = scope_of([song], PICTURE_ROOM)
    shown = shown_bars(song, PICTURE_BEATS)
    width = round((shown[-1].end - shown[0].start) * PICTURE_BEAT)
    lanes = PICTURE_LANE * len(scope.lanes)
    height = max(PICTURE_SEMITONE * len(scope.pitches) + lanes, PICTURE_SEMITONE)
    image = np.empty((height, width, 3), np.uint8)
    image[:] = rgb(WHITE)
    panel = Panel("", Box(0, 0, width, height), shown, scope, 1.0)
    _draw_bands(image, panel)
    _draw_octaves(image, panel)
    _draw_verticals(image, panel, beat_onsets(song, panel.end), LIGHT.beat_line)
    _draw_verticals(image, panel, [bar.start for bar in panel.bars], LIGHT.bar_line)
    draw_notes(image, panel, song)
    return image
