"""Tests of ending."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time

import pytest
from composer.live.takes.saved import list_takes
from composer.songs import read
from composer.songs.song import Note

from tests.support.jack_listener import JackListener
from tests.support.jack_server import JackKeyboard, jack  # noqa: F401
from tests.support.recording import QPM, ROOT, finish, recorder

pytestmark = [pytest.mark.jack, pytest.mark.usefixtures("jack")]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_keeps_what_was_played(tmp_path, number):
    held = (Note(0.0, 67, 1.0, 80), Note(1.0, 72, 1.0, 70), Note(2.0, 64, 60.0, 90))
    options = ("--port", "AKM322", "-o", "m.mid")
    with (
        JackKeyboard(held, QPM, stop_key=False) as keyboard,
        recorder(tmp_path, *options) as process,
    ):
        keyboard.play()
        assert "".join(process.stderr.read(1) for _ in range(9)) == "G4 C5 E4 "
        for _ in range(3):  # a shell and the kernel both say that the window is closed
            process.send_signal(number)
            time.sleep(0.015)
        status, _, err = finish(process)
    assert status == 128 + number, err
    (track,) = read(tmp_path / "m.mid").tracks
    assert [(n.pitch, n.velocity) for n in track.notes] == [(67, 80), (72, 70), (64, 90)]
    assert 0 < track.notes[-1].duration < 30
    assert [path.name for path in tmp_path.iterdir()] == ["m.mid"]


def test_a_closed_window_keeps_what_was_played(tmp_path):
    """A real terminal that goes away: SIGHUP comes, and nothing can be said any more."""
    held = (Note(0.0, 67, 1.0, 80), Note(1.0, 72, 60.0, 70))
    command = [
        sys.executable,
        "-m",
        "composer",
        "record",
        "--midi-api",
        "jack",
        "--port",
        "AKM322",
        "-o",
        "m.mid",
    ]
    with JackKeyboard(held, QPM, stop_key=False) as keyboard:
        child, window = pty.fork()
        if child == 0:
            os.chdir(tmp_path)
            os.execve(sys.executable, command, {**os.environ, "PYTHONPATH": str(ROOT)})
        said = b""
        while b"C5" not in said:
            said += os.read(window, 1000)
            if b"Listening" in said and keyboard is not None:
                keyboard.play()
                keyboard = None
        os.close(window)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) in (129, 120)
    assert [n.pitch for n in read(tmp_path / "m.mid").tracks[0].notes] == [67, 72]
    assert [path.name for path in tmp_path.iterdir()] == ["m.mid"]


def test_a_signal_before_anything_was_played_leaves_no_file(tmp_path):
    with (
        JackKeyboard([Note(0.0, 60, 1.0)], QPM, stop_key=False),
        recorder(tmp_path, "--port", "AKM322", "-o", "m.mid") as process,
    ):
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        status, _, err = finish(process)
    assert status == 2 and "nothing was played on" in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_play_in_silence_with_its_take_kept(tmp_path, number):
    command = [
        sys.executable,
        "-m",
        "composer",
        "play",
        "--plain",
        "--midi-api",
        "jack",
        "--count-in",
        "0",
    ]
    command += ["--no-metronome", "--out", "Organ", "--takes", str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    pipes = {
        "stdin": subprocess.PIPE,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
        "text": True,
    }
    held = [Note(0.0, 60, 1.0), Note(1.0, 64, 60.0)]
    with (
        JackListener("Organ") as organ,
        JackKeyboard(held, QPM, stop_key=False) as keyboard,
        subprocess.Popen(command, env=environment, **pipes) as process,
    ):
        until(process, "keyboard: AKM322")
        process.stdin.write("space\n")
        process.stdin.flush()
        until(process, "listening")
        keyboard.play()
        deadline = time.monotonic() + 20
        while not any(line.startswith("90 40") for line in organ.heard):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(number)
        process.send_signal(number)
        status, _, err = finish(process)
        time.sleep(0.3)
    assert status in ((0, 130) if number == signal.SIGINT else (128 + number,)), err
    assert "Traceback" not in err and "Fatal" not in err
    assert sounding(organ.heard) == set()
    (take,) = list_takes(tmp_path)
    assert take.header.ended not in ("", None) and take.melody() is not None


def until(process: subprocess.Popen, words: str) -> None:
    for line in process.stdout:
        if words in line:
            return
    pytest.fail(f"{words!r} never came")


def sounding(heard: list[str]) -> set[tuple[int, int]]:
    """(channel, pitch) of the notes that were begun and not ended."""
    left: set[tuple[int, int]] = set()
    for message in (bytes.fromhex(line) for line in heard):
        kind, channel = message[0] & 0xF0, message[0] & 0x0F
        if kind == 0x90 and message[2]:
            left.add((channel, message[1]))
        elif kind in (0x80, 0x90):
            left.discard((channel, message[1]))
        elif kind == 0xB0 and message[1] in (120, 123):
            left = {note for note in left if note[0] != channel}
    return left
