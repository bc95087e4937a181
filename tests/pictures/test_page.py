"""Pictures, judged by their pixels: what is where the layout says, in which colour."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from composer.errors import ComposerError, MelodyError, OutputError
from composer.pictures import page as plotting
from composer.pictures import sheet
from composer.pictures.palette import MELODY
from composer.songs.song import KeySignature, Note, Song, Tempo, TimeSignature, Track
from hypothesis import given, settings
from hypothesis import strategies as st


def four_parts(**changes):
    tracks = [
        Track((Note(0, 72, 1, 100), Note(1, 74, 2, 100), Note(41, 76, 3, 100)), "Soprano"),
        Track((Note(0, 67, 1, 100), Note(1, 65, 2, 100)), "Alto"),
        Track((Note(0, 64, 1, 100), Note(1, 65, 1, 100)), "Tenor"),
        Track((Note(0, 48, 1, 100), Note(1, 50, 2, 30)), "Bass"),
        Track((Note(0, 36, 1, 100), Note(2.5, 42, 1, 100)), "Kit", is_drum=True),
    ]
    metres = (TimeSignature(0, 1, 4), TimeSignature(1, 4, 4))
    return Song(**{"tracks": tuple(tracks), "time_signatures": metres, "title": "Test", **changes})


def pixels(song, tmp_path, melody=None):
    """uint8 [y, x, rgb] of the PNG file."""
    from PIL import Image

    plotting.plot_song(tmp_path / "out.png", song, melody)
    with Image.open(tmp_path / "out.png") as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB"))


def rgb(color):
    return tuple(bytes.fromhex(color[1:]))


def at(image, x, y):
    return tuple(int(v) for v in image[int(y * plotting.DPI), int(x * plotting.DPI)])


def test_the_page_has_the_size_that_was_laid_out(tmp_path):
    image = pixels(four_parts(), tmp_path)
    height = sheet.sheet_of(four_parts()).height
    assert image.shape == (pytest.approx(height * plotting.DPI, abs=1), 1920, 3)
    assert 0.02 < (image < 250).any(axis=2).mean() < 0.6


def test_notes_are_where_they_sound_in_the_colour_of_their_track(tmp_path):
    song = four_parts()
    made, image = sheet.sheet_of(song), pixels(song, tmp_path)
    first, second = made.rows
    colors = made.layout.colors
    assert colors[0] == MELODY and len(set(colors)) == 5
    half = made.rows[0].grid.semitone / 2
    for track, onset, pitch in (
        (0, 0.5, 72),
        (0, 2.9, 74),
        (1, 0.5, 67),
        (2, 0.5, 64),
        (3, 0.1, 48),
    ):
        assert at(image, first.x(onset), first.y(pitch) + half) == rgb(colors[track])
    assert at(image, second.x(43.5), second.y(76) + half) == rgb(MELODY)
    assert at(image, first.x(3.3), first.y(74) + half) == (255, 255, 255)
    for onset, drum in ((0.1, 36), (2.58, 42)):
        assert at(image, first.x(onset), first.drum_y(drum) + sheet.LANE / 2) == rgb(colors[4])


def test_two_tracks_on_one_pitch_are_both_seen(tmp_path):
    song = four_parts()
    made, image = sheet.sheet_of(song), pixels(song, tmp_path)
    x, y = made.rows[0].x(1.5), made.rows[0].y(65)
    colors = made.layout.colors
    assert at(image, x, y + 0.25 * made.rows[0].grid.semitone) == rgb(colors[1])
    assert at(image, x, y + 0.75 * made.rows[0].grid.semitone) == rgb(colors[2])


def test_a_note_over_the_end_of_a_row_goes_on_in_the_next(tmp_path):
    song = four_parts(tracks=(Track((Note(0, 60, 1), Note(30, 70, 6, 100), Note(41, 60, 1))),))
    made, image = sheet.sheet_of(song), pixels(song, tmp_path)
    first, second = made.rows
    assert (first.end, second.start) == (33, 33)
    for row, onset in ((first, 32.5), (second, 33.5), (second, 35.5)):
        assert at(image, row.x(onset), row.y(69.5)) == rgb(MELODY)
    assert at(image, second.x(36.5), second.y(69.5)) != rgb(MELODY)
    assert at(image, sheet.WIDTH - sheet.RIGHT / 2, first.y(69.5)) == (255, 255, 255)
    assert at(image, sheet.LEFT - 0.03, second.y(69.5)) == (255, 255, 255)


def test_soft_notes_are_paler(tmp_path):
    song = four_parts()
    made, image = sheet.sheet_of(song), pixels(song, tmp_path)
    soft = at(image, made.rows[0].x(2.5), made.rows[0].y(49.5))
    assert all(a > b for a, b in zip(soft, rgb(made.layout.colors[3]), strict=True))
    assert soft != (255, 255, 255)


def test_bar_lines_are_stronger_than_beat_lines(tmp_path):
    song = four_parts()
    made, image = sheet.sheet_of(song), pixels(song, tmp_path)
    row = made.rows[0]

    def darkest(onset):
        x = int(row.x(onset) * plotting.DPI)
        return image[int(row.y(56.5) * plotting.DPI), x - 2 : x + 3].min()

    assert darkest(5) < 170 < darkest(6) < 240 < darkest(6.5)


def test_the_melody_can_be_chosen(tmp_path):
    made = sheet.sheet_of(four_parts(), 2)
    colors = made.layout.colors
    assert colors[2] == MELODY and colors.count(MELODY) == 1
    with pytest.raises(MelodyError, match="track 9 asked for"):
        plotting.plot_song(None, four_parts(), 8)


def words(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def test_words():
    keys, tempos = (KeySignature(0, -3),), (Tempo(0, 72.0), Tempo(4, 90.0), Tempo(999, 5.0))
    said = words(plotting.plot_song(None, four_parts(key_signatures=keys, tempos=tempos)))
    assert said[:2] == ["Test", "♩ = 72–90     4/4     E♭ major     0:30"]
    assert said[2:7] == ["Soprano (melody)", "Alto", "Tenor", "Bass", "Kit"]
    numbers = [word for word in said if word.isdigit()]
    assert numbers == [str(n) for n in range(1, 12)]
    assert {"C3", "C4", "C5", "kick", "hi-hat", "C", "Dm"} <= set(said)


def test_facts_are_not_made_up():
    assert plotting.facts(four_parts(time_signatures=())).startswith(
        "♩ = 100     D minor (estimated)"
    )
    drums = Song((Track((Note(0, 36, 1),), is_drum=True),))
    assert plotting.facts(drums) == "♩ = 100     0:01"


def test_chord_names_have_their_bass_below_and_stand_where_they_change():
    tracks = (
        Track((Note(0, 72, 4), Note(4, 71, 4))),
        Track((Note(0, 52, 4), Note(0, 67, 8), Note(4, 54, 4), Note(4, 62, 4))),
    )
    song = four_parts(tracks=tracks, time_signatures=(), key_signatures=(KeySignature(0, 1),))
    texts = {t.get_text(): t.get_position() for t in plotting.plot_song(None, song).axes[0].texts}
    made = sheet.sheet_of(song)
    (x, y), (bass_x, bass_y) = texts["C"], texts["/E"]
    assert x == bass_x == pytest.approx(made.rows[0].x(0), abs=0.05)
    assert bass_y > y > made.rows[0].bottom
    assert texts["Gmaj7"][0] == pytest.approx(made.rows[0].x(4), abs=0.05)
    assert "/F♯" in texts


@pytest.mark.parametrize(
    "title",
    [
        "$5 and $6",
        "$x^",
        r"$\frac{$",
        "a\nb\x00c",
        "日本語 🎹",
        "\ud800",
        "x" * 500,
        "",
        "_^{}%#&~",
    ],
)
def test_odd_titles_and_names(tmp_path, title, recwarn):
    song = four_parts(
        title=title, tracks=(Track((Note(0, 60, 4),), title), Track((Note(0, 64, 4),)))
    )
    assert pixels(song, tmp_path).shape[1] == 1920
    assert not [w for w in recwarn if "Glyph" in str(w.message)]
    shown = words(plotting.plot_song(None, song))[0]
    assert "\n" not in shown and len(shown) <= 70
    if title.isascii() and title.isprintable() and 0 < len(title) < 70:
        assert shown == title


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(0, 70),
            st.integers(0, 127),
            st.floats(0.01, 50),
            st.integers(1, 127),
            st.integers(0, 2),
        ),
        min_size=1,
    ),
    st.sampled_from([(4, 4), (3, 8), (7, 8), (12, 8), (2, 2), (1, 16)]),
)
def test_any_song_can_be_drawn(notes, metre):
    tracks = [tuple(Note(a, p, d, v) for a, p, d, v, t in notes if t == k) for k in range(3)]
    song = Song(
        tuple(Track(n, is_drum=k == 2) for k, n in enumerate(tracks)),
        (),
        (TimeSignature(0, *metre),),
    )
    plotting.plot_song(None, song)


def test_an_empty_song_leaves_no_file(tmp_path):
    with pytest.raises(ComposerError, match="at least one note"):
        plotting.plot_song(tmp_path / "out.png", Song())
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(OutputError):
        plotting.plot_song(tmp_path / "folder.png", four_parts())
    assert [path.name for path in tmp_path.iterdir()] == ["folder.png"]


def test_a_very_tall_page_is_drawn_smaller(tmp_path):
    notes = tuple(Note(i * 32.0, i % 128, 1.0) for i in range(250))
    song = Song((Track(notes), Track(notes, is_drum=True)))
    figure = plotting.plot_song(None, song)
    assert (
        figure.dpi < plotting.DPI
        and figure.get_size_inches()[1] * figure.dpi <= plotting.MAX_PIXELS + 1
    )


def test_the_same_song_is_the_same_file(tmp_path):
    for name in ("a", "b"):
        plotting.plot_song(tmp_path / f"{name}.png", four_parts())
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_the_users_settings_change_nothing_and_pyplot_is_not_loaded(tmp_path):
    code = (
        "import sys, composer.pictures.page as p\n"
        "from composer.songs.song import *\n"
        "assert 'matplotlib' not in sys.modules\n"
        "import matplotlib\n"
        "matplotlib.rcParams.update({'text.usetex': True, 'savefig.bbox': 'tight', 'font.size': 40})\n"
        "p.plot_song(sys.argv[1], Song((Track((Note(0, 60, 1),)),), title='a_b'))\n"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    plotting.plot_song(tmp_path / "here.png", Song((Track((Note(0, 60, 1),)),), title="a_b"))
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "there.png")], check=True)
    assert (tmp_path / "here.png").read_bytes() == (tmp_path / "there.png").read_bytes()
