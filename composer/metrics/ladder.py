"""The ladder: how near a set of four-part pieces comes to Bach's, in a dozen numbers.

No number alone says enough: copying raises some, blandness others. Read them together, beside Bach against Bach.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from composer.errors import ShapeError
from composer.metrics import GROUPS, Table, check_grids, estimate_keys, feature_table
from composer.metrics.copying import copied_share, phrase_index
from composer.metrics.grids import LOWER, Floats, Ints, on_beats
from composer.metrics.harmony import chord_surprisal, relative_chords
from composer.metrics.samples import two_sample_auc, wasserstein

WINDOW = 64  # steps, 16 beats
COPY_BEATS = (4, 8)
LEAST_SPREAD = 1e-3


class Ladder:
    """Measures sets of pieces against `reference`, in units and with the chord statistics of `train`.

    Every set is a list of grids, int [step, 4]. Build it once, score many sets.
    """

    def __init__(
        self,
        train: Iterable[Ints],
        reference: Iterable[Ints],
        held_out: Iterable[Ints] | None = None,
    ):
        """held_out: where the spread of chord surprisal is taken, which is too small on train; default reference."""
        learned = check_grids(train)
        self.reference = check_grids(reference)
        self.keys = estimate_keys(self.reference)
        keys = estimate_keys(learned)
        chords = (
            relative_chords(on_beats(grid), key) for grid, key in zip(learned, keys, strict=True)
        )
        self._surprisal = chord_surprisal(chords)
        self._known = {beats: phrase_index(learned, beats) for beats in COPY_BEATS}
        self._table = feature_table(self.reference, self.keys, self._surprisal)
        self._spread = self._spreads(feature_table(learned, keys, self._surprisal), held_out)
        self._windows = self._window_rows(self.reference, self.keys)

    def score(
        self, generated: Iterable[Ints], second: Iterable[Ints] | None = None, aligned: bool = True
    ) -> dict[str, float]:
        """All measures of a set, by name.

        bach_distance, and bd_voice, bd_harmony, bd_rhythm, bd_melody: mean over the features of a group (the groups
        of a set) of the Wasserstein distance to the reference, in standard deviations of train.
        auc_window: how well a classifier tells windows of 16 beats from the reference's, 0.5 = not at all.
        acc_ATB: share of the reference's sounding lower cells with the same pitch; low by nature.
        copy4b, copy8b: mean share of windows of so many beats that train holds, in any transposition.
        parallel_fifths, parallel_octaves: per 100 beats. offbeat_sixteenths: notes a beat that start there, mean of
        A, T and B. diversity: share of lower cells that differ from `second`, other arrangements of the same.

        aligned: the set arranges the sopranos of the reference, in its order; if not, acc_ATB is left out.
        Raises ShapeError where a set does not fit.
        """
        pieces, keys, table = self._measured(generated, aligned)
        scores = {
            **self._bach_distance(table),
            "auc_window": self._auc_window(pieces, keys, aligned),
        }
        if aligned:
            scores["acc_ATB"] = accuracy(pieces, self.reference)
        scores.update({f"copy{beats}b": self.copied(pieces, beats) for beats in COPY_BEATS})
        scores.update(_rates(table))
        if second is not None:
            scores["diversity"] = diversity(pieces, check_grids(second))
        return scores

    def reference_rates(self) -> dict[str, float]:
        """What the reference itself scores in the measures that are rates, to compare with."""
        copies = {f"copy{beats}b": self.copied(self.reference, beats) for beats in COPY_BEATS}
        return {**copies, **_rates(self._table)}

    def compare(
        self, generated: Iterable[Ints], aligned: bool = True
    ) -> dict[str, tuple[float, float, float]]:
        """Feature by feature: mean of the set, mean of the reference, distance in standard deviations of train."""
        _, _, table = self._measured(generated, aligned)
        distances = self._distances(table)
        return {
            name: (
                float(values.mean()),
                float(self._table[group][name].mean()),
                distances[group][name],
            )
            for group in GROUPS
            for name, values in table[group].items()
        }

    def copied(self, pieces: Sequence[Ints], beats: int) -> float:
        """Mean over pieces of the share of windows of so many beats that train holds; 0 where all are shorter."""
        shares = np.array([copied_share(piece, self._known[beats], beats) for piece in pieces])
        known = shares[~np.isnan(shares)]
        return float(known.mean()) if len(known) else 0.0

    def _spreads(
        self, table: Table, held_out: Iterable[Ints] | None
    ) -> dict[str, dict[str, float]]:
        """Standard deviation of each feature over train; of chord surprisal, learned there, over held-out pieces."""
        spreads = {
            group: {
                name: max(float(values.std()), LEAST_SPREAD) for name, values in features.items()
            }
            for group, features in table.items()
        }
        other = self._table
        if held_out is not None:
            pieces = check_grids(held_out)
            other = feature_table(pieces, estimate_keys(pieces), self._surprisal)
        spreads["harmony"]["chord_surprisal"] = max(
            float(other["harmony"]["chord_surprisal"].std()), LEAST_SPREAD
        )
        return spreads

    def _measured(self, generated: Iterable[Ints], aligned: bool) -> tuple[list[Ints], Ints, Table]:
        """The checked grids of a set, their keys (aligned: those of the reference) and features."""
        pieces = check_grids(generated)
        if aligned:
            self._check_aligned(pieces)
        keys = self.keys if aligned else estimate_keys(pieces)
        return pieces, keys, feature_table(pieces, keys, self._surprisal)

    def _distances(self, table: Table) -> dict[str, dict[str, float]]:
        return {
            group: {
                name: wasserstein(values, self._table[group][name]) / self._spread[group][name]
                for name, values in features.items()
            }
            for group, features in table.items()
        }

    def _bach_distance(self, table: Table) -> dict[str, float]:
        groups = {
            group: float(np.mean(list(d.values()))) for group, d in self._distances(table).items()
        }
        whole = float(np.mean(list(groups.values())))
        return {
            "bach_distance": whole,
            **{f"bd_{group}": distance for group, distance in groups.items()},
        }

    def _auc_window(self, pieces: Sequence[Ints], keys: Ints, aligned: bool) -> float:
        rows, piece = self._window_rows(pieces, keys)
        reference_rows, reference_piece = self._windows
        offset = 0 if aligned else len(self.reference)  # other melodies lie in folds of their own
        return two_sample_auc(rows, reference_rows, piece + offset, reference_piece)

    def _window_rows(self, pieces: Sequence[Ints], keys: Ints) -> tuple[Floats, Ints]:
        """All features of windows without overlap (a short piece is one): float [window, feature], int [window]."""
        cuts = [
            (i, at)
            for i, p in enumerate(pieces)
            for at in range(0, max(1, len(p) - WINDOW + 1), WINDOW)
        ]
        piece = np.array([i for i, _ in cuts])
        table = feature_table(
            [pieces[i][at : at + WINDOW] for i, at in cuts], keys[piece], self._surprisal
        )
        return np.stack(
            [values for group in table.values() for values in group.values()], axis=1
        ), piece

    def _check_aligned(self, pieces: Sequence[Ints]) -> None:
        if len(pieces) != len(self.reference):
            raise ShapeError(
                f"the reference has {len(self.reference)} pieces, got {len(pieces)}; aligned=False?"
            )
        pairs = zip(pieces, self.reference, strict=True)
        wrong = [i for i, (p, r) in enumerate(pairs) if not np.array_equal(p[:, 0], r[:, 0])]
        if wrong:
            raise ShapeError(
                f"soprano or length differs from the reference in {len(wrong)} pieces, first {wrong[:8]}"
            )


def accuracy(generated: Sequence[Ints], reference: Sequence[Ints]) -> float:
    """Share of the cells where a lower voice of the reference sounds that have its pitch; grids in pairs."""
    right = [(g == r)[:, 1:][r[:, 1:] >= 0] for g, r in zip(generated, reference, strict=True)]
    return float(np.concatenate(right).mean())


def diversity(first: Sequence[Ints], second: Sequence[Ints]) -> float:
    """Mean over pieces of the share of lower cells that differ. Raises ShapeError if the grids do not pair up."""
    if [g.shape for g in first] != [g.shape for g in second]:
        raise ShapeError(
            "two samples to compare have the same number of pieces, of the same lengths"
        )
    return float(np.mean([(a != b)[:, 1:].mean() for a, b in zip(first, second, strict=True)]))


def _rates(table: Table) -> dict[str, float]:
    sixteenths = [table["rhythm"][f"offbeat_sixteenths_{voice}"].mean() for _, voice in LOWER]
    kept = ("parallel_fifths", "parallel_octaves", "crossing", "out_of_range")
    rules = {name: float(table["voice"][name].mean()) for name in kept}
    return {**rules, "offbeat_sixteenths": float(np.mean(sixteenths))}
