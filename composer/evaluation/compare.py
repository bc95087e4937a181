"""Lay generated songs beside the dataset, metric by metric and track by track."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Final, NamedTuple

import numpy as np

from composer.errors import ShapeError
from composer.evaluation.listen import RESPONSES
from composer.evaluation.measure import ALL, METRICS, Measured, mean_known
from composer.metrics.rolls import histogram_distance
from composer.metrics.samples import wasserstein
from composer.songs.grid import Floats

HISTOGRAMS: Final = {
    "pitch_class_distance": "pitch classes: distance",
    "pitch_distance": "pitches: distance",
}
"""Rows of the table that compare two histograms.

Their "dataset" is the distance of its even pieces from its odd ones.
"""

TITLES: Final = {
    "distance": "distance",
    **HISTOGRAMS,
    **{name: metric.title for name, metric in METRICS.items()},
    **RESPONSES,
}
"""What a page calls each number."""

# These rows tell most at a glance, so they come first.
FIRST: Final = ("empty_bar_ratio", *HISTOGRAMS, "c_major_ratio")

UNDEFINED: Final = "–"
ONE_PLACE_FROM = 9.95
NO_PLACES_FROM = 999.5


class Compared(NamedTuple):
    """A cell of the table."""

    generated: float
    """Mean over the generated pieces."""
    dataset: float
    """Mean over the dataset's pieces."""
    distance: float
    """How far the two samples lie apart, in the dataset's spreads."""


@dataclass(frozen=True)
class Evaluation:
    """Generated songs beside the dataset; see `compare`.

    pieces: how many, generated and of the dataset. table: metric to track name or "all" to
    `Compared`; metrics that neither side has are left out. pitches: float [2, track, 128], and
    pitch_classes: float [2, track, 12], shares of the notes, generated first. distance: one
    number, 0 if all is alike. dataset_distance: the same between the dataset's even and odd
    pieces.
    """

    tracks: tuple[str, ...]
    pieces: tuple[int, int]
    table: dict[str, dict[str, Compared]]
    pitches: Floats
    pitch_classes: Floats
    distance: float
    dataset_distance: float

    def headline(self) -> tuple[dict[str, float], dict[str, float]]:
        """Return `distance` and the column "all", metric to number: generated, and the dataset's.

        What is undefined is left out.
        """
        generated = {"distance": self.distance}
        dataset = {"distance": self.dataset_distance}
        for name, row in self.table.items():
            generated[name] = row[ALL].generated
            dataset[name] = row[ALL].dataset
        return _defined(generated), _defined(dataset)

    def rows(self) -> Iterator[tuple[str, str, Compared]]:
        """Yield (metric, track or "all", cell) of the whole table."""
        for name, row in self.table.items():
            for track, cell in row.items():
                yield name, track, cell


class _Columns(NamedTuple):
    """A row of the table as arrays, float [track + 1] each."""

    generated: Floats
    dataset: Floats
    distance: Floats


def compare(generated: Measured, reference: Measured) -> Evaluation:
    """Compare generated songs with the dataset's, track by track; the names are the dataset's.

    distance: how far the two samples of pieces lie apart in a metric (Wasserstein-1, in standard
    deviations of the dataset's sample, these at least the metric's `least`), mean over the added
    tracks, then over the metrics. What is undefined on either side is left out. Raise ShapeError
    if the numbers of tracks differ.

    >>> from composer.evaluation.measure import measure
    >>> from composer.songs.song import Note, Song, Track
    >>> def song(pitch):
    ...     tune = Track((Note(0.0, 72, 4.0),), "Tune")
    ...     return Song((tune, Track((Note(0.0, pitch, 4.0),), "Bass")))
    >>> bach = measure([song(48), song(50)])
    >>> cell = compare(measure([song(55), song(57)]), bach).table["mean_pitch"]["Bass"]
    >>> cell  # seven semitones; the dataset's own standard deviation is one
    Compared(generated=56.0, dataset=49.0, distance=7.0)
    """
    _check_tracks(generated, reference)
    spreads = _spreads(reference)
    distances = _distances(generated, reference, spreads)
    rows = _rows(generated, reference, distances)
    even, odd = reference[::2], reference[1::2]
    sides = (generated, reference)
    return Evaluation(
        tracks=reference.tracks,
        pieces=(len(generated), len(reference)),
        table=_table(rows, (*reference.tracks, ALL)),
        pitches=np.stack([mean_known(side.pitches) for side in sides]),
        pitch_classes=np.stack([mean_known(side.pitch_classes) for side in sides]),
        distance=_mean_distance(distances),
        dataset_distance=_mean_distance(_distances(even, odd, spreads)),
    )


