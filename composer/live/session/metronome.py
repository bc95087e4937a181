"""The metronome: wood blocks on the drum channel, handed to the sequencer a little ahead of their beats."""

from __future__ import annotations

from composer.live.session.desk import Desk
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

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._next = 0.0

    def start(self, beat: float) -> None:
        """The first click is at that beat."""
        self._next = beat

    def stop(self) -> None:
        """Take back what is to come."""
        self._desk.sequencer.cancel(TAG)

    def pump(self, now: float, always: bool, until: float | None = None) -> None:
        """Send the clicks that are near. always: whatever the config says; until: no more from that beat on."""
        desk = self._desk
        while (seconds := desk.time.seconds(self._next)) <= now + AHEAD and (
            until is None or self._next < until
        ):
            beat, self._next = self._next, self._next + 1
            if (beat < 0 or always or desk.config.metronome) and seconds > now - AHEAD:
                pitch, velocity = CLICKS[beat % desk.config.beats_per_bar == 0]
                desk.note(seconds, DRUMS, pitch, velocity, TAG)
                desk.note(seconds + LASTS, DRUMS, pitch, 0, TAG)
