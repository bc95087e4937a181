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
    {"jsb": "composer.data.jsb:corpus", "quartets": "composer.data.quartets:corpus"}
)


def load_corpus(
    name_or_path: str | Path,
    roles: Sequence[Role] = (),
    on_progress: Callable[[int, int, Path], None] | None = None,
) -> Corpus:
    """The dataset of that name, or the music in that folder: MIDI, MusicXML, and pianorolls (.npz).

    roles: of the tracks (`parse_roles`), for a folder only; none leaves the choice to `roles.choose`. on_progress gets
    the files read so far, the files in all, and the path of the last. A name comes before a folder of that name:
    write ./jsb for the folder. Raises ConfigError where there is neither, or nothing in it to use;
    MissingPackageError where MusicXML needs music21.
    """
    names = ", ".join(sorted(DATASETS))
    if isinstance(name_or_path, str) and name_or_path in DATASETS:
        if roles:
            raise ConfigError(
                f"{name_or_path} has its own tracks; roles (--track) are for a folder of MIDI"
            )
        module, function = DATASETS[name_or_path].split(":")
        load: Callable[[], Corpus] = getattr(import_module(module), function)
        return load()
    try:
        folder = Path(name_or_path).expanduser()
        is_folder = folder.is_dir()
    except (OSError, ValueError, RuntimeError):  # a name too long, a null byte, an unknown ~user
        is_folder = False
    if not is_folder:
        raise ConfigError(
            f"a dataset is {names}, or a folder of MIDI, MusicXML or .npz files; got {str(name_or_path)!r}"
        )
    from composer.data.folder import read_folder

    return read_folder(folder, roles, on_progress)
