"""The live view: what a history says, what fits on what paper, and what a terminal shows after all controls."""

from __future__ import annotations

import io
import math
import os
import pty
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from rich.segment import Segment

from composer.runs.run import Report
from composer.songs.song import Note, Song, TimeSignature, Track
from composer.terminal.train import Dashboard, screens
from composer.terminal.train.characters import draw, sparkline
from composer.terminal.train.history import History
from composer.terminal.train.paper import Paper, clock, number
from composer.terminal.train.view import body, status
from tests.conftest import needs

ROOT = Path(__file__).parents[3]

SONG = Song(
    (
        Track((Note(0, 67, 1), Note(1, 67, 1), Note(2, 72, 2), Note(4, 69, 4)), "Soprano"),
        Track((Note(0, 60, 2), Note(2, 59, 2), Note(4, 53, 4)), "Tenor"),
    )
)
MEASURES = {"scale_ratio": 0.812, "crossing": 0.25, "rests": 0.125}
REFERENCE = {"scale_ratio": 0.953, "crossing": 0.0625, "drums": 0.5}


def report(iteration=120, seconds=20.0, phase="supervised", losses=None, **more):
    return Report(
        iteration,
        400,
        seconds,
        6.0,
        phase,
        {"supervised": 1.5} if losses is None else losses,
        **more,
    )


def history(*reports):
    made = History()
    for one in reports or (report(measures=MEASURES, reference=REFERENCE, songs={"ode": SONG}),):
        made.add(one)
    return made


def panels(lines):
    """The texts of all lines but the bar."""
    return text(lines[1:])


def head(made, paper, since):
    return [status(made, paper, since), *body(made, paper)[:1]]


def text(lines):
    return ["".join(segment.text for segment in line) for line in lines]


class ScreenOfATerminal(io.StringIO):
    """Does what a terminal does with the control characters that are written to it."""

    def __init__(self, width, height):
        super().__init__()
        self.width, self.height, self.row, self.column, self.cursor = width, height, 0, 0, True
        self.rows = [[" "] * width for _ in range(height)]
        self.written = 0

    def isatty(self):
        return True

    def write(self, data):
        self.written += len(data)
        for code, letter, sign in re.findall(r"\x1b\[([?\d;]*)([A-Za-z])|(.|\n)", data):
            self._sign(sign) if sign else self._code(code, letter)
        return len(data)

    def _sign(self, sign):
        if sign == "\r":
            self.column = 0
        elif sign == "\n":
            self.column = 0
            if self.row == self.height - 1:
                self.rows = [*self.rows[1:], [" "] * self.width]
            self.row = min(self.row + 1, self.height - 1)
        else:
            assert sign.isprintable(), repr(sign)
            if self.column == self.width:
                self._sign("\n")
            self.rows[self.row][self.column] = sign
            self.column += 1

    def _code(self, code, letter):
        if letter in "AB":
            step = int(code or 1) * (1 if letter == "B" else -1)
            self.row = min(max(self.row + step, 0), self.height - 1)
        elif letter == "G":
            self.column = int(code) - 1
        elif letter == "K":
            start = 0 if code == "2" else min(self.column, self.width)
            self.rows[self.row][start:] = [" "] * (self.width - start)
        elif letter == "H":
            self.row = self.column = 0
        elif letter == "J":
            self.rows = [[" "] * self.width for _ in range(self.height)]
        elif letter in "hl":
            assert code == "?25"
            self.cursor = letter == "h"
        else:
            assert letter == "m", (code, letter)

    def narrow(self, width, height):
        """Break every line anew, as terminals do."""
        pieces = ["".join(row).rstrip() for row in self.rows[: self.row + 1]]
        rows = [
            piece[at : at + width] for piece in pieces for at in range(0, max(len(piece), 1), width)
        ]
        self.width, self.height = width, height
        self.rows = [list(row.ljust(width)) for row in rows[-height:]]
        self.row = len(self.rows) - 1
        self.rows += [[" "] * width for _ in range(height - len(self.rows))]

    def lines(self):
        return ["".join(row).rstrip() for row in self.rows]


