"""Music pasted from the training set, in any key."""

from __future__ import annotations

import numpy as np
import pytest
from composer.metrics.copying import copied_share, phrase_index, phrases

from tests.support.grids import beats, some_grids


def test_copies_are_found_in_any_transposition_from_beat_to_beat():
    (_, _, _, _, piece) = some_grids(11)
    piece = piece[:64]
    piece[:, 0] = 60 + np.arange(64) // 3
    known = phrase_index([piece], 4)
    assert len(phrases(piece, 4)) == 13 and not phrases(piece[:15], 4)
    higher = np.where(piece < 0, -1, piece + 6)
    assert copied_share(higher, known, 4) == 1
    assert copied_share(higher[4:], known, 4) == 1  # from another beat
    assert copied_share(higher[1:], known, 4) == 0  # off the beat
    spoiled = higher.copy()
    spoiled[20, 3] = 35 if spoiled[20, 3] != 35 else 36
    assert copied_share(spoiled, known, 4) == pytest.approx(9 / 13)  # four windows hold step 20
    assert np.isnan(copied_share(piece[:12], known, 4))


def test_copies_keep_rests_and_need_a_soprano():
    piece = beats([60, 55, -1, 43], [62, 55, 52, 43])
    rest = beats([60, 55, 50, 43], [62, 55, 52, 43])
    assert copied_share(piece, phrase_index([rest], 2), 2) == 0
    assert copied_share(piece + 0, phrase_index([piece], 2), 2) == 1
    silent = beats([-1, 55, 50, 43], [-1, 55, 52, 43], [60, 55, 52, 43])
    assert len(phrases(silent, 1)) == 1
    late = beats([-1, 55, 50, 43], [62, 55, 52, 43])
    assert copied_share(np.where(late < 0, -1, late + 3), phrase_index([late], 2), 2) == 1
