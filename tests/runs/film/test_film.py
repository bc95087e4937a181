"""The film of a run, read back: what is where in its frames, what is heard when, and that it survives its run."""

from __future__ import annotations

import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import wave
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit

import numpy as np
import pytest

from composer import catalog
from composer.errors import ConfigError, ModelError, OutputError
from composer.runs.run import Report, TrainingRun
from composer.songs.song import Note, Song, Tempo, TimeSignature, Track
from tests.conftest import ROOT, lacking, needs

imageio_ffmpeg = needs("imageio_ffmpeg")

from composer.pictures.layout import Bar
from composer.runs.film import (
    VIDEO,
    Film,
    FilmConfig,
    film,
    ink,
    size_of,
    sound,
)
from composer.runs.film.curves import MOST_ROWS, Series, number, series_of
from composer.runs.film.ink import Box, rgb
from composer.runs.film.rolls import Panel, Scope, scope_of, shown_bars
from composer.runs.film.scene import about, clock

RED, BLUE = (
    rgb("#E4472E"),
    rgb("#2C6FB7"),
)  # the melody and the first other track, as in pictures of songs
SIZE = (640, 360)
SMALL = FilmConfig(size=SIZE)
SOUNDFONT = Path(find_spec("pretty_midi").submodule_search_locations[0]) / "TimGM6mb.sf2"
SQUARE = 80  # its lowest sine is its strongest


def song(*bass: Note, melody: tuple[Note, ...] = (Note(2, 74, 6),), qpm: float = 120.0) -> Song:
    """Two bars of 4/4: a melody, all but two beats of them, over a bass."""
    tracks = (Track(melody, "Melody", SQUARE), Track(bass or (Note(0, 50, 8),), "Bass", SQUARE))
    return Song(tracks, (Tempo(0, qpm),), (TimeSignature(0, 4, 4),), title="A tune")


