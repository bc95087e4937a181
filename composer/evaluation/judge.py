"""Judge what a name stands for, a model, a run or a folder of music, beside a dataset.

`report.write` writes what `judge` returns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from composer.catalog import models
from composer.data import DATASETS, jsb, load_corpus, parse_roles
from composer.errors import ComposerError, ConfigError, MidiError
from composer.evaluation.chorales import (
    arrange_chorales,
    chorale_grid,
    jsb_ladder,
    mean_scores,
)
from composer.evaluation.compare import Evaluation, compare
from composer.evaluation.listen import Arranger, dataset_responses, responses
from composer.evaluation.measure import ALL, measure, track_names
from composer.generators import CARD
from composer.runs.run import ASKED, TrainingRun
from composer.songs import READ_ENDINGS, read
from composer.songs.edit import only_melody
from composer.songs.grid import RESOLUTION
from composer.songs.song import Song

LADDER: Final = "jsb"
"""The dataset that the ladder knows, and the reference if none is named."""

Progress = Callable[[int, int, str], None]
"""How much is done, of how much, of what."""

Pairs = dict[str, tuple[float, float]]
"""Numbers by name: of what is judged, and of the dataset."""


def _tell_nobody(
    _done: int,
    _total: int,
    _what: str,
) -> None:
    """Take a report of progress, and do nothing."""


@dataclass(frozen=True)
class EvaluationRequest:
    """The wishes of whoever has something judged."""

    reference: str | None = None
    """A dataset's name or a folder; by default that of the run, else `jsb`."""
    roles: tuple[str, ...] = ()
    """Of a folder's tracks, texts NAME=PATTERN each."""
    pieces: int | None = None
    """How many at most."""
    seeds: int = 2
    """How many arrangements of each melody."""
    ladder: bool = False
    """Also the ladder."""


@dataclass(frozen=True)
class Judged:
    """The findings about `source` beside `reference`, both in words.

    responses: of a model. ladder: if asked for; the dataset's number is NaN if it has none. run:
    if `source` is one. remarks: what was left out, and why.
    """

    source: str
    reference: str
    evaluation: Evaluation
    responses: Pairs = field(default_factory=dict)
    ladder: Pairs = field(default_factory=dict)
    run: TrainingRun | None = None
    remarks: tuple[str, ...] = ()

    def table(self) -> list[tuple[str, str, float, float, float]]:
        """Return (number, track or "all", generated, dataset, distance) of everything.

        The distance is in the dataset's spreads.
        """
        overall = {"distance": self.distance, **self.responses, **self.ladder}
        rows = [
            (name, ALL, generated, dataset, float("nan"))
            for name, (generated, dataset) in overall.items()
        ]
        for name, track, cell in self.evaluation.rows():
            rows.append((name, track, cell.generated, cell.dataset, cell.distance))
        return rows

    @property
    def distance(self) -> tuple[float, float]:
        """The distance of what is judged, and that between the halves of the dataset."""
        return self.evaluation.distance, self.evaluation.dataset_distance


def judge(
    source: str,
    request: EvaluationRequest,
    open_model: Callable[[str], Arranger],
    on_progress: Progress = _tell_nobody,
) -> Judged:
    """Judge a run (also RUN@1200, RUN@best), a model, or a folder of MIDI files.

    A model arranges the melodies of the reference's valid split, or of all its songs if that is
    empty, and is compared with these pieces. A folder is compared with the valid split of a
    dataset, or with all of another folder.

    open_model: opens the model of a run or of a model's name, as
    `composer.arranging.batch.open_model` does; a folder needs none. Raise ComposerError, one
    line, for what is not there or does not fit.
    """
    run = _find_run(source)
    if run is not None:
        request = _with_defaults_of(run, request)
    request = replace(request, reference=request.reference or LADDER)
    if request.ladder and request.reference != LADDER:
        raise ConfigError(
            f"the ladder compares with {LADDER}, the reference is {request.reference}",
            mend="ladder",
        )
    folder = Path(source).expanduser()
    if run is None and not _is_model(source) and folder.is_dir():
        return _judge_folder(folder, request, on_progress)
    judged = _judge_model(source, open_model(source), request, on_progress)
    return replace(judged, run=run)


