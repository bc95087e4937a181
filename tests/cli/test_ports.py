"""Tests of ports."""

from __future__ import annotations

import pytest

from tests.support.command import fails_last_line, files


@pytest.mark.parametrize(
    "command", [["ports"], ["record", "-o", "x.mid"], ["ports", "--midi-api", "alsa"]]
)
def test_no_midi_system(composer_command, command):
    nowhere = {"JACK_DEFAULT_SERVER": "none-of-that-name", "ALSA_CONFIG_PATH": "/nonexistent"}
    fails_last_line(composer_command(*command, env=nowhere), "no MIDI system")
    assert files(composer_command.folder) == []
