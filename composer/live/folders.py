"""Where a player's own files lie, and the files that come with the project."""

from __future__ import annotations

import os
from pathlib import Path

from composer.errors import ComposerError

PACKAGE = Path(__file__).parents[1]


def data_folder() -> Path:
    """The player's own: $XDG_DATA_HOME/composer, by default ~/.local/share/composer; it need not be there yet."""
    named = Path(os.environ.get("XDG_DATA_HOME", ""))
    home = named if named.is_absolute() else Path("~/.local/share").expanduser()  # as the XDG specification says
    return home / "composer"


def assets(name: str) -> Path:
    """The bundled folder `name`: in the installed package, else in the repository beside it.

    Raises ComposerError if it is in neither.
    """
    installed, in_repository = PACKAGE / "_assets" / name, PACKAGE.parent / "assets" / name
    for place in (installed, in_repository):
        if place.is_dir():
            return place
    raise ComposerError(f"the bundled {name} are missing: no folder {installed}; install composer anew")
