"""All that comes with Composer or is installed beside it, by name.

Tunes, models, device profiles and SoundFonts; and the folder in which a player's own things lie.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from composer.errors import ComposerError, ModelError

NAME: Final = "composer"
PACKAGE: Final = Path(str(files(NAME)))
CARD: Final = "model.json"  # what makes a folder a model
DEVICES: Final = "devices"
SOUNDFONT_VARIABLE: Final = "COMPOSER_SOUNDFONT"
# Not Homebrew's share/fluid-synth: its one SoundFont is a demonstration, not General MIDI.
SOUNDFONT_FOLDERS: Final = (
    "/usr/share/sounds/sf2",
    "/usr/share/soundfonts",
    "/usr/local/share/soundfonts",
    "/opt/homebrew/share/soundfonts",
    "~/Library/Audio/Sounds/Banks",
)
PREFERRED: Final = ("default-GM.sf2", "default.sf2", "FluidR3_GM.sf2")


# --- tunes -------------------------------------------------------------------------------


def tunes() -> dict[str, Path]:
    """Return the bundled tunes: MIDI files of one line each, by name, in order of the alphabet.

    Raise ComposerError if they are not installed.

    >>> "greensleeves" in tunes()
    True
    """
    return {path.stem: path for path in sorted(assets("melodies").glob("*.mid"))}


def tune(name: str) -> Path:
    """Return the MIDI file of a bundled tune. Raise ComposerError that lists those that exist.

    >>> tune("ode-to-joy").name
    'ode-to-joy.mid'
    """
    found = tunes()
    if name not in found:
        raise ComposerError(f"a melody is one of {', '.join(found)}; got {name!r}")
    return found[name]


# --- models ------------------------------------------------------------------------------


def models() -> dict[str, Path]:
    """Return the folders of the bundled models by name, in order of the alphabet.

    >>> "jsb-chorales" in models()
    True
    """
    # A checkout has them beside the package; an installed package has them inside.
    places = [PACKAGE / "_models", PACKAGE.parent / "models"]
    cards = [card for place in places for card in place.glob(f"*/{CARD}")]
    folders = {card.parent.name: card.parent for card in cards}
    return dict(sorted(folders.items()))


def model(name: str) -> Path:
    """Return the folder of a bundled model. Raise ModelError that lists those that exist.

    >>> model("jsb-chorales").name
    'jsb-chorales'
    """
    found = models()
    if name not in found:
        known = ", ".join(found) or "none"
        raise ModelError(f"a bundled model is one of {known}; got {name!r}")
    return found[name]


# --- device profiles ---------------------------------------------------------------------


def bundled_profiles() -> dict[str, Path]:
    """Return the files of the bundled device profiles by name.

    >>> "generic" in bundled_profiles()
    True
    """
    return {path.stem: path for path in sorted(assets(DEVICES).glob("*.json"))}


def learned_profiles() -> dict[str, Path]:
    """Return the files of the device profiles that this player taught, by name."""
    return {path.stem: path for path in sorted(learned_folder().glob("*.json"))}


def learned_folder() -> Path:
    """Return the folder of the device profiles that this player taught; it may not exist yet."""
    return data_folder() / DEVICES


# --- SoundFonts --------------------------------------------------------------------------


def soundfont(named: str | Path | None = None, light: bool = False) -> Path:
    """Return the SoundFont to play with: `named`, else $COMPOSER_SOUNDFONT, else an installed one.

    light: of those installed the smallest, which takes little memory and time; a large one has
    150 MB. Raise ComposerError if the one that is named is not there, or none is installed.
    """
    wanted = named or os.environ.get(SOUNDFONT_VARIABLE)
    if wanted:
        path = Path(wanted).expanduser()
        if not path.is_file():
            raise ComposerError(
                f"no SoundFont at {path}; give the path of an .sf2 file, or none"
            )
        return path
    found = soundfonts()
    if not found:
        raise ComposerError(
            f"no SoundFont found; set ${SOUNDFONT_VARIABLE} to an .sf2 file, "
            "or pip install pretty_midi"
        )
    return min(found, key=_size) if light else found[0]


def soundfonts() -> list[Path]:
    """Return the installed SoundFonts, the best first; pretty_midi brings a small one."""
    return [path for path in _soundfont_places() if path.is_file()]


def _soundfont_places() -> Iterator[Path]:
    for name in SOUNDFONT_FOLDERS:
        folder = Path(name).expanduser()
        yield from (folder / preferred for preferred in PREFERRED)
        yield from sorted(folder.glob("*.sf2"))
    package = find_spec("pretty_midi")  # found, not imported: that takes a second
    places = package.submodule_search_locations if package else None
    for place in places or ():
        yield from sorted(Path(place).glob("*.sf2"))


def _size(path: Path) -> int:
    return path.stat().st_size


# --- folders -----------------------------------------------------------------------------


def assets(name: str) -> Path:
    """Return the bundled folder `name`, in the installed package or in the checkout around it.

    Raise ComposerError if it is in neither.
    """
    installed = PACKAGE / "_assets" / name
    in_repository = PACKAGE.parent / "assets" / name
    for place in (installed, in_repository):
        if place.is_dir():
            return place
    raise ComposerError(
        f"the bundled {name} are missing: no folder {installed}; install composer again"
    )


def data_folder() -> Path:
    """Return the folder in which a player's takes and devices are kept; it may not exist yet.

    On Linux that is $XDG_DATA_HOME/composer, by default ~/.local/share/composer.
    """
    # Imported when a player plays: arranging needs no such folder, and starts faster without it.
    import platformdirs

    return platformdirs.user_data_path(NAME, appauthor=False)
