"""Plan messages and follow what sounds: the part of the sequencer that knows no thread, no clock
and no port.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

CHANNELS: Final = range(16)
ALL_NOTES_OFF: Final = 123
# Sustain, sostenuto: what they hold sounds on after its note-off.
PEDALS: Final = frozenset({64, 66})
PEDAL_DOWN: Final = 64  # from this value on
# A note-on later than this (seconds) is left out: after a stall the past must not come in one bang.
TOO_LATE: Final = 1.0

Key = tuple[int, int]  # channel, pitch


def is_on(message: Any) -> bool:
    """Tell whether a note begins."""
    return bool(message.type == "note_on" and message.velocity > 0)


def is_off(message: Any) -> bool:
    """Tell whether a note ends; a note-on of velocity 0 ends one."""
    if message.type == "note_on":
        return not message.velocity
    return bool(message.type == "note_off")


def key_of(message: Any) -> Key:
    """Return the (channel, pitch) of a note_on or note_off."""
    return message.channel, message.note


@dataclass(frozen=True, slots=True, order=True)
class Planned:
    """A message to be sent at `seconds`; those of one time are sent in the order given."""

    seconds: float
    order: int
    message: Any = field(compare=False)
    tag: str | None = field(compare=False)
    """None if it is played now, by hand."""


class Agenda:
    """Messages to come, in order of time, and the notes that sound; methods return what is to be
    sent at once.
    """

    def __init__(self) -> None:
        # Notes, and the tag that began each.
        self.sounding: dict[Key, str | None] = {}
        self._heap: list[Planned] = []
        self._order = count()
        # (channel, controller) of those that are down.
        self._pedals: set[tuple[int, int]] = set()
        # Channels whose pitch wheel is not in the middle.
        self._bent: set[int] = set()

    def add(self, seconds: float, message: Any, tag: str) -> None:
        """Plan `message` for `seconds`."""
        heapq.heappush(self._heap, Planned(seconds, next(self._order), message, tag))

    def next(self) -> float:
        """Return when the next message is due, in seconds; infinity without one."""
        if not self._heap:
            return float("inf")
        return self._heap[0].seconds

    def due(self, now: float) -> Iterator[Any]:
        """Yield what is to be sent at `now`, without note-ons that are more than TOO_LATE."""
        while self._heap and self._heap[0].seconds <= now:
            planned = heapq.heappop(self._heap)
            is_late = now - planned.seconds > TOO_LATE
            if not (is_late and is_on(planned.message)):
                yield from self._pass(planned)

    def now(self, message: Any) -> Iterator[Any]:
        """Yield what is to be sent for a message that is played by hand."""
        return self._pass(Planned(0.0, next(self._order), message, None))

    def cancel(self, tag: str, after: float, end_now: bool) -> Iterator[Any]:
        """Forget what has `tag` and is planned at `after` or later, but for the ends of notes that
        are not forgotten.

        end_now: what sounds of `tag` ends at once.
        """
        of_tag = [key for key, owner in self.sounding.items() if owner == tag]
        ended = of_tag if end_now else []
        is_open = set(of_tag) - set(ended)
        # In order of time, as `_stays` needs it; and what is left of a sorted list is a heap.
        in_order = sorted(self._heap)
        self._heap = [
            p for p in in_order if p.tag != tag or self._stays(p, after, is_open, ended)
        ]
        for key in ended:
            yield from self._end(key)

    def silence(self) -> Iterator[Any]:
        """Forget all that is planned, end all that sounds, lift pedals and wheels, then tell every
        channel.

        mido's `panic_messages` would cut releases off with a click, and its `reset_messages` the
        player's expression.
        """
        from mido import Message

        self._heap.clear()
        for key in list(self.sounding):
            yield from self._end(key)
        for channel, pedal in sorted(self._pedals):
            yield _control(channel, pedal)
        self._pedals.clear()
        for channel in sorted(self._bent):
            yield Message("pitchwheel", channel=channel, pitch=0)
        self._bent.clear()
        for channel in CHANNELS:
            yield _control(channel, ALL_NOTES_OFF)

    def _stays(
        self, planned: Planned, after: float, is_open: set[Key], ended: list[Key]
    ) -> bool:
        """Tell whether a message survives `cancel`, which asks in order of time; is_open: notes
        that still need an end.
        """
        message = planned.message
        if is_on(message):
            if planned.seconds >= after:
                return False
            is_open.add(key_of(message))
        elif is_off(message):
            key = key_of(message)
            if key in is_open:
                is_open.remove(key)
                return True
            return planned.seconds < after and key not in ended
        return planned.seconds < after

    def _pass(self, planned: Planned) -> Iterator[Any]:
        message = planned.message
        if is_on(message):
            key = key_of(message)
            if key in self.sounding:
                # An instrument counts strokes: a key struck twice and let go once would sound on.
                yield from self._end(key)
                self._forget_ends(key, planned)
            self.sounding[key] = planned.tag
        elif is_off(message):
            self.sounding.pop(key_of(message), None)
        elif message.type == "control_change" and message.control in PEDALS:
            pedal = (message.channel, message.control)
            if message.value >= PEDAL_DOWN:
                self._pedals.add(pedal)
            else:
                self._pedals.discard(pedal)
        elif message.type == "pitchwheel":
            if message.pitch:
                self._bent.add(message.channel)
            else:
                self._bent.discard(message.channel)
        yield message

    def _end(self, key: Key) -> Iterator[Any]:
        from mido import Message

        del self.sounding[key]
        yield Message("note_off", channel=key[0], note=key[1], velocity=0)

    def _forget_ends(self, key: Key, new: Planned) -> None:
        """Forget the end of the note that `new` has just ended: it would end `new` too early.

        That end was planned before `new` was and comes before the next note of its key; `new` needs
        one itself.
        """
        ends = self._ends_before_next(key)
        stale = {planned.order for planned in ends if planned.order < new.order}
        # A planned note has its own end among them; one that is played by hand gets it when the key
        # goes up.
        has_own_end = new.tag is None or len(stale) < len(ends)
        if stale and has_own_end:
            self._heap = [
                planned for planned in self._heap if planned.order not in stale
            ]
            heapq.heapify(self._heap)

    def _ends_before_next(self, key: Key) -> list[Planned]:
        """Return the planned ends of a key that come before its next note."""
        of_key = [
            planned for planned in self._heap if _note_key(planned.message) == key
        ]
        ends = []
        for planned in sorted(of_key):
            if is_on(planned.message):
                break
            ends.append(planned)
        return ends


def _note_key(message: Any) -> Key | None:
    return key_of(message) if message.type in ("note_on", "note_off") else None


def _control(channel: int, control: int) -> Any:
    from mido import Message

    return Message("control_change", channel=channel, control=control, value=0)