def new_run(folder: Path, snapshots: dict[int, dict[str, Song]] | None = None) -> TrainingRun:
    """A run with these snapshots, a report each: the loss falls from 4 by 1, the measure rises from .1 by .1."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "run.json").write_text('{"dataset": "jsb", "family": "chorale", "seed": 0}')
    run = TrainingRun(folder)
    run.write("reference.json", {"in_scale_ratio": 0.9})
    for i, (iteration, songs) in enumerate((snapshots or {}).items()):
        keep(run, iteration, songs, i)
    return run


def keep(run: TrainingRun, iteration: int, songs: dict[str, Song], place: int = 0) -> Report:
    """Log and keep a snapshot as training does; returns what training would tell."""
    losses, measures = {"critic": 4.0 - place}, {"in_scale_ratio": 0.1 + 0.1 * place}
    run.save_snapshot(iteration, songs)
    run.append(
        {"iteration": iteration, "seconds": iteration / 10, "losses": losses, "measures": measures}
    )
    return Report(
        iteration, 400, iteration / 10, 5.0, "adversarial", losses, measures, run.reference, songs
    )


BASSES = {
    100: Note(0, 50, 4),
    200: Note(4, 50, 4),
    400: Note(2, 57, 4),
}  # left, right, higher in the middle


@pytest.fixture
def run(tmp_path: Path) -> TrainingRun:
    return new_run(tmp_path / "run", {at: {"tune": song(bass)} for at, bass in BASSES.items()})


@pytest.fixture(autouse=True)
def small_soundfont(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(catalog.SOUNDFONT_VARIABLE, str(SOUNDFONT))


def frames_of(path: Path) -> np.ndarray:
    """All frames of a film: uint8 [frame, row, column, 3]."""
    reader = imageio_ffmpeg.read_frames(str(path))
    width, height = next(reader)["size"]
    return np.stack([np.frombuffer(frame, np.uint8).reshape(height, width, 3) for frame in reader])


def like(frame: np.ndarray, color: np.ndarray) -> np.ndarray:
    """Where a frame has a colour, but for what coding does to it: bool [row, column]."""
    return np.abs(frame.astype(int) - color).max(-1) < 45


def roll_of(frame: np.ndarray) -> np.ndarray:
    """The part with the piano roll: below the bar, left of the curves, right of the names of octaves."""
    return frame[75:, 32:438]


def columns_of(frame: np.ndarray, color: np.ndarray) -> tuple[float, float]:
    """From where to where, in shares of the piano roll, there is a colour."""
    found = np.flatnonzero(like(roll_of(frame), color).sum(0) > 2)
    return found[0] / 406, found[-1] / 406


def facts_of(path: Path) -> str:
    """What ffmpeg says of a film."""
    done = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-i", path], capture_output=True, text=True, check=False
    )
    return done.stderr


def seconds_of(path: Path) -> float:
    """How long ffmpeg says that a film is."""
    return float(re.search(r"Duration: 00:00:([0-9.]+)", facts_of(path))[1])


# What is drawn ------------------------------------------------------------------------------------------------


def test_a_note_stands_at_its_beat_and_its_pitch():
    panel = Panel("", Box(100, 50, 400, 120), (Bar(1, 4, 6), Bar(2, 6, 8)), Scope(60, 71), 1.0)
    assert panel.place(Note(5, 71, 1), False) == Box(
        200, 50, 99, 10
    )  # a column stays free before the next note
    assert panel.place(Note(4, 60, 0.5), False) == Box(100, 160, 49, 10)
    assert panel.place(Note(7.5, 66, 4), False) == Box(450, 100, 49, 10)  # cut at the end


def test_a_note_beyond_the_scope_is_half_as_high_at_its_edge():
    panel = Panel("", Box(0, 0, 400, 120), (Bar(1, 0, 4),), Scope(60, 71), 1.0)
    assert panel.place(Note(0, 90, 1), False) == Box(0, 0, 99, 5)
    assert panel.place(Note(0, 20, 1), False) == Box(0, 115, 99, 5)


def test_drums_have_lanes_below_the_pitches():
    panel = Panel("", Box(0, 0, 400, 134), (Bar(1, 0, 4),), Scope(60, 71, (36, 38)), 1.0)
    assert panel.place(Note(1, 36, 1), True) == Box(100, 127, 7, 6)
    assert panel.place(Note(1, 38, 1), True) == Box(100, 120, 7, 6)
    assert panel.place(Note(1, 40, 1), True) is None
    assert panel.place(Note(0, 60, 1), False) == Box(0, 110, 99, 10)


def test_a_scope_has_room_for_all_but_a_hundredth_of_the_notes():
    usual = tuple(Note(i, 48 + i % 30, 1) for i in range(150))
    wild = (Note(200, 5, 1),)
    assert scope_of([song(*usual, *wild)]) == Scope(47, 78)
    assert scope_of([song(Note(0, 73, 1))]) == Scope(62, 85)  # not narrower than two octaves
    assert scope_of([Song()]).high < 128


def test_a_scope_is_never_so_wide_that_notes_are_hairlines_and_keeps_the_middle():
    noise = tuple(Note(i, i % 128, 1) for i in range(128 * 4))
    low, high, _ = scope_of([song(*noise)])
    assert high - low == 60 and low < 64 < high


def test_a_scope_widens_for_what_it_does_not_hold_and_then_holds_it():
    drums = Song((Track((Note(0, 36, 1), Note(1, 38, 1)), is_drum=True), Track((Note(0, 30, 1),))))
    narrow = scope_of([song()])
    assert narrow.holds([song()]) and not narrow.holds([drums])
    wide = scope_of([drums], narrow)
    assert wide.low < 30 and wide.high == narrow.high and wide.lanes == (36, 38)
    assert wide.holds([drums, song()])


def test_a_panel_shows_whole_bars_from_where_the_melody_begins():
    late = Song(
        (Track(tuple(Note(13 + i, 60, 1) for i in range(60))),),
        time_signatures=(TimeSignature(0, 3, 4),),
    )
    shown = shown_bars(late)
    assert (shown[0].number, shown[0].start, shown[-1].end) == (5, 12, 42)
    pickup = Song(
        (Track((Note(0, 60, 50),)),), (), (TimeSignature(0, 1, 4), TimeSignature(1, 4, 4))
    )
    assert (shown_bars(pickup)[0].number, shown_bars(pickup)[-1].end) == (0, 33)
    assert len(shown_bars(Song())) == 1


def test_a_curve_covers_each_pixel_as_far_as_its_line_does():
    image = np.zeros((20, 20, 3), np.uint8)
    ink.curve(
        image,
        Box(0, 0, 20, 20),
        (np.array([2.0, 12.0]), np.array([5.5, 5.5])),
        rgb("#FFFFFF"),
        width=2.0,
    )
    column = image[:, 6, 0]
    assert column[4] == 128 and column[5] == 255 and column[6] == 128  # from 4.5 to 6.5
    assert column[3] == 0 and 20 < column[7] < 45  # nothing above, pale below
    assert not image[:, :2].any() and not image[:, 13:].any()


def test_what_is_drawn_over_the_edge_is_cut_off_there():
    image = np.zeros((20, 30, 3), np.uint8)
    ink.text(image, -5, 5, "Wide", 20, RED)
    ink.text(image, 20, 25, "Wide", 20, RED)
    ink.dot(image, 0, 0, 4, RED, BLUE)
    ink.fill(image, Box(-3, -3, 5, 5), BLUE)
    assert (image[0, 0] == BLUE).all() and not image[19, 0].any()
    assert (image[:6, 6:14] == RED).all(-1).any() and (image[12:, 22:] == RED).all(-1).any()


def test_words_that_are_too_long_are_cut_and_control_characters_left_out():
    assert ink.shortened("Ode\n to\x00 Joy", 500, 12) == "Ode to Joy"
    short = ink.shortened("W" * 99, 100, 12)
    assert short.endswith("…") and ink.text_width(short, 12) <= 100


def test_losses_come_first_then_the_chief_measures_as_far_as_there_is_room():
    names = [f"m{i}" for i in range(20)]
    line = {
        "iteration": 5,
        "losses": {"b": 1.0, "a": 2.0},
        "measures": dict.fromkeys([*names, "distance"], 1.0),
    }
    found = series_of([line], {"distance": 0.3})
    assert [s.name for s in found[:4]] == ["b", "a", "distance", "m0"] and len(found) == MOST_ROWS
    assert found[2].dataset == 0.3 and np.isnan(found[3].dataset)


def test_a_curve_knows_nothing_of_what_comes_later_and_leaves_out_what_is_no_number():
    values = {10: 1.0, 20: float("nan"), 30: None, 40: 3.0}
    (one,) = series_of([{"iteration": i, "losses": {"critic": v}} for i, v in values.items()], {})
    assert (
        one.at.tolist() == [10, 40]
        and one.until(39)[1].tolist() == [1.0]
        and one.until(40)[1].tolist() == [1, 3]
    )


def test_a_curve_has_room_for_the_datasets_value_and_not_for_one_wild_loss():
    at = np.arange(300.0)
    low, high = Series("x", at, np.where(at == 3, 1e6, at / 300), dataset=-2.0).limits()
    assert low < -2 and 0.9 < high < 2
    assert Series("x", at[:0], at[:0]).limits() == (0.0, 1.0)
    low, high = Series("x", at[:1], np.array([7.0])).limits()
    assert low < 7 < high


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.1234, "0.123"),
        (-1.239, "−1.24"),
        (56.78, "56.8"),
        (12345.6, "12,346"),
        (-2.5e7, "−2.5e+07"),
        (0, "0.000"),
    ],
)
def test_numbers_have_three_figures(value, words):
    assert number(value) == words


def test_head_of_a_frame():
    assert [clock(s) for s in (7, 754, 3723.4)] == ["0:07", "12:34", "1:02:03"]
    assert (
        about({"dataset": "/far/away/My songs", "family": "band", "seed": 0})
        == "My songs · band · seed 0"
    )
    assert about({}) == ""


# The film ------------------------------------------------------------------------------------------------------


def test_a_frame_for_every_snapshot_with_its_notes_where_they_belong(run, tmp_path):
    made = film(run, tmp_path / "film.mp4", SMALL)
    frames = frames_of(made.path)
    assert (
        frames.shape == (3, 360, 640, 3)
        and made.snapshots == 3
        and made.seconds == pytest.approx(3 / 8)
    )
    assert [columns_of(frame, RED) for frame in frames] == [pytest.approx((0.25, 1), abs=0.02)] * 3
    lefts, rights = zip(*(columns_of(frame, BLUE) for frame in frames), strict=True)
    assert lefts == pytest.approx((0, 0.5, 0.25), abs=0.02) and rights == pytest.approx(
        (0.5, 1, 0.75), abs=0.02
    )
    rows = [np.flatnonzero(like(roll_of(frame), BLUE).any(1)).mean() for frame in frames]
    assert (
        rows[0] == pytest.approx(rows[1], abs=2) and rows[2] < rows[0] - 20
    )  # 57 lies higher than 50


def test_the_melody_lies_above_what_plays_the_same_note(tmp_path):
    run = new_run(tmp_path / "run", {1: {"tune": song(Note(2, 74, 6))}})
    (frame,) = frames_of(film(run, tmp_path / "film.mp4", SMALL).path)
    assert like(roll_of(frame), RED).any() and not like(roll_of(frame), BLUE).any()


def test_the_bar_grows_with_the_iteration(run, tmp_path):
    frames = frames_of(film(run, tmp_path / "film.mp4", SMALL).path)
    lengths = [like(frame[51:53], RED).any(0).sum() for frame in frames]
    assert lengths == pytest.approx([612 / 4, 612 / 2, 612], abs=4)


def test_curves_grow_up_to_the_iteration_beside_the_datasets_value(run, tmp_path):
    side = frames_of(film(run, tmp_path / "film.mp4", SMALL).path)[:, 70:, 450:]
    bluish = (
        side[:, 96:137, :, 2].astype(int) - side[:, 96:137, :, 0] > 9
    )  # the lower curve, and what is pale below it
    ends = [np.flatnonzero(frame.sum(0) > 1).max(initial=0) for frame in bluish]
    assert ends == pytest.approx([0, 8 + 160 / 2, 8 + 160], abs=6)
    amber = side[..., 0].astype(int) - side[..., 2] > 30
    rows = [np.flatnonzero(frame.sum(1) > 60) for frame in amber]
    assert (
        all(len(r) for r in rows) and rows[0].tolist() == rows[-1].tolist()
    )  # as far as the curves will go, at once


def test_what_plays_everywhere(run, tmp_path):
    path = film(run, tmp_path / "film.mp4", SMALL).path
    data, said = path.read_bytes(), facts_of(path)
    assert data.index(b"moov") < data.index(b"mdat")  # it plays before all of it is there
    assert (
        "h264" in said and "yuv420p(tv, bt709, " in said and "640x360" in said and "8 fps" in said
    )


def test_only_what_is_asked_for_is_shown(run, tmp_path):
    frames = frames_of(
        film(run, tmp_path / "film.mp4", FilmConfig(size=SIZE, first=150, last=200)).path
    )
    assert len(frames) == 1 and columns_of(frames[0], BLUE) == pytest.approx((0.5, 1), abs=0.02)


def test_a_film_of_a_part_is_the_film_of_a_run_that_stopped_there(run, tmp_path):
    part = frames_of(film(run, tmp_path / "part.mp4", FilmConfig(size=SIZE, last=200)).path)
    run.forget_after(200, ["tune"])
    assert (part == frames_of(film(run, tmp_path / "all.mp4", SMALL).path)).all()


def test_steps_are_told(run, tmp_path):
    steps: list[tuple[int, int]] = []
    film(run, tmp_path / "film.mp4", SMALL, lambda done, total: steps.append((done, total)))
    assert steps == [(1, 3), (2, 3), (3, 3)]


def test_a_melody_that_a_snapshot_lacks_is_an_empty_panel(tmp_path):
    run = new_run(tmp_path / "run", {1: {"a": song(), "b": song()}, 2: {"b": song()}})
    frames = frames_of(film(run, tmp_path / "film.mp4", SMALL).path)
    upper = [like(roll_of(frame)[:130], RED).any() for frame in frames]
    assert upper == [True, False] and like(roll_of(frames[1])[130:], RED).any()


def test_iterations_are_ordered_as_numbers(tmp_path):
    snapshots = {900_000: {"tune": song(Note(0, 50, 4))}, 1_000_000: {"tune": song(Note(4, 50, 4))}}
    frames = frames_of(
        film(new_run(tmp_path / "run", snapshots), tmp_path / "film.mp4", SMALL).path
    )
    assert [round(columns_of(frame, BLUE)[0], 1) for frame in frames] == [0, 0.5]


@pytest.mark.parametrize("size", [(320, 180), (360, 800), (1920, 200)])
def test_every_size_that_is_allowed_can_be_drawn(run, tmp_path, size):
    assert (
        frames_of(film(run, tmp_path / "film.mp4", FilmConfig(size=size)).path).shape[1:3]
        == size[::-1]
    )


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"fps": 0}, "above 0"),
        ({"fps": 61}, "60 at most"),
        ({"fps": float("nan")}, "above 0"),
        ({"size": (641, 360)}, "even"),
        ({"size": (100, 360)}, "320x180 at least"),
    ],
)
def test_settings_that_make_no_film(setting, words):
    with pytest.raises(ConfigError, match=words):
        FilmConfig(**setting)


def test_sizes_are_read_and_made_even():
    assert size_of("1281x721") == (1280, 720) and size_of(" 640 X 360 ") == (640, 360)
    for text in ("1280", "x720", "12.5x7", "-2x4", "1280x720x3", ""):
        with pytest.raises(ConfigError, match="1280x720"):
            size_of(text)


def test_a_run_without_snapshots_and_a_range_without_any(run, tmp_path):
    with pytest.raises(ModelError, match="no snapshots yet"):
        film(new_run(tmp_path / "new"), tmp_path / "film.mp4")
    with pytest.raises(ModelError, match="from 500 to 400; it has 3 from 100 to 400"):
        film(run, tmp_path / "film.mp4", FilmConfig(first=500))


def test_a_place_that_cannot_be_written_is_told_at_once_and_nothing_stays(run, tmp_path):
    steps: list[int] = []
    with pytest.raises(OutputError, match="film"):
        film(run, Path("/dev/null/film.mp4"), SMALL, lambda done, total: steps.append(done))
    assert not steps

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        film(run, tmp_path / "new" / "film.mp4", SMALL, stop)
    assert not (tmp_path / "new").exists() and not children()


def children() -> list[str]:
    """The encoders that this process has started and that still run."""
    found = subprocess.run(
        ["ps", "--ppid", str(os.getpid()), "-o", "comm="], capture_output=True, text=True
    ).stdout
    return [line for line in found.splitlines() if "ffmpeg" in line]


# Its sound -----------------------------------------------------------------------------------------------------


def sound_of(path: Path, folder: Path) -> np.ndarray:
    """The sound of a film, decoded: float [sample]."""
    out = folder / "heard.wav"
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-y",
        "-loglevel",
        "error",
        "-i",
        path,
        "-ar",
        "48000",
        out,
    ]
    subprocess.run(command, check=True)
    with wave.open(str(out)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(
            -1, file.getnchannels()
        )
    return samples.mean(1) / 32768


def level(part: np.ndarray) -> float:
    return float(np.sqrt((part**2).mean()))


def pitch_of(part: np.ndarray) -> float:
    """The MIDI pitch of the strongest sine."""
    hertz = np.argmax(np.abs(np.fft.rfft(part * np.hanning(len(part))))) * 48_000 / len(part)
    return float(69 + 12 * np.log2(hertz / 440))


def test_each_snapshot_is_heard_while_it_is_seen(tmp_path):
    lone = {
        at: song(Note(0, p, 8), melody=(Note(0, p, 8),)) for at, p in ((1, 60), (2, 67), (4, 72))
    }
    rest = song(Note(20, 60, 1), melody=(Note(20, 74, 1),))  # nothing in the bars that are heard
    snapshots = {at: {"tune": lone.get(at, rest)} for at in (1, 2, 3, 4)}
    made = film(
        new_run(tmp_path / "run", snapshots),
        tmp_path / "film.mp4",
        FilmConfig(size=SIZE, audio=True),
    )
    heard, frames = sound_of(made.path, tmp_path), frames_of(made.path)
    each = 34  # 4 s of two bars and .25 s to ring are 34 frames of 1/8 s
    assert made.seconds == 4 * each / 8 and len(frames) == 4 * each
    assert len(heard) / 48_000 == pytest.approx(4 * each / 8, abs=0.05)
    parts = heard.reshape(-1)[: 4 * each * 6000].reshape(4, -1)
    middles = parts[:, 24_000:168_000]
    assert [round(pitch_of(m)) for m in middles[[0, 1, 3]]] == [60, 67, 72]
    assert min(level(m) for m in middles[[0, 1, 3]]) > 0.02 and level(middles[2]) < 1e-3
    loud = np.flatnonzero(np.abs(heard[int(3 * each * 6000) - 9600 :]) > 0.02)[0] / 48_000 - 0.2
    assert abs(loud) < 0.05  # the fourth begins with its frame
    seen = [like(roll_of(frame), RED).sum() > 50 for frame in frames]
    assert seen == [True] * 2 * each + [False] * each + [True] * each


def test_a_line_moves_over_what_is_heard(tmp_path):
    run = new_run(tmp_path / "run", {1: {"a": song(), "b": song()}})
    frames = frames_of(film(run, tmp_path / "film.mp4", FilmConfig(size=SIZE, audio=True)).path)
    dark = [np.flatnonzero((roll_of(frame)[20:120] < 110).all(-1).sum(0) > 60) for frame in frames]
    places = np.array([d[0] if len(d) else -1 for d in dark])
    assert (np.diff(places[places >= 0]) >= 0).all() and places[0] < 20 and places[31] > 0.95 * 400
    assert places[8] == pytest.approx(8.5 / 32 * 406, abs=4)
    assert not any(
        (roll_of(frame)[160:260] < 110).all(-1).sum(0).max() > 60 for frame in frames[4:28]
    )


def test_bars_are_heard_two_or_four_beats_where_the_film_is_long():
    tune = Song(
        (Track((Note(0, 60, 40),)),),
        (Tempo(0, 60),),
        (TimeSignature(0, 1, 4), TimeSignature(1, 3, 4)),
    )
    bars = shown_bars(tune)
    assert sound.heard_beats(tune, bars, 17) == (
        0,
        7,
    )  # the pickup and two bars: 7 seconds, 17 times
    assert sound.heard_beats(tune, bars, 18) == (0, 4)
    one = Song((Track((Note(0, 60, 1),)),))
    assert sound.heard_beats(one, shown_bars(one), 1000) == (0, 4)


def test_songs_in_a_row_begin_on_time_whatever_their_tempo():
    first, second = song(Note(2, 50, 1), qpm=60), song(Note(2, 50, 9), qpm=30)
    row = sound.in_a_row([first, second], 5.0)
    basses = [(n.onset, n.duration) for n in row.tracks[1].notes]
    assert (
        basses == [(2.0, 1.0), (9.0, 1.0)] and row.seconds(9.0) == 9.0
    )  # the last is cut where its five seconds end


def test_sound_does_not_drift_where_it_is_rendered_in_many_stretches(tmp_path, monkeypatch):
    monkeypatch.setattr(sound, "STRETCH", 0.5)
    told: list[int] = []
    sound.write_soundtrack(
        tmp_path / "raw", [song(Note(0, 60, 1))] * 5 + [Song()], 1 / 3, told.append
    )
    assert (tmp_path / "raw").stat().st_size == 2 * 48_000 * 4 and told == [1, 2, 3, 4, 5, 6]


def test_sound_that_is_cut_off_fades(tmp_path):
    sound.write_soundtrack(tmp_path / "raw", [song(Note(0, 60, 8))], 1.0, lambda done: None)
    last = np.abs(np.fromfile(tmp_path / "raw", "<i2").reshape(-1, 2)[-1920:]).max(1)
    assert last[:960].max() > 3000 and last[-10:].max() < 300


# While it grows ------------------------------------------------------------------------------------------------


def test_after_every_snapshot_the_film_is_whole_and_one_frame_longer(tmp_path):
    run = new_run(tmp_path / "run")
    with Film(run.folder, SMALL) as grown:
        for i, (at, bass) in enumerate(BASSES.items()):
            grown.add(keep(run, at, {"tune": song(bass)}, i))
            grown.add(
                Report(at + 5, 400, 1.0, 1.0, "adversarial", {"critic": 1.0})
            )  # without songs
            frames = frames_of(grown.path)
            assert len(frames) == i + 1 and seconds_of(grown.path) == pytest.approx(
                (i + 1) / 8, abs=0.006
            )
            assert columns_of(frames[-1], BLUE)[0] == pytest.approx(bass.onset / 8, abs=0.02)
    assert len(frames_of(run.folder / VIDEO)) == 3 and not grown.trouble and not children()
    assert {p.name for p in run.folder.iterdir()} == {
        "run.json",
        "reference.json",
        "log.jsonl",
        "snapshots",
        VIDEO,
    }


def test_it_looks_like_the_film_that_is_made_later(run, tmp_path):
    with Film(run.folder, SMALL) as grown:
        grown.add(keep(run, 400, {"tune": song(BASSES[400])}, 2))
    now, later = frames_of(grown.path), frames_of(film(run, tmp_path / "film.mp4", SMALL).path)
    assert np.abs(now[-1].astype(int) - later[-1]).mean() < 1


def test_a_resumed_run_begins_with_what_it_had_and_without_what_it_lost(run):
    run.forget_after(200, ["tune"])
    with Film(run.folder, SMALL) as grown:
        grown.add(keep(run, 300, {"tune": song(Note(6, 50, 2))}, 2))
    frames = frames_of(run.folder / VIDEO)
    assert [round(columns_of(f, BLUE)[0], 2) for f in frames] == pytest.approx(
        [0, 0.5, 0.75], abs=0.02
    )


def test_frames_are_drawn_anew_where_notes_need_more_room(tmp_path):
    run = new_run(tmp_path / "run")
    low = song(*(Note(i, 30, 1) for i in range(8)))
    with Film(run.folder, SMALL) as grown:
        grown.add(keep(run, 100, {"tune": song()}))
        before = frames_of(grown.path)[0]
        grown.add(keep(run, 200, {"tune": low}))
        after = frames_of(grown.path)
    assert len(after) == 2
    heights = [
        np.flatnonzero(like(roll_of(f), RED).any(1)).size for f in (before, after[0], after[1])
    ]
    assert heights[1] < heights[0] and heights[1] == pytest.approx(heights[2], abs=1)


def test_a_long_film_is_not_written_for_every_frame_and_ends_complete(tmp_path):
    run, written = new_run(tmp_path / "run"), []
    with Film(run.folder, FilmConfig(size=(320, 180))) as grown:
        for at in range(90):
            grown.add(keep(run, at, {"tune": song()}))
            written.append(grown._unwritten == 0)
    assert all(written[:40]) and 0.3 < np.mean(written[40:]) < 0.7
    assert len(frames_of(grown.path)) == 90


def test_trouble_with_the_film_does_not_stop_training(tmp_path):
    run = new_run(tmp_path / "run")
    with Film(run.folder, SMALL) as grown:
        grown.add(keep(run, 100, {"tune": song()}))
        before = grown.path.read_bytes()
        os.kill(grown._stream._process._process.pid, signal.SIGKILL)
        grown.add(keep(run, 200, {"tune": song()}))
        grown.add(keep(run, 300, {"tune": song()}))
    assert (
        "ffmpeg" in grown.trouble
        and str(grown.path) in grown.trouble
        and grown.path.read_bytes() == before
    )
    shutil.rmtree(run.folder / "snapshots")
    grown.path.unlink()
    grown.path.mkdir()
    with Film(run.folder, SMALL) as grown:
        grown.add(keep(run, 100, {"tune": song()}))
    assert "folder" in grown.trouble


GROW = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from tests.runs.film.test_film import *
run = TrainingRun(Path(sys.argv[1]))
grown = Film(run.folder, SMALL)
try:
    for at in range(100, 100_000, 100):
        grown.add(keep(run, at, {"tune": song()}))
        print(at, flush=True)
except KeyboardInterrupt:
    grown.close()
    print("closed", grown.trouble, flush=True)
"""