def terminal(width=80, height=24, **options):
    screen = ScreenOfATerminal(width, height)
    options = {
        "force_terminal": True,
        "color_system": "truecolor",
        "no_color": False,
        "legacy_windows": False,
        **options,
    }
    return screen, Console(file=screen, width=width, height=height, **options)


# What is known of the run


def test_pace_is_of_this_phase_and_without_its_first_report():
    made = history(
        report(0, 5.0, losses={}), report(50, 45.0), report(100, 50.0), report(200, 70.0)
    )
    assert made.pace == pytest.approx(150 / 25)
    assert made.left == (pytest.approx(200 / 6), "")
    made.add(report(250, 170.0, "adversarial"))
    assert made.pace == 6.0  # its own: one report has no span
    made.add(report(300, 270.0, "adversarial"))
    assert made.pace == pytest.approx(0.5)


def test_time_left_does_not_guess_the_speed_of_a_phase_that_has_not_begun():
    phases = {"supervised": 300, "adversarial": 100}
    made = history(Report(100, 400, 10.0, 10.0, "supervised", {"a": 1.0}, phases=phases))
    assert made.left == (pytest.approx(20.0), "adversarial")
    assert (
        "20" in text(head(made, Paper(100, 20), 0))[0]
        and "then adversarial" in text(head(made, Paper(100, 20), 0))[0]
    )
    bar = text(head(made, Paper(100, 20), 0))[1]
    assert bar[75] == "┃" and bar.count("━") == 25
    made.add(Report(320, 400, 90.0, 2.0, "adversarial", {"a": 1.0}, phases=phases))
    assert made.left == (pytest.approx(40.0), "")


@pytest.mark.parametrize("rate", [0.0, math.nan, math.inf])
def test_an_unknown_rate_gives_no_time_left(rate):
    made = history(Report(0, 400, 0.0, rate, "supervised", {}))
    assert math.isnan(made.pace)
    assert "left" not in text(head(made, Paper(80, 20), 0))[0]


def test_time_goes_on_between_reports_and_an_estimate_that_has_run_out_is_not_shown():
    made = history(report(100, 50.0))  # 6 a second: 50 s left
    assert re.search(r" 0:50 +0:50 left", text(head(made, Paper(80, 20), 0.0))[0])
    assert re.search(r" 1:20 +0:20 left", text(head(made, Paper(80, 20), 30.0))[0])
    assert "left" not in text(head(made, Paper(80, 20), 51.0))[0]


def test_a_measure_that_came_nearer_is_told_from_one_that_went_away():
    made = history()
    assert made.trend("crossing") == 0
    made.add(
        report(measures={"scale_ratio": 0.9, "crossing": -0.5, "rests": 0.5}, reference=REFERENCE)
    )
    assert [made.trend(name) for name in ("scale_ratio", "crossing", "rests", "drums")] == [
        1,
        -1,
        0,
        0,
    ]
    assert made.measures["rests"] == [0.125, 0.5]


def test_a_measure_that_is_left_out_is_undefined():
    made = history()
    made.add(report(measures={"scale_ratio": 0.9}))
    assert math.isnan(made.measures["crossing"][-1])
    lines = panels(body(made, Paper(80, 40)))
    assert any(re.search(r"crossing +– · 0.062", line) for line in lines)
    assert any(re.search(r"drums +– · 0.500", line) for line in lines)
    assert any(re.search(r"scale ratio +0.900 → 0.953", line) for line in lines)


def test_numbers_and_times():
    assert [number(v) for v in (1.5, -0.0001, 53.456, -412.35, 123456.0)] == [
        "1.500",
        "0.000",
        "53.46",
        "-412.4",
        "1.2e+05",
    ]
    assert [number(v) for v in (math.nan, math.inf)] == ["–", "inf"]
    assert [clock(s) for s in (0, 59.7, 754, 7384)] == ["0:00", "1:00", "12:34", "2:03:04"]


# Pictures in characters


