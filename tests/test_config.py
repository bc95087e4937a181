from __future__ import annotations

import json
from dataclasses import dataclass

import pytest
from composer.config import from_dict, to_dict
from composer.errors import ComposerError, ConfigError


@dataclass(frozen=True)
class Oven:
    name: str
    degrees: float = 180.0
    minutes: int = 40
    trays: tuple[int, ...] = (3, 1)
    fan: bool = False
    timer: int | None = None
    extras: dict[str, int] | None = None

    def __post_init__(self) -> None:
        if self.minutes < 1:
            raise ConfigError(f"minutes is at least 1, got {self.minutes}")


def test_a_config_survives_json():
    oven = Oven("old", 212.5, 7, (4, 2, 5), True, 3, {"light": 1})
    text = json.dumps(to_dict(oven))
    assert from_dict(Oven, json.loads(text)) == oven
    assert json.loads(text)["trays"] == [4, 2, 5]


def test_defaults_stand_in_and_whole_numbers_are_numbers():
    oven = from_dict(Oven, {"name": "new", "degrees": 200})
    assert oven == Oven("new", 200.0)
    assert isinstance(oven.degrees, float)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"name": "x", "degres": 1}, ["'degres'", "Oven", "degrees"]),
        ({}, ["'name'", "missing"]),
        ({"name": 3}, ["name is str", "3"]),
        ({"name": "x", "minutes": 2.5}, ["minutes is int", "2.5"]),
        ({"name": "x", "minutes": True}, ["minutes is int", "True"]),
        ({"name": "x", "fan": 1}, ["fan is bool", "1"]),
        ({"name": "x", "degrees": "hot"}, ["degrees is float", "'hot'"]),
        ({"name": "x", "degrees": float("nan")}, ["degrees is a finite number", "nan"]),
        ({"name": "x", "degrees": False}, ["degrees is float"]),
        ({"name": "x", "trays": 3}, ["trays is a list", "3"]),
        ({"name": "x", "trays": [1, "2"]}, ["trays is int", "'2'"]),
        ({"name": "x", "timer": "soon"}, ["timer is int", "'soon'"]),
        ({"name": "x", "extras": [1]}, ["extras is dict"]),
        ({"name": "x", "minutes": 0}, ["minutes is at least 1, got 0"]),
        ([1], ["Oven is a table", "[1]"]),
        (None, ["Oven is a table", "None"]),
    ],
)
def test_what_does_not_fit_is_refused_by_name(values, words):
    with pytest.raises(ConfigError) as caught:
        from_dict(Oven, values)
    assert isinstance(caught.value, ComposerError)
    assert isinstance(caught.value, ValueError)
    for word in words:
        assert word in str(caught.value)
