"""What `composer` says of playing: takes listed, checked, exported and played again, a keyboard taught, options."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from pathlib import Path

import pytest
from composer import cli
from composer.cli import play as playing
from composer.generators.latents import Source
from composer.live.session.opening import PlayOptions
from composer.live.session.state import SessionConfig

from tests.conftest import ROOT
from tests.support.command import fails
from tests.support.jack_server import jack  # noqa: F401


@pytest.fixture
def asked(monkeypatch):
    """What `composer play ARGUMENTS` asks for; the parts stay closed."""
    found: list[PlayOptions] = []
    monkeypatch.setattr(playing, "play_on_stage", found.append)
    monkeypatch.delenv("COMPOSER_TAKES", raising=False)
    monkeypatch.delenv("COMPOSER_SOUNDFONT", raising=False)

    def run(*arguments: object) -> PlayOptions:
        cli.app(["play", *map(str, arguments)], standalone_mode=False)
        return found.pop()

    return run


def test_play_without_options(asked):
    assert asked() == PlayOptions(SessionConfig(), midi_api="auto")


def test_every_option_of_play_arrives(asked):
    options = asked(
        *(
            "--port",
            "AKM",
            "--midi-api",
            "jack",
            "--device",
            "akm322",
            "--mode",
            "duet",
            "--bars",
            0,
            "--loop",
        ),
        *(
            "--no-melody",
            "--qpm",
            72.5,
            "--beats-per-bar",
            3,
            "--count-in",
            2,
            "--no-metronome",
            "--clock-in",
        ),
        *("--clock-out", "--out", "virtual:Composer", "--audio", "jack", "--soundfont", "x.sf2"),
        *(
            "--programs",
            "73, Violin,string ensemble 2",
            "-m",
            "string-quartet",
            "--seed",
            9,
            "--chords",
            7,
            "--style",
            "+0.25",
        ),
        *("--melody-knob", "-1.0", "--groove", "3-0.5", "--takes", "mine", "--plain"),
    )
    knobs = {
        "chords": Source(7),
        "style": Source(knob=0.25),
        "melody": Source(knob=-1.0),
        "groove": Source(3, -0.5),
    }
    session = SessionConfig(
        mode="duet",
        bars=None,
        beats_per_bar=3,
        qpm=72.5,
        count_in=2,
        metronome=False,
        with_melody=False,
        loop=True,
        seed=9,
        latents=knobs,
        programs=(73, 40, 49),
        clock_in=True,
        clock_out=True,
    )
    assert options == PlayOptions(
        session,
        model="string-quartet",
        port="AKM",
        midi_api="jack",
        out="virtual:Composer",
        audio="jack",
        soundfont=Path("x.sf2"),
        takes=Path("mine"),
        device="akm322",
        plain=True,
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--mode", "solo"], ["phrase, duet, call", "'solo'"]),
        (["--qpm", 5], ["qpm", "5"]),
        (["--qpm", "nan"], ["qpm"]),
        (["--bars", 1000], ["bars"]),
        (["--bars", -1], ["--bars"]),
        (["--beats-per-bar", 0], ["beats_per_bar"]),
        (["--programs", "kazoo"], ["'kazoo'", "try flute"]),
        (["--programs", "guitar"], ["acoustic guitar (nylon)"]),
        (["--programs", "73,,4"], ["instrument", "''"]),
        (["--programs", "200"], ["programs"]),
        (["--groove", "loud"], ["groove", "'loud'"]),
        (["--chord", "1"], ["--chord", "--help"]),
    ],
)
def test_options_of_play_that_mean_nothing(composer_command, options, words):
    fails(composer_command("play", *options), *words)


@pytest.mark.parametrize(
    "command", [["play"], ["takes"], ["takes", "export"], ["takes", "check"], ["replay"], ["learn"]]
)
def test_help_teaches(composer_command, command):
    done = composer_command(*command, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Examples:" in done.stdout and "composer " + " ".join(command) in done.stdout


@pytest.mark.parametrize("size", [(30, 100), (15, 60)])
def test_in_a_terminal_the_command_shows_its_stage(tmp_path, size):
    """As a player types it: nothing in between the command and the terminal."""
    pid, terminal = pty.fork()
    if not pid:
        os.environ |= {
            "TERM": "xterm-256color",
            "COMPOSER_TAKES": str(tmp_path),
            "PYTHONPATH": str(ROOT),
        }
        os.execv(
            sys.executable,
            [sys.executable, "-m", "composer", "play", "--out", "none", "--midi-api", "jack"],
        )
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
    seen, typed, deadline = b"", False, time.monotonic() + 60
    try:
        while time.monotonic() < deadline:
            if select.select([terminal], [], [], 0.1)[0]:
                seen += os.read(terminal, 65536)
            if not typed and b"READY" in seen:
                typed = bool(os.write(terminal, b"q"))
    except OSError:  # the other end is closed
        pass
    if not typed:
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0 and typed, seen[-500:]
    assert b"\x1b[?1049h" in seen and b"\x1b[?1049l" in seen
