"""Tests of melodies."""

from __future__ import annotations

from composer import catalog


def test_melodies_are_listed(composer_command):
    done = composer_command("melodies")
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split()[0] for line in done.stdout.splitlines()[1:]] == list(catalog.tunes())
