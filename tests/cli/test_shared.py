"""Tests of shared."""

from __future__ import annotations

import composer
import pytest


def test_the_version(composer_command):
    done = composer_command("--version")
    assert (done.returncode, done.stdout) == (0, f"composer {composer.__version__}\n")


@pytest.mark.parametrize(
    "command",
    [[], ["arrange"], ["ports"], ["record"], ["train"], ["export"], ["models"], ["melodies"]],
)
def test_help_teaches(composer_command, command):
    done = composer_command(*command, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "composer " + " ".join(command) in done.stdout
    if command not in (["models"], []):
        assert "Examples:" in done.stdout
