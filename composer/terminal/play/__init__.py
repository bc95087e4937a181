"""The stage of `composer play`: a session drawn in the terminal, and keys that are its commands."""

from __future__ import annotations

from composer.terminal.play.app import StageConfig
from composer.terminal.play.show import play

__all__ = ["StageConfig", "play"]
