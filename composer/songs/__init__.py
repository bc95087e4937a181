"""Songs, the exchange type of everything, and the files that hold them.

`read` and `write` tell the kinds of files apart; each kind has a module here. What those import
comes in when a file is read or written, so that `import composer` stays light.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from composer.errors import MidiError
from composer.files import check_ending

if TYPE_CHECKING:
    from composer.songs.song import Song

READ_ENDINGS: Final = (".mid", ".midi", ".npz")  # by which songs are found in a folder
MIDI_ENDINGS: Final = (".mid", ".midi", ".kar")
SCORE_ENDINGS: Final = (".musicxml", ".xml")
SOUND_ENDINGS: Final = (".wav",)
WRITE_ENDINGS: Final = (*MIDI_ENDINGS, *SCORE_ENDINGS, *SOUND_ENDINGS)
ZIP: Final = b"PK\x03\x04"  # an .npz file is a ZIP archive


def read(path: str | Path) -> Song:
    """Read a Song from a MIDI file (.mid, also inside RIFF) or a pypianoroll file (.npz).

    The content tells which it is, not the name. Raise MidiError, one line that names the file, for
    whatever cannot be read.

    >>> from composer import catalog
    >>> read(catalog.tune("ode-to-joy")).title
    'Ode to Joy'
    """
    try:
        return _read(Path(path).expanduser())
    except MidiError as error:
        raise MidiError(f"cannot read {path}: {error}") from error
    except OSError as error:
        raise MidiError(f"cannot read {path}: {error.strerror or error}") from error
    except (
        ValueError,
        RuntimeError,
    ) as error:  # a null byte in the name; an unknown ~user
        raise MidiError(f"cannot read {path}: {error}") from error


def _read(path: Path) -> Song:
    from composer.songs.midi import MAX_BYTES, from_bytes

    if path.is_dir():
        raise MidiError("it is a folder, not a file")
    if path.exists() and not path.is_file():
        raise MidiError("it is a device or a pipe, not a file")
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) <= MAX_BYTES and data.startswith(ZIP):
        from composer.songs.npz import from_npz

        return from_npz(data)
    return from_bytes(data)


def write(path: str | Path, song: Song) -> None:
    """Write a song: as MIDI, as MusicXML (.musicxml, .xml) or as sound (.wav), as the name ends.

    A name without an ending is a MIDI file. The file appears whole or not at all. Raise OutputError
    for another ending or a place that cannot be written, MidiError for a song that MIDI cannot
    hold.

    >>> import tempfile
    >>> from composer.songs.song import Note, Song, Track
    >>> song = Song((Track((Note(0.0, 60, 1.0),), "Tune"),))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(Path(folder, "tune.mid"), song)
    ...     read(Path(folder, "tune.mid")) == song
    True
    """
    path = Path(path)
    ending = path.suffix.lower()
    if ending in SCORE_ENDINGS:
        from composer.songs.musicxml import write_musicxml

        write_musicxml(path, song)
    elif ending in SOUND_ENDINGS:
        from composer.songs.audio import write_wav

        write_wav(path, song)
    else:
        check_ending(path, WRITE_ENDINGS, "a song")
        from composer.songs.midi import write_midi

        write_midi(path, song)
