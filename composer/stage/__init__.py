"""The front end of `composer play`: what a session does, drawn in the terminal, and keys that become its methods."""

from __future__ import annotations

from composer.stage.app import StageConfig
from composer.stage.keys import Player
from composer.stage.show import play

__all__ = ["Player", "StageConfig", "play"]
