"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from composer.errors import OutputError

TEMPORARY_BYTES = 8  # of chance in a temporary name, two hexadecimal digits each


@contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """Lend a temporary path to write to; it becomes `path` when the block ends.

    If the block fails, nothing is left of it. The temporary path is in the same folder and has the
    same suffix; missing folders are created. Raise OutputError, one line, for every OSError, also
    for one raised inside the block.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with atomic(Path(folder, "song.txt")) as temporary:
    ...         _ = temporary.write_text("all of it")
    ...     Path(folder, "song.txt").read_text()
    'all of it'
    """
    missing: list[Path] = []
    temporary: Path | None = None
    try:
        target = _target(path)
        missing = [folder for folder in target.parents if not folder.exists()]
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(
            f".{secrets.token_hex(TEMPORARY_BYTES)}{target.suffix}"
        )
        yield temporary
        temporary.replace(target)
    except OSError as error:
        _remove(temporary, missing)
        reason = error.strerror or str(error) or type(error).__name__
        text = f"cannot write {os.fspath(path)}: {reason}"
        raise OutputError(text, mend="out") from error
    except BaseException:
        _remove(temporary, missing)
        raise


def free_path(path: Path) -> Path:
    """Return `path` if nothing is there, else the first of "name-2", "name-3" ... that is free.

    >>> free_path(Path("no-such-folder/take-3.mid")).name
    'take-3.mid'
    """
    number = 1
    free = path
    # A link that leads nowhere is there too: writing would follow it.
    while free.exists() or free.is_symlink():
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return free


def is_temporary(path: Path, suffixes: Sequence[str]) -> bool:
    """Return whether a file is named as what `atomic` lends for a suffix; no link is.

    suffixes: with their dots, as the files that are written have them.

    >>> is_temporary(Path("song.mid"), [".mid"])
    False
    """
    digits = 2 * TEMPORARY_BYTES
    is_named_so = re.fullmatch(rf"\.[0-9a-f]{{{digits}}}", path.stem) is not None
    if not is_named_so or path.suffix not in suffixes:
        return False
    return path.is_file() and not path.is_symlink()


def check_ending(path: Path, endings: Sequence[str], what: str) -> None:
    """Raise OutputError if `path` ends like another kind of file than `what`.

    A name without an ending may be any. endings: with their dots, in small letters.

    >>> check_ending(Path("tune.MID"), [".mid", ".midi"], "the MIDI file")
    """
    has_ending = re.fullmatch(r"\.[A-Za-z0-9]{2,8}", path.suffix) is not None
    if has_ending and path.suffix.lower() not in endings:
        raise OutputError(f"{what} ends in {' or '.join(endings)}, got {path}")


def _target(path: str | Path) -> Path:
    """Return the regular file that `path` names, links followed.

    Raise OSError if it names something else.
    """
    try:
        target = Path(path).expanduser().resolve()
    except (ValueError, RuntimeError) as error:  # a null byte; a loop of links
        raise OSError(str(error)) from error
    # os.replace would put a file in the place of /dev/null.
    if target.exists() and not target.is_file():
        raise OSError("it is a folder or a device")
    return target


def _remove(temporary: Path | None, folders: list[Path]) -> None:
    """Remove what `atomic` made: the temporary file, then the folders, innermost first."""
    if temporary is not None:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()
