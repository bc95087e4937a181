"""pypianoroll's Multitrack, and the .npz files of the Lakh Pianoroll Dataset, to Songs and back.

A pianoroll here is pypianoroll's: [step, pitch], velocities (0 is silence) or bool. Reading a file
needs no pypianoroll; `to_multitrack` does.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from composer.errors import MidiError, MissingPackageError
from composer.songs.midi import check_length
from composer.songs.song import Note, Song, Tempo, TimeSignature, Track

if TYPE_CHECKING:
    from pypianoroll import Multitrack

PITCHES = 128
MAX_CELLS = 2**28
MAX_RESOLUTION = 32767  # steps a beat, as many as MIDI has ticks
DEFAULT_VELOCITY = 80  # of a bool pianoroll
LONGEST_LAST_BAR = 8  # beats
LONGEST_REASON = 100  # characters of what a library says of a damaged file


class _Roll(NamedTuple):
    """One track as pypianoroll has it."""

    pianoroll: NDArray[Any]
    name: str | None
    program: int | None
    is_drum: bool | None


# --- to pypianoroll ----------------------------------------------------------------------


def to_multitrack(song: Song, resolution: int = 24) -> Multitrack:
    """Return a song as a pypianoroll.Multitrack, filled up to a whole bar.

    resolution: steps a beat. A Song without tempos or metres gives None for tempo or downbeat.

    Lost: what is finer than a step (a note lasts at least one); keys; which of two metres of one
    length it was; a metre change without a new bar length. A note that the next of its pitch
    follows at once ends one step early, so that both survive; if it is only one step long, or both
    start in one step, they become one.

    Raise MidiError if the arrays would fill the memory, MissingPackageError without pypianoroll.
    """
    try:
        import pypianoroll
    except ImportError as error:
        raise MissingPackageError(
            f"pianorolls need pypianoroll: pip install 'melody-composer[lakh]' ({error})"
        ) from error
    if resolution < 1:
        raise MidiError(f"a beat has at least one step, got {resolution}")
    steps = _steps(song, resolution)
    tracks = [
        pypianoroll.StandardTrack(
            name=track.name,
            program=track.program,
            is_drum=track.is_drum,
            pianoroll=_pianoroll(track, steps, resolution),
        )
        for track in song.tracks
    ]
    tempo = _tempo(song, steps, resolution) if song.tempos else None
    downbeat = _downbeat(song, steps, resolution) if song.time_signatures else None
    return pypianoroll.Multitrack(song.title, resolution, tempo, downbeat, tracks)


def _steps(song: Song, resolution: int) -> int:
    """Return the steps of a song's pianorolls. Raise MidiError if they would fill the memory."""
    last_bar = song.bar_onsets()[-1]
    end = max(song.end, last_bar + song.metre_at(last_bar).beats_per_bar)
    last_start = 0
    for track in song.tracks:
        for note in track.notes:
            last_start = max(last_start, round(note.onset * resolution))
    # A note that is rounded past the end has its step too.
    steps = max(round(end * resolution), last_start + 1)
    _check_size(song, end, steps, len(song.tracks))
    return steps


def _check_size(song: Song, end: float, steps: int, tracks: int) -> None:
    check_length(song, end)
    if steps * PITCHES * tracks > MAX_CELLS:
        raise MidiError(
            f"pianorolls have at most {MAX_CELLS} cells, {tracks} tracks of {steps} steps have more"
        )


def _pianoroll(track: Track, steps: int, resolution: int) -> NDArray[np.uint8]:
    """Return velocities, uint8 [step, pitch]."""
    roll = np.zeros((steps, PITCHES), np.uint8)
    last: dict[int, tuple[int, int]] = {}  # pitch: (start, stop) of the note before
    for note in track.notes:
        start = round(note.onset * resolution)
        stop = max(start + 1, round(note.end * resolution))
        start_before, stop_before = last.get(note.pitch, (start, start))
        roll[start:stop_before, note.pitch] = 0
        # One step of silence keeps two notes apart, unless a note of one step would vanish.
        if start_before < start - 1:
            roll[start - 1, note.pitch] = 0
        roll[start:stop, note.pitch] = note.velocity
        last[note.pitch] = (start, stop)
    return roll


def _tempo(song: Song, steps: int, resolution: int) -> NDArray[np.float64]:
    """Return quarter notes a minute, float [step]."""
    tempo = np.full(steps, song.qpm)
    for change in song.tempos:
        start = round(change.onset * resolution)
        tempo[start:] = change.qpm
    return tempo


