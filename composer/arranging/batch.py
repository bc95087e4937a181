"""From the names on a command line to arrangements on disk: what is read, what is written, one job a melody."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from composer import catalog
from composer.errors import MidiError, OutputError, Remark
from composer.files import check_ending
from composer.generators import PLAYS, Model, load_model
from composer.generators.keep import Keep
from composer.generators.latents import Source
from composer.runs.run import ASKED, MODELS, find
from composer.songs import READ_ENDINGS, read, write
from composer.songs.edit import take_melody
from composer.songs.song import Song

SUFFIXES = {"midi": ".mid", "wav": ".wav", "png": ".png", "musicxml": ".musicxml"}
ENDINGS = {
    "midi": (".mid", ".midi"),
    "wav": (".wav",),
    "png": (".png",),
    "musicxml": (".musicxml", ".xml"),
}
OPTIONS = {".wav": "--wav", ".png": "--png", ".musicxml": "--musicxml", ".xml": "--musicxml"}


@dataclass(frozen=True, slots=True)
class Job:
    """One melody to arrange. source: its file. outputs: kind of file ("midi", "wav", "png", "musicxml") to its path."""

    source: Path
    outputs: Mapping[str, Path]


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds for every job: see `composer arrange --help`. track: from 0. latents: by name, if not of `seed`."""

    seed: int = 0
    track: int | None = None
    qpm: float | None = None
    soundfont: Path | None = None
    latents: Mapping[str, Source] = field(default_factory=dict)
    keep: Keep | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """A job that is done. remarks: what a listener should know of the melody. seconds: it took."""

    job: Job
    song: Song
    seconds: float
    remarks: tuple[Remark, ...] = ()


def open_model(name: str) -> Model:
    """The model that a user names: a bundled one, a folder, or a training run as `runs.find` takes it.

    An iteration of a run is made to play when it is first asked for (that needs the extra `train`), in `RUN/models`.
    """
    if not Path(name.rpartition("@")[0] or name, ASKED).is_file():
        return load_model(name)
    run, iteration = find(name)
    folder = run.folder / MODELS / f"{iteration:06d}"
    if not (folder / PLAYS).is_file():
        from composer.training.export import export

        export(f"{run.folder}@{iteration}", folder, score=False)
    return load_model(folder)


def plan(
    inputs: Sequence[str], out: Path | None = None, extras: Mapping[str, Path | None] | None = None
) -> list[Job]:
    """The jobs for `inputs`: MIDI or .npz files, folders of them, names of bundled tunes.

    out, and the paths in `extras` ("wav", "png", "musicxml"): a file for one melody, a folder for several. Without
    `out` one melody becomes `<name>-arranged.mid`, several go to the folder `arranged`; in folders names stay as they
    are, and a second of the same name is numbered. Raises ComposerError for an input that is not there, and
    OutputError where a file would be written over a melody or another output.
    """
    several = len(inputs) > 1 or Path(inputs[0]).is_dir()
    sources = list(_sources(inputs, out))
    if out is None:
        out = Path("arranged") if several else Path(f"{sources[0][0].stem}-arranged.mid")
    places = {
        "midi": out,
        **{kind: path for kind, path in (extras or {}).items() if path is not None},
    }
    if several:
        _check_folders(places.values())
    else:
        for kind, path in places.items():
            _check_ending(kind, path)
    jobs = [
        Job(
            source,
            {kind: _place(path, name, SUFFIXES[kind], several) for kind, path in places.items()},
        )
        for source, name in _numbered(sources)
    ]
    _check_overwriting(jobs)
    return jobs


