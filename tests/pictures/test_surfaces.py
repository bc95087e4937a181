"""One song on three surfaces, read back: the same bars, the same lanes, the same colours."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from composer.pictures import page, sheet
from composer.pictures.cells import EMPTY, characters, pack, shade, track_of, unpack
from composer.pictures.frames import Panel, draw_notes, film_scope, rule, shown_bars
from composer.pictures.layout import lay_out
from composer.pictures.palette import ANY_GROUND, LIGHT, rgb, track_colors
from composer.pictures.pixels import Box
from composer.songs.song import Note, Song, TimeSignature, Track
from composer.terminal.train.rolls import roll_of

from tests.conftest import needs

Image = needs("PIL.Image")

# A pickup, then bars of 3/4, of 4/4 and of 6/8; every note of velocity 100 has its full colour.
METRES = (
    TimeSignature(0, 1, 4),
    TimeSignature(1, 3, 4),
    TimeSignature(7, 4, 4),
    TimeSignature(11, 6, 8),
)
BARS = [0, 1, 4, 7, 11, 14]  # the beats of their lines
TRACKS = (
    ("Melody", [(0, 72), (1, 76), (4, 74), (7, 79), (11, 77), (14, 72)]),
    ("Alto", [(1, 67), (4, 65), (7, 70), (11, 69), (14, 67)]),
    ("Bass", [(1, 48), (4, 53), (7, 46), (11, 41), (14, 48)]),
    ("Flute", [(1, 84), (4, 82), (7, 86), (11, 88), (14, 84)]),
)
DRUMS = [(1, 36), (2, 42), (3, 38), (4, 49), (5, 45), (7, 36), (9, 38), (11, 36), (14, 49)]
PITCHED = [(i, beat, pitch) for i, (_, notes) in enumerate(TRACKS) for beat, pitch in notes]


def the_song():
    tracks = []
    for name, notes in TRACKS:
        tracks.append(Track(tuple(Note(beat, pitch, 0.9, 100) for beat, pitch in notes), name))
    drums = Track(tuple(Note(beat, drum, 0.25, 100) for beat, drum in DRUMS), "Kit", is_drum=True)
    return Song((*tracks, drums), time_signatures=METRES, title="All of it")


class OnPage:
    """The PNG: places in inches, colours as they are in the file."""

    def __init__(self, song, folder):
        page.plot_song(folder / "song.png", song, melody=0)
        with Image.open(folder / "song.png") as image:
            self.image = np.asarray(image.convert("RGB"))
        (self.row,) = sheet.sheet_of(song, 0).rows
        self.start, self.end = self.row.x(self.row.start), self.row.x(self.row.end)

    def _at(self, x, y):
        return self.image[int(y * page.DPI), int(x * page.DPI)]

    def color(self, beat, pitch):
        return tuple(self._at(self.row.x(beat + 0.4), self.row.y(pitch - 0.5)).tolist())

    def drum_color(self, beat, drum):
        return tuple(self._at(self.row.x(beat) + 0.06, self.row.drum_y(drum) + 0.08).tolist())

    def bar_lines(self):
        """Shares of the width at which the row above all notes has a bar line's colour."""
        y = int((self.row.top + 0.02) * page.DPI)
        first, last = int(self.start * page.DPI), int(self.end * page.DPI)
        dark = np.flatnonzero(self.image[y, first : last - 4].max(axis=1) < 190)
        starts = dark[np.flatnonzero(np.diff(dark, prepend=-9) > 3)]
        return (starts / (last - first)).tolist()

    def height(self, pitch, is_drum=False):
        return self.row.drum_y(pitch) if is_drum else self.row.y(pitch)


