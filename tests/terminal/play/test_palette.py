"""The colours of the stage."""

from __future__ import annotations

from composer.terminal.play.palette import (
    is_light,
)


def test_light_terminals_are_believed():
    assert (
        is_light({"COLORFGBG": "0;15"}) and not is_light({"COLORFGBG": "15;0"}) and not is_light({})
    )
