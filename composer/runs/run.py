"""A training run as a folder that anyone can read while it grows; nothing here needs TensorFlow.

run.json               what was asked, and the data's hash
reference.json         the measures of the dataset itself
log.jsonl              a line a report: iteration, seconds, losses, and now and then measures
snapshots/001200/*.mid what the generator made of the watched melodies at that iteration
checkpoints/001200.npz the last few and the best: all that training needs to go on; the others: what plays
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

ASKED, REFERENCE, LOG, SNAPSHOTS, CHECKPOINTS = (
    "run.json",
    "reference.json",
    "log.jsonl",
    "snapshots",
    "checkpoints",
)
FILM, EVENTS, MODELS = "video.mp4", "tensorboard", "models"  # what watchers and players add
WATCHED = ("ode-to-joy", "valid")  # melodies of which a run keeps snapshots
UNFINISHED = (".json", ".jsonl", ".mp4")  # endings of what is written in the folder itself
_NUMBER = re.compile(r"[0-9]{6,}")  # an iteration, as a name


@dataclass(frozen=True)
class TrainingRun:
    """The folder of a run. Raises ModelError where it is none."""

    folder: Path

    def __post_init__(self) -> None:
        if not (self.folder / ASKED).is_file():
            raise ModelError(f"{self.folder} is not a training run: it has no {ASKED}")

    @cached_property
    def asked(self) -> dict[str, Any]:
        """What was asked: dataset, family, seed, model, train, data."""
        return dict(_read_json(self.folder / ASKED))

    @property
    def reference(self) -> dict[str, float]:
        """The dataset's own values of the measures; empty before the first evaluation."""
        path = self.folder / REFERENCE
        return dict(_read_json(path)) if path.exists() else {}

    @property
    def log(self) -> list[dict[str, Any]]:
        """The reports so far, oldest first: {"iteration", "seconds", "losses", "measures"?}; a cut line is left out."""
        path = self.folder / LOG
        if not path.exists():
            return []
        *lines, rest = path.read_text(encoding="utf-8").split("\n")
        return [json.loads(line) for line in lines + ([rest] if rest.endswith("}") else [])]

    @property
    def snapshots(self) -> dict[int, dict[str, Path]]:
        """MIDI files by iteration and melody, in order."""
        found = [at for at in _within(self.folder / SNAPSHOTS) if _is_number(at.name)]
        kept = {int(at.name): {p.stem: p for p in sorted(at.glob("[!.]*.mid"))} for at in found}
        kept = dict(sorted(kept.items()))
        return {iteration: paths for iteration, paths in kept.items() if paths}

    def snapshot(self, iteration: int) -> dict[str, Song]:
        """What the generator made of each watched melody at an iteration. Raises ModelError where it was not kept."""
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
        """Checkpoint files by iteration, in order."""
        found = [p for p in _within(self.folder / CHECKPOINTS) if p.suffix == ".npz"]
        return dict(sorted((int(p.stem), p) for p in found if _is_number(p.stem)))

    @property
    def latest(self) -> int:
        """The last iteration with a checkpoint. Raises ModelError where there is none."""
        kept = self.checkpoints
        if not kept:
            raise ModelError(f"{self.folder} has no checkpoint yet")
        return max(kept)

    @property
    def finished(self) -> bool:
        """Return True if it has come to its last iteration."""
        return self.latest >= self.iterations

    @property
    def iterations(self) -> int:
        """Return the iterations that were asked for, of all phases together."""
        if "iterations" in self.asked:
            return int(self.asked["iterations"])
        # An older run.json has only those of each phase.
        settings = self.asked["train"].items()
        return sum(int(count) for name, count in settings if name.endswith("_iterations"))

    @property
    def best(self) -> int:
        """The kept iteration whose `distance` was the smallest; the latest where none was measured."""
        kept = self.checkpoints
        distance = {
            line["iteration"]: line["measures"]["distance"]
            for line in self.log
            if "measures" in line
        }
        return min(
            (i for i in kept if i in distance), key=lambda i: distance[i], default=self.latest
        )

    def iteration(self, which: str) -> int:
        """The kept iteration that `which` names: a number, "best" or "latest". Raises ModelError for any other."""
        if which in ("best", "latest"):
            return self.best if which == "best" else self.latest
        if not which.isdigit() or int(which) not in self.checkpoints:
            raise ModelError(
                f"{self.folder} keeps no iteration {which!r}; it has {_some(list(self.checkpoints))}"
            )
        return int(which)

    def write(self, name: str, values: dict[str, Any]) -> None:
        """Write one of its JSON files."""
        with atomic(self.folder / name) as path:
            path.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")

    def append(self, line: dict[str, Any]) -> None:
        """Add a line to the log."""
        try:
            with (self.folder / LOG).open("a", encoding="utf-8") as log:
                log.write(json.dumps(line) + "\n")
        except OSError as error:
            raise OutputError(f"cannot write {self.folder / LOG}: {error.strerror}") from error

    def forget_after(self, iteration: int, melodies: Collection[str] = WATCHED) -> None:
        """Drop what is later than `iteration`: log lines, snapshots, checkpoints.

        A resumed run makes them again. melodies: those whose snapshots are dropped. With them goes
        what a killed process left half-written. What the run did not write stays. Raises
        ModelError, before anything is touched, where a part of it is a link.
        """
        for name in (LOG, SNAPSHOTS, CHECKPOINTS):
            if (self.folder / name).is_symlink():
                at = self.folder / name
                raise ModelError(f"{at} is a link: put what it leads to in its place")
        lines = [line for line in self.log if line["iteration"] <= iteration]
        with atomic(self.folder / LOG) as path:
            path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        for folder in _snapshot_folders(self.folder):
            _forget_snapshot(folder, melodies if int(folder.name) > iteration else ())
        for path in (p for at, p in self.checkpoints.items() if at > iteration):
            if _is_checkpoint(path):
                path.unlink()
        for path in (*_within(self.folder), *_within(self.folder / CHECKPOINTS)):
            suffixes = (".npz",) if path.parent != self.folder else UNFINISHED
            if is_temporary(path, suffixes):
                path.unlink()


