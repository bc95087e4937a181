"""Helpers that tests of cli share."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from tests.support.jack_server import JackKeyboard, jack  # noqa: F401

ROOT = Path(__file__).parents[2]


QPM = 100


@contextmanager
def recorder(folder: Path, *arguments: object):
    """`composer record ARGUMENTS` in a process of its own, once it listens."""
    command = [
        sys.executable,
        "-m",
        "composer",
        "record",
        "--midi-api",
        "jack",
        *map(str, arguments),
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            line = process.stderr.readline()
            assert line.startswith("Listening to "), line
            yield process
        finally:
            process.kill()


def finish(process: subprocess.Popen, seconds: float = 60) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=seconds)
    return process.returncode, out, err
