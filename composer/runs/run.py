"""The folder of a training run; anyone can read it while it grows, without TensorFlow.

run.json               what was asked, and the data's hash
reference.json         the metrics of the dataset itself
log.jsonl              a line a report: iteration, seconds, losses, and now and then metrics
snapshots/001200/*.mid what the generator made of the watched melodies at that iteration
checkpoints/001200.npz the last few and the best: all that training needs; the others: what plays
tensorboard, video.mp4 by those who watch it; models/: iterations that were played

A run removes what it wrote itself, by its name, and nothing else: people keep things beside it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from composer.errors import ModelError, OutputError
from composer.files import atomic, is_temporary
from composer.songs import read, write
from composer.songs.song import Song

ASKED = "run.json"
REFERENCE = "reference.json"
LOG = "log.jsonl"
SNAPSHOTS = "snapshots"
CHECKPOINTS = "checkpoints"
# Written by those who watch a run or play it.
FILM = "video.mp4"
EVENTS = "tensorboard"
MODELS = "models"

# The melodies that a run keeps snapshots of.
WATCHED = ("ode-to-joy", "valid")
# Endings of the files in the folder itself that a killed process may leave half-written.
UNFINISHED = (".json", ".jsonl", ".mp4")
# From that many kept iterations on a message names only some: it is one line.
MANY = 12
# An iteration as a name: with leading zeros files are listed in order.
_NUMBER = re.compile(r"[0-9]{6,}")


@dataclass(frozen=True)
class TrainingRun:
    """The folder of a run. Raise ModelError if it is none.

    >>> TrainingRun(Path("/no/such/folder"))
    Traceback (most recent call last):
        ...
    composer.errors.ModelError: /no/such/folder is not a training run: it has no run.json
    """

    folder: Path

    def __post_init__(self) -> None:
        # It is the first file that a run writes.
        if not (self.folder / ASKED).is_file():
            raise ModelError(f"{self.folder} is not a training run: it has no {ASKED}")

    @cached_property
    def asked(self) -> dict[str, Any]:
        """Return what was asked: dataset, family, seed, model, train, data."""
        return dict(_read_json(self.folder / ASKED))

    @property
    def reference(self) -> dict[str, float]:
        """Return the metrics of the dataset itself; empty before the first evaluation."""
        path = self.folder / REFERENCE
        return dict(_read_json(path)) if path.exists() else {}

    @property
    def log(self) -> list[dict[str, Any]]:
        """Return the reports so far, oldest first.

        Each has "iteration", "seconds" and "losses", some have "measures".
        """
        path = self.folder / LOG
        if not path.exists():
            return []
        *lines, rest = path.read_text(encoding="utf-8").split("\n")
        # While a line is being written it has no end yet.
        if rest.endswith("}"):
            lines.append(rest)
        return [json.loads(line) for line in lines]

    @property
    def snapshots(self) -> dict[int, dict[str, Path]]:
        """Return MIDI files by iteration and melody, in order."""
        kept = {}
        for folder in _within(self.folder / SNAPSHOTS):
            files = sorted(folder.glob("[!.]*.mid")) if _is_number(folder.name) else []
            if files:
                kept[int(folder.name)] = {path.stem: path for path in files}
        return dict(sorted(kept.items()))

    def snapshot(self, iteration: int) -> dict[str, Song]:
        """Return the arrangement of each watched melody. Raise ModelError if none was kept."""
        kept = self.snapshots
        if iteration not in kept:
            raise ModelError(
                f"{self.folder} has no snapshot of iteration {iteration}; it has {_some(list(kept))}"
            )
        return {name: read(path) for name, path in kept[iteration].items()}

    def save_snapshot(self, iteration: int, songs: dict[str, Song]) -> None:
        """Keep what the generator makes now."""
        for name, song in songs.items():
            write(self.folder / SNAPSHOTS / f"{iteration:06d}" / f"{name}.mid", song)

    @property
    def checkpoints(self) -> dict[int, Path]:
        """Return checkpoint files by iteration, in order."""
        kept = {}
        for path in _within(self.folder / CHECKPOINTS):
            if path.suffix == ".npz" and _is_number(path.stem):
                kept[int(path.stem)] = path
        return dict(sorted(kept.items()))

    @property
    def latest(self) -> int:
        """Return the last iteration with a checkpoint. Raise ModelError if there is none."""
        kept = self.checkpoints
        if not kept:
            raise ModelError(f"{self.folder} has no checkpoint yet")
        return max(kept)

    @property
    def iterations(self) -> int:
        """Return the iterations that were asked for, of all phases together."""
        if "iterations" in self.asked:
            return int(self.asked["iterations"])
        # An older run.json has only those of each phase.
        settings = self.asked["train"].items()
        return sum(
            int(count) for name, count in settings if name.endswith("_iterations")
        )

    @property
    def finished(self) -> bool:
        """Return True if it has come to its last iteration."""
        return self.latest >= self.iterations

    @property
    def best(self) -> int:
        """Return the kept iteration of the smallest `distance`; the latest if none was measured."""
        # Of those that are kept alone: the best of all may have been thinned away.
        distances = {}
        for line in self.log:
            if "measures" in line:
                distances[line["iteration"]] = line["measures"]["distance"]
        measured = [
            iteration for iteration in self.checkpoints if iteration in distances
        ]
        return min(
            measured, key=lambda iteration: distances[iteration], default=self.latest
        )

    def iteration(self, which: str) -> int:
        """Return the kept iteration that `which` names: a number, "best" or "latest".

        Raise ModelError for any other.
        """
        if which == "best":
            return self.best
        if which == "latest":
            return self.latest
        kept = self.checkpoints
        if not which.isdigit() or int(which) not in kept:
            raise ModelError(
                f"{self.folder} keeps no iteration {which!r}; it has {_some(list(kept))}"
            )
        return int(which)

    def write(self, name: str, values: dict[str, Any]) -> None:
        """Write one of its JSON files."""
        with atomic(self.folder / name) as path:
            path.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")

    def append(self, line: dict[str, Any]) -> None:
        """Add a line to the log. Raise OutputError if the disk is full."""
        # Added to, not written again: a long log would cost more with every report.
        path = self.folder / LOG
        try:
            with path.open("a", encoding="utf-8") as log:
                log.write(json.dumps(line) + "\n")
        except OSError as error:
            raise OutputError(f"cannot write {path}: {error.strerror}") from error

    def forget_after(self, iteration: int, melodies: Collection[str] = WATCHED) -> None:
        """Drop what is later than `iteration`: log lines, snapshots, checkpoints.

        A resumed run makes them again. melodies: those whose snapshots are dropped. What a killed
        process left half-written goes too; what the run did not write stays. Raise ModelError,
        before anything is touched, if a part of the run is a link.
        """
        # Behind a link may be another run, whose files this one must not remove.
        self._check_no_links()
        self._cut_log(iteration)
        for folder in _snapshot_folders(self.folder):
            later = int(folder.name) > iteration
            _forget_snapshot(folder, melodies if later else ())
        for at, path in self.checkpoints.items():
            if at > iteration and _is_checkpoint(path):
                path.unlink()
        _remove_unfinished(self.folder, UNFINISHED)
        _remove_unfinished(self.folder / CHECKPOINTS, (".npz",))

    def _check_no_links(self) -> None:
        for name in (LOG, SNAPSHOTS, CHECKPOINTS):
            at = self.folder / name
            if at.is_symlink():
                raise ModelError(f"{at} is a link: put what it leads to in its place")

    def _cut_log(self, iteration: int) -> None:
        kept = [line for line in self.log if line["iteration"] <= iteration]
        with atomic(self.folder / LOG) as path:
            text = "".join(json.dumps(line) + "\n" for line in kept)
            path.write_text(text, encoding="utf-8")


def find(name: str) -> tuple[TrainingRun, int]:
    """Return the run and the iteration that `RUN`, `RUN@1200`, `RUN@best` or `RUN@latest` name.

    Raise ModelError if there is no such run, or if it does not keep that iteration.
    """
    # From the right: a folder's own name may have an @.
    folder, at, which = name.rpartition("@")
    if not at:
        folder, which = name, "latest"
    run = TrainingRun(Path(folder))
    return run, run.iteration(which)


def foreign(folder: Path) -> Path | None:
    """Return the first thing in `folder` that no run wrote; None if there is none, or no folder.

    If no run was begun there, nothing but an unfinished file can be a run's.
    """
    begun = _is_own(folder / ASKED)
    for path in _within(folder):
        if is_temporary(path, UNFINISHED):
            continue
        if not begun or not _is_own(path):
            return path
        other = _foreign_below(path)
        if other is not None:
            return other
    return None


def _foreign_below(part: Path) -> Path | None:
    """Return the first thing in a part of a run that the run did not write there.

    Folders of TensorBoard and of models are not looked into: nobody clears them.
    """
    checks = {SNAPSHOTS: _is_snapshot, CHECKPOINTS: _is_checkpoint}
    if part.name not in checks:
        return None
    is_own = checks[part.name]
    for path in _within(part):
        if not is_own(path):
            return path
    return None


def _is_own(path: Path) -> bool:
    """Return True if a thing in a run's folder looks like one that a run writes there."""
    if path.is_symlink():
        return False
    if path.name in (ASKED, REFERENCE, LOG, FILM):
        return path.is_file()
    return path.name in (SNAPSHOTS, CHECKPOINTS, EVENTS, MODELS) and path.is_dir()