def foreign(folder: Path) -> Path | None:
    """The first thing in `folder` that no run wrote; None where there is none, or no folder.

    Where no run was begun nothing but an unfinished file can be a run's.
    """
    begun = _is_own(folder / ASKED)
    for path in _within(folder):
        if is_temporary(path, UNFINISHED):
            continue
        if not begun or not _is_own(path):
            return path
        if path.name in (SNAPSHOTS, CHECKPOINTS):
            check = _is_snapshot if path.name == SNAPSHOTS else _is_checkpoint
            other = next((p for p in _within(path) if not check(p)), None)
            if other is not None:
                return other
    return None


def _is_own(path: Path) -> bool:
    """Whether a thing in a run's folder has name and kind of what is written there; no link."""
    if path.is_symlink():
        return False
    if path.name in (ASKED, REFERENCE, LOG, FILM):
        return path.is_file()
    return path.name in (SNAPSHOTS, CHECKPOINTS, EVENTS, MODELS) and path.is_dir()


def _is_snapshot(path: Path) -> bool:
    if path.is_symlink() or not path.is_dir() or not _is_number(path.name):
        return False
    snapshots = [f"{name}.mid" for name in WATCHED]
    return all(
        is_temporary(p, (".mid",)) or (p.name in snapshots and not p.is_symlink())
        for p in _within(path)
    )


def _is_checkpoint(path: Path) -> bool:
    named = is_temporary(path, (".npz",)) or (path.suffix == ".npz" and _is_number(path.stem))
    return named and path.is_file() and not path.is_symlink()


def _snapshot_folders(folder: Path) -> list[Path]:
    found = [path for path in _within(folder / SNAPSHOTS) if _is_number(path.name)]
    return [path for path in found if path.is_dir() and not path.is_symlink()]


def _forget_snapshot(folder: Path, melodies: Collection[str]) -> None:
    """Drop the melodies, and what was left half-written; the folder too, where that was all."""
    for path in _within(folder):
        named = path.suffix == ".mid" and path.stem in melodies and path.is_file()
        if is_temporary(path, (".mid",)) or (named and not path.is_symlink()):
            path.unlink()
    if not any(_within(folder)):
        folder.rmdir()


def _is_number(name: str) -> bool:
    """Whether a name is an iteration as a run writes it: six digits, more only as needed."""
    return _NUMBER.fullmatch(name) is not None and name == f"{int(name):06d}"


def _within(folder: Path) -> list[Path]:
    """What is in a folder, in order; nothing where there is none."""
    return sorted(folder.iterdir()) if folder.is_dir() else []


def find(name: str) -> tuple[TrainingRun, int]:
    """The run and iteration that `RUN`, `RUN@1200`, `RUN@best` or `RUN@latest` name.

    Raises ModelError where there is no such run, or where it does not keep that iteration.
    """
    folder, at, which = name.rpartition("@")
    run = TrainingRun(Path(folder if at else name))
    return run, run.iteration(which if at else "latest")


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} is damaged: {error}") from error


def _some(numbers: list[int]) -> str:
    shown = [str(n) for n in numbers]
    return ", ".join(shown if len(shown) < 12 else [*shown[:3], "...", *shown[-6:]]) or "none"
