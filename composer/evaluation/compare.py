"""Generated songs beside the dataset, measure by measure and track by track."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from composer.errors import ShapeError
from composer.evaluation.listen import RESPONSES
from composer.evaluation.measure import ALL, MEASURES, Measured, mean_known
from composer.metrics.rolls import histogram_distance
from composer.metrics.samples import wasserstein
from composer.songs.grid import Floats

HISTOGRAMS: Final = {
    "pitch_class_distance": "pitch classes: distance",
    "pitch_distance": "pitches: distance",
}
"""Two histograms compared: rows of the table whose "dataset" is that of its even pieces from its odd ones."""

TITLES: Final = {
    "distance": "distance",
    **HISTOGRAMS,
    **{name: measure.title for name, measure in MEASURES.items()},
    **RESPONSES,
}
"""What a page calls each number."""

FIRST: Final = ("empty_bar_ratio", *HISTOGRAMS, "c_major_ratio")


class Compared(NamedTuple):
    """A cell of the table: means over the pieces, and the distance of the two samples in the dataset's spreads."""

    generated: float
    dataset: float
    distance: float


@dataclass(frozen=True)
class Evaluation:
    """Generated songs beside the dataset; see `compare`.

    pieces: how many, generated and of the dataset. table: measure to track name or "all" to `Compared`; measures that
    neither side has are left out. pitches: float [2, track, 128] and pitch_classes: float [2, track, 12], shares of
    the notes, generated first. distance: one number, 0 where all is alike; dataset_distance: the same between the
    dataset's even and odd pieces.
    """

    tracks: tuple[str, ...]
    pieces: tuple[int, int]
    table: dict[str, dict[str, Compared]]
    pitches: Floats
    pitch_classes: Floats
    distance: float
    dataset_distance: float

    def headline(self) -> tuple[dict[str, float], dict[str, float]]:
        """What is defined of `distance` and of the column "all", measure to number: generated, and the dataset's."""
        generated, dataset = {"distance": self.distance}, {"distance": self.dataset_distance}
        for name, row in self.table.items():
            generated[name], dataset[name] = row[ALL].generated, row[ALL].dataset
        return _defined(generated), _defined(dataset)

    def rows(self) -> Iterator[tuple[str, str, Compared]]:
        """(Measure, track or "all", cell) of the whole table."""
        for name, row in self.table.items():
            for track, cell in row.items():
                yield name, track, cell


def compare(generated: Measured, reference: Measured) -> Evaluation:
    """Lay generated songs beside the dataset's, track by track in their order; the names are the dataset's.

    distance: how far the two samples of pieces lie apart in a measure (Wasserstein-1, in standard deviations of the
    dataset's sample, these at least the measure's `least`), mean over the added tracks, then over the measures. What
    is undefined on either side is left out. Raises ShapeError where the numbers of tracks differ.
    """
    if len(generated.tracks) != len(reference.tracks):
        raise ShapeError(
            f"the dataset has {len(reference.tracks)} tracks ({', '.join(reference.tracks)}), "
            f"what is compared with it {len(generated.tracks)} ({', '.join(generated.tracks)})"
        )
    spreads = _spreads(reference)
    even, odd = reference[::2], reference[1::2]
    off = _off(generated, reference, spreads)
    cells = {
        name: (mean_known(generated.values[name]), mean_known(reference.values[name]), distance)
        for name, distance in off.items()
    }
    own = _histogram_distances(even, odd)
    for name, distance in _histogram_distances(generated, reference).items():
        cells[name] = distance, own[name], np.full(len(distance), np.nan)
    return Evaluation(
        tracks=reference.tracks,
        pieces=(len(generated), len(reference)),
        table=_table(cells, (*reference.tracks, ALL)),
        pitches=np.stack([mean_known(generated.pitches), mean_known(reference.pitches)]),
        pitch_classes=np.stack(
            [mean_known(generated.pitch_classes), mean_known(reference.pitch_classes)]
        ),
        distance=_distance(off),
        dataset_distance=_distance(_off(even, odd, spreads)),
    )


def _table(
    cells: dict[str, tuple[Floats, Floats, Floats]], columns: Sequence[str]
) -> dict[str, dict[str, Compared]]:
    """The cells by measure and column, the most telling first; without rows in which neither side has a number."""
    known = [
        name
        for name, (generated, dataset, _) in cells.items()
        if not np.isnan([generated, dataset]).all()
    ]
    names = sorted(known, key=lambda name: FIRST.index(name) if name in FIRST else len(FIRST))
    return {
        name: {
            column: Compared(*(float(value) for value in cell))
            for column, *cell in zip(columns, *cells[name], strict=True)
        }
        for name in names
    }


def _spreads(reference: Measured) -> dict[str, Floats]:
    """Standard deviation over the pieces, at least the measure's `least`: measure to float [track + 1]."""
    return {
        name: np.fmax(np.sqrt(mean_known((value - mean_known(value)) ** 2)), MEASURES[name].least)
        for name, value in reference.values.items()
    }


def _off(first: Measured, second: Measured, spreads: dict[str, Floats]) -> dict[str, Floats]:
    """Wasserstein distances in spreads: measure to float [track + 1].

    The last is the mean of the added tracks; where only the tracks together have a value, that one is compared.
    """
    table = {}
    for name, spread in spreads.items():
        pairs = zip(first.values[name].T, second.values[name].T, strict=True)
        row = np.array([wasserstein(*pair) for pair in pairs]) / spread
        added = row[1:-1]
        table[name] = np.append(row[:-1], row[-1] if np.isnan(added).all() else mean_known(added))
    return table


def _distance(off: dict[str, Floats]) -> float:
    return float(mean_known(np.array([row[-1] for row in off.values()])))


def _histogram_distances(first: Measured, second: Measured) -> dict[str, Floats]:
    """Distances of the mean histograms, float [track + 1]; the last is the mean of the added tracks."""
    pairs = (first.pitch_classes, second.pitch_classes), (first.pitches, second.pitches)
    apart = [histogram_distance(mean_known(a), mean_known(b)) for a, b in pairs]
    return {
        name: np.append(row, mean_known(row[1:]))
        for name, row in zip(HISTOGRAMS, apart, strict=True)
    }


def _defined(values: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in values.items() if not np.isnan(value)}
