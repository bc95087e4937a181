"""A folder of one's own music as a Corpus: MIDI, MusicXML and pianorolls, nested, broken files skipped with a reason.

Nothing depends on names of folders, on the order or the dates of files: the same contents give the same songs in the
same splits. Split by piece: a piece goes where a hash of its melody's moves says, so that a copy, in another key or
with other parts, goes with it, and so that a file that is added moves no other.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from composer.data.corpus import (
    SPLITS,
    Corpus,
    Skipped,
    by_kind,
    hash_of,
    music_digest,
    song_digest,
)
from composer.data.roles import Plan, Role, by_roles, choose
from composer.data.scores import read_score
from composer.errors import ComposerError, ConfigError, MelodyError, MissingPackageError
from composer.songs import read
from composer.songs.edit import excerpt, named_melody
from composer.songs.song import Song, Track

READERS: dict[str, Callable[[Path], Song]] = {
    **dict.fromkeys((".mid", ".midi", ".kar", ".rmi", ".npz"), read),
    **dict.fromkeys((".musicxml", ".mxl", ".xml"), read_score),
}
MAX_BEATS = 4000  # of a piece; what comes later is left out, so that one endless file does not fill the memory
SHARES = (0.8, 0.1, 0.1)  # of train, valid and test
TEST_FROM = 10  # pieces from which the test split has one too
MOVES = 64  # of the melody that tell a piece; two of that much in common are one tune
FEW_MOVES = 12  # a melody of fewer tells nothing: all parts tell, one after the other
NEXT_PART = 128  # larger than any move
MOST = 5  # valid and test have at most one in so many pieces: of a few, chance may draw too many

Progress = Callable[[int, int, Path], None]


@dataclass(frozen=True)
class Piece:
    """A song of the folder. path: relative to it. tune: what it shares with its copies (`tune`)."""

    path: str
    song: Song
    tune: bytes
    cut: tuple[str, ...] = ()


def read_folder(
    folder: Path, roles: Sequence[Role] = (), on_progress: Progress | None = None
) -> Corpus:
    """The music under `folder`, split 80 to 10 to 10; with `roles`, or those that `roles.choose` finds.

    Raises ConfigError where there is nothing to use, MissingPackageError where MusicXML needs music21.
    """
    found, skipped = _read_all(folder, on_progress)
    plan, remarks = _planned(roles, [piece.song for piece in found])
    pieces, left_out = _play_all(found, plan)
    skipped = sorted(skipped + left_out)
    if not pieces:
        raise _nothing(folder, skipped)
    pieces, unplayed = _without_unplayed(pieces)
    if unplayed and roles:
        raise ConfigError(
            f"no track in {folder} fits the role {unplayed[0]}; change its --track, or leave it out"
        )
    remarks += [f"no piece has {', '.join(unplayed)}: left out"] if unplayed else []
    splits = split([piece.tune for piece in pieces])
    train, valid, test = (
        tuple(p.song for p, where in zip(pieces, splits, strict=True) if where == name)
        for name in SPLITS
    )
    remarks += [*_remarks(pieces, splits), *map(str, skipped)]
    name = folder.resolve().name
    return Corpus(
        name, train, valid, test, hash_of(train, valid, test), tuple(remarks), tuple(skipped)
    )


def _planned(roles: Sequence[Role], songs: Sequence[Song]) -> tuple[Plan, list[str]]:
    if roles:
        return lambda song: by_roles(song, roles), []
    plan, remark = choose(songs)
    return plan, [remark]


# --- reading -----------------------------------------------------------------------------


def find(folder: Path) -> tuple[list[Path], int, list[Skipped]]:
    """Files to read under `folder`, how many others there are, and the folders that cannot be opened.

    Hidden files and folders are passed over; links to folders are followed, each folder once.
    """
    paths: list[Path] = []
    closed: list[Skipped] = []
    others, seen = 0, set()

    def refused(error: OSError) -> None:
        closed.append(
            Skipped(
                os.path.relpath(error.filename, folder),
                f"a folder that cannot be read: {error.strerror}",
            )
        )

    for at, folders, files in os.walk(folder, followlinks=True, onerror=refused):
        real = os.path.realpath(at)
        folders[:] = (
            [] if real in seen else sorted(name for name in folders if not name.startswith("."))
        )
        visible = [] if real in seen else sorted(name for name in files if not name.startswith("."))
        seen.add(real)
        music = [Path(at, name) for name in visible if Path(name).suffix.lower() in READERS]
        paths += music
        others += len(visible) - len(music)
    return paths, others, closed


def _read_all(folder: Path, on_progress: Progress | None) -> tuple[list[Piece], list[Skipped]]:
    """The pieces in an order that their contents give, and the files that cannot be read."""
    paths, others, skipped = find(folder)
    if not paths:
        looked = "; ".join(
            [f"{others} other files" if others else "it is empty", *map(str, skipped[:3])]
        )
        raise ConfigError(f"no MIDI, MusicXML or .npz file in {folder} ({looked})")
    pieces = []
    for done, path in enumerate(paths, 1):
        name = path.relative_to(folder).as_posix()
        try:
            song = shortened(READERS[path.suffix.lower()](path))
            pieces.append(Piece(name, replace(song, title=song.title or path.stem), tune(song)))
        except MissingPackageError:
            raise
        except ComposerError as error:
            skipped.append(Skipped(name, str(error).removeprefix(f"cannot read {path}: ")))
        if on_progress:
            on_progress(done, len(paths), path)
    return sorted(pieces, key=lambda piece: (song_digest(piece.song), piece.path)), skipped


def shortened(song: Song) -> Song:
    """`song` up to MAX_BEATS. Raises MelodyError where no note is left."""
    if not any(track.notes for track in song.tracks):
        raise MelodyError("no notes")
    if song.end <= MAX_BEATS:
        return song
    short = excerpt(song, 0.0, MAX_BEATS)
    if not any(track.notes for track in short.tracks):
        raise MelodyError(f"no notes in its first {MAX_BEATS} beats")
    return short


def _play_all(found: Sequence[Piece], plan: Plan) -> tuple[list[Piece], list[Skipped]]:
    """The pieces with their roles, and those that lack one that is needed or have been there already."""
    pieces: list[Piece] = []
    skipped: list[Skipped] = []
    known: dict[bytes, str] = {}
    for piece in found:
        try:
            song, cut = plan(piece.song)
        except MelodyError as error:
            skipped.append(Skipped(piece.path, str(error)))
            continue
        first = known.setdefault(music_digest(song), piece.path)
        if first == piece.path:
            pieces.append(replace(piece, song=song, cut=cut))
        else:
            skipped.append(Skipped(piece.path, f"the same music as another file: {first}"))
    return pieces, skipped


def _without_unplayed(pieces: Sequence[Piece]) -> tuple[list[Piece], list[str]]:
    """The pieces without the tracks that are empty in all of them, and the names of those."""
    columns = list(zip(*(piece.song.tracks for piece in pieces), strict=True))
    used = [i for i, column in enumerate(columns) if any(track.notes for track in column)]
    names = [column[0].name for i, column in enumerate(columns) if i not in used]
    songs = [
        replace(piece.song, tracks=tuple(piece.song.tracks[i] for i in used)) for piece in pieces
    ]
    return [replace(piece, song=song) for piece, song in zip(pieces, songs, strict=True)], names


# --- the split ---------------------------------------------------------------------------


def tune(song: Song) -> bytes:
    """sha256 of what a piece shares with its copies in other keys and other settings.

    It is the first 64 moves (intervals but the unison) of the top line of its melody, whatever the roles; of all parts
    where the melody has fewer than 12.
    """
    tracks = [track for track in song.tracks if track.notes]
    melody = named_melody(tracks)
    moves = [] if melody is None else _moves(tracks[melody])
    if len(moves) < FEW_MOVES:
        for track in sorted(tracks, key=lambda track: (track.is_drum, -track.mean_pitch)):
            moves += [NEXT_PART, *_moves(track)]
    return hashlib.sha256(repr(moves[:MOVES]).encode()).digest()


def _moves(track: Track) -> list[int]:
    """Intervals but the unison between the highest notes of the onsets."""
    top: dict[float, int] = {}
    for note in track.notes:
        top[note.onset] = max(note.pitch, top.get(note.onset, -1))
    return [b - a for a, b in pairwise(top[onset] for onset in sorted(top)) if a != b]


def split(tunes: Sequence[bytes]) -> list[str]:
    """The split of each piece, "train", "valid" or "test", by its tune: all pieces of one tune go together.

    The hash decides, 80 to 10 to 10. A small folder may need help: what makes valid or test larger than a fifth goes
    to train; where a split is still empty that should not be (train and valid from two tunes on, test from ten pieces
    on), the smallest tune of the split with the most goes there.
    """
    sizes = Counter(tunes)
    chosen = {one: _drawn(one) for one in sorted(sizes)}
    for name in ("valid", "test"):
        room = max(1, len(tunes) // MOST)
        for one in [one for one, where in chosen.items() if where == name]:
            if sizes[one] > room:
                chosen[one] = "train"
            else:
                room -= sizes[one]
    wanted = (
        ["train"]
        + ["valid"] * (len(sizes) > 1)
        + ["test"] * (len(sizes) > 2 and len(tunes) >= TEST_FROM)
    )
    for name in wanted:
        counts = Counter(chosen.values())
        if not counts[name]:
            fullest = max(SPLITS, key=lambda where: (counts[where], SPLITS.index(where)))
            smallest = min(
                (one for one in chosen if chosen[one] == fullest), key=lambda one: (sizes[one], one)
            )
            chosen[smallest] = name
    return [chosen[one] for one in tunes]


def _drawn(one: bytes) -> str:
    """The split whose share of the numbers from 0 to 1 holds this hash."""
    number = int.from_bytes(one[:8], "big") / 2**64
    return "train" if number < SHARES[0] else "valid" if number < SHARES[0] + SHARES[1] else "test"


# --- what to say -------------------------------------------------------------------------


def _remarks(pieces: Sequence[Piece], splits: Sequence[str]) -> list[str]:
    total, remarks = len(pieces), []
    sizes = Counter(piece.tune for piece in pieces)
    copies = sum(size for size in sizes.values() if size > 1)
    if copies:
        alike = sum(size > 1 for size in sizes.values())
        remarks.append(
            f"{copies} pieces share their melody, in any key, with others ({alike} tunes): one split a tune"
        )
    if "valid" not in splits:
        remarks.append(
            "all pieces are one tune, so that there is none for valid; add another piece"
        )
    names = [track.name for track in pieces[0].song.tracks]
    missing = {
        n: sum(not piece.song.tracks[i].notes for piece in pieces) for i, n in enumerate(names)
    }
    cut = {n: sum(n in piece.cut for piece in pieces) for n in names}
    for what, counts in (("missing", missing), ("chords made one line, the top one", cut)):
        found = [f"{name} in {count}" for name, count in counts.items() if count]
        if found:
            remarks.append(f"{what}: {', '.join(found)} of {total} pieces")
    long = sum(piece.song.end >= MAX_BEATS for piece in pieces)
    if long:
        remarks.append(f"{long} of {total} pieces are cut after {MAX_BEATS} beats")
    return remarks


def _nothing(folder: Path, skipped: Sequence[Skipped]) -> ConfigError:
    first = "; ".join(f"{alike[0].path}: {alike[0].reason}" for alike in by_kind(skipped)[:3])
    more = len(skipped) - min(3, len(by_kind(skipped)))
    return ConfigError(
        f"no usable piece in {folder}, {len(skipped)} files looked at: {first}{f'; and {more} more' if more else ''}"
    )
