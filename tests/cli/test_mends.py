"""Ways out of errors are worded for those who type."""

from __future__ import annotations

import re
from pathlib import Path

from composer.cli.mends import MENDS, worded
from composer.errors import ConfigError, Mend

ROOT = Path(__file__).parents[2]


def test_a_way_out_follows_the_text():
    error = ConfigError("the song has 3 tracks, got 7", mend="track")
    assert worded(error) == "the song has 3 tracks, got 7; --track chooses another"


def test_a_way_out_may_suggest_a_value():
    error = ConfigError("that is a sound", mend=Mend("wav", "a.wav"))
    assert worded(error) == f"that is a sound; {MENDS['wav']} a.wav"


def test_an_error_without_a_way_out_is_its_text():
    assert worded(ConfigError("no")) == "no"
    assert worded(OSError("disk")) == "disk"


def ways() -> set[str]:
    """Return every way out that the package names in its text."""
    found = set()
    for path in (ROOT / "composer").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        found |= set(re.findall(r'mend="(\w+)"', text)) | set(re.findall(r'Mend\(\s*"(\w+)"', text))
    return found


def test_every_way_out_that_the_package_names_is_worded():
    assert len(ways()) > 5
    assert ways() - MENDS.keys() == set()