def test_a_sparkline_goes_from_the_lowest_to_the_highest():
    assert sparkline([0, 1, 2, 7], 10) == "▁▂▃█"
    assert sparkline([0, 0, 4, 4, 8, 8], 3, "abc") == "abc"
    assert sparkline([1, math.nan, 3], 3, "ab") == "a b"
    assert sparkline([2, 2], 5, "abc") == "bb"
    assert sparkline([math.nan], 5) == " "
    assert sparkline([], 5) == "" == sparkline([1, 2], 0)


def test_a_sparkline_has_room_for_the_value_of_the_dataset():
    assert sparkline([0, 1], 5, "abcd", also=3) == "ab"


def test_one_huge_loss_does_not_flatten_the_others():
    drawn = sparkline([5000.0, *np.linspace(2, 1, 39)], 40)
    assert drawn[0] == "█" and len(set(drawn)) == 8


def test_a_roll_has_a_pixel_a_pitch_and_whole_columns_a_beat():
    roll = draw(SONG, rows=20, columns=17, per_row=2)
    assert roll.pixels.shape == (20, 16)  # 53 to 72, two columns a beat
    assert roll.pixels[72 - 67].tolist() == [1, 0, 1, 0] + [-1] * 12  # starts are odd
    assert roll.pixels[72 - 53].tolist() == [-1] * 8 + [3] + [2] * 7
    assert roll.bars == ((0, 1), (8, 2)) and roll.whole
    assert roll.labels[0] == "C5" and roll.labels[6] == "C4" and roll.labels[2] == "G4"


def test_a_low_roll_squeezes_pitches_and_a_long_one_shows_its_first_bars():
    roll = draw(SONG, rows=5, columns=40, per_row=1)
    assert len(roll.pixels) == 5
    assert (roll.pixels[0] >= 0).any() and (roll.pixels[4] >= 0).any()
    long = Song((Track(tuple(Note(beat, 60, 1) for beat in range(400))),))
    shown = draw(long, 10, 60)
    assert not shown.whole and len(shown.bars) == 20 and shown.pixels.shape[1] == 60


def test_drums_have_lanes_of_their_own():
    drums = Track((Note(0, 36, 1), Note(1, 38, 1), Note(2, 42, 1)), "Drums", is_drum=True)
    roll = draw(Song((SONG.tracks[0], drums)), 20, 16)
    assert roll.labels[-1] == "drum"
    assert [np.flatnonzero(row >= 0).tolist() for row in roll.pixels[-4:]] == [[], [4], [2], [0]]
    alone = draw(Song((drums,)), 20, 16)
    assert alone.pixels.max() == 1 and len(alone.labels) == 2


def test_the_melody_is_drawn_over_the_others():
    both = Song((Track((Note(2, 60, 1),)), Track((Note(0, 60, 8),)), Track((Note(1, 60, 4),))))
    assert draw(both, 20, 8).pixels[0].tolist() == [3, 2, 1, 2, 2, 2, 2, 2]


def test_repeated_notes_are_told_apart_and_the_melody_has_its_own_colour():
    rows = body(history(), Paper(80, 40))
    row = next(line for line in rows if line[0].text.strip() == "G4")
    colours = [s.style.color.name for s in row if "▀" in s.text or "▄" in s.text or "█" in s.text]
    assert len(set(colours)) == 2 and colours[0] == "#e4472e" == colours[2]


def test_without_colours_letters_say_who_sings():
    lines = panels(body(history(), Paper(60, 50, colors=False)))
    assert any(line.startswith("  G4 S━━━━━S━━━━━") for line in lines)
    assert any(line.startswith("  C4 T───────────") for line in lines)
    plain = panels(body(history(), Paper(60, 50, unicode=False)))
    assert any(line.startswith("  G4 S=====S=====") for line in plain)
    assert all(line.isascii() for line in plain)


