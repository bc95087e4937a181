"""Give a take away: as a folder, one MIDI file, its sound, or all of it in one archive."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

from composer.errors import OutputError
from composer.files import atomic, check_ending
from composer.live.takes.header import FILES, MELODY, SOUND
from composer.live.takes.saved import SavedTake
from composer.songs import write
from composer.songs.midi import to_bytes

SUFFIXES = (".mid", ".wav", ".zip")


def export_take(
    take: SavedTake, out: Path, soundfont: Path | None = None
) -> list[Path]:
    """Write a take to where the player wants it, and return the paths that were written.

    out: a .mid or .wav file gets the arrangement (the melody, if there is none); a .zip file or a
    folder gets everything. In a folder that is there already the take gets a folder of its own.
    Raise ComposerError if nothing was played, OutputError if it cannot be written.
    """
    out = out.expanduser()
    is_folder = out.is_dir()
    if out.suffix.lower() in SUFFIXES and not is_folder:
        return [_export_file(take, out, soundfont)]
    if out.exists() and not is_folder:
        endings = ", ".join(SUFFIXES)
        raise OutputError(
            f"a take goes into a folder or a file that ends in {endings}, got {out}"
        )
    if is_folder:
        return _export_folder(take, out / take.name)
    check_ending(out, SUFFIXES, "a file of a take")
    return _export_folder(take, out)


def _export_file(take: SavedTake, out: Path, soundfont: Path | None) -> Path:
    kind = out.suffix.lower()
    if kind == ".mid":
        write(out, take.music())
    elif kind == ".wav":
        from composer.songs.audio import write_wav

        write_wav(out, take.music(), soundfont)
    else:
        _export_archive(take, out)
    return out


def _export_archive(take: SavedTake, out: Path) -> None:
    with (
        atomic(out) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for name, data in _contents(take):
            archive.writestr(f"{take.name}/{name}", data)


def _export_folder(take: SavedTake, folder: Path) -> list[Path]:
    if folder.resolve() == take.folder.resolve():
        raise OutputError(f"{folder} is the take itself", mend="out")
    written = []
    for name, data in _contents(take):
        with atomic(folder / name) as temporary:
            temporary.write_bytes(data)
        written.append(folder / name)
    return written


def _contents(take: SavedTake) -> Iterator[tuple[str, bytes]]:
    """Yield (name, bytes) of the take's files; the melody of one that was cut off is made of its
    keys.
    """
    for name in (*FILES, SOUND):
        path = take.folder / name
        if path.is_file():
            yield name, path.read_bytes()
        elif name == MELODY:
            melody = take.melody()
            if melody is not None:
                yield name, to_bytes(melody)
