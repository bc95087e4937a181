"""Every key of the stage reaches its command."""

from __future__ import annotations

from composer.terminal.play.keys import label_of, shown_commands
from tests.support.stage import on_stage

KEYS = {
    "space": ("start",), "m": ("mode",), "t": ("tap",), "plus": ("faster",), "up": ("faster",), "minus": ("slower",),
    "down": ("slower",), "l": ("loop",), "r": ("reroll",), "k": ("keep",), "u": ("undo",), "backspace": ("undo",),
    "p": ("panic",), "escape": ("panic",), "c": ("calibrate",), "n": ("metronome",), "w": ("melody",),
    "right": ("turn", ["chords", 0.1]), "left": ("turn", ["chords", -0.1]), "0": ("knob", ["chords", None]),
    "M": ("mode",), "equals_sign": ("faster",),
}  # fmt: skip


def test_every_key_reaches_its_method():
    async def test(app, pilot, double):
        for key, asked in KEYS.items():
            double.asked.clear()
            await pilot.press(key)
            assert double.asked == [asked], key

    on_stage(test)


def test_every_command_has_been_tried():
    tried = {label_of(key) for key in KEYS}
    elsewhere = {"save", "model", "choose", "piano", "light", "help", "quit"}
    assert {row.name for row in shown_commands() if not set(row.keys) & tried} == elsewhere
