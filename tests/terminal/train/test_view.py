"""The view of a run: as much as its area has room for."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from composer.songs.song import Note, Song, TimeSignature, Track
from composer.terminal.text import Area
from composer.terminal.train.history import History
from composer.terminal.train.view import body, status
from rich.segment import Segment
from tests.support.reports import MEASURES, REFERENCE, SONG, history, panels, report, text


def odd_songs():
    drums = Track((Note(0, 36, 1), Note(1.3, 49, 0.01)), is_drum=True)
    waltz = (TimeSignature(0, 1, 4), TimeSignature(1, 3, 4))
    return [
        SONG,
        Song(),
        Song(
            (
                Track(name="empty"),
                Track((Note(0, 0, 0.1), Note(3, 127, 300)), "日本語の名前\x1b[2J\n"),
            )
        ),
        Song((drums,)),
        replace(SONG, tracks=(*SONG.tracks, drums), time_signatures=waltz),
    ]


@pytest.mark.parametrize("song", odd_songs())
@pytest.mark.parametrize("width", [1, 20, 34, 73, 120, 199])
def test_every_size_of_paper_is_kept(song, width):
    many = {
        f"measure_{'x' * (i % 5 * 9)}{i}": math.nan if i % 7 == 0 else 10.0**i
        for i in range(-3, 20)
    }
    reports = [
        report(0, 1.0, losses={}, songs={"a\x07": song, "é" * 99: SONG}),
        report(
            50,
            9.0,
            losses={"supervised\x1b[H": math.inf, "critic": -1e30},
            measures=many,
            reference=REFERENCE,
        ),
        report(100, 10.0, "adversarial", losses={"critic": math.nan}, measures=MEASURES),
    ]
    for count in range(4):
        made = History()
        for one in reports[:count]:
            made.add(one)
        for height in (0, 3, 8, 24, 60):
            for unicode, colors in ((True, True), (True, False), (False, True)):
                area = Area(width, height, unicode, colors)
                lines = [status(made, area, 1.0), *body(made, area)]
                assert len(lines) <= height + 1
                assert max(map(Segment.get_line_length, lines)) <= width
                assert all(line.isprintable() for line in text(lines))


def test_the_roll_goes_first_then_the_sparklines():
    made = history(
        *(
            report(50 * i, 10.0 * i, measures=MEASURES, reference=REFERENCE, songs={"ode": SONG})
            for i in (1, 2)
        )
    )

    def shown(height):
        lines = "\n".join(panels(body(made, Area(60, height + 1))))
        return (
            "C4" in lines,
            "▃" in lines or "▁" in lines or "█" in lines,
            "0.812" in lines,
            "1.500" in lines,
        )

    assert shown(30) == (True, True, True, True)
    assert shown(8) == (False, True, True, True)
    assert shown(4) == (False, False, True, True)
    assert shown(1) == (False, False, False, True)


def test_a_wide_terminal_has_the_roll_at_the_right():
    lines = panels(body(history(), Area(140, 30)))
    assert "losses" in lines[0] and "ode, iteration 120" in lines[0]
    assert "ode, iteration" not in panels(body(history(), Area(100, 30)))[0]


def test_measures_make_room_for_the_roll_and_say_so():
    many = {f"m{i}": 0.5 for i in range(30)}
    lines = panels(body(history(report(measures=many, songs={"ode": SONG})), Area(80, 20)))
    assert any("more" in line for line in lines) and any(" C4 " in line for line in lines)
    assert "m0 " in "".join(lines)