def short_number(value: float, places: int = 3) -> str:
    """Write a number briefly; – if it is undefined.

    >>> [short_number(value) for value in (0.1234, 12.34, 1234.5, float("nan"))]
    ['0.123', '12.3', '1234', '–']
    """
    if isnan(value):
        return UNDEFINED
    size = abs(value)
    if size >= NO_PLACES_FROM:
        places = 0
    elif size >= ONE_PLACE_FROM:
        places = 1
    return f"{value:.{places}f}"


def _check_tracks(generated: Measured, reference: Measured) -> None:
    """Raise ShapeError unless both have as many tracks."""
    own, other = generated.tracks, reference.tracks
    if len(own) != len(other):
        raise ShapeError(
            f"the dataset has {len(other)} tracks ({', '.join(other)}), "
            f"what is compared with it {len(own)} ({', '.join(own)})"
        )


def _rows(
    generated: Measured,
    reference: Measured,
    distances: dict[str, Floats],
) -> dict[str, _Columns]:
    """Return the rows of the table: of each metric, then of each histogram."""
    rows = {}
    for name, distance in distances.items():
        own = mean_known(generated.values[name])
        other = mean_known(reference.values[name])
        rows[name] = _Columns(own, other, distance)
    # Two halves of one dataset lie apart by chance alone; no more than that is no fault.
    halves = _histogram_distances(reference[::2], reference[1::2])
    for name, apart in _histogram_distances(generated, reference).items():
        undefined = np.full(len(apart), np.nan)
        rows[name] = _Columns(apart, halves[name], undefined)
    return rows


def _table(
    rows: dict[str, _Columns], columns: Sequence[str]
) -> dict[str, dict[str, Compared]]:
    """Return the cells by metric and column, the most telling rows first; no empty rows."""
    known = [name for name, row in rows.items() if not _is_unknown(row)]
    known.sort(key=lambda name: FIRST.index(name) if name in FIRST else len(FIRST))
    table: dict[str, dict[str, Compared]] = {}
    for name in known:
        table[name] = {}
        for column, generated, dataset, distance in zip(
            columns, *rows[name], strict=True
        ):
            table[name][column] = Compared(
                float(generated),
                float(dataset),
                float(distance),
            )
    return table


def _is_unknown(row: _Columns) -> bool:
    return bool(np.isnan(row.generated).all() and np.isnan(row.dataset).all())


def _spreads(reference: Measured) -> dict[str, Floats]:
    """Return standard deviations over the pieces by metric, float [track + 1], at least `least`."""
    # Of the dataset alone: a set that scatters widely must not make its own distance small.
    spreads = {}
    for name, value in reference.values.items():
        variance = mean_known((value - mean_known(value)) ** 2)
        spreads[name] = np.fmax(np.sqrt(variance), METRICS[name].least)
    return spreads


def _distances(
    first: Measured,
    second: Measured,
    spreads: dict[str, Floats],
) -> dict[str, Floats]:
    """Return Wasserstein distances in spreads: metric to float [track + 1].

    The last is the mean of the added tracks, or that of the tracks together if only they have a
    value.
    """
    table = {}
    # Track by track: two tracks that move apart would cancel out in their mean.
    for name, spread in spreads.items():
        pairs = zip(
            first.values[name].T,
            second.values[name].T,
            strict=True,
        )
        row = np.array([wasserstein(one, other) for one, other in pairs]) / spread
        added = row[1:-1]
        # Voices against each other have one value for all tracks.
        together = row[-1] if np.isnan(added).all() else mean_known(added)
        table[name] = np.append(row[:-1], together)
    return table


def _mean_distance(distances: dict[str, Floats]) -> float:
    """Return the mean over the metrics of the added tracks' distances."""
    return float(mean_known(np.array([row[-1] for row in distances.values()])))


def _histogram_distances(first: Measured, second: Measured) -> dict[str, Floats]:
    """Return the distances of the mean histograms, float [track + 1].

    The last is the mean of the added tracks.
    """
    classes = histogram_distance(
        mean_known(first.pitch_classes), mean_known(second.pitch_classes)
    )
    pitches = histogram_distance(mean_known(first.pitches), mean_known(second.pitches))
    return {
        "pitch_class_distance": np.append(classes, mean_known(classes[1:])),
        "pitch_distance": np.append(pitches, mean_known(pitches[1:])),
    }


def _defined(values: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in values.items() if not isnan(value)}