# What fits


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
                paper = Paper(width, height, unicode, colors)
                lines = [status(made, paper, 1.0), *body(made, paper)]
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
        lines = "\n".join(panels(body(made, Paper(60, height + 1))))
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
    lines = panels(body(history(), Paper(140, 30)))
    assert "losses" in lines[0] and "ode, iteration 120" in lines[0]
    assert "ode, iteration" not in panels(body(history(), Paper(100, 30)))[0]


def test_measures_make_room_for_the_roll_and_say_so():
    many = {f"m{i}": 0.5 for i in range(30)}
    lines = panels(body(history(report(measures=many, songs={"ode": SONG})), Paper(80, 20)))
    assert any("more" in line for line in lines) and any(" C4 " in line for line in lines)
    assert "m0 " in "".join(lines)


# On a terminal


def test_the_screen_shows_the_last_frame_and_nothing_else():
    screen, console = terminal(80, 24)
    with Dashboard(console) as view:
        terminal_ = view._screen
        for i in range(1, 9):
            view.show(
                report(
                    40 * i,
                    7.0 * i,
                    measures=MEASURES if i > 2 else {},
                    songs={"ode": SONG} if i > 5 else {},
                )
            )
            terminal_._pause_until = 0.0
            terminal_.draw()
            if i == 4:
                console.print("a word from elsewhere")
            assert not screen.cursor
    lines = screen.lines()
    assert screen.cursor
    assert lines[0] == "a word from elsewhere" and lines[1].startswith("320/400")
    assert lines[1].rstrip().endswith("stopped")
    expected = [line.rstrip() for line in panels(body(terminal_.history, Paper(79, 21)))]
    assert lines[3 : 3 + len(expected)] == expected
    assert not any(lines[3 + len(expected) :])


def test_only_lines_that_changed_are_written():
    screen, console = terminal(100, 40)
    with Dashboard(console) as view:
        view.show(report(measures=MEASURES, songs={"ode": SONG}))
        view._screen.draw()
        before = screen.written
        view._screen._heard -= 1.0  # a second later
        view._screen.draw()
        assert 0 < screen.written - before < 400


@pytest.mark.parametrize("height", [6, 24])
@pytest.mark.parametrize("later", [0.0, 1.0])
def test_the_echo_of_ctrl_c_breaks_no_line(height, later):
    screen, console = terminal(40, height)
    with Dashboard(console) as view:
        view.show(report(measures=MEASURES, songs={"ode": SONG}))
        view._screen.draw()
        view._screen._heard -= later  # only the clock is written
        view._screen.draw()
        screen.write("^C")
    lines = screen.lines()
    assert sum("120/400" in line for line in lines) == 1
    assert not any("^C" in line for line in lines)


def test_a_terminal_that_changes_its_size_is_drawn_anew():
    screen, console = terminal(100, 30)
    with Dashboard(console) as view:
        view.show(report(measures=MEASURES, songs={"ode": SONG}))
        view._screen.draw()
        console.size = (60, 20)
        screen.narrow(60, 20)
        view._screen.draw()
        lines = screen.lines()
        assert lines[0].startswith("120/400") and sum("120/400" in line for line in lines) == 1


def test_a_run_that_fails_leaves_the_cursor_and_standard_output_as_they_were():
    screen, console = terminal()
    before = sys.stdout
    with pytest.raises(ZeroDivisionError), Dashboard(console) as view:
        view.show(report())
        raise ZeroDivisionError
    assert screen.cursor and sys.stdout is before
    assert "stopped" in screen.lines()[0]


def test_a_finished_run_says_done():
    screen, console = terminal()
    with Dashboard(console) as view:
        view.show(report(400, 75.0))
    assert re.search(r"400/400 .* 1:15 +done", screen.lines()[0])


def test_a_terminal_that_is_gone_does_not_end_the_run():
    class Gone(ScreenOfATerminal):
        def write(self, data):
            if "120/400" in data:
                raise OSError(5, "Input/output error")
            return super().write(data)

    console = Console(file=Gone(80, 24), width=80, height=24, force_terminal=True)
    with Dashboard(console) as view:
        view.show(report())
        time.sleep(2 * screens.TICK)