def growing(run: TrainingRun) -> subprocess.Popen[str]:
    """A process in which a run and its film grow, after the seventh snapshot."""
    command = [sys.executable, "-c", GROW, str(run.folder), str(ROOT)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=ROOT, start_new_session=True
    )
    for _ in range(7):
        assert process.stdout.readline()
    return process


def test_killed_at_any_moment_it_leaves_a_film_that_plays_and_no_encoder(tmp_path):
    run = new_run(tmp_path / "run")
    process = growing(run)
    process.kill()
    process.wait()
    assert 7 <= len(frames_of(run.folder / VIDEO)) <= 9
    last = max(run.snapshots)
    with Film(run.folder, SMALL) as grown:
        grown.add(keep(run, last + 100, {"tune": song()}))
    assert len(frames_of(grown.path)) == len(run.snapshots)
    deadline = time.monotonic() + 20
    while (left := encoders_of(run.folder)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not left


def test_a_ctrl_c_that_ends_training_does_not_end_the_encoder_before_it(tmp_path):
    run = new_run(tmp_path / "run")
    process = growing(run)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all in the foreground
    said = process.communicate(timeout=60)[0].splitlines()
    assert said[-1].strip() == "closed" and len(frames_of(run.folder / VIDEO)) >= 7


def encoders_of(folder: Path) -> list[str]:
    """Processes that name a run's folder."""
    found = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout
    return [line for line in found.splitlines() if "ffmpeg" in line and str(folder) in line]


# The command, and a browser ------------------------------------------------------------------------------------


def test_the_command_films_into_the_folder_of_the_run_or_elsewhere(run, composer_command):
    done = composer_command("video", run.folder, "--size", "640x361")
    assert done.returncode == 0, done.stderr
    assert re.search(
        r"written\s+snapshots\s+seconds\s+took\s*\n.*video\.mp4\s+3\s+0\.4\s+[0-9.]+ s", done.stdout
    )
    assert frames_of(run.folder / VIDEO).shape == (3, 360, 640, 3)
    done = composer_command(
        "video", run.folder, "--fps", 2, "--size", "320x180", "--to", 200, "-o", "new/film.mp4"
    )
    assert done.returncode == 0 and "2 fps" in facts_of(
        composer_command.folder / "new" / "film.mp4"
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--size", "wide"], "a size is WIDTHxHEIGHT in pixels, as 1280x720, got 'wide'"),
        (["--size", "64x64"], "320x180 at least"),
        (["--fps", "0"], "frames a second lie above 0 and at 60 at most, got 0"),
        (["--from", "9000"], "no snapshot from 9000"),
        (["-o", "/dev/full/x.mp4"], "cannot write /dev/full/x.mp4"),
    ],
)
def test_bad_input_is_one_clear_line(run, composer_command, arguments, words):
    done = composer_command("video", run.folder, *arguments)
    assert done.returncode == 2 and words in done.stderr and len(done.stderr.splitlines()) == 1