class InFrame:
    """A panel of a film: places in pixels."""

    def __init__(self, song):
        scope = film_scope([song])
        self.panel = Panel("", Box(40, 10, 1120, 560), shown_bars(song), scope, 1.0)
        self.image = np.zeros((600, 1200, 3), np.uint8)
        rule(self.image, self.panel, song)
        self.ruled = self.image.copy()
        draw_notes(self.image, self.panel, song)

    def _middle(self, beat, pitch, is_drum):
        box = self.panel.place(Note(beat, pitch, 0.25 if is_drum else 0.9), is_drum)
        return self.image[box.y + box.height // 2, box.x + box.width // 2]

    def color(self, beat, pitch):
        return tuple(self._middle(beat, pitch, False).tolist())

    def drum_color(self, beat, drum):
        return tuple(self._middle(beat, drum, True).tolist())

    def bar_lines(self):
        box = self.panel.box
        line = self.ruled[box.y + 2, box.x : box.right]
        found = np.flatnonzero((line == rgb(LIGHT.bar_line)).all(axis=1))
        return [0.0, *(found / box.width).tolist()]

    def height(self, pitch, is_drum=False):
        return self.panel.place(Note(5, pitch, 1), is_drum).y


class InCells:
    """The training view: places in characters of four pixels."""

    def __init__(self, song):
        self.roll = roll_of(song, 40, 140)
        self.pixels = self.roll.pixels()
        self.packed = pack(*characters(self.pixels))

    def _shown(self, beat, first, last):
        """The colour of a character at a beat, of the half that holds the pixel rows."""
        column = self.roll.columns.pixel(beat)
        _, front, back = unpack(int(self.packed[first // 2, column // 2]))
        wanted = self.pixels[first:last, column].max()
        assert wanted in (front, back) and wanted != EMPTY
        return rgb(shade(ANY_GROUND, int(wanted)))

    def color(self, beat, pitch):
        return self._shown(beat, *self.roll.rows.span(pitch))

    def drum_color(self, beat, drum):
        lane = self.roll.rows.lane(drum)
        return self._shown(beat, lane, lane + 1)

    def bar_lines(self):
        width = self.packed.shape[1]
        return [column / width for column, _ in self.roll.bar_columns()]

    def height(self, pitch, is_drum=False):
        return self.roll.rows.lane(pitch) if is_drum else self.roll.rows.pixel(pitch)


@pytest.fixture(scope="module")
def surfaces(tmp_path_factory):
    song = the_song()
    return OnPage(song, tmp_path_factory.mktemp("page")), InFrame(song), InCells(song)


def test_every_note_has_the_colour_of_its_track(surfaces):
    colors = [rgb(color) for color in track_colors(5)]
    assert len(set(colors)) == 5
    for surface in surfaces:
        assert {(track, surface.color(beat, pitch)) for track, beat, pitch in PITCHED} == set(
            enumerate(colors[:4])
        ), surface
        assert {surface.drum_color(beat, drum) for beat, drum in DRUMS} == {colors[4]}, surface


def test_every_bar_has_its_line_at_its_share_of_the_width(surfaces):
    length = lay_out(the_song()).end
    expected = [beat / length for beat in BARS]
    for surface in surfaces:
        assert surface.bar_lines() == pytest.approx(expected, abs=0.008), surface


def test_pitches_rise_and_drums_lie_below_them_in_one_order(surfaces):
    pitches = sorted({pitch for _, _, pitch in PITCHED}, reverse=True)
    families = ((49, 42), (45, 38), (36,))  # cymbals, snare and toms, kick
    for surface in surfaces:
        heights = [surface.height(pitch) for pitch in pitches]
        assert heights == sorted(set(heights)), surface  # each below the one before
        lowest = heights[-1]
        for drums in families:
            lanes = [surface.height(drum, is_drum=True) for drum in drums]
            assert min(lanes) > lowest, surface
            lowest = max(lanes)


def test_the_data_for_the_browser_says_the_same(surfaces):
    data = lay_out(the_song(), melody=0).as_data()
    assert [start for _, start, _ in data["bars"]] == BARS
    assert [number for number, _, _ in data["bars"]] == [0, 1, 2, 3, 4, 5]
    assert [lane["pitch"] for lane in data["lanes"]] == [36, 38, 45, 42, 49]
    for track, beat, pitch in PITCHED:
        color = rgb(data["tracks"][track]["color"])
        assert all(surface.color(beat, pitch) == color for surface in surfaces)


def test_another_song_is_another_picture(surfaces):
    """The reading can fail: a track moved by an octave is not found where it was."""
    song = the_song()
    moved = replace(
        song.tracks[2], notes=tuple(replace(n, pitch=n.pitch + 12) for n in song.tracks[2].notes)
    )
    other = InFrame(replace(song, tracks=(*song.tracks[:2], moved, *song.tracks[3:])))
    assert other.color(7, 58) == rgb(track_colors(5)[2]) != surfaces[1].color(7, 58)
    assert track_of(int(surfaces[2].pixels.max())) == 4
