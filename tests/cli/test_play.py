"""What `composer` says of playing: takes listed, checked, exported and played again, a keyboard taught, options."""

from __future__ import annotations

import fcntl
import os
import pty
import queue
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import mido
import pytest

from composer import cli
from composer.cli import play as playing
from composer.generators.latents import Source
from composer.live.midi import devices
from composer.live.midi.devices import Profile
from composer.live.session.opening import PlayOptions
from composer.live.session.state import SessionConfig
from composer.live.takes.header import HEADER, model_fields
from composer.live.takes.saved import read_take
from composer.live.takes.writer import TakeWriter
from composer.songs import read
from tests.cli.test_arrange import fails, fails_last_line
from tests.live.takes.conftest import melody, model  # noqa: F401
from tests.support.jack_server import jack  # noqa: F401
from tests.support.takes import HEAD, keep, messages

ROOT = Path(__file__).parents[2]


@pytest.fixture
def composer(composer_command, tmp_path):
    """Runs `composer ARGUMENTS` as a player whose own files lie in an empty folder."""

    def run(*arguments, **environment):
        return composer_command(
            *arguments, env={"XDG_DATA_HOME": str(tmp_path / "data"), **environment}
        )

    run.takes = tmp_path / "data" / "composer" / "takes"
    run.folder = composer_command.folder
    return run


@pytest.fixture
def two(composer, melody, model):  # noqa: F811
    """The names of a take that was arranged, and of a later one that was cut off."""
    header = replace(HEAD, **model_fields(model.folder))
    first = keep(
        composer.takes,
        replace(header, kept=True, title="Ländler"),
        melody,
        model.arrange(melody, seed=5),
    )
    with TakeWriter(
        composer.takes, replace(header, when="2026-03-08T10:00:00+01:00", mode="duet")
    ) as writer:
        pass
    return first.name, writer.folder.name


# Takes


def test_takes_are_listed(composer, two):
    done = composer("takes")
    assert (done.returncode, done.stderr) == (0, "")
    head, first, second = (line.split() for line in done.stdout.splitlines())
    assert head == ["take", "when", "mode", "model", "bars", "seconds", "ended"]
    about = read_take(composer.takes / two[0]).header
    day = ["Sat", "07", "Mar", "2026", "21:04"]
    length = [str(about.length), f"{about.seconds:.1f}"]
    assert first == [two[0], *day, "phrase", about.model, *length, "bars", "kept", "Ländler"]
    assert second == [
        two[1],
        "Sun",
        "08",
        "Mar",
        "2026",
        "10:00",
        "duet",
        about.model,
        "0",
        "0.0",
        "cut",
        "off",
    ]


def test_without_takes_the_list_says_how_to_make_them(composer):
    done = composer("takes")
    assert (done.returncode, done.stdout) == (0, "")
    assert "composer play" in done.stderr and str(composer.takes) in done.stderr


def test_a_damaged_take_is_listed_and_named(composer, two):
    (composer.takes / two[1] / HEADER).write_text("{")
    done = composer("takes")
    assert done.returncode == 0
    assert any(two[1] in line and "damaged" in line for line in done.stdout.splitlines())
    fails(composer("takes", "check", two[1]), two[1], "damaged")


def test_takes_lie_where_one_says(composer, two):
    elsewhere = composer.takes.rename(composer.folder / "mine")
    for arguments, environment in (
        (["takes", "--takes", "mine"], {}),
        (["takes"], {"COMPOSER_TAKES": "mine"}),
        (["takes", "check", "2026-03-07", "--takes", "mine"], {}),
        (["takes", "--takes", "mine", "check", "2026-03-07"], {}),
        (["takes", "check", str(elsewhere / two[0])], {}),
    ):
        done = composer(*arguments, **environment)
        assert (done.returncode, done.stderr) == (0, ""), arguments
        assert two[0] in done.stdout


def test_a_take_is_checked(composer, two):
    done = composer("takes", "check", two[0])
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{two[0]}: the same notes\n", "")
    path = composer.takes / two[0] / HEADER
    path.write_text(path.read_text().replace('"seed": 5', '"seed": 6'))
    done = composer("takes", "check", two[0])
    assert (done.returncode, done.stdout) == (1, f"{two[0]}: other notes\n")
    assert "Bass: " in done.stderr
    fails(composer("takes", "check", "last"), "duet", "composer replay")
    fails(composer("takes", "check", "1999"), "'1999'", two[0])


def test_a_take_is_exported(composer, two):
    done = composer("takes", "export", two[0], "-o", "out")
    assert (done.returncode, done.stderr) == (0, "")
    assert "out/arrangement.mid" in done.stdout.splitlines()
    done = composer("takes", "export", two[0], "-o", "tune.mid")
    assert (done.returncode, done.stdout) == (0, "tune.mid\n")
    assert len(read(composer.folder / "tune.mid").tracks) == 4
    fails(composer("takes", "export", "last", "-o", "x.mid"), "nothing was played")
    fails(composer("takes", "export", two[0], "-o", "x.wav", "--soundfont", "no.sf2"), "no.sf2")
    fails(composer("takes", "export", two[0]), "--out", "--help")


