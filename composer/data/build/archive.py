"""Write the files of the build scripts: their bytes depend on their arrays alone."""

from __future__ import annotations

import argparse
import io
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from composer.errors import ComposerError, OutputError

Arrays = dict[str, NDArray[Any]]

TIMESTAMP = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip file can hold
UNIX = 3
READABLE_BY_ALL = 0o644 << 16
KB = 1000


def write(path: Path, arrays: Arrays) -> None:
    """Write an npz whose bytes depend on the arrays alone: not on the clock, not on the machine.

    Raise OutputError if `path` cannot be written.
    """
    try:
        with zipfile.ZipFile(path, "w") as file:
            for name, array in arrays.items():
                buffer = io.BytesIO()
                np.lib.format.write_array(
                    buffer,
                    array,
                    version=(1, 0),
                    allow_pickle=False,
                )
                entry = zipfile.ZipInfo(f"{name}.npy", TIMESTAMP)
                entry.create_system = UNIX
                entry.external_attr = READABLE_BY_ALL
                file.writestr(
                    entry,
                    buffer.getvalue(),
                    zipfile.ZIP_DEFLATED,
                    compresslevel=9,
                )
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written: {error.strerror or error}"
        ) from error


def run(
    bundled: Path,
    source: str,
    make: Callable[[], tuple[Arrays, list[str]]],
) -> None:
    """Run a build script: read the command line, make the arrays, write the file, describe it.

    bundled: the file to write by default. source: what it is built from, in words. make: returns
    the arrays, and lines that describe them.
    """
    from rich.console import Console

    parser = argparse.ArgumentParser(description=f"Build {bundled.name} from {source}.")
    parser.add_argument(
        "--out",
        type=Path,
        default=bundled,
        help="file to write (default: the bundled one)",
    )
    out: Path = parser.parse_args().out
    try:
        arrays, lines = make()
        write(out, arrays)
    except ComposerError as error:
        parser.exit(2, f"{error}\n")
    console = Console()
    for line in lines:
        console.print(line, highlight=False)
    console.print(f"{out}: {out.stat().st_size / KB:.0f} KB", highlight=False)


def counted(splits: Iterable[str]) -> str:
    """Say how many pieces each split has, the largest first.

    >>> counted(["train", "", "train"])
    '2 train, 1 no split'
    """
    counts = Counter(split or "no split" for split in splits)
    return ", ".join(f"{count} {split}" for split, count in counts.most_common())