def test_a_folder_that_is_no_run_is_one_clear_line(tmp_path, composer_command):
    done = composer_command("video", tmp_path)
    assert done.returncode == 2 and "not a training run" in done.stderr


@pytest.mark.parametrize("package", ["PIL", "imageio_ffmpeg"])
def test_a_missing_package_is_named_with_what_brings_it(run, tmp_path, composer_command, package):
    (tmp_path / "lacking" / package).mkdir(parents=True)
    (tmp_path / "lacking" / package / "__init__.py").write_text("raise ImportError('not here')")
    done = composer_command("video", run.folder, path=tmp_path / "lacking")
    assert done.returncode == 2 and "pip install 'melody-composer[video]'" in done.stderr
    assert len(done.stderr.splitlines()) == 1 and not (run.folder / VIDEO).exists()


PAGE = """<video muted src="film.mp4"></video><script>
const video = document.querySelector("video");
const say = () => { const {duration, readyState, currentTime, videoWidth, error} = video;
  const said = JSON.stringify({duration, readyState, currentTime, videoWidth, error: error && error.message});
  new Image().src = "http://127.0.0.1:%d/?" + encodeURIComponent(said); };
video.onloadeddata = () => { video.currentTime = video.duration * 0.75; };
video.onseeked = video.onerror = say;
</script>"""


