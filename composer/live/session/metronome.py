"""Click: wood blocks on the drum channel, handed to the sequencer a little ahead of their beats."""

from __future__ import annotations

from composer.live.session.context import SessionContext
from composer.live.session.state import DRUMS

TAG = "click"
AHEAD = 0.05  # seconds
LASTS = 0.05
CLICKS = {
    True: (76, 112),
    False: (77, 84),
}  # high and low wood block, velocity; first of a bar or not


class Metronome:
    """Counts beats from where it is set."""

    def __init__(self, context: SessionContext) -> None:
        self._context = context
        self._next = 0.0

    def start(self, beat: float) -> None:
        """Begin with the click at that beat."""
        self._next = beat

    def stop(self) -> None:
        """Take back what is to come."""
        self._context.sequencer.cancel(TAG)

    def pump(self, now: float, always: bool, until: float | None = None) -> None:
        """Send the clicks that are near. always: whatever the config says; until: no more from that
        beat on.
        """
        context = self._context
        while (seconds := context.time.seconds(self._next)) <= now + AHEAD and (
            until is None or self._next < until
        ):
            beat = self._next
            self._next = self._next + 1
            if (
                beat < 0 or always or context.config.metronome
            ) and seconds > now - AHEAD:
                pitch, velocity = CLICKS[beat % context.config.beats_per_bar == 0]
                context.note(seconds, DRUMS, pitch, velocity, TAG)
                context.note(seconds + LASTS, DRUMS, pitch, 0, TAG)
