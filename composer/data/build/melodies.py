"""Build the bundled tunes from their ABC notation: `python -m composer.data.build.melodies`."""

from __future__ import annotations

import argparse
from pathlib import Path

from composer import catalog
from composer.songs import write
from composer.songs.abc import to_song, tunes

ABC = "melodies.abc"


def build(folder: Path) -> list[Path]:
    """Write the MIDI file of every tune in a folder's ABC file beside it; return what was written.

    folder: holds `melodies.abc`. Raise MelodyError if a tune is not well formed.
    """
    written = []
    for tune in tunes((folder / ABC).read_text(encoding="utf-8")):
        path = folder / f"{tune.name}.mid"
        write(path, to_song(tune))
        written.append(path)
    return written


def main() -> None:
    """Build all, and print each file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--folder",
        type=Path,
        default=catalog.assets("melodies"),
        help=f"where {ABC} is and the files go",
    )
    for path in build(parser.parse_args().folder):
        print(path)


if __name__ == "__main__":
    main()
