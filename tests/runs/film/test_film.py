"""The film of a run, read back: what is where in its frames; the command; a browser."""

from __future__ import annotations

import json
import queue
import re
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import numpy as np
import pytest
from av.video.reformatter import ColorRange, Colorspace
from composer.errors import OutputError
from composer.runs.film import VIDEO, Film, FilmConfig, film
from composer.songs.song import Note

from tests.conftest import lacking
from tests.support.films import (
    BLUE,
    RED,
    SIZE,
    SMALL,
    columns_of,
    facts_of,
    frames_of,
    keep,
    like,
    new_run,
    roll_of,
    song,
)


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
    rows = [np.flatnonzero(frame.sum(1) > 50) for frame in amber]
    assert (
        all(len(r) for r in rows) and rows[0].tolist() == rows[-1].tolist()
    )  # as far as the curves will go, at once


def test_what_plays_everywhere(run, tmp_path):
    path = film(run, tmp_path / "film.mp4", SMALL).path
    data, facts = path.read_bytes(), facts_of(path)
    assert data.index(b"moov") < data.index(b"mdat")  # it plays before all of it is there
    assert (facts["codec"], facts["pixels"]) == ("h264", "yuv420p")
    assert facts["colors"] == (ColorRange.MPEG, Colorspace.ITU709)
    assert facts["size"] == SIZE and facts["fps"] == 8


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


def test_a_place_that_cannot_be_written_is_told_at_once_and_nothing_stays(run, tmp_path):
    steps: list[int] = []
    # A file in the place of a folder: nothing can be written below it.
    blocked = tmp_path / "blocked"
    blocked.touch()
    with pytest.raises(OutputError, match="film"):
        film(run, blocked / "film.mp4", SMALL, lambda done, total: steps.append(done))
    assert not steps

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        film(run, tmp_path / "new" / "film.mp4", SMALL, stop)
    assert not (tmp_path / "new").exists()


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
    assert (
        done.returncode == 0 and facts_of(composer_command.folder / "new" / "film.mp4")["fps"] == 2
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


@pytest.mark.parametrize("package", ["PIL", "av"])
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
