"""Read a folder of one's own music: MIDI, MusicXML and pianorolls, nested, broken files skipped
with a reason.

Nothing depends on names of folders, on the order or the dates of files: the same contents give the
same songs in the same splits. Split by piece: a piece goes where a hash of its melody's moves says,
so that a copy, in another key or with other parts, goes with it, and so that a file that is added
moves no other.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
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
from composer.data.roles import Plan, Played, Role, by_roles, choose
from composer.data.scores import read_score
from composer.errors import (
    ComposerError,
    ConfigError,
    MelodyError,
    MissingPackageError,
    Remark,
)
from composer.songs import read
from composer.songs.edit import excerpt, named_melody
from composer.songs.song import Song, Track

READERS: dict[str, Callable[[Path], Song]] = {
    ".mid": read,
    ".midi": read,
    ".kar": read,
    ".rmi": read,
    ".npz": read,
    ".musicxml": read_score,
    ".mxl": read_score,
    ".xml": read_score,
}

# Of a piece; what comes later is left out, so that one endless file does not fill the memory.
MAX_BEATS = 4000

TRAIN_SHARE = 0.8
VALID_SHARE = 0.1
TEST_FROM = 10  # pieces from which the test split has one too
# Valid and test have at most one piece in MOST: from a small folder chance may draw too many.
MOST = 5

MOVES = 64  # of the melody that tell a piece; two of that much in common are one tune
FEW_MOVES = 12  # a melody of fewer tells nothing: all parts tell, one after the other
NEXT_PART = 128  # larger than any move

SHOWN = 3  # files that a message names

Progress = Callable[[int, int, Path], None]


@dataclass(frozen=True)
class FoundPiece:
    """A song of the folder.

    path: relative to the folder. tune: what it shares with its copies (`tune`). cut: the roles
    whose chords were made one line.
    """

    path: str
    song: Song
    tune: bytes
    cut: tuple[str, ...] = ()


def read_folder(
    folder: Path,
    roles: Sequence[Role] = (),
    on_progress: Progress | None = None,
) -> Corpus:
    """Read the music under `folder`, split 80 to 10 to 10, with `roles` or those that
    `roles.choose` finds.

    Raise ConfigError if there is nothing to use, MissingPackageError if MusicXML needs music21.
    """
    found, skipped = _read_all(folder, on_progress)
    plan, remarks = _choose_plan(roles, [piece.song for piece in found])
    pieces, left_out = _play_all(found, plan)
    skipped = sorted(skipped + left_out)
    if not pieces:
        raise _nothing_usable(folder, skipped)
    # A role that was asked for and that nobody plays is most likely a slip of the pen; one that was
    # chosen here is only left out.
    pieces, unplayed = _without_unplayed(pieces)
    if unplayed and roles:
        raise ConfigError(
            f"no track in {folder} fits the role {unplayed[0]}", mend="unplayed"
        )
    if unplayed:
        names = ", ".join(unplayed)
        remarks.append(Remark(f"no piece has {names}: left out"))
    return _corpus(folder, pieces, skipped, remarks)


def _corpus(
    folder: Path,
    pieces: Sequence[FoundPiece],
    skipped: Sequence[Skipped],
    remarks: Sequence[Remark],
) -> Corpus:
    """Return the corpus of these pieces, split; what is to say of them follows the remarks."""
    splits = split([piece.tune for piece in pieces])
    train, valid, test = _by_split([piece.song for piece in pieces], splits)
    texts = _describe(pieces, splits)
    texts += [str(one) for one in skipped]
    return Corpus(
        name=folder.resolve().name,
        train=train,
        valid=valid,
        test=test,
        hash=hash_of(train, valid, test),
        remarks=(*remarks, *(Remark(text) for text in texts)),
        skipped=tuple(skipped),
    )


def _choose_plan(
    roles: Sequence[Role], songs: Sequence[Song]
) -> tuple[Plan, list[Remark]]:
    if not roles:
        plan, remark = choose(songs)
        return plan, [remark]

    def by_given_roles(song: Song) -> Played:
        return by_roles(song, roles)

    return by_given_roles, []


def _by_split(songs: Sequence[Song], splits: Sequence[str]) -> list[tuple[Song, ...]]:
    parts: dict[str, list[Song]] = {name: [] for name in SPLITS}
    for song, name in zip(songs, splits, strict=True):
        parts[name].append(song)
    return [tuple(part) for part in parts.values()]


# --- reading -----------------------------------------------------------------------------


def find(folder: Path) -> tuple[list[Path], int, list[Skipped]]:
    """Return the files to read under `folder`, how many others there are, and the folders that
    cannot be opened.

    Hidden files and folders are passed over; links to folders are followed, each folder once.
    """
    paths: list[Path] = []
    closed: list[Skipped] = []
    others = 0
    seen = set()

    def note_closed(error: OSError) -> None:
        name = os.path.relpath(error.filename, folder)
        closed.append(Skipped(name, f"a folder that cannot be read: {error.strerror}"))

    for at, folders, files in os.walk(folder, followlinks=True, onerror=note_closed):
        real = os.path.realpath(at)
        if real in seen:
            # A link back up would lead round for ever; emptying the list in place ends the walk.
            folders.clear()
            continue
        seen.add(real)
        folders[:] = _visible(folders)
        for name in _visible(files):
            path = Path(at, name)
            if path.suffix.lower() in READERS:
                paths.append(path)
            else:
                others += 1
    return paths, others, closed


def _visible(names: Iterable[str]) -> list[str]:
    return sorted(name for name in names if not name.startswith("."))


def _read_all(
    folder: Path, on_progress: Progress | None
) -> tuple[list[FoundPiece], list[Skipped]]:
    """Return the pieces in an order that their contents give, and the files that cannot be read."""
    paths, others, skipped = find(folder)
    if not paths:
        looked = [f"{others} other files" if others else "it is empty"]
        looked += [str(closed) for closed in skipped[:SHOWN]]
        raise ConfigError(
            f"no MIDI, MusicXML or .npz file in {folder} ({'; '.join(looked)})"
        )
    pieces = []
    for done, path in enumerate(paths, 1):
        name = path.relative_to(folder).as_posix()
        try:
            pieces.append(_read_piece(path, name))
        except MissingPackageError:
            # Not a broken file: with the package all of its kind can be read.
            raise
        except ComposerError as error:
            reason = str(error).removeprefix(f"cannot read {path}: ")
            skipped.append(Skipped(name, reason))
        if on_progress:
            on_progress(done, len(paths), path)
    # By contents: another machine lists files in another order.
    pieces.sort(key=lambda piece: (song_digest(piece.song), piece.path))
    return pieces, skipped


def _read_piece(path: Path, name: str) -> FoundPiece:
    read_file = READERS[path.suffix.lower()]
    song = shortened(read_file(path))
    titled = replace(song, title=song.title or path.stem)
    return FoundPiece(name, titled, tune(song))


def shortened(song: Song) -> Song:
    """Return `song` up to MAX_BEATS. Raise MelodyError if no note is left."""
    if not _has_notes(song):
        raise MelodyError("no notes")
    if song.end <= MAX_BEATS:
        return song
    short = excerpt(song, 0.0, MAX_BEATS)
    if not _has_notes(short):
        raise MelodyError(f"no notes in its first {MAX_BEATS} beats")
    return short


def _has_notes(song: Song) -> bool:
    return any(track.notes for track in song.tracks)


def _play_all(
    found: Sequence[FoundPiece], plan: Plan
) -> tuple[list[FoundPiece], list[Skipped]]:
    """Return the pieces with their roles, and those that are left out.

    A piece is left out if it lacks a role that is needed, or if it has been there already.
    """
    pieces: list[FoundPiece] = []
    skipped: list[Skipped] = []
    known: dict[bytes, str] = {}
    for piece in found:
        try:
            song, cut = plan(piece.song)
        except MelodyError as error:
            skipped.append(Skipped(piece.path, str(error)))
            continue
        # Compared after the roles are chosen: files that differ only in what is left out are the
        # same piece.
        first = known.setdefault(music_digest(song), piece.path)
        if first == piece.path:
            pieces.append(replace(piece, song=song, cut=cut))
        else:
            skipped.append(
                Skipped(piece.path, f"the same music as another file: {first}")
            )
    return pieces, skipped


def _without_unplayed(
    pieces: Sequence[FoundPiece],
) -> tuple[list[FoundPiece], list[str]]:
    """Return the pieces without the tracks that are empty in all, and the names of those."""
    used = []
    unplayed = []
    for i, track in enumerate(pieces[0].song.tracks):
        if any(piece.song.tracks[i].notes for piece in pieces):
            used.append(i)
        else:
            unplayed.append(track.name)
    kept = []
    for piece in pieces:
        tracks = tuple(piece.song.tracks[i] for i in used)
        kept.append(replace(piece, song=replace(piece.song, tracks=tracks)))
    return kept, unplayed


# --- the split ---------------------------------------------------------------------------


def tune(song: Song) -> bytes:
    """Return the sha256 of what a piece shares with its copies in other keys and other settings.

    It is the first 64 moves (intervals but the unison) of the top line of its melody, whatever the
    roles; of all parts if the melody has fewer than 12.
    """
    tracks = [track for track in song.tracks if track.notes]
    melody = named_melody(tracks)
    moves = [] if melody is None else _moves(tracks[melody])
    # A few moves are common to many tunes.
    if len(moves) < FEW_MOVES:
        for track in sorted(
            tracks, key=lambda track: (track.is_drum, -track.mean_pitch)
        ):
            moves += [NEXT_PART, *_moves(track)]
    described = repr(moves[:MOVES])
    return hashlib.sha256(described.encode()).digest()


def _moves(track: Track) -> list[int]:
    """Return the intervals, but the unison, between the highest notes of the onsets."""
    top: dict[float, int] = {}
    for note in track.notes:
        highest = top.get(note.onset, -1)
        top[note.onset] = max(note.pitch, highest)
    pitches = [top[onset] for onset in sorted(top)]
    # Intervals, so that another key is the same tune; no unisons, so that other words are too.
    return [after - before for before, after in pairwise(pitches) if after != before]


def split(tunes: Sequence[bytes]) -> list[str]:
    """Return the split of each piece, "train", "valid" or "test", by its tune: all pieces of one
    tune go together.

    The hash decides, 80 to 10 to 10. A small folder may need help: what makes valid or test larger
    than a fifth goes to train. If a split is still empty that should not be (train and valid from
    two tunes on, test from ten pieces on), the smallest tune of the split with the most goes there.

    >>> split([b"one tune", b"one tune", b"another!"])
    ['train', 'train', 'valid']
    """
    sizes = Counter(tunes)
    # In a fixed order, so that which tune has to move does not depend on the order of files.
    chosen = {one: _drawn(one) for one in sorted(sizes)}
    room = max(1, len(tunes) // MOST)
    for name in ("valid", "test"):
        _keep_small(chosen, name, sizes, room)
    for name in _wanted(len(sizes), len(tunes)):
        if name not in chosen.values():
            chosen[_smallest_of_fullest(chosen, sizes)] = name
    return [chosen[one] for one in tunes]


def _drawn(one: bytes) -> str:
    """Return the split whose share of the numbers from 0 to 1 holds this hash."""
    # A hash is as good as a random number, but the same one every time.
    number = int.from_bytes(one[:8], "big") / 2**64
    if number < TRAIN_SHARE:
        return "train"
    if number < TRAIN_SHARE + VALID_SHARE:
        return "valid"
    return "test"


def _keep_small(
    chosen: dict[bytes, str],
    name: str,
    sizes: Counter[bytes],
    room: int,
) -> None:
    """Move to train what does not fit into a split of `room` pieces."""
    inside = [one for one, where in chosen.items() if where == name]
    for one in inside:
        if sizes[one] > room:
            chosen[one] = "train"
        else:
            room -= sizes[one]


def _wanted(tunes: int, pieces: int) -> list[str]:
    """Return the splits that must not be empty."""
    wanted = ["train"]
    if tunes > 1:
        wanted.append("valid")
    if tunes > 2 and pieces >= TEST_FROM:
        wanted.append("test")
    return wanted


def _smallest_of_fullest(chosen: dict[bytes, str], sizes: Counter[bytes]) -> bytes:
    """Return the tune with the fewest pieces in the split with the most tunes."""
    counts = Counter(chosen.values())
    fullest = max(SPLITS, key=lambda where: (counts[where], SPLITS.index(where)))
    inside = [one for one, where in chosen.items() if where == fullest]
    return min(inside, key=lambda one: (sizes[one], one))


# --- what to say -------------------------------------------------------------------------


def _describe(pieces: Sequence[FoundPiece], splits: Sequence[str]) -> list[str]:
    """Say what was found and changed, a line each."""
    total = len(pieces)
    lines = _copy_lines(pieces)
    if "valid" not in splits:
        lines.append(
            "all pieces are one tune, so that there is none for valid; add another piece"
        )
    lines += _track_lines(pieces)
    long = sum(piece.song.end >= MAX_BEATS for piece in pieces)
    if long:
        lines.append(f"{long} of {total} pieces are cut after {MAX_BEATS} beats")
    return lines


def _track_lines(pieces: Sequence[FoundPiece]) -> list[str]:
    """Say which tracks pieces lack, and which were cut down to their top line."""
    missing: Counter[str] = Counter()
    cut: Counter[str] = Counter()
    for piece in pieces:
        missing.update(track.name for track in piece.song.tracks if not track.notes)
        cut.update(piece.cut)
    names = [track.name for track in pieces[0].song.tracks]
    lines = []
    for what, counts in (
        ("missing", missing),
        ("chords made one line, the top one", cut),
    ):
        found = [f"{name} in {counts[name]}" for name in names if counts[name]]
        if found:
            shown = ", ".join(found)
            lines.append(f"{what}: {shown} of {len(pieces)} pieces")
    return lines


def _copy_lines(pieces: Sequence[FoundPiece]) -> list[str]:
    sizes = Counter(piece.tune for piece in pieces)
    shared = [size for size in sizes.values() if size > 1]
    if not shared:
        return []
    return [
        f"{sum(shared)} pieces share their melody, in any key, with others "
        f"({len(shared)} tunes): one split a tune"
    ]


def _nothing_usable(folder: Path, skipped: Sequence[Skipped]) -> ConfigError:
    firsts = [alike[0] for alike in by_kind(skipped)[:SHOWN]]
    reasons = [f"{one.path}: {one.reason}" for one in firsts]
    more = len(skipped) - len(firsts)
    if more:
        reasons.append(f"and {more} more")
    return ConfigError(
        f"no usable piece in {folder}, {len(skipped)} files looked at: {'; '.join(reasons)}"
    )
