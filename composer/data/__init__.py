"""Datasets by name, imported on first use, and folders of one's own music."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from types import MappingProxyType

from composer.data.corpus import Corpus, Skipped
from composer.data.roles import Role, parse_roles
from composer.errors import ConfigError

__all__ = ["DATASETS", "Corpus", "Role", "Skipped", "load_corpus", "parse_roles"]

DATASETS = MappingProxyType(
    {
        "jsb": "composer.data.jsb:corpus",
        "quartets": "composer.data.quartets:corpus",
    }
)
"""Name to the function that loads a dataset, "module:function"."""


def load_corpus(
    name_or_path: str | Path,
    roles: Sequence[Role] = (),
    on_progress: Callable[[int, int, Path], None] | None = None,
) -> Corpus:
    """Load the dataset of that name, or the music in that folder: MIDI, MusicXML, and pianorolls
    (.npz).

    roles: of a folder's tracks (`parse_roles`); none leaves the choice to `roles.choose`.
    on_progress: gets the number of files read so far, of files in all, and the path of the last. A
    name comes before a folder of that name: write ./jsb for the folder. Raise ConfigError if there
    is neither, or nothing in it to use; MissingPackageError if MusicXML needs music21.

    >>> jsb = load_corpus("jsb")
    >>> len(jsb.train), len(jsb.valid), len(jsb.test)
    (217, 75, 77)
    >>> jsb.roles
    ('Soprano', 'Alto', 'Tenor', 'Bass')
    """
    if isinstance(name_or_path, str) and name_or_path in DATASETS:
        if roles:
            raise ConfigError(f"{name_or_path} has its own tracks", mend="own-tracks")
        return _load_bundled(name_or_path)
    folder = Path(name_or_path)
    if not _is_folder(folder):
        names = ", ".join(sorted(DATASETS))
        raise ConfigError(
            f"a dataset is {names}, or a folder of MIDI, MusicXML or .npz files; "
            f"got {str(name_or_path)!r}"
        )
    # Here, because reading a folder brings in the readers of all kinds of files.
    from composer.data.folder import read_folder

    return read_folder(folder.expanduser(), roles, on_progress)


def _load_bundled(name: str) -> Corpus:
    module, function = DATASETS[name].split(":")
    load: Callable[[], Corpus] = getattr(import_module(module), function)
    return load()


def _is_folder(path: Path) -> bool:
    try:
        return path.expanduser().is_dir()
    except (OSError, ValueError, RuntimeError):
        # A name too long, a null byte, an unknown ~user.
        return False
