"""From the names that a user gives to arrangements on disk: one job a melody.

`plan` decides what is read and written before anything is; `run` does one job.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from composer import catalog
from composer.errors import Mend, MidiError, OutputError, Remark
from composer.files import check_ending
from composer.generators import PLAYS, Model, load_model
from composer.generators.keep import Keep
from composer.generators.latents import Source
from composer.runs.run import ASKED, MODELS, find
from composer.songs import (
    MIDI_ENDINGS,
    READ_ENDINGS,
    SCORE_ENDINGS,
    SOUND_ENDINGS,
    read,
    write,
)
from composer.songs.edit import take_melody
from composer.songs.song import Song

MIDI = "midi"
PNG_ENDINGS = (".png",)
# Each kind of file and the endings that its name may have; the first is what is added to a name.
ENDINGS = {
    MIDI: MIDI_ENDINGS[:2],
    "wav": SOUND_ENDINGS,
    "png": PNG_ENDINGS,
    "musicxml": SCORE_ENDINGS,
}


@dataclass(frozen=True, slots=True)
class Job:
    """One melody to arrange."""

    source: Path  # its file
    outputs: Mapping[
        str, Path
    ]  # a kind of file ("midi", "wav", "png", "musicxml") to its path


@dataclass(frozen=True, slots=True)
class ArrangeSettings:
    """How all jobs are done."""

    seed: int = 0
    track: int | None = None  # of the melody, from 0; None chooses
    qpm: float | None = None  # None keeps the melody's tempo
    soundfont: Path | None = None
    latents: Mapping[str, Source] = field(
        default_factory=dict
    )  # by name; others are the seed's
    keep: Keep | None = None


@dataclass(frozen=True, slots=True)
class JobDone:
    """A job that is done."""

    job: Job
    song: Song
    seconds: float  # that it took
    remarks: tuple[Remark, ...] = ()  # what a listener should know of the melody


def open_model(name: str) -> Model:
    """Return the model that a user names: a bundled one, a folder, or a training run (RUN@1200).

    An iteration of a run is exported to `RUN/models` when it is first asked for, which needs the
    extra `train`. Raise ModelError or ConfigError if there is no such model.

    >>> open_model("jsb-chorales").name
    'jsb-chorales'
    """
    folder = Path(name.rpartition("@")[0] or name)
    if not (folder / ASKED).is_file():
        return load_model(name)
    run, iteration = find(name)
    exported = run.folder / MODELS / f"{iteration:06d}"
    if not (exported / PLAYS).is_file():
        # Only who asks for a run waits for TensorFlow.
        from composer.training.export import export

        export(f"{run.folder}@{iteration}", exported, score=False)
    return load_model(exported)


# --- what is to be done ------------------------------------------------------------------


def plan(
    inputs: Sequence[str],
    out: Path | None = None,
    extras: Mapping[str, Path | None] | None = None,
) -> list[Job]:
    """Return the jobs for `inputs`: MIDI or .npz files, folders of them, names of bundled tunes.

    out, and the paths in `extras` ("wav", "png", "musicxml"): a file for one melody, a folder for
    several. Without `out` one melody becomes `<name>-arranged.mid`, several go to the folder
    `arranged`. In folders names stay as they are; a second of the same name is numbered.

    Raise ComposerError for an input that is not there, OutputError if a file would be written over
    a melody or another output.
    """
    several = len(inputs) > 1 or Path(inputs[0]).is_dir()
    sources = list(_sources(inputs, out))
    if out is None:
        first = sources[0][0]
        out = Path("arranged") if several else Path(f"{first.stem}-arranged.mid")
    asked = extras or {}
    places = {MIDI: out}
    places |= {kind: path for kind, path in asked.items() if path is not None}
    if several:
        _check_folders(places.values())
    else:
        _check_endings(places)
    jobs = []
    for source, name in _numbered(sources):
        outputs = _outputs(places, name, several)
        jobs.append(Job(source, outputs))
    _check_overwriting(jobs)
    return jobs


def _sources(inputs: Sequence[str], out: Path | None) -> Iterator[tuple[Path, Path]]:
    """Yield the file of every melody and its name below an output folder."""
    for name in inputs:
        path = Path(name).expanduser()
        if path.is_dir():
            yield from _in_folder(path, out)
        elif path.exists():
            yield path, Path(path.name)
        elif name in catalog.tunes():
            yield catalog.tune(name), Path(name)
        elif path.suffix or len(path.parts) > 1:
            # It is named like a file; reading it says what is wrong.
            yield path, Path(path.name)
        else:
            raise MidiError(
                f"no file {name!r} and no bundled melody of that name", mend="melodies"
            )


def _in_folder(folder: Path, out: Path | None) -> Iterator[tuple[Path, Path]]:
    """Yield every melody below `folder`, and its name there.

    Those below `out` are left out: they are arrangements of an earlier time.
    """
    skipped = None if out is None else out.resolve()
    if skipped == folder.resolve():
        skipped = None
    found = []
    for path in sorted(folder.rglob("*")):
        is_music = path.suffix.lower() in READ_ENDINGS and path.is_file()
        is_skipped = skipped is not None and skipped in path.resolve().parents
        if is_music and not is_skipped:
            found.append(path)
    if not found:
        endings = ", ".join(READ_ENDINGS)
        raise MidiError(
            f"no melody in folder {folder}: no file there ends in {endings}"
        )
    for path in found:
        yield path, path.relative_to(folder)


def _numbered(sources: Iterable[tuple[Path, Path]]) -> Iterator[tuple[Path, Path]]:
    """Yield the same with names without endings, no two of them equal: tune, tune-2, tune-3."""
    taken: set[str] = set()
    for source, name in sources:
        stem = name.with_suffix("") if name.suffix.lower() in READ_ENDINGS else name
        free = stem
        count = 1
        # On some disks TUNE.mid and tune.mid are one file.
        while str(free).casefold() in taken:
            count += 1
            free = stem.with_name(f"{stem.name}-{count}")
        taken.add(str(free).casefold())
        yield source, free


def _outputs(places: Mapping[str, Path], name: Path, several: bool) -> dict[str, Path]:
    """Return the path of each kind of file for the melody called `name`."""
    outputs = {}
    for kind, path in places.items():
        is_folder = several or path.is_dir()
        outputs[kind] = path / f"{name}{ENDINGS[kind][0]}" if is_folder else path
    return outputs


def _check_folders(places: Iterable[Path]) -> None:
    for path in places:
        if path.exists() and not path.is_dir():
            raise OutputError(f"several melodies go into a folder; {path} is a file")


def _check_endings(places: Mapping[str, Path]) -> None:
    """Raise OutputError if a file is named as one of another kind."""
    # The commonest slip is "tune.wav" as the place of the arrangement: it gets an answer of its
    # own.
    ending = places[MIDI].suffix.lower()
    for kind, endings in ENDINGS.items():
        if kind != MIDI and ending in endings:
            raise OutputError(
                f"the arrangement is a MIDI file, got {places[MIDI]}",
                mend=Mend(kind, places[MIDI]),
            )
    for kind, path in places.items():
        check_ending(path, ENDINGS[kind], f"the {kind} file")


def _check_overwriting(jobs: Sequence[Job]) -> None:
    """Raise OutputError if an output is a melody that is read, or two outputs are one file."""
    taken = {job.source.resolve(): "the melody" for job in jobs}
    for job in jobs:
        for kind, path in job.outputs.items():
            # Resolved: two names may lead to one file.
            what = taken.get(path.resolve())
            if what:
                raise OutputError(
                    f"{path} is {what} itself; choose another place for the {kind} file"
                )
            taken[path.resolve()] = f"the {kind} file"


# --- one job -----------------------------------------------------------------------------


def run(job: Job, model: Model, settings: ArrangeSettings) -> JobDone:
    """Read the melody, arrange it, write what is asked for.

    Every file appears whole or not at all. Raise ComposerError.
    """
    start = time.perf_counter()
    song = read(job.source)
    track = settings.track
    if settings.keep is not None and track is None:
        # An arrangement says which track it is.
        track = model.kept_melody(song)
    remarks = take_melody(song, track).remarks
    arranged = model.arrange(
        song,
        settings.seed,
        track,
        settings.latents or None,
        settings.keep,
    )
    if settings.qpm is not None:
        arranged = arranged.with_qpm(settings.qpm)
    for kind, path in job.outputs.items():
        _write(kind, path, arranged, settings.soundfont)
    return JobDone(job, arranged, time.perf_counter() - start, remarks)


def _write(kind: str, path: Path, song: Song, soundfont: Path | None) -> None:
    """Write one kind of file; what is slow to import comes in when it is asked for."""
    if kind == "wav":
        from composer.songs.audio import write_wav

        write_wav(path, song, soundfont)
    elif kind == "png":
        from composer.pictures.page import plot_song

        plot_song(path, song, melody=0)
    elif kind == "musicxml":
        from composer.songs.musicxml import write_musicxml

        write_musicxml(path, song)
    else:
        write(path, song)
