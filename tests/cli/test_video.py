"""`composer video` says in one line what it cannot film; tests/runs/film tests what it draws."""

from __future__ import annotations

from tests.support.command import fails


def test_what_is_no_run(composer_command):
    fails(composer_command("video", "nowhere"), "nowhere is not a training run")


def test_sizes_that_are_none(composer_command):
    fails(composer_command("video", "nowhere", "--size", "big"), "big")