def said_by_browser(chromium: str, folder: Path) -> dict:
    """What a browser says of film.mp4 when it is at three quarters of it; it says it to a server of its own."""
    said: queue.Queue[str] = queue.Queue()

    class Ear(BaseHTTPRequestHandler):
        def do_GET(self):
            said.put(unquote(urlsplit(self.path).query))
            self.send_error(404)

        def log_message(self, *words):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Ear) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        (folder / "page.html").write_text(PAGE % server.server_port)
        command = [
            chromium,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={folder / 'profile'}",
        ]
        command += ["--remote-debugging-port=0", (folder / "page.html").as_uri()]
        browser = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            return json.loads(said.get(timeout=120))
        finally:
            browser.terminate()
            browser.wait()
            server.shutdown()


@pytest.mark.browser
@pytest.mark.parametrize("kind", ["silent", "heard", "grown"])
def test_a_browser_plays_it(run, tmp_path, kind):
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or lacking("chromium")
    path, seconds = tmp_path / "film.mp4", 3 / 8
    if kind == "grown":
        with Film(run.folder, SMALL) as grown:
            grown.add(keep(run, 400, {"tune": song()}))
        shutil.copy(grown.path, path)
    else:
        seconds = film(run, path, FilmConfig(size=SIZE, audio=kind == "heard")).seconds
    said = said_by_browser(chromium, tmp_path)
    assert said["error"] is None and said["readyState"] >= 2 and said["videoWidth"] == 640
    assert said["duration"] == pytest.approx(seconds, abs=0.05)
    assert said["currentTime"] == pytest.approx(0.75 * said["duration"], abs=0.05)
