"""`composer play` on real ports: what it opens, what it says, and what is on disk afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from composer.errors import ConfigError, ModelError, OutputError, PortError
from composer.live.session.opening import PlayOptions, open_session
from composer.live.session.state import SessionConfig
from composer.live.takes.saved import list_takes
from composer.songs.song import Note, Song
from tests.support.jack_server import JackKeyboard, jack  # noqa: F401

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.jack
QPM = 150.0


def until(true, seconds: float = 20.0) -> None:
    """Wait for something to be true."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


class Command:
    """`composer play --plain ARGUMENTS`, told in lines."""

    def __init__(self, *arguments: object, takes: Path) -> None:
        command = [
            sys.executable,
            "-m",
            "composer",
            "play",
            "--plain",
            "--midi-api",
            "jack",
            "--takes",
            str(takes),
        ]
        self.process = subprocess.Popen(
            [*command, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        self.lines: list[str] = []

    def until(self, words: str) -> str:
        """The first line from here on that has these words."""
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            if words in line:
                return line
        raise AssertionError(f"{words!r} never came; it said: {self.lines}")

    def say(self, line: str) -> None:
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()


def test_a_phrase_from_the_keyboard_to_the_take(jack, ode: Song, tmp_path):  # noqa: F811
    notes = [n for n in ode.tracks[0].notes if n.onset < 8]
    with JackKeyboard(notes, QPM, stop_key=False) as keyboard:
        play = Command("--bars", 2, "--qpm", QPM, "--out", "none", "--count-in", 1, takes=tmp_path)
        play.until("AKM322")
        play.say("space")
        play.until("listening")
        keyboard.play()
        play.until("playing")
        play.until("hear it in")
        play.until("idle")
        play.say("q")
        assert play.process.wait(20) == 0
    (take,) = list_takes(tmp_path)
    arrangement = take.arrangement()
    assert [n.pitch for n in take.melody().tracks[0].notes] == [n.pitch for n in notes]
    assert len(arrangement.tracks) == 4 and all(track.notes for track in arrangement.tracks)
    assert (take.folder / "arrangement.wav").stat().st_size > 100_000
    heard = {(message[0] & 0x0F) for _, message in take.played() if message[0] & 0xF0 == 0x90}
    assert heard == {0, 1, 2, 3, 9}  # the melody, three voices, the click


def test_a_keyboard_may_come_later(jack, tmp_path):  # noqa: F811
    options = PlayOptions(SessionConfig(count_in=0), midi_api="jack", out="none", takes=tmp_path)
    with open_session(options) as session:
        assert "no keyboard yet" in session.state().message
        with JackKeyboard([Note(0.0, 60, 0.5)], QPM, stop_key=False) as keyboard:
            until(lambda: session.state().plugged)
            assert "AKM322" in session.state().device and "is there" in session.state().message
            keyboard.play()
            until(lambda: 60 in session.state().held)


def test_what_is_named_must_be_there(jack, tmp_path):  # noqa: F811
    for wrong, error in (
        ({"port": "Moog"}, PortError),
        ({"out": "Moog"}, PortError),
        ({"model": "none"}, ModelError),
        ({"device": "none"}, ConfigError),
        ({"takes": Path("/proc/takes")}, OutputError),
        ({"model": "string-quartet", "session": SessionConfig(mode="duet")}, ConfigError),
    ):
        options = PlayOptions(**{"midi_api": "jack", "out": "none", "takes": tmp_path, **wrong})
        with pytest.raises(error), open_session(options):
            pytest.fail("it opened")
