"""Tests of record_nothing."""

from __future__ import annotations

from tests.support.command import fails, fails_last_line


def test_recording_what_cannot_be(composer_command):
    fails_last_line(composer_command("record", "-o", "x.mid", "--qpm", 5), "qpm")
    fails_last_line(composer_command("record", "-o", "x.mid", "--midi-api", "oss"), "alsa, jack")
    fails_last_line(composer_command("record", "-o", "/proc/x.mid"), "cannot write")
    fails_last_line(
        composer_command("record", "-o", "x.mid", "--arrange", "--model", "none"), "no model 'none'"
    )
    fails(composer_command("record"), "--out")
