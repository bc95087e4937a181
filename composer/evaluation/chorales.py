"""Judge a model as it is used: sopranos go in and arrangements come out as MIDI files.

Tune on `valid`; `test` is for the final judgement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from composer.data import jsb
from composer.errors import ShapeError
from composer.evaluation.listen import Arranger
from composer.files import atomic
from composer.generators import Player
from composer.metrics import check_grids
from composer.metrics.ladder import Ladder, diversity
from composer.songs import read, write
from composer.songs.edit import only_melody
from composer.songs.grid import RESOLUTION, REST, Ints, from_voices, to_voices
from composer.songs.song import Song, Track

VOICES = 4
# After the end of a piece, in the scorer's files, in which -1 is a rest.
PADDING = -2


def through_public_path(
    model: Arranger,
    split: str = "valid",
    seeds: Sequence[int] = (0, 1, 2),
    metre: bool = False,
) -> dict[str, float]:
    """Score a model's arrangements of a split's sopranos by `Ladder.score`: means over the seeds.

    With two seeds or more `diversity` compares each with the next. metre: see `soprano_song`.
    """
    chorales = jsb.load(split)
    samples = [arrange_chorales(model, chorales, seed, metre) for seed in seeds]
    return mean_scores(jsb_ladder(split), samples)


def mean_scores(ladder: Ladder, samples: Sequence[Sequence[Ints]]) -> dict[str, float]:
    """Return the mean scores of sets that arrange the same sopranos, and their `diversity`."""
    scores = [ladder.score(sample) for sample in samples]
    mean = {
        name: float(np.mean([score[name] for score in scores])) for name in scores[0]
    }
    if len(samples) > 1:
        mean["diversity"] = float(
            np.mean([diversity(a, b) for a, b in pairwise(samples)])
        )
    return mean


def jsb_ladder(split: str = "valid") -> Ladder:
    """Return the ladder that compares with a split of the JSB Chorales."""
    return Ladder(
        jsb_grids("train"),
        jsb_grids(split),
        held_out=jsb_grids("valid"),
    )


def jsb_grids(split: str) -> list[Ints]:
    """Return the chorales of a split, int [step, 4] each."""
    return [chorale.voices.astype(np.int64) for chorale in jsb.load(split)]


# --- arranging ---------------------------------------------------------------------------


def arrange_chorales(
    model: Arranger,
    chorales: Sequence[jsb.Chorale],
    seed: int,
    metre: bool = False,
) -> list[Ints]:
    """Arrange each chorale's soprano through MIDI files: int [step, 4], as long as the chorale."""
    with TemporaryDirectory() as folder:
        return [
            _arrange(model, chorale, seed, metre, Path(folder)) for chorale in chorales
        ]


def arrange_live(
    model: Player,
    chorale: jsb.Chorale,
    seed: int,
    horizon: float,
    struck: bool = False,
) -> Ints:
    """Accompany a chorale's soprano while it is played: int [step, 4].

    Every `horizon` beats the voices of the next ones are decided, before their soprano is heard;
    those of the first are made when it is over. struck: the pitch that begins them is known, as
    if voices were ready for each.
    """
    song = soprano_song(chorale)
    melody = song.tracks[0]
    steps = len(chorale.voices)
    now = horizon
    while now * RESOLUTION < steps:
        # Before the first note there is nothing to go on with.
        has_begun = melody.notes[0].onset < now
        if has_begun:
            pitch = int(chorale.voices[int(now * RESOLUTION), 0])
            expected = pitch if struck and pitch != REST else None
            song = model.arrange_ahead(
                _with_melody(song, melody), now, horizon, seed, expected=expected
            )
        now += horizon
    return chorale_grid(_with_melody(song, melody), steps)


def soprano_song(chorale: jsb.Chorale, metre: bool = False) -> Song:
    """Return the soprano alone, as on a plain grid of sixteenths: repeated notes are one.

    metre: as the score has it instead, with repeated notes, metre, pickup and key signature.
    """
    if metre:
        return only_melody(jsb.to_song(chorale))
    soprano = chorale.voices[:, :1].astype(np.int64)
    # Without onsets a repeated note is one long note, as in the published arrays.
    no_onsets = np.zeros(soprano.shape, bool)
    return from_voices(
        soprano,
        no_onsets,
        RESOLUTION,
        like=[Track(name="Soprano")],
    )


def chorale_grid(song: Song, steps: int) -> Ints:
    """Return four tracks as int [step, 4] of `steps` steps: cut, or filled with rests.

    Raise ShapeError if the song has another number of tracks.

    >>> from composer.songs.song import Note, Song, Track
    >>> voices = [Track((Note(0.0, pitch, 0.5),)) for pitch in (72, 64, 55, 48)]
    >>> chorale_grid(Song(tuple(voices)), 3).tolist()
    [[72, 64, 55, 48], [72, 64, 55, 48], [-1, -1, -1, -1]]
    """
    if len(song.tracks) != VOICES:
        raise ShapeError(
            f"a four-part arrangement has 4 tracks, got {len(song.tracks)}"
        )
    voices, _ = to_voices(song, RESOLUTION)
    grid = np.full((steps, VOICES), REST, np.int64)
    grid[: len(voices)] = voices[:steps]
    return grid


def _with_melody(song: Song, melody: Track) -> Song:
    return replace(song, tracks=(melody, *song.tracks[1:]))


def _arrange(
    model: Arranger,
    chorale: jsb.Chorale,
    seed: int,
    metre: bool,
    folder: Path,
) -> Ints:
    melody = folder / "melody.mid"
    arrangement = folder / "arrangement.mid"
    write(melody, soprano_song(chorale, metre))
    write(arrangement, model.arrange(read(melody), seed=seed))
    return chorale_grid(read(arrangement), len(chorale.voices))


# --- files for other scorers -------------------------------------------------------------


def save_for_scorer(
    path: str | Path,
    grids: Sequence[Ints],
    split: str = "valid",
) -> None:
    """Write grids, int [step, 4], as an .npz that other scorers read.

    It has `split`, int16 [piece, step, 4], padded with -2.
    """
    _save(path, {split: grids})


def save_reference_for_scorer(
    path: str | Path, splits: Sequence[str] = ("train", "valid")
) -> None:
    """Write splits of the bundled chorales as `save_for_scorer` does, to compare its grids with.

    Other JSB arrays will not do: they lack some pieces, write repeats out or end with a rest.
    """
    _save(path, {split: jsb_grids(split) for split in splits})


def _save(path: str | Path, splits: Mapping[str, Sequence[Ints]]) -> None:
    arrays: dict[str, Any] = {split: _padded(grids) for split, grids in splits.items()}
    with atomic(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **arrays)


def _padded(grids: Sequence[Ints]) -> NDArray[np.int16]:
    checked = check_grids(grids)
    longest = max(len(grid) for grid in checked)
    padded = np.full((len(checked), longest, VOICES), PADDING, np.int16)
    for row, grid in zip(padded, checked, strict=True):
        row[: len(grid)] = grid
    return padded