def _find_run(source: str) -> TrainingRun | None:
    folder = Path(source.rpartition("@")[0] or source)
    return TrainingRun(folder) if (folder / ASKED).is_file() else None


def _with_defaults_of(
    run: TrainingRun, request: EvaluationRequest
) -> EvaluationRequest:
    """Return the request with the dataset of the run, and its roles, if it names none."""
    dataset = run.asked["dataset"]
    roles = request.roles
    if not roles and request.reference in (None, dataset):
        roles = tuple(run.asked.get("roles", ()))
    return replace(
        request,
        roles=roles,
        reference=request.reference or dataset,
    )


def _is_model(source: str) -> bool:
    return source in models() or (Path(source).expanduser() / CARD).is_file()


def _read_reference(
    request: EvaluationRequest, held_out: bool, on_progress: Progress
) -> tuple[list[Song], str]:
    """Return the songs to compare with, and what they are in words.

    held_out: of a folder, too, only the valid split.
    """
    name = str(request.reference)

    def on_file(
        done: int,
        total: int,
        _path: Path,
    ) -> None:
        on_progress(done, total, f"reading {name}")

    corpus = load_corpus(name, parse_roles(request.roles), on_file)
    is_split = bool(corpus.valid) and (held_out or name in DATASETS)
    # What a model learned from would flatter it.
    candidates = corpus.valid if is_split else corpus.songs
    songs = [song for song in candidates if song.tracks[0].notes]
    if not songs:
        raise ConfigError(
            f"no piece of {name} has a melody to compare with", mend="roles"
        )
    songs = songs[: request.pieces]
    words = f"{_many(len(songs), 'piece')} of {corpus.name}"
    return songs, f"{words} (valid)" if is_split else words


def _many(
    count: int,
    what: str,
    several: str = "",
) -> str:
    if count == 1:
        return f"1 {what}"
    return f"{count} {several or f'{what}s'}"


# --- a model ---------------------------------------------------------------------------


class _CountingModel:
    """A model that tells how often it has arranged."""

    def __init__(
        self,
        model: Arranger,
        total: int,
        on_progress: Progress,
    ) -> None:
        self.model = model
        self.done = 0
        self.total = total
        self.on_progress = on_progress

    def arrange(self, song: Song, seed: int = 0) -> Song:
        """Return what the model makes of it."""
        arranged = self.model.arrange(song, seed=seed)
        self.done += 1
        self.on_progress(self.done, self.total, "arranging")
        return arranged


def _judge_model(
    source: str, model: Arranger, request: EvaluationRequest, on_progress: Progress
) -> Judged:
    songs, words = _read_reference(request, True, on_progress)
    melodies = [only_melody(song) for song in songs]
    _check_tracks(
        source,
        model.arrange(melodies[0]),
        songs[0],
    )

    seeds = range(request.seeds)
    # Each melody is arranged once with every seed, and once more with another's notes, to see if
    # that changes it.
    counting = _CountingModel(
        model,
        len(songs) * (len(seeds) + 1),
        on_progress,
    )
    arranged = [
        [counting.arrange(melody, seed=seed) for melody in melodies] for seed in seeds
    ]
    everything = [song for row in arranged for song in row]
    own = responses(counting, songs, seeds, arranged)
    dataset = dataset_responses(songs)

    arranged_melodies = _many(len(songs), "arranged melody", "arranged melodies")
    return Judged(
        source=f"{source}: {arranged_melodies}, {_many(len(seeds), 'seed')}",
        reference=words,
        evaluation=compare(measure(everything), measure(songs)),
        responses={name: (value, dataset[name]) for name, value in own.items()},
        ladder=_model_ladder(model, seeds, on_progress) if request.ladder else {},
    )


def _check_tracks(
    source: str,
    arranged: Song,
    song: Song,
) -> None:
    """Raise ConfigError unless an arrangement has as many tracks as the reference."""
    if len(arranged.tracks) == len(song.tracks):
        return
    own, other = ", ".join(track_names(arranged)), ", ".join(track_names(song))
    raise ConfigError(
        f"{source} makes {len(arranged.tracks)} tracks ({own}), "
        f"the reference has {len(song.tracks)} ({other})",
        mend="reference",
    )


