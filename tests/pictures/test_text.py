"""Words and numbers of pictures."""

from __future__ import annotations

import math

import pytest
from composer.pictures import text


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (1.5, "1.500"),
        (0.1234, "0.123"),
        (-0.0001, "0.000"),
        (-1.239, "−1.239"),
        (53.456, "53.46"),
        (-412.35, "−412.4"),
        (12345.6, "12,346"),
        (-2.5e7, "−2.5e+07"),
        (math.nan, "–"),
        (math.inf, "inf"),
    ],
)
def test_numbers(value, words):
    assert text.number(value) == words


def test_a_number_can_be_plain():
    assert text.number(-1.5, minus="-") == "-1.500" and text.number(math.nan, "nan") == "nan"


def test_times():
    times = [text.clock(seconds) for seconds in (0, 59.7, 754, 7384)]
    assert times == ["0:00", "1:00", "12:34", "2:03:04"]


def test_text_is_cut_and_kept_on_one_line():
    assert text.one_line("Ode\n to\x00 Joy") == "Ode to Joy"
    assert text.one_line("x" * 9, 5) == "xxxx…" and text.one_line("12345", 5) == "12345"


def test_names():
    assert [text.pitch_name(p) for p in (60, 61, 70, 127)] == ["C4", "C♯4", "B♭4", "G9"]
    assert [text.drum_name(p) for p in (36, 42, 99)] == ["kick", "hi-hat", "99"]
    assert text.track_name(" \n", 2) == "Track 3" and text.track_name("Bass", 2) == "Bass"
    assert text.song_name("", "ode-to-joy") == "Ode to joy"
    assert text.song_name("A tune", "ode") == "A tune"
    assert text.metric_name("own_key_ratio") == "own key"
