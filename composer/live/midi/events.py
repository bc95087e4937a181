"""Turn the mido messages of a keyboard into events."""

from __future__ import annotations

from typing import Any

from composer.live.melody.capture import Event

# mido's kinds of message that become events, and where they carry their number and value.
FIELDS = {
    "note_on": ("note", "velocity"),
    "note_off": ("note", "velocity"),
    "control_change": ("control", "value"),
}


def event_of(message: Any, seconds: float) -> Event | None:
    """Return the event of a mido message that came at `seconds`; None for clocks, wheels and other
    kinds.

    >>> from mido import Message
    >>> event_of(Message("note_on", note=60, velocity=80), 1.5)
    Event(seconds=1.5, kind='note_on', number=60, value=80)
    >>> event_of(Message("clock"), 1.5) is None
    True
    """
    fields = FIELDS.get(message.type)
    if fields is None:
        return None
    number, value = fields
    return Event(
        seconds, message.type, getattr(message, number), getattr(message, value)
    )