def _model_ladder(
    model: Arranger,
    seeds: Sequence[int],
    on_progress: Progress,
) -> Pairs:
    """Score the whole valid split as `chorales.through_public_path` does, for any `pieces`."""
    ladder = jsb_ladder()
    chorales = jsb.load("valid")
    counting = _CountingModel(
        model,
        len(chorales) * len(seeds),
        on_progress,
    )
    samples = [arrange_chorales(counting, chorales, seed) for seed in seeds]
    return _beside(mean_scores(ladder, samples), ladder.reference_rates())


def _beside(scores: dict[str, float], rates: dict[str, float]) -> Pairs:
    return {
        name: (value, rates.get(name, float("nan"))) for name, value in scores.items()
    }


# --- a folder --------------------------------------------------------------------------


def _judge_folder(
    folder: Path,
    request: EvaluationRequest,
    on_progress: Progress,
) -> Judged:
    files = _song_files(folder)
    if not files:
        raise MidiError(
            f"nothing to judge in {folder}: it is no run and no model, and no file in it is MIDI"
        )
    references, words = _read_reference(request, False, on_progress)
    names = [track.name for track in references[0].tracks]

    def tell(done: int) -> None:
        on_progress(done, len(files), f"reading {folder}")

    songs, remarks = _read_songs(files, names, request.pieces, tell)
    if not songs:
        raise MidiError(
            f"nothing in {folder} can be compared with {words}; {remarks[0]}"
        )
    return Judged(
        source=f"{folder}: {_many(len(songs), 'song')}",
        reference=words,
        evaluation=compare(measure(songs), measure(references)),
        ladder=_folder_ladder(songs) if request.ladder else {},
        remarks=tuple(remarks),
    )


def _read_songs(
    files: Sequence[Path],
    names: Sequence[str],
    most: int | None,
    tell: Callable[[int], None],
) -> tuple[list[Song], list[str]]:
    """Return at most `most` songs, and a remark for each file that is left out."""
    songs: list[Song] = []
    remarks: list[str] = []
    for done, path in enumerate(files):
        if len(songs) == most:
            break
        tell(done)
        # One bad file must not cost the evaluation of all others.
        try:
            songs.append(_fitted(read(path), names))
        except ComposerError as error:
            remarks.append(_about(path, error))
    return songs, remarks


def _about(path: Path, error: ComposerError) -> str:
    """Return the text of an error; with the file's name, if it lacks it."""
    text = str(error)
    if str(path) in text:
        return text
    return f"{path}: {text}"


def _song_files(folder: Path) -> list[Path]:
    """Return the MIDI files in a folder and below, in the order of their names."""
    found = sorted(folder.rglob("*"))
    return [
        path for path in found if path.suffix.lower() in READ_ENDINGS and path.is_file()
    ]


def _fitted(song: Song, names: Sequence[str]) -> Song:
    """Return the song with the dataset's tracks: by name if it has all, else in its own order.

    Raise MidiError if the number of tracks differs, also without those that are empty.
    """
    # Names tell more than order: files list their tracks as they like.
    by_name = {track.name.casefold(): track for track in song.tracks}
    wanted = [name.casefold() for name in names]
    is_named = len(by_name) == len(song.tracks) and by_name.keys() == set(wanted)
    if is_named:
        return replace(song, tracks=tuple(by_name[name] for name in wanted))
    sounding = tuple(track for track in song.tracks if track.notes)
    for tracks in (song.tracks, sounding):
        if len(tracks) == len(names):
            return replace(song, tracks=tracks)
    has = _many(len(song.tracks), "track")
    raise MidiError(
        f"left out, it has {has}, the dataset {len(names)} ({', '.join(names)})"
    )


def _folder_ladder(songs: Sequence[Song]) -> Pairs:
    """Score songs that do not say which chorale each arranges."""
    ladder = jsb_ladder()
    grids = [chorale_grid(song, max(1, round(RESOLUTION * song.end))) for song in songs]
    return _beside(ladder.score(grids, aligned=False), ladder.reference_rates())
