"""A dataset as training sees it: songs in three splits, a hash of all of them, and remarks."""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from composer.errors import ConfigError, Remark
from composer.songs.song import Song, Track

SPLITS = ("train", "valid", "test")
SHOWN = 4  # kinds of skipped files that a summary names


class Skipped(NamedTuple):
    """A file that is not used, relative to its folder, and why.

    >>> str(Skipped("deep/tune.mid", "no notes"))
    'skipped deep/tune.mid: no notes'
    """

    path: str
    reason: str

    def __str__(self) -> str:
        return f"skipped {self.path}: {self.reason}"


@dataclass(frozen=True)
class Corpus:
    """Songs by split. All have the same tracks in the same order, the melody first; one that a
    piece lacks is empty.

    hash: sha256 of what training sees (`hash_of`). remarks: what was chosen and changed, a line
    each, then one for each file of `skipped`.

    >>> from composer.songs.song import Note, Song, Track
    >>> song = Song((Track((Note(0.0, 72, 8.0),), "Tune"), Track((Note(0.0, 48, 8.0),), "Bass")))
    >>> print(Corpus("mine", (song,), (), (), hash_of([song], [], [])).summary())
    mine: 1 piece: train 1 (2 bars), valid 0 (0 bars), test 0 (0 bars)
      Tune  in 1 piece, pitch 72 to 72, the melody
      Bass  in 1 piece, pitch 48 to 48
    """

    name: str
    train: tuple[Song, ...]
    valid: tuple[Song, ...]
    test: tuple[Song, ...]
    hash: str
    remarks: tuple[Remark, ...] = ()
    skipped: tuple[Skipped, ...] = ()

    def split(self, name: str) -> tuple[Song, ...]:
        """Return the songs of "train", "valid" or "test". Raise ConfigError for any other."""
        if name not in SPLITS:
            raise ConfigError(f"a split is one of {', '.join(SPLITS)}, got {name!r}")
        songs: tuple[Song, ...] = getattr(self, name)
        return songs

    @property
    def songs(self) -> tuple[Song, ...]:
        """All of them, split after split."""
        return self.train + self.valid + self.test

    @property
    def roles(self) -> tuple[str, ...]:
        """Names of the tracks, the melody's first."""
        songs = self.songs
        if not songs:
            return ()
        return tuple(track.name for track in songs[0].tracks)

    def bars(self, split: str = "train") -> int:
        """Return how many bars the songs of a split have in all."""
        return sum(len(song.bar_onsets()) for song in self.split(split))

    def summary(self, word: Callable[[Remark], str] = str) -> str:
        """Describe the corpus in a few lines for people.

        Pieces and bars by split, each role's pieces and pitches, the remarks, and what was skipped,
        by kind. word: writes a remark, and may add how to get another result.
        """
        counts = []
        for split in SPLITS:
            pieces = len(self.split(split))
            counts.append(f"{split} {pieces:,} ({self.bars(split):,} bars)")
        total = _many(len(self.songs), "piece")
        lines = [f"{self.name}: {total}: {', '.join(counts)}"]
        lines += self._role_lines()
        # Those about single files are many; they are summed up by kind below.
        files_skipped = {str(skipped) for skipped in self.skipped}
        for remark in self.remarks:
            if str(remark) not in files_skipped:
                lines.append(word(remark))
        if self.skipped:
            files = _many(len(self.songs) + len(self.skipped), "file")
            lines.append(f"skipped {len(self.skipped):,} of {files}: {self._reasons()}")
        return "\n".join(lines)

    def _role_lines(self) -> list[str]:
        width = max((len(role) for role in self.roles), default=0)
        lines = []
        for i, role in enumerate(self.roles):
            tracks = [song.tracks[i] for song in self.songs]
            played = [track for track in tracks if track.notes]
            pieces = _many(len(played), "piece")
            ending = ", the melody" if i == 0 else ""
            what = f"in {pieces}{_pitches(played)}{ending}"
            lines.append(f"  {role:{width}}  {what}")
        return lines

    def _reasons(self) -> str:
        kinds = by_kind(self.skipped)
        shown = []
        for alike in kinds[:SHOWN]:
            kind = _kind(alike[0], exact=len(alike) == 1)
            shown.append(f"{len(alike)} × {kind}")
        rest = sum(len(alike) for alike in kinds[SHOWN:])
        if rest:
            shown.append(f"{rest} for other reasons")
        return "; ".join(shown)


