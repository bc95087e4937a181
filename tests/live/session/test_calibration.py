"""Calibration: how late the keys come is measured, taken off, and kept for the keyboard."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from composer.live.midi.devices import profile_for

from tests.support.sessions import BEAT, QPM


def test_calibration_takes_off_how_late_the_keys_come(stand):
    s = stand()
    s.session.do("calibrate")
    s.run(0.001)
    assert s.session.state().phase == "calibrating"
    downbeat = s.director._context.time.seconds(0.0)
    late = (0.031, 0.024, 0.029, 0.036, 0.030, 0.027, 0.033, 0.032)
    s.score([(i + x / BEAT, 60, 0.4, 80) for i, x in enumerate(late)], downbeat, QPM)
    s.run(9 * BEAT)
    assert s.director.config.offset == pytest.approx(0.0305, abs=0.002)
    assert "ms late" in s.session.state().message
    assert len(s.notes(9)) == 8
    s.session.do("calibrate")
    s.run(9 * BEAT)
    assert "at least 4 of the clicks, heard 0" in s.session.state().message


def test_how_late_a_keyboard_is_is_kept_for_it_and_for_no_other(stand, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    s = stand()
    s.session.attach(
        SimpleNamespace(name="Launchkey Mini 24:0", connected=True),
        profile_for("Launchkey Mini 24:0"),
    )
    s.session.do("calibrate")
    s.run(0.001)
    s.score(
        [(i + 0.03 / BEAT, 60, 0.4, 80) for i in range(8)],
        s.director._context.time.seconds(0.0),
        QPM,
    )
    s.run(9 * BEAT)
    s.session.close()
    found = [profile_for(name) for name in ("Launchkey Mini 20:0", "Oxygen 25 24:0")]
    assert [(p.name, p.offset) for p in found] == [
        ("launchkey-mini", pytest.approx(0.03, abs=0.002)),
        ("generic", 0.0),
    ]
