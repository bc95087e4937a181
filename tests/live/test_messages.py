"""A session as JSON: states that come back whole, what has changed, and messages that are refused."""

from __future__ import annotations

import doctest
import json
from dataclasses import fields, replace

import pytest
from composer.errors import ConfigError, Mend, PortError
from composer.live import commands, messages
from composer.live.messages import Asked, document_of, known, news, read, state_of
from composer.live.session.state import ShownNote, State

from tests.support.played import PLAYING, READY


def there_and_back(state):
    return state_of(json.loads(json.dumps(document_of(state), allow_nan=False)))


@pytest.mark.parametrize("state", [State(), READY, PLAYING])
def test_a_state_comes_back_as_it_was(state):
    assert there_and_back(state) == state


def test_every_part_of_a_state_is_told():
    other = {
        "str": "other",
        "bool": None,
        "int": 5,
        "float": 2.5,
    }
    for field in fields(State):
        value = getattr(READY, field.name)
        kind = type(value).__name__
        changed = {
            "bool": not value,
            "tuple": (62,) if field.name == "held" else ("a", "b"),
            "dict": {"groove": 1.0},
            "NoneType": 8.0,
            **{k: v for k, v in other.items() if v is not None},
        }.get(kind)
        if field.name in messages.NOTES:
            changed = (ShownNote(0.5, 1.25, 61, 1, True),)
        if field.name == "latencies":
            changed = {}
        if field.name == "mend":
            changed = Mend("model", "jsb-chorales")
        state = replace(PLAYING, **{field.name: changed})
        assert there_and_back(state) == state, field.name


def test_equal_notes_are_not_made_again():
    made = document_of(PLAYING)
    again = replace(PLAYING, beat=7.0, melody=tuple(replace(note) for note in PLAYING.melody))
    document = document_of(again, PLAYING, made)
    assert document["melody"] is made["melody"]
    assert document == document_of(again)
    other = replace(again, melody=PLAYING.melody[:1])
    assert document_of(other, again, document) == document_of(other)


def test_a_note_without_an_end_has_none():
    state = replace(PLAYING, melody=(ShownNote(0.5, float("inf"), 61, 0),))
    assert document_of(state)["melody"] == [[0.5, None, 61, 0, False]]
    assert there_and_back(state) == state


def test_only_what_has_changed_is_told():
    before = document_of(PLAYING)
    after = document_of(replace(PLAYING, loop=True, melody=PLAYING.melody[:1]))
    told = json.loads(news(before, after, 1.5))
    assert told == {
        "v": 1,
        "type": "state",
        "seconds": 1.5,
        "state": {"loop": True, "melody": [[4.0, 6.0, 71, 0, False]]},
    }
    assert news(after, after, 1.5) == ""


def test_a_clock_that_goes_on_as_it_did_is_not_told():
    """At 96 quarter notes a minute half a second is 0.8 beats."""
    before = document_of(PLAYING)
    later = document_of(replace(PLAYING, seconds=0.5, beat=7.3))
    assert news(before, later, 0.5) == ""
    assert known(before, later)["clock"] == before["clock"]
    late = document_of(replace(PLAYING, seconds=0.5, beat=7.29))
    assert json.loads(news(before, late, 0.5))["state"] == {"clock": late["clock"]}
    assert known(before, late) == late
    faster = document_of(replace(PLAYING, seconds=0.5, beat=7.3, qpm=97.0))
    assert "clock" in json.loads(news(before, faster, 0.5))["state"]
    idle = document_of(replace(PLAYING, seconds=0.5, beat=7.3, phase="idle"))
    assert set(json.loads(news(before, idle, 0.5))["state"]) == {"clock", "phase"}


def test_a_small_error_of_the_clock_does_not_grow_unseen():
    """Each step is a little late, too little to be told; together they are told."""
    client, told = document_of(PLAYING), 0
    for step in range(1, 11):
        seconds = 0.5 * step
        document = document_of(replace(PLAYING, seconds=seconds, beat=6.5 + 0.799 * step))
        told += bool(news(client, document, seconds))
        client = known(client, document)
    assert told == 2


def test_the_beat_of_another_time():
    later = PLAYING.at(0.5)
    assert (later.beat, later.bar, later.seconds) == (pytest.approx(7.3), 2, 0.5)
    assert PLAYING.at(1.0).bar == 3
    # An answer is sent a moment before its downbeat, at beat 8.
    assert [PLAYING.at((7.99 - 6.5) * 60 / 96).bar, PLAYING.at((7.97 - 6.5) * 60 / 96).bar] == [
        3,
        2,
    ]
    assert replace(PLAYING, beat=-2.0).at(0.5).bar == 0
    assert READY.at(10.0) == READY


def test_the_first_message_has_the_table_and_the_whole_state():
    told = json.loads(messages.hello(document_of(PLAYING), ("a", "b")))
    assert (told["v"], told["type"], told["models"]) == (1, "hello", ["a", "b"])
    assert told["state"] == document_of(PLAYING)
    assert [row["name"] for row in told["commands"]] == [row.name for row in commands.COMMANDS]
    tempo = next(row for row in told["commands"] if row["name"] == "tempo")
    assert tempo["argument"]["least"] == 30 and tempo["argument"]["needed"]


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ('{"v": 1, "do": "undo"}', Asked("undo")),
        ('{"v": 1, "do": "tempo", "argument": 96, "id": 7}', Asked("tempo", 96, number=7)),
        ('{"v": 1, "press": 60, "velocity": 90}', Asked("press", 60, 90)),
        ('{"v": 1, "press": 60}', Asked("press", 60)),
        ('{"v": 1, "release": 60, "id": "a"}', Asked("release", 60, number="a")),
    ],
)
def test_what_is_asked_for_is_read(text, asked):
    assert read(text) == asked


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b'{"v": 1, "do": "undo"}', "a message is text"),
        ("", "a message is JSON"),
        ("{", "a message is JSON"),
        ("[" * 20000, "a message is JSON"),
        ("7", "a message is an object, got int"),
        ("{}", "this session speaks version 1, got None"),
        ('{"v": 2, "do": "undo"}', "this session speaks version 1, got 2"),
        ('{"v": 1}', "one of do, press, release is expected"),
        ('{"v": 1, "do": "undo", "press": 60}', "one of do, press, release is expected"),
        ('{"v": 1, "do": 7}', "the name of a command is a text, got 7"),
        ('{"v": 1, "press": 128}', "press is 0 to 127, got 128"),
        ('{"v": 1, "press": true}', "press is 0 to 127, got True"),
        ('{"v": 1, "press": 60, "velocity": 1.5}', "velocity is 0 to 127, got 1.5"),
        ('{"v": 1, "release": "60"}', "release is 0 to 127, got '60'"),
    ],
)
def test_what_is_no_message_is_refused_with_what_was_expected(text, words):
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert str(caught.value).startswith(words)


def test_errors_say_the_way_out():
    told = json.loads(messages.refused(ConfigError("no such model", mend="model"), 7))
    assert told == {
        "v": 1,
        "type": "error",
        "id": 7,
        "text": "no such model",
        "mend": {"way": "model", "value": None},
    }
    told = json.loads(messages.refused(PortError("x" * 5000)))
    assert len(told["text"]) == 1000 and told["mend"] is None


def test_examples():
    assert doctest.testmod(messages).failed == 0
