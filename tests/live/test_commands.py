"""The table of commands: its rows, the values that they take, and that a new row and its method are all it needs."""

from __future__ import annotations

import doctest

import pytest
from composer.errors import ConfigError
from composer.live import commands
from composer.live.arguments import Argument
from composer.live.commands import COMMANDS, Command, parse
from composer.live.session.controls import Controls


def test_names_and_keys_are_used_once():
    names = [command.name for command in COMMANDS]
    keys = [key for command in COMMANDS for key in command.keys]
    assert len(set(names)) == len(names)
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_row_has_a_method_that_says_what_it_does(command):
    assert getattr(Controls, command.method).__doc__
    assert command.help


@pytest.mark.parametrize(
    ("line", "name", "argument"),
    [
        ("undo", "undo", None),
        ("octave up", "octave up", None),
        ("Tempo 96", "tempo", 96.0),
        ("bars 0", "bars", 0),
        ("loop", "loop", None),
        ("loop off", "loop", False),
        ("mode", "mode", None),
        ("mode call", "mode", "call"),
        ("knob groove -0.5", "knob", ("groove", -0.5)),
        ("knob 2 off", "knob", ("2", None)),
        ("save my  song.mid ", "save", "my  song.mid"),
    ],
)
def test_lines_are_read(line, name, argument):
    command, found = parse(line)
    assert (command.name, found) == (name, argument)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "no command ''"),
        ("dance", "no command 'dance'; there are start, play"),
        ("octave", "no command 'octave'"),
        ("undo twice", "undo takes nothing more, got 'twice'"),
        ("tempo", "tempo needs quarter notes a minute, like 96, got nothing"),
        ("tempo fast", "tempo: a number is expected, got 'fast'"),
        ("tempo nan", "tempo: a number from 30 to 300 is expected, got nan"),
        ("bars 2.5", "bars: a whole number is expected, got 2.5"),
        ("mode solo", "mode: one of phrase, duet, call is expected, got 'solo'"),
        ("loop maybe", "loop: on or off is expected, got 'maybe'"),
        ("knob groove", "knob: the name of a knob and a number are expected, got 'groove'"),
        ("knob groove 2", "knob: a number from -1 to 1 is expected, got 2.0"),
    ],
)
def test_lines_that_say_nothing_are_refused_with_what_was_expected(line, words):
    with pytest.raises(ConfigError) as caught:
        parse(line)
    assert str(caught.value).startswith(words)


def test_lines_are_told_that_buttons_and_knobs_of_a_keyboard_do():
    assert all(commands.is_button(line) for line in ("undo", "loop", "mode duet", "tempo 96"))
    assert not any(commands.is_button(line) for line in ("tempo", "knob groove", "sustain", ""))
    assert all(commands.is_setting(line) for line in ("tempo", "volume", "knob groove", "knob 2"))
    assert not any(commands.is_setting(line) for line in ("undo", "bars", "knob", "tempo 96"))
    assert commands.setting("knob groove")[2] == "groove"
    with pytest.raises(ConfigError, match="'undo' is not turned"):
        commands.setting("undo")


def test_examples():
    assert doctest.testmod(commands).failed == 0


# A command of one row and one method.


SHOUT = Command(
    name="shout",
    help="say a word out loud",
    argument=Argument("text", "a word", "HEY", is_needed=False),
    keys=("y",),
    label="shout",
    rank=0,
    is_learned=True,
)


@pytest.fixture
def shouted(monkeypatch):
    """A table with one row more, and what its method was given."""
    found = []
    monkeypatch.setattr(commands, "COMMANDS", (*COMMANDS, SHOUT))
    monkeypatch.setattr(Controls, "shout", lambda self, word: found.append(word), raising=False)
    return found


class Keyboard:
    """A session of which only the controls are there."""

    def __init__(self):
        self.controls = Controls(None, None, lambda: 0.0, lambda note: note(0.0))
        self.do = self.controls.do


def test_a_new_command_is_a_key_of_the_stage(shouted):
    from composer.terminal.play.keys import command_for

    command = command_for("y", piano=False)
    Keyboard().do(command.name)
    assert shouted == [None]
    assert command_for("y", piano=True) is None


def test_a_new_command_is_in_the_footer_and_on_the_help_page(shouted):
    from composer.terminal.palette import DARK
    from composer.terminal.play import notices
    from composer.terminal.play.keys import shown_commands

    notices.footer.cache_clear()
    footer = "".join(part.text for part in notices.footer(False, 200, DARK))
    notices.footer.cache_clear()
    assert "y shout" in footer
    assert SHOUT in shown_commands()


def test_a_new_command_is_in_the_help_of_the_command_line(shouted):
    assert commands.summary().startswith("space play/stop, m mode, ")
    assert commands.summary().endswith(", y shout")


def test_a_new_command_is_in_the_protocol(shouted):
    import json

    from composer.live import messages
    from composer.live.session.state import State

    told = json.loads(messages.hello(messages.document_of(State())))
    assert told["commands"][-1]["name"] == "shout"
    asked = messages.read('{"v": 1, "do": "shout", "argument": "ho"}')
    Keyboard().do(asked.name, asked.argument)
    assert shouted == ["ho"]


def test_a_new_command_is_a_plain_line(shouted):
    import io

    from composer.terminal.play.plain import Plain, explained

    Plain(Keyboard(), io.StringIO())._typed("shout ho ho")
    assert shouted == ["ho ho"]
    assert "y       shout [HEY]      say a word out loud" in explained().splitlines()


def test_a_new_command_is_learned_and_done_by_a_button(shouted):
    from composer.live.melody.capture import Event
    from composer.live.midi import devices

    lesson = devices.learn(devices.Profile("blank", lowest=36, highest=84))
    assert devices.learned()[-1] == "shout"
    assert devices.explained("shout") == SHOUT.help
    next(lesson)
    for _ in devices.learned()[:-1]:
        lesson.send(devices.SKIP)
    with pytest.raises(StopIteration) as end:
        lesson.send(Event(0.0, "control_change", 20, 127))
    profile = end.value.value
    assert profile.controls == {"cc 20": "shout"}
    asked = devices.action(profile, Event(0.0, "control_change", 20, 127))
    Keyboard().controls.act(asked)
    assert shouted == [None]
