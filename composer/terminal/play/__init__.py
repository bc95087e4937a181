"""The front end of `composer play`: what a session does, drawn in the terminal, and keys that become its methods."""

from __future__ import annotations

from composer.terminal.play.app import StageConfig
from composer.terminal.play.keys import Player
from composer.terminal.play.show import play

__all__ = ["Player", "StageConfig", "play"]
