"""A family that nobody knows (`tests.support.toy_family`) trains, exports, arranges and plays."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from composer.data.jsb import load, to_song
from composer.generators import FAMILIES, family, load_model
from composer.live.midi.outputs import Nowhere
from composer.live.midi.sequencer import Sequencer
from composer.live.session.session import Session
from composer.live.session.state import SessionConfig
from composer.runs.run import TrainingRun
from composer.songs import read, write
from composer.songs.edit import beginning
from composer.songs.song import Song
from composer.terminal.play.app import StageApp, StageConfig
from composer.training.checkpoint import load_checkpoint

from tests.support.training import ROOT

WHERE = "tests.support.toy_family:FAMILY"
# The one line by which a family is registered; then the command line as ever.
COMMAND = f"""
from composer.generators.family import FAMILIES
FAMILIES["toy"] = "{WHERE}"
from composer.cli import main
main()
"""


def composer(folder: Path, *arguments: object, said: str = "") -> str:
    """Run `composer ARGUMENTS` with the toy family in its registry; return what it printed."""
    words = [sys.executable, "-c", COMMAND, *map(str, arguments)]
    done = subprocess.run(
        words,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
        input=said,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a toy was trained on six duets, and exported: `run`, `model`."""
    folder = tmp_path_factory.mktemp("toy")
    for i, chorale in enumerate(load("train")[:6]):
        song = to_song(chorale)
        duet = replace(song, tracks=(song.tracks[0], song.tracks[3]))
        write(folder / "duets" / f"{i}.mid", beginning(duet, 32))
    tracks = ("--track", "Melody=Soprano", "--track", "Low=Bass")
    asked = ("--family", "toy", "--dataset", "duets", *tracks, "--iterations", 30)
    composer(folder, "train", "--out", "run", *asked)
    composer(folder, "export", "run", "-o", "model")
    return folder


@pytest.fixture
def model(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setitem(FAMILIES, "toy", WHERE)
    return folder / "model"


def test_a_new_family_trains_by_its_recipe_alone(folder: Path) -> None:
    run = TrainingRun(folder / "run")
    assert run.finished and run.asked["iterations"] == run.latest == 30
    assert set(run.asked["train"]) >= {"likelihood_iterations", "learning_rate", "batch"}
    assert "critic_rate" not in run.asked["train"]
    assert set(run.log[-1]["losses"]) == {"cross_entropy"}
    held = load_checkpoint(run.checkpoints[30])
    assert (held["v0"].shape, held["g0"].shape) == ((36, 25), (36, 25))


def test_it_goes_on_where_it_was_broken_off(folder: Path) -> None:
    out = composer(folder, "train", "--out", "run", "--resume")
    assert "is trained" in out and TrainingRun(folder / "run").latest == 30


def test_it_arranges_from_the_command_line(folder: Path) -> None:
    arrange = ("arrange", "ode-to-joy", "--model", "model", "-o")
    for seed, name in ((1, "one.mid"), (1, "same.mid"), (2, "two.mid")):
        composer(folder, *arrange, name, "--seed", seed)
    one, same, two = (read(folder / name) for name in ("one.mid", "same.mid", "two.mid"))
    assert [track.name for track in one.tracks] == ["Melody", "Low"]
    assert {note.pitch for note in one.tracks[1].notes} <= set(range(36, 60))
    assert (folder / "one.mid").read_bytes() == (folder / "same.mid").read_bytes()
    assert one.tracks[0] == two.tracks[0] and one.tracks[1] != two.tracks[1] and one == same


def test_it_is_played_in_lines(folder: Path) -> None:
    told = composer(folder, *PLAY, said="model jsb-chorales\nmodel model\nquit\n")
    # Of two messages in a moment the later one is told; a model that is not there would be.
    assert "loading" in told
    assert "no model" not in told


PLAY = ("play", "--plain", "--model", "model", "--out", "none", "--takes", "takes")


@pytest.fixture
def session(model: Path, tmp_path: Path) -> Iterator[Session]:
    sequencer = Sequencer(Nowhere())
    config = SessionConfig(mode="phrase", bars=None, qpm=200.0, loop=True)
    try:
        with Session(config, load_model(model), sequencer, takes=tmp_path) as session:
            yield session
    finally:
        sequencer.close()


def test_it_plays_on_the_stage(session: Session, model: Path) -> None:
    async def reached(phase: str, pilot: object) -> None:
        for _ in range(600):
            if session.state().phase == phase:
                return
            await pilot.pause(0.05)  # type: ignore[attr-defined]
        raise AssertionError(f"never {phase}: {session.state()}")

    async def play() -> None:
        app = StageApp(session, StageConfig(light=False, hold=None))
        async with app.run_test(size=(100, 30)) as pilot:
            await pilot.press("space")
            await reached("listening", pilot)
            await pilot.press("tab")
            for key in "cvb":
                await pilot.press(key)
                await pilot.pause(0.3)
            await pilot.press("space")
            await reached("playing", pilot)
            state = session.state()
            assert {note.pitch for note in state.melody} == {64, 65, 67}
            assert state.accompaniment

    asyncio.run(play())


def test_the_exported_model_plays_what_the_family_says(model: Path, ode: Song) -> None:
    loaded = load_model(model)
    assert loaded.family is family("toy")
    made = loaded.arrange(ode, seed=3)
    assert made.tracks[0].notes == ode.tracks[0].notes and len(made.tracks) == 2
