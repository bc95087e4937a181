"""pypianoroll's Multitrack, and the .npz files of the Lakh Pianoroll Dataset, to Songs and back.

A pianoroll here is pypianoroll's: [step, pitch], velocities (0 is silence) or bool.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
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

MAX_CELLS = 2**28
DEFAULT_VELOCITY = 80  # of a bool pianoroll
LONGEST_LAST_BAR = 8  # beats


class _Roll(NamedTuple):
    """One track as pypianoroll has it."""

    pianoroll: NDArray[Any]
    name: str | None
    program: int | None
    is_drum: bool | None


def to_multitrack(song: Song, resolution: int = 24) -> Multitrack:
    """`song` as a pypianoroll.Multitrack of `resolution` steps a beat, filled up to a whole bar.

    Lost: what is finer than a step (a note lasts at least one); keys; which of two metres of one length it was; a
    metre change without a new bar length. A note that the next of its pitch follows at once ends one step early, so
    that both survive; if it is only one step long, or both start in one step, they become one. A Song without
    tempos or metres gives None for tempo or downbeat. Raises MidiError if the arrays would fill the memory.
    """
    try:
        import pypianoroll
    except ImportError as error:
        raise MissingPackageError(
            f"pianorolls need pypianoroll: pip install pypianoroll ({error})"
        ) from error
    if resolution < 1:
        raise MidiError(f"a beat has at least one step, got {resolution}")
    bars = song.bar_onsets()
    end = max(song.end, bars[-1] + song.metre_at(bars[-1]).beats_per_bar)
    starts = (round(note.onset * resolution) for track in song.tracks for note in track.notes)
    steps = max(round(end * resolution), 1 + max(starts, default=0))
    _check_size(song, end, steps, len(song.tracks))
    downbeat = None
    if song.time_signatures:
        downbeat = np.zeros(steps, bool)
        downbeat[[step for step in (round(bar * resolution) for bar in bars) if step < steps]] = (
            True
        )
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
    return pypianoroll.Multitrack(song.title, resolution, tempo, downbeat, tracks)


def from_multitrack(multitrack: Multitrack) -> Song:
    """A Song from a pypianoroll.Multitrack; neighbouring cells of one pitch are one note with its first velocity.

    Metres come from the distance of the downbeats, tempos from where `tempo`, [step] or [step, 1], changes.
    Raises MidiError for arrays of other shapes.
    """
    tracks = [
        _Roll(track.pianoroll, track.name, track.program, track.is_drum)
        for track in multitrack.tracks
    ]
    return _song(
        multitrack.name, multitrack.resolution, multitrack.tempo, multitrack.downbeat, tracks
    )


def from_npz(data: bytes) -> Song:
    """A Song from the bytes of a file that `pypianoroll.save` wrote; nothing in it is executed.

    Not through `pypianoroll.load`, which trusts the indices in the file and writes outside of the array.
    Raises MidiError.
    """
    try:
        with zipfile.ZipFile(BytesIO(data)) as members:
            size = sum(member.file_size for member in members.infolist())
        if size > MAX_CELLS:
            raise MidiError(
                f"pianorolls have at most {MAX_CELLS} bytes unpacked, these have {size}"
            )
        with np.load(BytesIO(data), allow_pickle=False) as arrays:
            info = json.loads(arrays["info.json"])
            resolution = (
                info.get("resolution") or info["beat_resolution"]
            )  # the latter before pypianoroll 1.0
            count = next(i for i in range(len(info) + 1) if str(i) not in info)
            tracks = [_read_roll(arrays, info, i, count) for i in range(count)]
            return _song(
                info.get("name"), resolution, arrays.get("tempo"), arrays.get("downbeat"), tracks
            )
    except MidiError:
        raise
    except (
        Exception
    ) as error:  # zipfile, zlib, json and numpy raise a dozen kinds over a damaged file
        reason = str(error).split("\n")[0][:100]
        raise MidiError(
            f"not a file that pypianoroll wrote, or damaged ({type(error).__name__}: {reason})"
        ) from error


def _read_roll(
    arrays: Mapping[str, NDArray[Any]], info: Mapping[str, Any], index: int, count: int
) -> _Roll:
    data, rows, starts, shape = (
        arrays[f"pianoroll_{index}_csc_{part}"] for part in ("data", "indices", "indptr", "shape")
    )
    steps, pitches = (int(length) for length in shape)
    if pitches != 128 or not 0 <= steps * pitches * count <= MAX_CELLS or (rows < 0).any():
        raise MidiError(
            f"a pianoroll is [step, 128], {MAX_CELLS} cells in all; got {count} of [{steps}, {pitches}]"
        )
    roll = np.zeros((steps, pitches), data.dtype)
    roll[rows, np.repeat(np.arange(pitches), np.diff(starts))] = data
    settings = info[str(index)]
    return _Roll(roll, settings.get("name"), settings.get("program"), settings.get("is_drum"))


def _check_size(song: Song, end: float, steps: int, tracks: int) -> None:
    check_length(song, end)
    if steps * 128 * tracks > MAX_CELLS:
        raise MidiError(
            f"pianorolls have at most {MAX_CELLS} cells, {tracks} tracks of {steps} steps have more"
        )


def _pianoroll(track: Track, steps: int, resolution: int) -> NDArray[np.uint8]:
    """Velocities, uint8 [step, pitch]."""
    roll = np.zeros((steps, 128), np.uint8)
    last: dict[int, tuple[int, int]] = {}  # pitch: (start, stop) of the note before
    for note in track.notes:
        start = round(note.onset * resolution)
        stop = max(start + 1, round(note.end * resolution))
        before, until = last.get(note.pitch, (start, start))
        roll[start:until, note.pitch] = 0
        if before < start - 1:  # a note of one step would vanish
            roll[start - 1, note.pitch] = 0
        roll[start:stop, note.pitch] = note.velocity
        last[note.pitch] = (start, stop)
    return roll


def _tempo(song: Song, steps: int, resolution: int) -> NDArray[np.float64]:
    """Quarter notes a minute, float [step]."""
    tempo = np.full(steps, song.qpm)
    for change in song.tempos:
        tempo[round(change.onset * resolution) :] = change.qpm
    return tempo


def _song(
    name: str | None,
    resolution: int,
    tempo: NDArray[Any] | None,
    downbeat: NDArray[Any] | None,
    rolls: Sequence[_Roll],
) -> Song:
    if not isinstance(resolution, int) or not 1 <= resolution <= 32767:
        raise MidiError(f"a resolution is 1 to 32767 steps a beat, got {resolution!r}")
    steps = max((roll.pianoroll.shape[0] for roll in rolls), default=0)
    song = Song(
        tracks=tuple(_track(roll, resolution) for roll in rolls),
        tempos=tuple(_tempos(np.ravel(tempo)[: max(steps, 1)], resolution))
        if tempo is not None
        else (),
        time_signatures=tuple(_metres(np.ravel(downbeat)[:steps], resolution))
        if downbeat is not None
        else (),
        title=name or "",
    )
    _check_size(song, steps / resolution, steps, len(rolls))
    return song


def _track(roll: _Roll, resolution: int) -> Track:
    cells = roll.pianoroll
    if cells.ndim != 2 or cells.shape[1] != 128:
        raise MidiError(f"a pianoroll is [step, 128], got {list(cells.shape)}")
    program = int(roll.program or 0)
    if not 0 <= program <= 127:
        raise MidiError(f"a program is 0 to 127, got {program}")
    edges = np.diff(np.pad(cells > 0, ((1, 1), (0, 0))).astype(np.int8), axis=0).T
    pitches, starts = np.nonzero(edges > 0)
    _, stops = np.nonzero(edges < 0)
    if cells.dtype == np.bool_:
        velocities = np.full(len(starts), DEFAULT_VELOCITY)
    else:
        velocities = np.clip(np.round(cells[starts, pitches]), 1, 127).astype(int)
    columns = zip(
        starts.tolist(), pitches.tolist(), stops.tolist(), velocities.tolist(), strict=True
    )
    notes = (
        Note(start / resolution, p, (stop - start) / resolution, v) for start, p, stop, v in columns
    )
    return Track(tuple(notes), roll.name or "", program, bool(roll.is_drum))


def _tempos(tempo: NDArray[Any], resolution: int) -> list[Tempo]:
    """A Tempo wherever the array, quarter notes a minute [step], changes to one that means something."""
    tempos: list[Tempo] = []
    for step in np.flatnonzero(np.diff(tempo, prepend=np.nan)):
        qpm = float(tempo[step])
        if 0 < qpm < np.inf and (not tempos or tempos[-1].qpm != qpm):
            tempos.append(Tempo(int(step) / resolution, qpm))
    return tempos


def _metres(downbeat: NDArray[Any], resolution: int) -> list[TimeSignature]:
    """A TimeSignature wherever the distance of the downbeats, bool [step], changes.

    The last bar tells nothing, as the array may stop in it, unless it is needed and has at most eight beats.
    """
    barlines = np.flatnonzero(downbeat).tolist()
    if barlines and barlines[0] > 0:
        barlines.insert(0, 0)
    if (
        barlines
        and len(barlines) < 3
        and len(downbeat) - barlines[-1] <= LONGEST_LAST_BAR * resolution
    ):
        barlines.append(len(downbeat))
    metres: list[TimeSignature] = []
    for start, stop in pairwise(barlines):
        metre = _metre(start, stop, resolution)
        if metre and (not metres or metres[-1].beats_per_bar != metre.beats_per_bar):
            metres.append(metre)
    return metres


def _metre(start: int, stop: int, resolution: int) -> TimeSignature | None:
    """The metre of a bar between two steps, in quarters where they fit, else in 8ths or 16ths; None for others."""
    for denominator in (4, 8, 16):
        numerator, rest = divmod((stop - start) * denominator, 4 * resolution)
        if not rest and numerator < 256:
            return TimeSignature(start / resolution, numerator, denominator)
    return None
