"""The knob that the number keys choose and the arrows turn."""

from __future__ import annotations

from typing import Final

from composer.errors import ConfigError
from composer.live.server import Served

STEP: Final = 0.1  # of an arrow


class ChosenKnob:
    """One of the knobs that the model has, by its number; the first one to begin with."""

    def __init__(self, session: Served) -> None:
        self.session = session
        self._number = 1

    @property
    def name(self) -> str:
        """The name of the knob; "" if the model has none of that number."""
        names = tuple(self.session.state().knobs)
        return names[self._number - 1] if self._number <= len(names) else ""

    def choose(self, number: int) -> None:
        """Choose the knob of that number, from 1. Raise ConfigError if the model has none."""
        names = tuple(self.session.state().knobs)
        if not 1 <= number <= len(names):
            known = f"its knobs are {', '.join(names)}" if names else "it has no knobs"
            raise ConfigError(f"this model has no knob {number}: {known}", mend="model")
        self._number = number

    def turn(self, by: float) -> None:
        """Turn it, to an end at most. Raise ConfigError if the model has no knobs."""
        self.session.do("turn", [self._own(), by])

    def let_go(self) -> None:
        """Let it go, so that it moves nothing any more."""
        self.session.do("knob", [self._own(), None])

    def _own(self) -> str:
        if not self.name:
            # Another model with fewer knobs has come.
            self.choose(1)
        return self.name
