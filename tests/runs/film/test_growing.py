"""The film that grows while a run trains: whole after every snapshot, and after a kill."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
from composer.runs.film import VIDEO, Film, FilmConfig, film
from composer.runs.report import Report
from composer.runs.run import TrainingRun
from composer.songs.song import Note

from tests.conftest import ROOT
from tests.support.films import (
    BASSES,
    BLUE,
    RED,
    SMALL,
    columns_of,
    frames_of,
    keep,
    like,
    new_run,
    roll_of,
    seconds_of,
    song,
)


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
    assert len(frames_of(run.folder / VIDEO)) == 3 and not grown.trouble
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


def test_trouble_with_the_film_does_not_stop_training(tmp_path, monkeypatch):
    run = new_run(tmp_path / "run")
    with Film(run.folder, SMALL) as grown:
        grown.add(keep(run, 100, {"tune": song()}))
        before = grown.path.read_bytes()

        def fails(image):
            raise OSError("out of memory")

        monkeypatch.setattr(grown._stream._encoder, "encode", fails)
        grown.add(keep(run, 200, {"tune": song()}))
        grown.add(keep(run, 300, {"tune": song()}))
    assert grown.trouble == f"cannot go on with {grown.path}: out of memory"
    assert grown.path.read_bytes() == before
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
from composer.runs.film import Film
from composer.runs.run import TrainingRun
from tests.support.films import SMALL, keep, song
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


def test_killed_at_any_moment_it_leaves_a_film_that_plays(tmp_path):
    run = new_run(tmp_path / "run")
    process = growing(run)
    process.kill()
    process.wait()
    assert 7 <= len(frames_of(run.folder / VIDEO)) <= 9
    last = max(run.snapshots)
    with Film(run.folder, SMALL) as grown:
        grown.add(keep(run, last + 100, {"tune": song()}))
    assert len(frames_of(grown.path)) == len(run.snapshots)


def test_a_ctrl_c_that_ends_training_leaves_a_whole_film(tmp_path):
    run = new_run(tmp_path / "run")
    process = growing(run)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all in the foreground
    said = process.communicate(timeout=60)[0].splitlines()
    assert said[-1].strip() == "closed" and len(frames_of(run.folder / VIDEO)) >= 7
