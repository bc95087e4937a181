"""What commands take: values of another type or out of range are refused, typed texts are read."""

from __future__ import annotations

import doctest

import pytest
from composer.errors import ConfigError
from composer.live import arguments, commands
from composer.live.arguments import Argument


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tempo", True),
        ("tempo", "96"),
        ("tempo", 10**400),
        ("tempo", float("inf")),
        ("tempo", [96]),
        ("loop", 1),
        ("mode", 0),
        ("knob", "groove"),
        ("knob", ["groove"]),
        ("knob", [1, 0.5]),
        ("knob", {"groove": 0.5}),
        ("save", ""),
        ("save", "a\nb.mid"),
        ("save", "x" * 5000),
        ("undo", 1),
        ("model", None),
    ],
)
def test_values_of_another_type_are_refused(name, value):
    with pytest.raises(ConfigError, match=name):
        commands.find(name).checked(value)


@pytest.mark.parametrize(
    ("argument", "text", "value"),
    [
        (Argument("number", "", "", least=-1, most=1), "-0.5", -0.5),
        (Argument("whole", "", "", least=0, most=9), "7", 7),
        (Argument("switch", "", ""), "ON", True),
        (Argument("choice", "", "", choices=("a", "b")), "b", "b"),
        (Argument("text", "", ""), "  two  words ", "two  words"),
        (Argument("knob", "", ""), "groove .5", ("groove", 0.5)),
        (Argument("knob", "", ""), "groove off", ("groove", None)),
    ],
)
def test_texts_are_read(argument, text, value):
    assert argument.parsed(text) == value
    assert type(argument.parsed(text)) is type(value)


def test_values_are_brought_into_the_range():
    argument = Argument("number", "", "", least=30, most=300)
    assert [argument.clipped(value) for value in (10, 90, 400)] == [30, 90, 300]


def test_examples():
    assert doctest.testmod(arguments).failed == 0
