"""The stage in a real terminal, in processes as a player has them."""

from __future__ import annotations

import os
import pty
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

from tests.conftest import lacking
from tests.support.stage import wait_for

ROOT = Path(__file__).parents[3]


DRIVER = """
import sys
sys.path.insert(0, ".")
from tests.support.played import PLAYING, Double
from composer.terminal.play import play
double = Double(PLAYING)
play(double)
print("asked", double.asked)
"""


class InTerminal:
    """The stage in a pseudo-terminal, in processes as a player has them. errors: a file instead for stderr."""

    def __init__(self, errors=None):
        self.pid, self.fd = pty.fork()
        if not self.pid:
            if errors is not None:
                os.dup2(os.open(errors, os.O_WRONLY | os.O_CREAT), 2)
            os.environ.update(
                TERM="xterm-256color",
                COLORTERM="truecolor",
                PYTHONPATH=str(ROOT),
                LINES="24",
                COLUMNS="80",
            )
            os.chdir(ROOT)
            os.execv(sys.executable, [sys.executable, "-c", DRIVER])
        self.seen = b""
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        try:
            while data := os.read(self.fd, 65536):
                self.seen += data
        except OSError:
            pass

    def wait_for(self, *words):
        wait_for(lambda: all(word.encode() in self.seen for word in words), 60)

    def type(self, keys):
        os.write(self.fd, keys.encode())

    def end(self):
        _, status = os.waitpid(self.pid, 0)
        return os.waitstatus_to_exitcode(status)


def test_in_a_terminal_it_draws_hears_keys_and_quits():
    terminal = InTerminal()
    terminal.wait_for("PLAYING", "AKM322")
    terminal.type("rk")
    terminal.type("q")
    assert terminal.end() == 0
    wait_for(lambda: b"asked [('reroll',), ('keep',)]" in terminal.seen)
    assert b"\x1b[?1049l" in terminal.seen  # the screen of before is back


def test_where_stderr_goes_to_a_file_lines_are_seen_and_not_a_black_screen(tmp_path):
    terminal = InTerminal(tmp_path / "errors")
    terminal.wait_for("playing, bar 2")
    terminal.type("q\r")
    assert terminal.end() == 0
    assert b"\x1b" not in (tmp_path / "errors").read_bytes()


def test_a_screen_that_dies_leaves_the_music_on_and_lines_to_steer_it():
    if not shutil.which("pgrep"):
        lacking("pgrep (Debian procps)")
    terminal = InTerminal()
    terminal.wait_for("PLAYING", "AKM322")
    children = subprocess.run(
        ["pgrep", "-P", str(terminal.pid), "-f", "composer.terminal.play"],
        capture_output=True,
        text=True,
    )
    os.kill(int(children.stdout.split()[0]), signal.SIGKILL)
    terminal.wait_for("the music goes on")
    assert b"\x1b[?1049l" in terminal.seen
    terminal.type(
        "reroll\rq\r"
    )  # as the Enter key says it, which the terminal makes a line of again
    assert terminal.end() == 0
    wait_for(lambda: b"asked [('reroll',)]" in terminal.seen)


def test_without_a_terminal_it_is_told_in_lines():
    done = subprocess.run(
        [sys.executable, "-c", DRIVER],
        input="tap\nq\n",
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "playing, bar 2" in done.stdout and "asked [('tap',)]" in done.stdout
    assert "\x1b" not in done.stdout
