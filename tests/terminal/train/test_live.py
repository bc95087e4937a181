"""The view on a terminal: what it shows after all control characters."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import time

import pytest
from composer.terminal.text import Area
from composer.terminal.train import Dashboard, live
from composer.terminal.train.view import body
from rich.console import Console
from tests.conftest import ROOT
from tests.support.reports import MEASURES, SONG, panels, report
from tests.support.terminal_screen import ScreenOfATerminal, terminal


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
    expected = [line.rstrip() for line in panels(body(terminal_.history, Area(79, 21)))]
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
        time.sleep(2 * live.TICK)


RUN = """
import signal, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where a shell began the tests in the background
from composer.terminal.train import Dashboard
from composer.runs.report import Report
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
