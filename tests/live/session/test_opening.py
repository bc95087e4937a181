"""`composer play` on real ports: what it opens, what it says, and what is on disk afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import mido
import pytest
from composer.errors import ConfigError, ModelError, OutputError, PortError
from composer.live.midi.ports import open_output
from composer.live.session.opening import PlayOptions, open_session
from composer.live.session.state import SessionConfig
from composer.live.takes.saved import list_takes
from composer.songs.song import Note, Song
from mido.backends.backend import Backend

from tests.support.jack_listener import JackListener
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


@contextmanager
def loop():
    """An instrument that gives back at Loop-01:out what it hears at Loop:in."""
    backend = Backend("mido.backends.rtmidi/UNIX_JACK")
    heard: list[mido.Message] = []

    def give_back(message: mido.Message) -> None:
        heard.append(message)
        out.send(message)

    back = backend.open_input("in", virtual=True, client_name="Loop", callback=give_back)
    out = backend.open_output("out", virtual=True, client_name="Loop")
    try:
        yield heard
    finally:
        back.close()
        out.close()


def notes(heard: Iterable[mido.Message]) -> list[int]:
    return [message.note for message in heard if message.type == "note_on" and message.velocity]


@pytest.mark.parametrize("out", ["Organ", "virtual", "virtual:AKM322"])
def test_no_port_of_composer_is_a_keyboard(jack, tmp_path, out):  # noqa: F811
    with (
        JackListener("Organ") as organ,
        open_output("Organ", "jack"),
        open_output("Choir", "jack", virtual=True),
    ):
        play = Command("--out", out, "--count-in", 0, "--no-metronome", takes=tmp_path)
        play.until("no keyboard yet")
        with open_output("Organ", "jack"):  # of another Composer, after this one looked
            time.sleep(2)
        with JackKeyboard([Note(0.0, 60, 0.5)], QPM, stop_key=False) as keyboard:
            assert "AKM322:keys" in play.until("is there")
            play.say("space")
            play.until("listening")
            keyboard.play()
            time.sleep(2)
            play.say("q")
            assert play.process.wait(20) == 0
        told = [line for line in play.lines if line.startswith("keyboard: ")]
        assert told[:2] == ["keyboard: none: plug one in", "keyboard: AKM322:keys"]
        if out == "Organ":
            assert (
                sum(line.startswith("90 3C") and not line.endswith("00") for line in organ.heard)
                <= 2
            )
            assert len(organ.heard) < 500


def test_a_port_that_gives_back_what_is_sent_is_no_keyboard(jack, tmp_path):  # noqa: F811
    options = PlayOptions(SessionConfig(count_in=0), midi_api="jack", out="Loop:in", takes=tmp_path)
    with loop() as heard:
        with open_session(options) as session:
            assert "no keyboard yet" in session.state().message
            with JackKeyboard([Note(0.0, 60, 0.5)], QPM, stop_key=False) as keyboard:
                until(lambda: session.state().plugged)
                assert "AKM322" in session.state().device
                keyboard.play()
                until(lambda: notes(heard))
                time.sleep(0.5)
                assert notes(heard) == [60]
        looped = replace(options, port="loop")
        gives_back = pytest.raises(
            PortError, match=r"^'loop' gives back what is sent to Loop:in, .*: choose"
        )
        with gives_back, open_session(looped):
            pytest.fail("it opened")
        with open_session(replace(looped, out="none")) as session:
            assert session.state().device == "Loop-01:out"
    own = replace(options, out="virtual", port="Composer")
    with pytest.raises(PortError, match="gives back"), open_session(own):
        pytest.fail("it opened")
