"""From a name on the command line to an evaluation: what is judged, and beside what.

`files` writes what `judge` gives.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from composer.arranging.batch import READABLE, open_model
from composer.catalog import models
from composer.data import DATASETS, jsb, load_corpus, parse_roles
from composer.errors import ComposerError, ConfigError, MidiError
from composer.evaluation.chorales import arrange_chorales, chorale_grid, jsb_ladder, mean_scores
from composer.evaluation.compare import Evaluation, compare
from composer.evaluation.listen import Arranger, dataset_responses, responses
from composer.evaluation.measure import ALL, measure, track_names
from composer.generators import CARD
from composer.runs.run import ASKED, TrainingRun
from composer.songs import read
from composer.songs.edit import only_melody
from composer.songs.song import Song

LADDER: Final = "jsb"  # the dataset that the ladder knows
Progress = Callable[[int, int, str], None]
"""How much is done, of how much, of what."""
Pairs = dict[str, tuple[float, float]]
"""Numbers by name: of what is judged, and of the dataset."""


@dataclass(frozen=True)
class Settings:
    """How something is judged; see `composer evaluate --help`.

    reference: a dataset's name or a folder; by default that of the run, else `jsb`. roles: of a folder's tracks, texts
    NAME=PATTERN. pieces: how many at most. seeds: for how many seeds each melody is arranged.
    """

    reference: str | None = None
    roles: tuple[str, ...] = ()
    pieces: int | None = None
    seeds: int = 2
    ladder: bool = False


@dataclass(frozen=True)
class Judged:
    """What was found of `source` beside `reference`, both in words.

    responses: of a model. ladder: where asked for, the dataset's NaN where it has none. run: where `source` is one.
    remarks: what was left out, and why.
    """

    source: str
    reference: str
    evaluation: Evaluation
    responses: Pairs = field(default_factory=dict)
    ladder: Pairs = field(default_factory=dict)
    run: TrainingRun | None = None
    remarks: tuple[str, ...] = ()

    def table(self) -> list[tuple[str, str, float, float, float]]:
        """(Number, track or "all", generated, dataset, distance in the dataset's spreads) of everything."""
        overall = {"distance": self.distance, **self.responses, **self.ladder}
        pairs = [(name, ALL, *pair, float("nan")) for name, pair in overall.items()]
        return pairs + [(name, track, *cell) for name, track, cell in self.evaluation.rows()]

    @property
    def distance(self) -> tuple[float, float]:
        """Of what is judged, and between the halves of the dataset."""
        return self.evaluation.distance, self.evaluation.dataset_distance


def judge(source: str, settings: Settings, on_progress: Progress) -> Judged:
    """Judge a run (also RUN@1200, RUN@best), a model, or a folder of MIDI files.

    A model arranges the melodies of the reference's valid split, all songs where that is empty; it is compared with
    these pieces. A folder is compared with the valid split of a dataset, with all of another folder.
    Raises ComposerError, one line, for what is not there or does not fit.
    """
    run = _run(source)
    if run is not None:
        asked = run.asked
        settings = replace(settings, roles=settings.roles or _roles(asked, settings.reference))
        settings = replace(settings, reference=settings.reference or asked["dataset"])
    settings = replace(settings, reference=settings.reference or "jsb")
    if settings.ladder and settings.reference != LADDER:
        raise ConfigError(
            f"--ladder compares with {LADDER}, the reference is {settings.reference}; leave one of them out"
        )
    if run is None and not _is_model(source) and Path(source).expanduser().is_dir():
        return _judge_folder(Path(source).expanduser(), settings, on_progress)
    return replace(_judge_model(source, settings, on_progress), run=run)


def _roles(asked: dict[str, Any], reference: str | None) -> tuple[str, ...]:
    return tuple(asked.get("roles", ())) if reference in (None, asked["dataset"]) else ()


def _run(source: str) -> TrainingRun | None:
    folder = Path(source.rpartition("@")[0] or source)
    return TrainingRun(folder) if (folder / ASKED).is_file() else None


def _is_model(source: str) -> bool:
    return source in models() or (Path(source).expanduser() / CARD).is_file()


def _reference(settings: Settings, held_out: bool, on_progress: Progress) -> tuple[list[Song], str]:
    """The songs to compare with, and what they are. held_out: of a folder, too, only the valid split."""
    name = str(settings.reference)
    roles = parse_roles(settings.roles)
    corpus = load_corpus(
        name, roles, lambda done, total, _: on_progress(done, total, f"reading {name}")
    )
    split = "valid" if corpus.valid and (held_out or name in DATASETS) else ""
    songs = [song for song in (corpus.valid if split else corpus.songs) if song.tracks[0].notes]
    if not songs:
        raise ConfigError(
            f"no piece of {name} has a melody to compare with; --track chooses the tracks"
        )
    songs = songs[: settings.pieces]
    return songs, f"{_many(len(songs), 'piece')} of {corpus.name}{split and f' ({split})'}"


def _many(count: int, what: str, several: str = "") -> str:
    return f"{count} {what if count == 1 else several or f'{what}s'}"


# --- a model ---------------------------------------------------------------------------


class _Counting:
    """A model that says how often it has arranged."""

    def __init__(self, model: Arranger, total: int, on_progress: Progress) -> None:
        self.model, self.done, self.total, self.on_progress = model, 0, total, on_progress

    def arrange(self, song: Song, seed: int = 0) -> Song:
        """What the model makes of it."""
        made = self.model.arrange(song, seed=seed)
        self.done += 1
        self.on_progress(self.done, self.total, "arranging")
        return made


def _judge_model(source: str, settings: Settings, on_progress: Progress) -> Judged:
    model = open_model(source)
    songs, words = _reference(settings, True, on_progress)
    seeds = range(settings.seeds)
    counting = _Counting(model, len(songs) * (len(seeds) + 1), on_progress)
    _check_tracks(source, model.arrange(only_melody(songs[0])), songs[0])
    arranged = [
        [counting.arrange(only_melody(song), seed=seed) for song in songs] for seed in seeds
    ]
    evaluation = compare(measure([song for row in arranged for song in row]), measure(songs))
    own, dataset = responses(counting, songs, seeds, arranged), dataset_responses(songs)
    return Judged(
        source=f"{source}: {_many(len(songs), 'arranged melody', 'arranged melodies')}, {_many(len(seeds), 'seed')}",
        reference=words,
        evaluation=evaluation,
        responses={name: (value, dataset[name]) for name, value in own.items()},
        ladder=_model_ladder(model, seeds, on_progress) if settings.ladder else {},
    )


def _check_tracks(source: str, made: Song, song: Song) -> None:
    if len(made.tracks) != len(song.tracks):
        one, other = (", ".join(track_names(s)) for s in (made, song))
        raise ConfigError(
            f"{source} makes {len(made.tracks)} tracks ({one}), the reference has {len(song.tracks)} ({other}); "
            "choose another --reference, or its tracks with --track"
        )


def _model_ladder(model: Arranger, seeds: Sequence[int], on_progress: Progress) -> Pairs:
    """As `public_path.through_public_path`: of the whole valid split, whatever --pieces says."""
    ladder, chorales = jsb_ladder(), jsb.load("valid")
    counting = _Counting(model, len(chorales) * len(seeds), on_progress)
    samples = [arrange_chorales(counting, chorales, seed) for seed in seeds]
    return _beside(mean_scores(ladder, samples), ladder.reference_rates())


def _beside(scores: dict[str, float], rates: dict[str, float]) -> Pairs:
    return {name: (value, rates.get(name, float("nan"))) for name, value in scores.items()}


# --- a folder --------------------------------------------------------------------------


def _judge_folder(folder: Path, settings: Settings, on_progress: Progress) -> Judged:
    files = [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in READABLE and path.is_file()
    ]
    if not files:
        raise MidiError(
            f"nothing to judge in {folder}: it is no run and no model, and no file in it is MIDI"
        )
    references, words = _reference(settings, False, on_progress)
    names = [track.name for track in references[0].tracks]
    songs: list[Song] = []
    remarks: list[str] = []
    for i, path in enumerate(files):
        if len(songs) == settings.pieces:
            break
        on_progress(i, len(files), f"reading {folder}")
        try:
            songs.append(_fitted(read(path), names))
        except ComposerError as error:
            remarks.append(str(error) if str(path) in str(error) else f"{path}: {error}")
    if not songs:
        raise MidiError(f"nothing in {folder} can be compared with {words}; {remarks[0]}")
    return Judged(
        source=f"{folder}: {_many(len(songs), 'song')}",
        reference=words,
        evaluation=compare(measure(songs), measure(references)),
        ladder=_folder_ladder(songs) if settings.ladder else {},
        remarks=tuple(remarks),
    )


def _fitted(song: Song, names: Sequence[str]) -> Song:
    """The song with the dataset's tracks: by name where it has all of them, else in its own order.

    Raises MidiError where the number of tracks differs, also without those that are empty.
    """
    by_name = {track.name.casefold(): track for track in song.tracks}
    wanted = [name.casefold() for name in names]
    if len(by_name) == len(song.tracks) and by_name.keys() == set(wanted):
        return replace(song, tracks=tuple(by_name[name] for name in wanted))
    sounding = tuple(track for track in song.tracks if track.notes)
    for tracks in (song.tracks, sounding):
        if len(tracks) == len(names):
            return replace(song, tracks=tracks)
    had = _many(len(song.tracks), "track")
    raise MidiError(f"left out, it has {had}, the dataset {len(names)} ({', '.join(names)})")


def _folder_ladder(songs: Sequence[Song]) -> Pairs:
    """Not aligned: nothing says which chorale each is."""
    ladder = jsb_ladder()
    grids = [chorale_grid(song, max(1, round(4 * song.end))) for song in songs]
    return _beside(ladder.score(grids, aligned=False), ladder.reference_rates())
