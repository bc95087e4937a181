"""A training run as a folder that anyone can read while it grows; nothing here needs TensorFlow.

run.json               what was asked, and the data's hash
reference.json         the measures of the dataset itself
log.jsonl              a line a report: iteration, seconds, losses, and now and then measures
snapshots/001200/*.mid what the generator made of the watched melodies at that iteration
checkpoints/001200.npz the last few and the best: all that training needs to go on; the others: what plays
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from shutil import rmtree
from typing import Any

from composer.errors import ModelError, OutputError
from composer.files import atomic
from composer.midifile import read, write
from composer.music import Song

ASKED, REFERENCE, LOG, SNAPSHOTS, CHECKPOINTS = "run.json", "reference.json", "log.jsonl", "snapshots", "checkpoints"


@dataclass(frozen=True)
class Report:
    """What a training run tells those who watch it.

    seconds: of training so far, over all resumes. rate: iterations a second since the last report. phase: what is
    being trained for, "supervised" or "adversarial"; phases: iterations of each, in order. losses: means since the
    last report. measures, songs: filled when they were made, now and then; songs: by watched melody. reference: the
    dataset's own values of the measures.
    """

    iteration: int
    iterations: int
    seconds: float
    rate: float
    phase: str
    losses: dict[str, float]
    measures: dict[str, float] = field(default_factory=dict)
    reference: dict[str, float] = field(default_factory=dict)
    songs: dict[str, Song] = field(default_factory=dict)
    phases: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
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
        found = sorted((int(at.name), at) for at in (self.folder / SNAPSHOTS).glob("[0-9]*"))
        return {iteration: {p.stem: p for p in sorted(at.glob("[!.]*.mid"))} for iteration, at in found}

    def snapshot(self, iteration: int) -> dict[str, Song]:
        """What the generator made of each watched melody at an iteration. Raises ModelError where it was not kept."""
        kept = self.snapshots
        if iteration not in kept:
            raise ModelError(f"{self.folder} has no snapshot of iteration {iteration}; it has {_some(list(kept))}")
        return {name: read(path) for name, path in kept[iteration].items()}

    def save_snapshot(self, iteration: int, songs: dict[str, Song]) -> None:
        """Keep what the generator makes now."""
        for name, song in songs.items():
            write(self.folder / SNAPSHOTS / f"{iteration:06d}" / f"{name}.mid", song)

    @property
    def checkpoints(self) -> dict[int, Path]:
        """Checkpoint files by iteration, in order."""
        return dict(sorted((int(p.stem), p) for p in (self.folder / CHECKPOINTS).glob("[0-9]*.npz")))

    @property
    def latest(self) -> int:
        """The last iteration with a checkpoint. Raises ModelError where there is none."""
        kept = self.checkpoints
        if not kept:
            raise ModelError(f"{self.folder} has no checkpoint yet")
        return max(kept)

    @property
    def finished(self) -> bool:
        """Whether it has come to its last iteration."""
        phases = (self.asked["train"][f"{name}_iterations"] for name in ("supervised", "adversarial"))
        return bool(self.latest >= sum(phases))

    @property
    def best(self) -> int:
        """The kept iteration whose `distance` was the smallest; the latest where none was measured."""
        kept = self.checkpoints
        distance = {line["iteration"]: line["measures"]["distance"] for line in self.log if "measures" in line}
        return min((i for i in kept if i in distance), key=lambda i: distance[i], default=self.latest)

    def iteration(self, which: str) -> int:
        """The kept iteration that `which` names: a number, "best" or "latest". Raises ModelError for any other."""
        if which in ("best", "latest"):
            return self.best if which == "best" else self.latest
        if not which.isdigit() or int(which) not in self.checkpoints:
            raise ModelError(f"{self.folder} keeps no iteration {which!r}; it has {_some(list(self.checkpoints))}")
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

    def forget_after(self, iteration: int) -> None:
        """Drop what is later than `iteration`: log lines, snapshots, checkpoints; a resumed run makes them again."""
        lines = [line for line in self.log if line["iteration"] <= iteration]
        with atomic(self.folder / LOG) as path:
            path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        for folder in (self.folder / SNAPSHOTS).glob("[0-9]*"):
            if int(folder.name) > iteration:
                rmtree(folder)  # with what a killed run left half-written
        for path in (p for at, p in self.checkpoints.items() if at > iteration):
            path.unlink()
        for path in self.folder.glob("**/.*"):  # half-written by a process that was killed
            path.unlink()


def find(name: str) -> tuple[Run, int]:
    """The run and iteration that `RUN`, `RUN@1200`, `RUN@best` or `RUN@latest` name.

    Raises ModelError where there is no such run, or where it does not keep that iteration.
    """
    folder, at, which = name.rpartition("@")
    run = Run(Path(folder if at else name))
    return run, run.iteration(which if at else "latest")


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} is damaged: {error}") from error


def _some(numbers: list[int]) -> str:
    shown = [str(n) for n in numbers]
    return ", ".join(shown if len(shown) < 12 else [*shown[:3], "...", *shown[-6:]]) or "none"
