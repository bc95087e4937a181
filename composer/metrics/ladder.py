"""The ladder: how near a set of four-part pieces comes to Bach's, in a dozen numbers.

No number alone says enough: copying raises some, blandness others. Read them together, beside Bach
against Bach.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from composer.errors import ShapeError
from composer.metrics.copying import copied_share, phrase_index
from composer.metrics.features import GROUPS, FeatureTable, feature_table
from composer.metrics.grids import LOWER_VOICES, Floats, Ints, check_grids, on_beats
from composer.metrics.harmony import chorale_keys, chord_surprisal, relative_chords
from composer.metrics.response import changed_cells
from composer.metrics.samples import quantile_distance, two_sample_auc

WINDOW = 64  # steps, 16 beats
COPY_BEATS = (4, 8)
LEAST_SPREAD = 1e-3
RATES = ("parallel_fifths", "parallel_octaves", "crossing", "out_of_range")

Distances = dict[str, dict[str, float]]
"""Group to feature to distance."""


class Ladder:
    """Measure sets of pieces against `reference`, in units and with the chord statistics of
    `train`.

    A set is a list of grids, int [step, 4]. Build the ladder once, score many sets.

    >>> rng = np.random.default_rng(0)
    >>> pieces = [np.sort(rng.integers(48, 80, (64, 4)))[:, ::-1] for _ in range(8)]
    >>> ladder = Ladder(train=pieces, reference=pieces[:4])
    >>> scores = ladder.score(pieces[:4])
    >>> scores["bach_distance"], scores["acc_ATB"], scores["copy8b"]
    (0.0, 1.0, 1.0)
    """

    def __init__(
        self,
        train: Iterable[Ints],
        reference: Iterable[Ints],
        held_out: Iterable[Ints] | None = None,
    ):
        """Learn from `train`, and measure the reference.

        held_out: pieces over which the spread of chord surprisal is taken, by default the
        reference. Over train, from which it is learned, that spread would be too small.
        """
        learned = check_grids(train)
        self.reference = check_grids(reference)
        self.keys = chorale_keys(self.reference)
        learned_keys = chorale_keys(learned)
        self._surprisal = _learn_surprisal(learned, learned_keys)
        self._known = {beats: phrase_index(learned, beats) for beats in COPY_BEATS}
        self._table = feature_table(self.reference, self.keys, self._surprisal)
        learned_table = feature_table(learned, learned_keys, self._surprisal)
        self._spread = self._spreads(learned_table, held_out)
        # Measured once: every set is compared with the same windows.
        self._windows = self._window_rows(self.reference, self.keys)

    def score(
        self,
        generated: Iterable[Ints],
        second: Iterable[Ints] | None = None,
        aligned: bool = True,
    ) -> dict[str, float]:
        """Return all metrics of a set, by name.

        bach_distance: mean of bd_voice, bd_harmony, bd_rhythm and bd_melody, each a mean over the
        features of a group of the distance to the reference (`samples.quantile_distance`), in
        standard deviations of train.
        auc_window: how well a classifier tells windows of 16 beats from the reference's; 0.5 if not
        at all. acc_ATB: see `accuracy`; low by nature.
        copy4b, copy8b: mean share of the windows of 4 and 8 beats that train holds, in any
        transposition.
        parallel_fifths, parallel_octaves: per 100 beats. crossing, out_of_range: see
        `counterpoint.voice_features`. offbeat_sixteenths: notes a beat that start there, mean of
        alto, tenor and bass.
        diversity: see there; only if `second` is given, other arrangements of the same.

        aligned: the set arranges the sopranos of the reference, in its order; if not, acc_ATB is
        left out.
        Raise ShapeError if a set does not fit.
        """
        pieces, keys, table = self._measured(generated, aligned)
        scores = self._bach_distance(table)
        scores["auc_window"] = self._auc_window(pieces, keys, aligned)
        if aligned:
            scores["acc_ATB"] = accuracy(pieces, self.reference)
        for beats in COPY_BEATS:
            scores[f"copy{beats}b"] = self.copied(pieces, beats)
        scores.update(_rates(table))
        if second is not None:
            scores["diversity"] = diversity(pieces, check_grids(second))
        return scores

    def reference_rates(self) -> dict[str, float]:
        """Return the metrics of the reference itself that need nothing to compare with, by name."""
        copies = {
            f"copy{beats}b": self.copied(self.reference, beats) for beats in COPY_BEATS
        }
        return {**copies, **_rates(self._table)}

    def compare(
        self, generated: Iterable[Ints], aligned: bool = True
    ) -> dict[str, tuple[float, float, float]]:
        """Compare a set with the reference, feature by feature.

        Each name has the mean of the set, the mean of the reference, and the distance in standard
        deviations of train.
        """
        _, _, table = self._measured(generated, aligned)
        distances = self._distances(table)
        compared = {}
        for group in GROUPS:
            for name, values in table[group].items():
                own = float(values.mean())
                reference = float(self._table[group][name].mean())
                distance = distances[group][name]
                compared[name] = (own, reference, distance)
        return compared

    def copied(self, pieces: Sequence[Ints], beats: int) -> float:
        """Return the mean share of a piece's windows of `beats` beats that train holds.

        It is 0 if all pieces are shorter than that.
        """
        phrases = self._known[beats]
        shares = np.array([copied_share(piece, phrases, beats) for piece in pieces])
        # A piece shorter than the window says nothing.
        known = shares[~np.isnan(shares)]
        return float(known.mean()) if len(known) else 0.0

    def _spreads(
        self, table: FeatureTable, held_out: Iterable[Ints] | None
    ) -> Distances:
        """Return the standard deviation of each feature over train.

        That of chord surprisal is taken over held-out pieces.
        """
        spreads = {}
        for group, features in table.items():
            spreads[group] = {
                name: _spread(values) for name, values in features.items()
            }
        other = self._table
        if held_out is not None:
            pieces = check_grids(held_out)
            other = feature_table(pieces, chorale_keys(pieces), self._surprisal)
        spreads["harmony"]["chord_surprisal"] = _spread(
            other["harmony"]["chord_surprisal"]
        )
        return spreads

    def _measured(
        self, generated: Iterable[Ints], aligned: bool
    ) -> tuple[list[Ints], Ints, FeatureTable]:
        """Return the checked grids of a set, their keys and features.

        The keys are the reference's if the set is aligned.
        """
        pieces = check_grids(generated)
        if aligned:
            self._check_aligned(pieces)
        # The key is the melody's: an arrangement that leaves it must not be measured in its own.
        keys = self.keys if aligned else chorale_keys(pieces)
        return pieces, keys, feature_table(pieces, keys, self._surprisal)

    def _distances(self, table: FeatureTable) -> Distances:
        distances: Distances = {}
        for group, features in table.items():
            distances[group] = {}
            for name, values in features.items():
                apart = quantile_distance(values, self._table[group][name])
                distances[group][name] = apart / self._spread[group][name]
        return distances

    def _bach_distance(self, table: FeatureTable) -> dict[str, float]:
        """Return the mean distance of each group, and first their mean."""
        distances = self._distances(table)
        groups = {}
        for group, found in distances.items():
            groups[group] = float(np.mean(list(found.values())))
        scores = {"bach_distance": float(np.mean(list(groups.values())))}
        for group, distance in groups.items():
            scores[f"bd_{group}"] = distance
        return scores

    def _auc_window(
        self,
        pieces: Sequence[Ints],
        keys: Ints,
        aligned: bool,
    ) -> float:
        rows, piece = self._window_rows(pieces, keys)
        reference_rows, reference_piece = self._windows
        # Arrangements of one soprano share a fold; other melodies lie in folds of their own.
        offset = 0 if aligned else len(self.reference)
        return two_sample_auc(rows, reference_rows, piece + offset, reference_piece)

    def _window_rows(self, pieces: Sequence[Ints], keys: Ints) -> tuple[Floats, Ints]:
        """Return all features of windows without overlap, and the piece of each: float [window,
        feature], int [window].

        A piece shorter than a window is one.
        """
        windows = []
        numbers = []
        for number, piece in enumerate(pieces):
            # The last window is whole, unless it is the only one.
            stop = max(1, len(piece) - WINDOW + 1)
            for at in range(0, stop, WINDOW):
                windows.append(piece[at : at + WINDOW])
                numbers.append(number)
        of_piece = np.array(numbers)
        table = feature_table(windows, keys[of_piece], self._surprisal)
        columns: list[Floats] = []
        for group in table.values():
            columns += group.values()
        return np.stack(columns, axis=1), of_piece

    def _check_aligned(self, pieces: Sequence[Ints]) -> None:
        if len(pieces) != len(self.reference):
            raise ShapeError(
                f"the reference has {len(self.reference)} pieces, got {len(pieces)}; aligned=False?"
            )
        wrong = []
        pairs = zip(pieces, self.reference, strict=True)
        for i, (own, other) in enumerate(pairs):
            # Arrays of other lengths are not equal either.
            if not np.array_equal(own[:, 0], other[:, 0]):
                wrong.append(i)
        if wrong:
            raise ShapeError(
                f"soprano or length differs from the reference in {len(wrong)} pieces, "
                f"first {wrong[:8]}"
            )


def accuracy(generated: Sequence[Ints], reference: Sequence[Ints]) -> float:
    """Return the share of the cells in which an added voice of the reference sounds that have its
    pitch.

    generated, reference: grids int [step, 4] in pairs.

    >>> accuracy([np.array([[72, 64, 55, 48]])], [np.array([[72, 64, 57, 45]])])
    0.3333333333333333
    """
    right = []
    for own, other in zip(generated, reference, strict=True):
        # The melody is given: only the added voices count.
        is_right = own[:, 1:] == other[:, 1:]
        sounds = other[:, 1:] >= 0
        right.append(is_right[sounds])
    return float(np.concatenate(right).mean())


def diversity(first: Sequence[Ints], second: Sequence[Ints]) -> float:
    """Return the mean over pieces of the share of added cells that differ
    (`response.changed_cells`).

    first, second: two arrangements of the same sopranos, grids int [step, 4]. Raise ShapeError if
    they do not pair up.

    >>> diversity([np.array([[72, 64, 55, 48]])], [np.array([[72, 64, 57, 45]])])
    0.6666666666666666
    """
    if [grid.shape for grid in first] != [grid.shape for grid in second]:
        raise ShapeError(
            "two samples to compare have the same number of pieces, of the same lengths"
        )
    changes = []
    for a, b in zip(first, second, strict=True):
        added_a = a[:, 1:]
        added_b = b[:, 1:]
        changes.append(changed_cells(added_a, added_b))
    return float(np.mean(changes))


def _learn_surprisal(pieces: Sequence[Ints], keys: Ints) -> Floats:
    progressions = []
    for piece, key in zip(pieces, keys, strict=True):
        progressions.append(relative_chords(on_beats(piece), key))
    return chord_surprisal(progressions)


def _spread(values: Floats) -> float:
    return max(float(values.std()), LEAST_SPREAD)


def _rates(table: FeatureTable) -> dict[str, float]:
    """Return the mean over the pieces of what breaks a rule, by name."""
    voice = table["voice"]
    rates = {name: float(voice[name].mean()) for name in RATES}
    sixteenths = []
    for _, letter in LOWER_VOICES:
        sixteenths.append(table["rhythm"][f"offbeat_sixteenths_{letter}"].mean())
    rates["offbeat_sixteenths"] = float(np.mean(sixteenths))
    return rates