def by_kind(skipped: Iterable[Skipped]) -> list[list[Skipped]]:
    """Return those with one kind of reason together, the commonest kind first."""
    kinds: dict[str, list[Skipped]] = {}
    for one in skipped:
        kinds.setdefault(_kind(one), []).append(one)
    return sorted(kinds.values(), key=lambda alike: -len(alike))


def _kind(skipped: Skipped, exact: bool = False) -> str:
    """Return the reason up to a colon or semicolon, so that reasons of one kind are equal."""
    kind = re.split("[:;]", skipped.reason)[0]
    if exact:
        return kind
    return re.sub(r"\d+", "…", kind)


def _many(count: int, what: str) -> str:
    ending = "" if count == 1 else "s"
    return f"{count:,} {what}{ending}"


def _pitches(tracks: Sequence[Track]) -> str:
    """Say which pitches tracks have, as the end of a line."""
    if not tracks:
        return ""
    if tracks[0].is_drum:
        return ", drums"
    pitches: set[int] = set()
    for track in tracks:
        pitches.update(note.pitch for note in track.notes)
    return f", pitch {min(pitches)} to {max(pitches)}"


# --- hashes ------------------------------------------------------------------------------


def hash_of(
    train: Iterable[Song],
    valid: Iterable[Song],
    test: Iterable[Song],
) -> str:
    """Return the sha256 (hex) of all that training sees: each song's tracks, notes, tempos, metres
    and keys, by split.

    Titles do not count, nor where the songs come from. It is the same on every machine.
    """
    # The names of the splits go in too: the same songs in other splits are another corpus.
    digest = hashlib.sha256()
    for name, songs in zip(SPLITS, (train, valid, test), strict=True):
        digest.update(name.encode() + b"\n")
        for song in songs:
            digest.update(song_digest(song))
    return digest.hexdigest()


def song_digest(song: Song) -> bytes:
    """Return the sha256 of one song but for its title: 32 bytes."""
    marks = [*song.tempos, *song.time_signatures, *song.key_signatures]
    numbers = [_numbers(mark) for mark in marks]
    tracks = [_described(track) for track in song.tracks]
    # `repr` of a float is exact and the same on every machine.
    described = repr((tracks, numbers))
    digest = hashlib.sha256(described.encode())
    for track in song.tracks:
        for note in track.notes:
            fields = (note.onset, note.duration, note.pitch, note.velocity)
            digest.update(struct.pack("<ddBB", *fields))
    return digest.digest()


def _described(track: Track) -> tuple[str, int, bool, int]:
    return track.name, track.program, track.is_drum, len(track.notes)


def music_digest(song: Song) -> bytes:
    """Return the sha256 of the notes alone, by track: onset, duration and pitch.

    Two files with the same one are the same piece.
    """
    digest = hashlib.sha256()
    for track in song.tracks:
        # How many there are: otherwise the same notes, dealt out otherwise, would look alike.
        digest.update(struct.pack("<I", len(track.notes)))
        for note in track.notes:
            digest.update(struct.pack("<ddB", note.onset, note.duration, note.pitch))
    return digest.digest()


def spans(lengths: NDArray[Any]) -> list[slice]:
    """Return where each piece lies in an array of all pieces, one after the other.

    lengths: int [piece].

    >>> spans(np.array([2, 3]))
    [slice(0, 2, None), slice(2, 5, None)]
    """
    ends = np.cumsum(lengths, dtype=np.int64).tolist()
    starts = [0, *ends[:-1]]
    places = zip(starts, ends, strict=True)
    return [slice(start, end) for start, end in places]


def _numbers(mark: object) -> tuple[str, ...]:
    """Return type and values of a tempo, a metre or a key; 4 and 4.0 are one number."""
    # As floats: a file may give a whole number with or without a point.
    names = type(mark).__dataclass_fields__  # type: ignore[attr-defined]
    values = [repr(float(getattr(mark, name))) for name in names]
    return (type(mark).__name__, *values)