def run(job: Job, model: Model, settings: Settings) -> Done:
    """Read the melody, arrange it, write what is asked for. Raises ComposerError; every file appears whole or not."""
    start = time.perf_counter()
    song = read(job.source)
    track = settings.track
    if settings.keep is not None and track is None:
        track = model.kept_melody(song)  # an arrangement says which it is
    remarks = take_melody(song, track).remarks
    arranged = model.arrange(song, settings.seed, track, settings.latents or None, settings.keep)
    if settings.qpm is not None:
        arranged = arranged.with_qpm(settings.qpm)
    for kind, path in job.outputs.items():
        _write(kind, path, arranged, settings)
    return Done(job, arranged, time.perf_counter() - start, remarks)


def _write(kind: str, path: Path, song: Song, settings: Settings) -> None:
    """Write one kind of file; what is slow to import is imported by those who ask for it."""
    if kind == "midi":
        write(path, song)
    elif kind == "wav":
        from composer.songs.audio import write_wav

        write_wav(path, song, settings.soundfont)
    elif kind == "png":
        from composer.pictures.page import plot_song

        plot_song(path, song, melody=0)
    else:
        from composer.songs.musicxml import write_musicxml

        write_musicxml(path, song)


def _sources(inputs: Sequence[str], out: Path | None) -> Iterator[tuple[Path, Path]]:
    """(file to read, its name below an output folder) of every melody."""
    for name in inputs:
        path = Path(name).expanduser()
        if path.is_dir():
            yield from _in_folder(path, out)
        elif not path.exists() and name in catalog.tunes():
            yield catalog.tune(name), Path(name)
        elif path.exists() or path.suffix or len(path.parts) > 1:
            yield path, Path(path.name)
        else:
            raise MidiError(
                f"no file {name!r} and no bundled melody of that name; `composer melodies` lists those"
            )


def _in_folder(folder: Path, out: Path | None) -> Iterator[tuple[Path, Path]]:
    """Every melody below `folder`, without those below `out`: they are arrangements of an earlier run."""
    skipped = out.resolve() if out is not None and out.resolve() != folder.resolve() else None
    found = [
        p for p in sorted(folder.rglob("*")) if p.suffix.lower() in READ_ENDINGS and p.is_file()
    ]
    found = [p for p in found if skipped is None or skipped not in p.resolve().parents]
    if not found:
        raise MidiError(
            f"no melody in folder {folder}: no file there ends in {', '.join(READ_ENDINGS)}"
        )
    yield from ((p, p.relative_to(folder)) for p in found)


def _numbered(sources: Iterable[tuple[Path, Path]]) -> Iterator[tuple[Path, Path]]:
    """The same with names without suffix, of which no two are equal: tune, tune-2, tune-3."""
    taken: set[str] = set()
    for source, name in sources:
        stem = name.with_suffix("") if name.suffix.lower() in READ_ENDINGS else name
        free, count = stem, 1
        while str(free).casefold() in taken:
            count += 1
            free = stem.with_name(f"{stem.name}-{count}")
        taken.add(str(free).casefold())
        yield source, free


def _place(path: Path, name: Path, suffix: str, several: bool) -> Path:
    return path / f"{name}{suffix}" if several or path.is_dir() else path


def _check_folders(places: Iterable[Path]) -> None:
    for path in places:
        if path.exists() and not path.is_dir():
            raise OutputError(f"several melodies go into a folder; {path} is a file")


def _check_ending(kind: str, path: Path) -> None:
    option = OPTIONS.get(path.suffix.lower())
    if option and kind == "midi":
        raise OutputError(
            f"-o is the MIDI file, got {path}; for that kind of file add {option} {path}"
        )
    check_ending(path, ENDINGS[kind], f"the {kind} file")


def _check_overwriting(jobs: Sequence[Job]) -> None:
    """Raise OutputError where an output is a melody that is read, or two outputs are one file."""
    taken = {job.source.resolve(): "the melody" for job in jobs}
    for job in jobs:
        for kind, path in job.outputs.items():
            what = taken.get(path.resolve())
            if what:
                raise OutputError(
                    f"{path} is {what} itself; choose another place for the {kind} file"
                )
            taken[path.resolve()] = f"the {kind} file"
