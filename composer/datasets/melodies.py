"""The bundled melodies: public-domain tunes as MIDI files, one line each, by name."""

from __future__ import annotations

from pathlib import Path

from composer.errors import ComposerError

INSTALLED = Path(__file__).parents[1] / "_assets" / "melodies"
IN_REPOSITORY = Path(__file__).parents[2] / "assets" / "melodies"


def folder() -> Path:
    """Where the melodies are: in the installed package, else in the repository beside it.

    Raises ComposerError if they are in neither.
    """
    for place in (INSTALLED, IN_REPOSITORY):
        if place.is_dir():
            return place
    raise ComposerError(f"the bundled melodies are missing: no folder {INSTALLED}; install composer anew")


def names() -> list[str]:
    """Names of all bundled melodies, in order of the alphabet."""
    return sorted(file.stem for file in folder().glob("*.mid"))


def path(name: str) -> Path:
    """The MIDI file of the melody `name`, e.g. `path("ode-to-joy")`.

    Raises ComposerError, naming those that exist, if there is none of that name.
    """
    if name not in names():
        raise ComposerError(f"a melody is one of {', '.join(names())}; got {name!r}")
    return folder() / f"{name}.mid"
