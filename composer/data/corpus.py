"""What a dataset gives to training: songs in three splits, a hash of all that they hold, and what to know of them."""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from composer.errors import ConfigError
from composer.songs.song import Song, Track

SPLITS = ("train", "valid", "test")
SHOWN = 4  # kinds of skipped files that a summary names


class Skipped(NamedTuple):
    """A file that is not used, relative to its folder, and why."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"skipped {self.path}: {self.reason}"


@dataclass(frozen=True)
class Corpus:
    """Songs by split. All have the same tracks in the same order, the melody first; one that a piece lacks is empty.

    hash: sha256 of what training sees (`hash_of`). remarks: what was chosen and changed, a line each, then one for
    each file of `skipped`.
    """

    name: str
    train: tuple[Song, ...]
    valid: tuple[Song, ...]
    test: tuple[Song, ...]
    hash: str
    remarks: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()

    def split(self, name: str) -> tuple[Song, ...]:
        """The songs of "train", "valid" or "test". Raises ConfigError for any other."""
        if name not in SPLITS:
            raise ConfigError(f"a split is one of {', '.join(SPLITS)}, got {name!r}")
        return {"train": self.train, "valid": self.valid, "test": self.test}[name]

    @property
    def songs(self) -> tuple[Song, ...]:
        """All of them, split after split."""
        return self.train + self.valid + self.test

    @property
    def roles(self) -> tuple[str, ...]:
        """Names of the tracks, the melody's first."""
        return tuple(track.name for track in self.songs[0].tracks) if self.songs else ()

    def bars(self, split: str = "train") -> int:
        """How many bars the songs of a split have in all."""
        return sum(len(song.bar_onsets()) for song in self.split(split))

    def summary(self) -> str:
        """A few lines for people: pieces and bars by split, each role's pieces and pitches, the
        remarks, and what was skipped, by kind.
        """
        counts = ", ".join(
            f"{split} {len(self.split(split)):,} ({self.bars(split):,} bars)" for split in SPLITS
        )
        lines = [f"{self.name}: {_many(len(self.songs), 'piece')}: {counts}", *self._role_lines()]
        files_skipped = set(map(str, self.skipped))
        lines += [remark for remark in self.remarks if remark not in files_skipped]
        if self.skipped:
            files = len(self.songs) + len(self.skipped)
            lines.append(
                f"skipped {len(self.skipped):,} of {_many(files, 'file')}: {self._reasons()}"
            )
        return "\n".join(lines)

    def _role_lines(self) -> list[str]:
        width = max(map(len, self.roles), default=0)
        lines = []
        for i, role in enumerate(self.roles):
            tracks = [song.tracks[i] for song in self.songs if song.tracks[i].notes]
            what = f"{role:{width}}  in {_many(len(tracks), 'piece')}{_pitches(tracks)}"
            lines.append(f"  {what}{', the melody' if i == 0 else ''}")
        return lines

    def _reasons(self) -> str:
        kinds = by_kind(self.skipped)
        shown = [
            f"{len(alike)} × {_kind(alike[0], exact=len(alike) == 1)}" for alike in kinds[:SHOWN]
        ]
        rest = sum(map(len, kinds[SHOWN:]))
        return "; ".join(shown + ([f"{rest} for other reasons"] if rest else []))


def by_kind(skipped: Iterable[Skipped]) -> list[list[Skipped]]:
    """Those with one kind of reason together, the commonest kind first."""
    kinds: dict[str, list[Skipped]] = {}
    for one in skipped:
        kinds.setdefault(_kind(one), []).append(one)
    return sorted(kinds.values(), key=lambda alike: -len(alike))


def _kind(skipped: Skipped, exact: bool = False) -> str:
    """The reason up to a colon or semicolon; two that differ in a number only are of one kind."""
    kind = re.split("[:;]", skipped.reason)[0]
    return kind if exact else re.sub(r"\d+", "…", kind)


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _pitches(tracks: list[Track]) -> str:
    if not tracks or tracks[0].is_drum:
        return ", drums" if tracks else ""
    pitches = {note.pitch for track in tracks for note in track.notes}
    return f", pitch {min(pitches)} to {max(pitches)}"


def hash_of(train: Iterable[Song], valid: Iterable[Song], test: Iterable[Song]) -> str:
    """sha256 (hex) of all that training sees: in each split, each song's tracks, notes, tempos, metres and keys.

    Not of the titles, nor of where the songs come from. The same on every machine.
    """
    digest = hashlib.sha256()
    for name, songs in zip(SPLITS, (train, valid, test), strict=True):
        digest.update(name.encode() + b"\n" + b"".join(map(song_digest, songs)))
    return digest.hexdigest()


def song_digest(song: Song) -> bytes:
    """sha256 of one song but for its title: 32 bytes."""
    marks = [*song.tempos, *song.time_signatures, *song.key_signatures]
    tracks = [(track.name, track.program, track.is_drum, len(track.notes)) for track in song.tracks]
    digest = hashlib.sha256(repr((tracks, [_numbers(mark) for mark in marks])).encode())
    for track in song.tracks:
        digest.update(
            b"".join(
                struct.pack("<ddBB", n.onset, n.duration, n.pitch, n.velocity) for n in track.notes
            )
        )
    return digest.digest()


def music_digest(song: Song) -> bytes:
    """sha256 of the notes alone, by track: onset, duration and pitch. Two files of it are one piece."""
    digest = hashlib.sha256()
    for track in song.tracks:
        digest.update(struct.pack("<I", len(track.notes)))
        digest.update(
            b"".join(struct.pack("<ddB", n.onset, n.duration, n.pitch) for n in track.notes)
        )
    return digest.digest()


def _numbers(mark: object) -> tuple[str, ...]:
    """Type and values of a tempo, a metre or a key; 4 and 4.0 are one number."""
    values = (getattr(mark, name) for name in type(mark).__dataclass_fields__)  # type: ignore[attr-defined]
    return (type(mark).__name__, *(repr(float(value)) for value in values))
