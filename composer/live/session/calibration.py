"""Calibrate: one plays along eight clicks, and how late keyboard and player are together is
measured.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from composer.errors import ConfigError
from composer.live.melody.transport import Offset, grid_offset
from composer.live.session.context import SessionContext
from composer.live.session.state import Shown
from composer.live.session.worker import TaskResult

CLICKS = 8


class CalibrationRun:
    """Eight clicks from beat 0 on; see `context.SessionRun`. found: called with the offset that was
    measured.
    """

    def __init__(
        self, context: SessionContext, found: Callable[[Offset], None]
    ) -> None:
        self.phase = "calibrating"
        self.over = ""
        self.start = 0.0
        self.length: float | None = float(CLICKS)
        self._context = context
        self._found = found
        self._presses: list[float] = []

    def hear(self, event: Any, beat: float) -> None:  # noqa: ARG002
        """Any key will do."""
        if event.is_press:
            self._presses.append(event.seconds)

    def step(self, now: float) -> None:
        """Half a beat after the last click it is reckoned."""
        if self.over or self._context.time.beat(now) < CLICKS - 0.5:
            return
        self.over = "played"
        self.phase = "idle"
        try:
            offset = grid_offset(
                self._presses,
                [self._context.time.seconds(beat) for beat in range(CLICKS)],
            )
        except ConfigError as error:
            self._context.tell(str(error))
            return
        self._found(offset)

    def due(self, now: float) -> float:
        """There is no hurry."""
        return now + 0.02

    def take(self, done: TaskResult, now: float) -> None:
        """Ignore the worker, of which nothing is asked."""

    def changed(self, again: bool = False) -> None:
        """Change nothing, for nothing sounds."""

    def stop(self, now: float) -> None:
        """Without a result."""
        self.end(now, "stopped")

    def end(self, now: float, why: str) -> None:  # noqa: ARG002
        """Without a result."""
        self.over = why
        self.phase = "idle"

    def shown(self, now: float) -> Shown:  # noqa: ARG002
        """Show nothing but the clicks."""
        return (), ()
