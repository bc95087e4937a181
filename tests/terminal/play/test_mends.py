"""Ways out of an error, by a key and by a line."""

from __future__ import annotations

from composer.errors import ConfigError, Mend
from composer.live import commands
from composer.terminal.play.mends import COMMAND_OF, by_key, by_line, mend_of


def test_a_way_out_is_a_key_on_the_stage_and_a_line_to_type():
    assert by_key("no such model", Mend("model")) == "no such model; o: choose another model"
    assert (
        by_line("no such model", Mend("model")) == "no such model; model NAME: choose another model"
    )


def test_of_a_way_that_no_command_goes_the_text_says_enough():
    assert by_key("the disk is full", Mend("takes")) == "the disk is full"
    assert by_line("the disk is full", None) == "the disk is full"


def test_the_commands_are_there_and_have_keys():
    assert all(commands.find(name).keys for name in COMMAND_OF.values())


def test_errors_of_the_system_know_no_way_out():
    assert mend_of(ConfigError("x", mend="model")) == Mend("model")
    assert mend_of(OSError("x")) is None
