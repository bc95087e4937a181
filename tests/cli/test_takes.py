"""Tests of takes."""

from __future__ import annotations

from composer.live.takes.header import HEADER
from composer.live.takes.saved import read_take
from composer.songs import read

from tests.support.command import fails
from tests.support.jack_server import jack  # noqa: F401


def test_takes_are_listed(composer, two):
    done = composer("takes")
    assert (done.returncode, done.stderr) == (0, "")
    head, first, second = (line.split() for line in done.stdout.splitlines())
    assert head == ["take", "when", "mode", "model", "bars", "seconds", "ended"]
    about = read_take(composer.takes / two[0]).header
    day = ["Sat", "07", "Mar", "2026", "21:04"]
    length = [str(about.length), f"{about.seconds:.1f}"]
    assert first == [two[0], *day, "phrase", about.model, *length, "bars", "kept", "Ländler"]
    assert second == [
        two[1],
        "Sun",
        "08",
        "Mar",
        "2026",
        "10:00",
        "duet",
        about.model,
        "0",
        "0.0",
        "cut",
        "off",
    ]


def test_without_takes_the_list_says_how_to_make_them(composer):
    done = composer("takes")
    assert (done.returncode, done.stdout) == (0, "")
    assert "composer play" in done.stderr and str(composer.takes) in done.stderr


def test_a_damaged_take_is_listed_and_named(composer, two):
    (composer.takes / two[1] / HEADER).write_text("{")
    done = composer("takes")
    assert done.returncode == 0
    assert any(two[1] in line and "damaged" in line for line in done.stdout.splitlines())
    fails(composer("takes", "check", two[1]), two[1], "damaged")


def test_takes_lie_where_one_says(composer, two):
    elsewhere = composer.takes.rename(composer.folder / "mine")
    for arguments, environment in (
        (["takes", "--takes", "mine"], {}),
        (["takes"], {"COMPOSER_TAKES": "mine"}),
        (["takes", "check", "2026-03-07", "--takes", "mine"], {}),
        (["takes", "--takes", "mine", "check", "2026-03-07"], {}),
        (["takes", "check", str(elsewhere / two[0])], {}),
    ):
        done = composer(*arguments, **environment)
        assert (done.returncode, done.stderr) == (0, ""), arguments
        assert two[0] in done.stdout


def test_a_take_is_checked(composer, two):
    done = composer("takes", "check", two[0])
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{two[0]}: the same notes\n", "")
    path = composer.takes / two[0] / HEADER
    path.write_text(path.read_text().replace('"seed": 5', '"seed": 6'))
    done = composer("takes", "check", two[0])
    assert (done.returncode, done.stdout) == (1, f"{two[0]}: other notes\n")
    assert "Bass: " in done.stderr
    fails(composer("takes", "check", "last"), "duet", "composer replay")
    fails(composer("takes", "check", "1999"), "'1999'", two[0])


def test_a_take_is_exported(composer, two):
    done = composer("takes", "export", two[0], "-o", "out")
    assert (done.returncode, done.stderr) == (0, "")
    assert "out/arrangement.mid" in done.stdout.splitlines()
    done = composer("takes", "export", two[0], "-o", "tune.mid")
    assert (done.returncode, done.stdout) == (0, "tune.mid\n")
    assert len(read(composer.folder / "tune.mid").tracks) == 4
    fails(composer("takes", "export", "last", "-o", "x.mid"), "nothing was played")
    fails(composer("takes", "export", two[0], "-o", "x.wav", "--soundfont", "no.sf2"), "no.sf2")
    fails(composer("takes", "export", two[0]), "--out", "--help")
