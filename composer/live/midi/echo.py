"""Notice an input that gives back what is sent to an output: each key would be played for ever."""

from __future__ import annotations

import secrets
import threading
from typing import Any

from composer.live.midi.outputs import MidiOutput, Output
from composer.live.midi.ports import open_input

# A port that was joined just now may lose the first messages.
TRIES = 6
TRY_SECONDS = 0.05
# Of system exclusive messages: for tests, instruments drop what they do not know.
NO_MAKER = 0x7D


def echoes(name: str, api: str | None, output: Output) -> bool:
    """Tell whether the MIDI input `name` gives back what `output` is sent, by a message that nobody
    hears.

    Raise PortError if there is no such input.
    """
    if not isinstance(output, MidiOutput):
        return False
    from mido import Message

    probe = Message(
        "sysex", data=(NO_MAKER, *(byte & 0x7F for byte in secrets.token_bytes(6)))
    )
    came_back = threading.Event()

    def hear(message: Any) -> None:
        if message == probe:
            came_back.set()

    with open_input(name, api, hear):
        for _ in range(TRIES):
            output.send(probe)
            if came_back.wait(TRY_SECONDS):
                return True
    return False
