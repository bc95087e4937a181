"""The bundled melodies: public-domain tunes as MIDI files, one line each, by name."""

from __future__ import annotations

import os
from pathlib import Path

from composer.errors import ComposerError

INSTALLED = Path(__file__).parent / "_assets" / "melodies"
IN_REPOSITORY = Path(__file__).parents[1] / "assets" / "melodies"


def folder() -> Path:
    """Where the melodies are: in the installed package, else in the repository beside it.

    Raises ComposerError if they are in neither.
    """
    for place in (INSTALLED, IN_REPOSITORY):
        if place.is_dir():
            return place
    raise ComposerError(
        f"the bundled melodies are missing: no folder {INSTALLED}; install composer anew"
    )


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


PACKAGE = Path(__file__).parent


def data_folder() -> Path:
    """The player's own: $XDG_DATA_HOME/composer, by default ~/.local/share/composer; it need not be there yet."""
    named = Path(os.environ.get("XDG_DATA_HOME", ""))
    home = (
        named if named.is_absolute() else Path("~/.local/share").expanduser()
    )  # as the XDG specification says
    return home / "composer"


def assets(name: str) -> Path:
    """The bundled folder `name`: in the installed package, else in the repository beside it.

    Raises ComposerError if it is in neither.
    """
    installed, in_repository = PACKAGE / "_assets" / name, PACKAGE.parent / "assets" / name
    for place in (installed, in_repository):
        if place.is_dir():
            return place
    raise ComposerError(
        f"the bundled {name} are missing: no folder {installed}; install composer anew"
    )