def _is_snapshot(folder: Path) -> bool:
    """Return True for a folder with nothing but snapshots of the watched melodies."""
    if not _is_snapshot_folder(folder):
        return False
    names = [f"{name}.mid" for name in WATCHED]
    for path in _within(folder):
        kept = path.name in names and not path.is_symlink()
        if not kept and not is_temporary(path, (".mid",)):
            return False
    return True


def _is_checkpoint(path: Path) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    if is_temporary(path, (".npz",)):
        return True
    return path.suffix == ".npz" and _is_number(path.stem)


def _snapshot_folders(run: Path) -> list[Path]:
    return [path for path in _within(run / SNAPSHOTS) if _is_snapshot_folder(path)]


def _is_snapshot_folder(path: Path) -> bool:
    return _is_number(path.name) and path.is_dir() and not path.is_symlink()


def _forget_snapshot(folder: Path, melodies: Collection[str]) -> None:
    """Drop the melodies, and what was left half-written; the folder too, if that was all."""
    for path in _within(folder):
        named = path.suffix == ".mid" and path.stem in melodies
        if named and path.is_file() and not path.is_symlink():
            path.unlink()
    _remove_unfinished(folder, (".mid",))
    if not any(_within(folder)):
        folder.rmdir()


def _remove_unfinished(folder: Path, suffixes: tuple[str, ...]) -> None:
    """Remove what a killed process was writing in a folder."""
    for path in _within(folder):
        if is_temporary(path, suffixes):
            path.unlink()


def _is_number(name: str) -> bool:
    """Return True for an iteration as a run writes it: six digits, more only as needed."""
    return _NUMBER.fullmatch(name) is not None and name == f"{int(name):06d}"


def _within(folder: Path) -> list[Path]:
    """Return what is in a folder, in order; nothing if there is no folder."""
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} is damaged: {error}") from error


def _some(numbers: list[int]) -> str:
    """Return the numbers as a text; of many the first and the last ones."""
    shown = [str(number) for number in numbers]
    if len(shown) >= MANY:
        shown = [*shown[:3], "...", *shown[-6:]]
    return ", ".join(shown) or "none"