def _downbeat(song: Song, steps: int, resolution: int) -> NDArray[np.bool_]:
    """Return the first steps of the bars, bool [step]."""
    downbeat = np.zeros(steps, bool)
    for bar in song.bar_onsets():
        start = round(bar * resolution)
        # A bar may be rounded past the end.
        if start < steps:
            downbeat[start] = True
    return downbeat


# --- from pypianoroll --------------------------------------------------------------------


def from_multitrack(multitrack: Multitrack) -> Song:
    """Return the Song of a pypianoroll.Multitrack.

    Neighbouring cells of one pitch are one note with its first velocity. Metres come from the
    distance of the downbeats, tempos from the steps at which `tempo`, [step] or [step, 1], changes.
    Raise MidiError for arrays of other shapes.
    """
    rolls = [
        _Roll(track.pianoroll, track.name, track.program, track.is_drum)
        for track in multitrack.tracks
    ]
    return _song(
        multitrack.name,
        multitrack.resolution,
        multitrack.tempo,
        multitrack.downbeat,
        rolls,
    )


def from_npz(data: bytes) -> Song:
    """Return the Song in the bytes of a file that `pypianoroll.save` wrote; nothing is executed.

    Not through `pypianoroll.load`, which trusts the indices in the file and writes outside of the
    array. Raise MidiError if it is no such file, damaged, or would fill the memory.
    """
    try:
        _check_unpacked(data)
        with np.load(BytesIO(data), allow_pickle=False) as arrays:
            return _from_arrays(arrays)
    except MidiError:
        raise
    except Exception as error:
        # zipfile, zlib, json and numpy raise a dozen kinds over a damaged file.
        reason = str(error).split("\n")[0][:LONGEST_REASON]
        raise MidiError(
            f"not a file that pypianoroll wrote, or damaged ({type(error).__name__}: {reason})"
        ) from error


def _check_unpacked(data: bytes) -> None:
    # A small archive may unpack to more than the memory holds.
    with zipfile.ZipFile(BytesIO(data)) as members:
        size = sum(member.file_size for member in members.infolist())
    if size > MAX_CELLS:
        raise MidiError(
            f"pianorolls have at most {MAX_CELLS} bytes unpacked, these have {size}"
        )


def _from_arrays(arrays: Mapping[str, NDArray[Any]]) -> Song:
    info = json.loads(arrays["info.json"])  # type: ignore[arg-type]
    # Files of the time before pypianoroll 1.0 say beat_resolution.
    resolution = info.get("resolution") or info["beat_resolution"]
    count = _count_tracks(info)
    rolls = [_read_roll(arrays, info, i, count) for i in range(count)]
    return _song(
        info.get("name"),
        resolution,
        arrays.get("tempo"),
        arrays.get("downbeat"),
        rolls,
    )


def _count_tracks(info: Mapping[str, Any]) -> int:
    """Return how many tracks there are: they are numbered "0", "1", ... without a gap."""
    count = 0
    while str(count) in info:
        count += 1
    return count


def _read_roll(
    arrays: Mapping[str, NDArray[Any]], info: Mapping[str, Any], index: int, count: int
) -> _Roll:
    """Return track number `index` of `count`, which is stored as a sparse matrix by columns."""
    stored = f"pianoroll_{index}_csc_"
    data = arrays[f"{stored}data"]
    rows = arrays[f"{stored}indices"]
    starts = arrays[f"{stored}indptr"]
    steps, pitches = (int(length) for length in arrays[f"{stored}shape"])
    fits = pitches == PITCHES and 0 <= steps * pitches * count <= MAX_CELLS
    if not fits or (rows < 0).any():
        raise MidiError(
            f"a pianoroll is [step, 128], {MAX_CELLS} cells in all; "
            f"got {count} of [{steps}, {pitches}]"
        )
    roll = np.zeros((steps, pitches), data.dtype)
    columns = np.repeat(np.arange(pitches), np.diff(starts))
    roll[rows, columns] = data
    settings = info[str(index)]
    return _Roll(
        roll,
        settings.get("name"),
        settings.get("program"),
        settings.get("is_drum"),
    )


