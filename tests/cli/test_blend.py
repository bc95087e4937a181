"""Tests of blend."""

from __future__ import annotations

from tests.support.command import fails, files


def test_a_blend(one):
    assert one("arrange", "ode-to-joy", "--seed", 2, "-o", "two.mid").returncode == 0
    done = one("blend", "one.mid", "two.mid", "--steps", 3)
    assert (done.returncode, done.stderr) == (0, "")
    assert files(one.folder) == [
        "blend/01.mid",
        "blend/02.mid",
        "blend/03.mid",
        "one.mid",
        "two.mid",
    ]
    ends = [(one.folder / name).read_bytes() for name in ("blend/01.mid", "blend/03.mid")]
    assert ends == [(one.folder / name).read_bytes() for name in ("one.mid", "two.mid")]
    assert "02.mid" in done.stdout and "differs from A" in done.stdout


def test_what_cannot_blend(one):
    fails(one("blend", "one.mid", "nothing.mid"), "cannot read nothing.mid")
    fails(one("blend", "one.mid", "one.mid", "--model", "nothing"), "no model 'nothing'")
    fails(one("blend", "one.mid", "one.mid", "--steps", 1), "steps")
    assert files(one.folder) == ["one.mid"]
