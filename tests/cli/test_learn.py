"""Tests of learn."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import mido
import pytest
from composer.live.midi import devices
from composer.live.midi.devices import Profile

from tests.conftest import ROOT
from tests.support.jack_server import jack  # noqa: F401


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
        until("knob 1")
        for value in (10, 50, 51):
            send("control_change", control=74, value=value)
        until("knob 2")
        process.stdin.write("\n")
        until("knob 3")
        send("control_change", control=74, value=60)  # it turns on: not the next knob
        for value in (1, 1, 1, 1, 127, 127, 1, 1):
            send("control_change", control=75, value=value)
        until("knob 4")
        process.stdin.write("q\n")
        assert "launchpad-9.json" in until("is kept")
        assert process.wait(20) == 0
        assert [line.split() for line in process.stdout.read().splitlines()[1:]][-1][:4] == [
            "cc",
            "75",
            "knob",
            "3",
        ]
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    made = devices.profile_for("Launchpad 9:keys")
    generic = devices.profile("generic").controls
    assert made == Profile(
        "launchpad-9",
        match=("Launchpad 9:keys*",),
        lowest=36,
        highest=96,
        controls={**generic, "cc 74": "knob 1", "cc 75": "knob 3"},
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