# Played again, on a real port


@pytest.mark.jack
@pytest.mark.usefixtures("jack")
def test_replay_sends_what_sounded_to_a_port(composer, two):
    heard: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    with sink("Organ", heard):
        done = composer("replay", two[0], "--out", "organ", "--midi-api", "jack")
        assert done.returncode == 0, done.stderr
        assert [heard.get(timeout=20) for _ in messages()] == [
            bytes(m.bytes()) for _, m in messages()
        ]
    assert heard.empty()
    assert f"playing {two[0]} on Organ" in done.stderr
    fails_last_line(
        composer("replay", two[0], "--out", "organ", "--midi-api", "jack"), "no MIDI output"
    )


@contextmanager
def sink(client: str, heard: queue.SimpleQueue):
    """An instrument with a JACK port."""
    backend = mido.Backend("mido.backends.rtmidi/UNIX_JACK")
    port = backend.open_input(
        "in",
        virtual=True,
        client_name=client,
        callback=lambda message: heard.put(bytes(message.bytes())),
    )
    try:
        yield
    finally:
        port.close()


def test_replay_of_nothing(composer, two):
    fails(composer("replay", "last"), "nothing sounded", "export")
    fails(composer("replay", "first"), "'first'")


# MIDI learn, on a real port


@contextmanager
def lesson(home: Path, *arguments: object):
    """`composer learn ARGUMENTS` in a process of its own: its stdin, and what it says, line by line."""
    command = [
        sys.executable,
        "-m",
        "composer",
        "learn",
        "--midi-api",
        "jack",
        *map(str, arguments),
    ]
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "XDG_DATA_HOME": str(home),
        "NO_COLOR": "1",
    }
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(command, env=environment, text=True, bufsize=1, **pipes) as process:
        lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(
            target=lambda: [lines.put(line) for line in process.stderr], daemon=True
        ).start()

        def until(words: str) -> str:
            """Wait for a line with these words."""
            while words not in (line := lines.get(timeout=20)):
                pass
            return line

        try:
            yield process, until
        finally:
            process.kill()


@contextmanager
def controller(client: str):
    """A keyboard with a JACK port, to send from."""
    port = mido.Backend("mido.backends.rtmidi/UNIX_JACK").open_output(
        "keys", virtual=True, client_name=client
    )
    try:
        yield lambda kind, **values: port.send(mido.Message(kind, **values))
    finally:
        port.close()


@pytest.mark.jack
@pytest.mark.usefixtures("jack")
def test_a_keyboard_is_taught(tmp_path, monkeypatch):
    with (
        controller("Launchpad 9") as send,
        lesson(tmp_path, "--port", "launchpad") as (process, until),
    ):
        until("lowest key")
        send("note_on", note=36)
        until("highest key")
        send("note_on", note=96)
        until("knob chords")
        for value in (10, 50, 51):
            send("control_change", control=74, value=value)
        until("knob style")
        process.stdin.write("\n")
        until("knob melody")
        send("control_change", control=74, value=60)  # it turns on: not the next knob
        for value in (1, 1, 1, 1, 127, 127, 1, 1):
            send("control_change", control=75, value=value)
        until("knob groove")
        process.stdin.write("q\n")
        assert "launchpad-9.json" in until("is kept")
        assert process.wait(20) == 0
        assert [line.split() for line in process.stdout.read().splitlines()[1:]][-1][:4] == [
            "cc",
            "75",
            "knob",
            "melody",
        ]
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    made = devices.profile_for("Launchpad 9:keys")
    generic = devices.profile("generic").controls
    assert made == Profile(
        "launchpad-9",
        match=("Launchpad 9:keys*",),
        lowest=36,
        highest=96,
        controls={**generic, "cc 74": "knob chords", "cc 75": "knob melody"},
        relative=("cc 75",),
        about=made.about,
    )


@pytest.mark.jack
@pytest.mark.usefixtures("jack")
def test_a_keyboard_that_goes_away_while_it_is_taught(tmp_path):
    with controller("Launchpad 9"):
        with lesson(tmp_path) as (process, until):
            until("lowest key")
            with controller("Other"):
                pass
            process.stdin.write("q\n")
            until("nothing was learned")
            assert process.wait(20) == 0
        taught = lesson(tmp_path)
        process, until = taught.__enter__()
        until("lowest key")
    assert "went away" in until("composer: the")
    assert process.wait(20) == 2
    taught.__exit__(None, None, None)
    assert not (tmp_path / "composer").exists()


# Options of play


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
