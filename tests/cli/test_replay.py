"""Tests of replay."""

from __future__ import annotations

import queue
from contextlib import contextmanager

import mido
import pytest

from tests.support.command import fails, fails_last_line
from tests.support.jack_server import jack  # noqa: F401
from tests.support.takes import messages


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
