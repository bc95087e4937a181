"""A session told in lines."""

from __future__ import annotations

import io
import time
from dataclasses import replace

import pytest
from composer.live import commands
from composer.terminal.play.keys import OWN
from composer.terminal.play.plain import SCREEN_ONLY, changes, tell, usage
from tests.support.played import READY, Double


def test_changes_are_told_once():
    assert changes(READY, replace(READY, beat=3.0)) == []
    assert changes(READY, replace(READY, plugged=False)) == [
        "keyboard: AKM322 MIDI 1 is gone: plug it in again"
    ]
    assert changes(READY, replace(READY, phase="playing", bar=4)) == ["playing, bar 4"]
    assert changes(READY, replace(READY, qpm=80.0, loop=True)) == [
        "duet 80 qpm loop click jsb-chorales seed 7 melody -0.3 groove +0.5"
    ]
    assert changes(READY, replace(READY, message="hello", takes=4)) == ["takes: 4", "hello"]


def test_lines_are_commands():
    script = "space\n+\ntempo 120\nknob groove off\nmode phrase\nreroll\nsave a  b.mid\nnonsense\ntempo fast\n\nq\n"
    double, out = Double(), io.StringIO()
    tell(double, io.StringIO(script), out, wait=lambda seconds: time.sleep(0.001))
    assert double.asked == [
        ("start",), ("faster",), ("tempo", 120.0), ("knob", ("groove", None)), ("mode", "phrase"), ("reroll",),
        ("save", "a  b.mid"),
    ]  # fmt: skip
    assert "keyboard: AKM322 MIDI 1" in out.getvalue()
    assert "error: tempo: a number is expected, got 'fast'" in out.getvalue()


def told_in_lines(script, state=READY):
    double, out = Double(state), io.StringIO()
    tell(double, io.StringIO(script + "\nq\n"), out, wait=lambda seconds: time.sleep(0.001))
    return double.asked, out.getvalue()


def test_play_and_stop_are_words_and_start_is_both():
    asked, out = told_in_lines("play\nstop\nstart\nspace")
    assert asked == [("play",), ("stop",), ("start",), ("start",)]
    assert out.count(usage()) == 1  # at the beginning


@pytest.mark.parametrize("word", ["help", "?", "f1"])
def test_help_in_lines_has_a_line_for_each_command(word):
    asked, out = told_in_lines(word)
    lines = out.split(usage())[1].splitlines()
    assert not asked and out.isascii()
    for command in (*commands.COMMANDS, *OWN):
        named = [line for line in lines if line.endswith(" " + command.help)]
        assert len(named) == (command.name not in SCREEN_ONLY), command.name
    assert "k       keep             mark this take as one to keep" in lines
    assert "        stop             end the phrase, or what sounds" in lines
    assert "m       mode [duet]      phrase, duet, call and response: the next one" in lines
    assert "help explains" in usage() and "\n" not in usage()


def test_every_key_and_word_of_the_help_in_lines_is_known():
    for command in (*commands.COMMANDS, *OWN):
        if command.name in ("quit", *SCREEN_ONLY):
            continue
        typed = list(command.keys)
        if command.name == "choose":
            typed = typed[:4]  # as many knobs as there are
        else:
            typed.append(command.usage.replace("[", "").replace("]", ""))
        for line in typed:
            assert told_in_lines(line)[1].count(usage()) == 1, line
    assert told_in_lines("4\nright")[0] == [("turn", ["groove", 0.1])]


def test_a_way_out_is_a_line_to_type():
    asked, out = told_in_lines("5")
    assert not asked
    assert (
        "error: this model has no knob 5: its knobs are chords, style, melody, groove; model NAME: choose"
        in out
    )