RUN = """
import signal, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where a shell began the tests in the background
from composer.terminal.train import Dashboard
from composer.runs.run import Report
try:
    with Dashboard() as view:
        for i in range(10_000):
            view.show(Report(i, 10_000, i / 5, 5.0, "supervised", {"supervised": 1.0}))
            time.sleep(0.05)
except KeyboardInterrupt:
    print("saved")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a pseudo-terminal")
def test_ctrl_c_in_a_real_terminal():
    leader, follower = pty.openpty()
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "TERM": "xterm-256color",
        "COLUMNS": "60",
        "LINES": "20",
    }
    done = subprocess.Popen(
        [sys.executable, "-c", RUN],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env=env,
        start_new_session=True,
    )
    os.close(follower)
    seen = b""
    while b"supervised" not in seen:
        seen += os.read(leader, 4096)
    done.send_signal(signal.SIGINT)
    try:
        while part := os.read(leader, 4096):
            seen += part
    except OSError:  # Linux's end of file
        pass
    assert done.wait(30) == 0
    screen = ScreenOfATerminal(60, 20)
    screen.write(seen.decode())
    lines = [line for line in screen.lines() if line]
    assert lines[-1] == "saved" and screen.cursor
    assert sum("/10000" in line for line in lines) == 1 and "stopped" in lines[0]


# Where there is no terminal


def test_a_pipe_gets_a_line_a_report():
    stream = io.StringIO()
    with Dashboard(Console(file=stream, width=40)) as view:
        view.show(report(120, 20.0))
        view.show(report(180, 40.0, measures={**MEASURES, "empty": math.nan}, reference=REFERENCE))
    first, second, third = stream.getvalue().splitlines()
    assert first == "iteration 120/400 supervised  6/s  0:47 left  supervised 1.500"
    assert second == "iteration 180/400 supervised  3/s  1:13 left  supervised 1.500"
    assert third.startswith(
        "  measures (the dataset's): scale_ratio 0.812 (0.953)  crossing 0.250 (0.062)  rests 0.125"
    )
    assert third.endswith("empty –")


@pytest.mark.parametrize(
    "variables", [{}, {"FORCE_COLOR": "1"}, {"PYTHONIOENCODING": "ascii"}, {"TERM": "dumb"}]
)
def test_no_control_characters_outside_a_terminal(variables):
    code = (
        "from composer.terminal.train import Dashboard\nfrom composer.runs.run import Report\n"
        "with Dashboard() as d: d.show(Report(1, 2, 1.0, 1.0, 'super\\x1b[2Jvised', {'é': 1.0}, {'x': float('nan')}))"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=env, check=True)
    assert done.stdout == b"" and len(done.stderr.splitlines()) == 2
    assert not re.search(rb"[\x00-\x09\x0b-\x1f]", done.stderr)
    assert done.stderr.startswith(b"iteration 1/2")


def test_a_stream_gets_what_its_encoding_has():
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    with Dashboard(Console(file=stream)) as view:
        view.show(report(losses={"café": 1.0}, measures={"rests": math.nan}))
    stream.flush()
    assert b"caf? 1.000" in stream.buffer.getvalue() and b"rests ?" in stream.buffer.getvalue()


def test_html_has_the_view_in_colours():
    page = screens.html(history())
    assert "120/400" in page and "#e4472e" in page and "scale ratio" in page and "\x1b" not in page


def test_a_notebook_gets_one_output_that_is_replaced():
    nbclient, nbformat = needs("nbclient"), needs("nbformat")
    source = f"""
import sys; sys.path.insert(0, {str(ROOT)!r})
from composer.terminal.train import Dashboard
from composer.runs.run import Report
with Dashboard() as view:
    for i in (100, 200):
        view.show(Report(i, 200, i / 5, 5.0, "supervised", {{"supervised": 1.0}}))
"""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    (output,) = [o for o in notebook.cells[0].outputs if "data" in o]
    assert "200/200" in output["data"]["text/html"] and "done" in output["data"]["text/html"]
    assert output["data"]["text/plain"].startswith("iteration 200/200")