def _song(
    name: str | None,
    resolution: int,
    tempo: NDArray[Any] | None,
    downbeat: NDArray[Any] | None,
    rolls: Sequence[_Roll],
) -> Song:
    if not isinstance(resolution, int) or not 1 <= resolution <= MAX_RESOLUTION:
        raise MidiError(
            f"a resolution is 1 to {MAX_RESOLUTION} steps a beat, got {resolution!r}"
        )
    lengths = [roll.pianoroll.shape[0] for roll in rolls]
    steps = max(lengths, default=0)
    tempos: Iterable[Tempo] = ()
    if tempo is not None:
        # A song without notes still has the tempo of its first step.
        tempos = _tempos(np.ravel(tempo)[: max(steps, 1)], resolution)
    metres: Iterable[TimeSignature] = ()
    if downbeat is not None:
        metres = _metres(np.ravel(downbeat)[:steps], resolution)
    song = Song(
        tracks=tuple(_track(roll, resolution) for roll in rolls),
        tempos=tuple(tempos),
        time_signatures=tuple(metres),
        title=name or "",
    )
    _check_size(song, steps / resolution, steps, len(rolls))
    return song


def _track(roll: _Roll, resolution: int) -> Track:
    cells = roll.pianoroll
    if cells.ndim != 2 or cells.shape[1] != PITCHES:
        raise MidiError(f"a pianoroll is [step, 128], got {list(cells.shape)}")
    program = int(roll.program or 0)
    if not 0 <= program <= 127:
        raise MidiError(f"a program is 0 to 127, got {program}")
    notes = _notes(cells, resolution)
    return Track(
        tuple(notes),
        roll.name or "",
        program,
        bool(roll.is_drum),
    )


def _notes(cells: NDArray[Any], resolution: int) -> list[Note]:
    """Return the notes of a pianoroll [step, pitch]: each run of cells of one pitch is one."""
    # A step of silence before and after, so that every note has two edges.
    silent_around = np.pad(cells > 0, ((1, 1), (0, 0)))
    edges = np.diff(silent_around.astype(np.int8), axis=0).T  # [pitch, step]
    pitches, starts = np.nonzero(edges > 0)
    _, stops = np.nonzero(edges < 0)
    velocities = _velocities(cells, starts, pitches)
    onsets = starts / resolution
    durations = (stops - starts) / resolution
    # Lists, as a Note holds Python's numbers.
    fields = zip(
        onsets.tolist(),
        pitches.tolist(),
        durations.tolist(),
        velocities.tolist(),
        strict=True,
    )
    return [
        Note(onset, pitch, duration, velocity)
        for onset, pitch, duration, velocity in fields
    ]


def _velocities(
    cells: NDArray[Any], starts: NDArray[np.intp], pitches: NDArray[np.intp]
) -> NDArray[Any]:
    """Return the velocity of each note, that of its first cell: int [note]."""
    if cells.dtype == np.bool_:
        return np.full(len(starts), DEFAULT_VELOCITY)
    first_cells = np.round(cells[starts, pitches])
    return np.clip(first_cells, 1, 127).astype(int)


def _tempos(tempo: NDArray[Any], resolution: int) -> list[Tempo]:
    """Return a Tempo for each change of `tempo`, quarter notes a minute [step].

    What is no tempo, 0 or not finite, is left out.
    """
    tempos: list[Tempo] = []
    for step in np.flatnonzero(np.diff(tempo, prepend=np.nan)):
        qpm = float(tempo[step])
        is_new = not tempos or tempos[-1].qpm != qpm
        if 0 < qpm < np.inf and is_new:
            tempos.append(Tempo(int(step) / resolution, qpm))
    return tempos


def _metres(downbeat: NDArray[Any], resolution: int) -> list[TimeSignature]:
    """Return a TimeSignature for each change in the distance of the downbeats, bool [step].

    The last bar tells nothing, as the array may stop in it, unless it is needed and has at most
    eight beats.
    """
    barlines = np.flatnonzero(downbeat).tolist()
    if not barlines:
        return []
    if barlines[0] > 0:
        barlines.insert(0, 0)
    last_bar = len(downbeat) - barlines[-1]
    if len(barlines) < 3 and last_bar <= LONGEST_LAST_BAR * resolution:
        barlines.append(len(downbeat))
    metres: list[TimeSignature] = []
    for start, stop in pairwise(barlines):
        metre = _metre(start, stop, resolution)
        if metre is None:
            continue
        if not metres or metres[-1].beats_per_bar != metre.beats_per_bar:
            metres.append(metre)
    return metres


def _metre(start: int, stop: int, resolution: int) -> TimeSignature | None:
    """Return the metre of a bar between two steps, None if there is none.

    In quarters if they fit, else in 8ths or 16ths.
    """
    for denominator in (4, 8, 16):
        numerator, rest = divmod((stop - start) * denominator, 4 * resolution)
        if not rest and numerator < 256:
            return TimeSignature(start / resolution, numerator, denominator)
    return None
