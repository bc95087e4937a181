"""A take as files for others: a folder, one MIDI file, its sound, or all of it in one archive."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

from composer.errors import OutputError
from composer.files import atomic, check_ending
from composer.live.takes.saved import FILES, MELODY, SOUND, SavedTake
from composer.songs import write
from composer.songs.midi import to_bytes

SUFFIXES = (".mid", ".wav", ".zip")


def export_take(take: SavedTake, out: Path, soundfont: Path | None = None) -> list[Path]:
    """Write a take where the player wants it; the paths that were written.

    out: .mid and .wav get the arrangement (or the melody, if it did not come to one), .zip and a folder everything;
    in a folder that is there already it gets one of its own. Raises ComposerError where nothing was played, and
    OutputError.
    """
    out = out.expanduser()
    if out.suffix.lower() in SUFFIXES and not out.is_dir():
        return [_file(take, out, soundfont)]
    if out.exists() and not out.is_dir():
        raise OutputError(
            f"a take goes into a folder or a file that ends in {', '.join(SUFFIXES)}, got {out}"
        )
    if not out.is_dir():
        check_ending(out, SUFFIXES, "a file of a take")
    return _folder(take, out / take.name if out.is_dir() else out)


def _file(take: SavedTake, out: Path, soundfont: Path | None) -> Path:
    if out.suffix.lower() == ".mid":
        write(out, take.music())
    elif out.suffix.lower() == ".wav":
        from composer.songs.audio import write_wav

        write_wav(out, take.music(), soundfont)
    else:
        with (
            atomic(out) as temporary,
            zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive,
        ):
            for name, data in _contents(take):
                archive.writestr(f"{take.name}/{name}", data)
    return out


def _folder(take: SavedTake, folder: Path) -> list[Path]:
    if folder.resolve() == take.folder.resolve():
        raise OutputError(f"{folder} is the take itself", mend="out")
    written = []
    for name, data in _contents(take):
        with atomic(folder / name) as temporary:
            temporary.write_bytes(data)
        written.append(folder / name)
    return written


def _contents(take: SavedTake) -> Iterator[tuple[str, bytes]]:
    """(Name, bytes) of the take's files; the melody of one that was cut off is made of its keys."""
    for name in (*FILES, SOUND):
        path = take.folder / name
        if path.is_file():
            yield name, path.read_bytes()
        elif name == MELODY and (melody := take.melody()) is not None:
            yield name, to_bytes(melody)
