"""Songs and judgements that tests of evaluation are made of."""

from __future__ import annotations

import numpy as np
from composer.arranging.batch import open_model
from composer.data import jsb
from composer.evaluation import compare, measure
from composer.evaluation.judge import EvaluationRequest, Judged
from composer.evaluation.judge import judge as judge_by
from composer.songs.song import Note, Song, Track


def judge(
    source: str, request: EvaluationRequest, on_progress=lambda done, total, what: None
) -> Judged:
    return judge_by(source, request, open_model, on_progress)


def chorales(count: int) -> list[Song]:
    return [jsb.to_song(chorale) for chorale in jsb.load("valid")[:count]]


def band() -> Judged:
    """Six tracks, drums and a silent one among them, beside others."""

    def song(seed: int) -> Song:
        rng = np.random.default_rng(seed)

        def track(name: str, low: int, count: int, is_drum: bool = False) -> Track:
            pitches = rng.integers(low, low + 14, count).tolist()
            made = tuple(Note(float(i) / 2, pitch, 0.5) for i, pitch in enumerate(pitches))
            return Track(made, name, is_drum=is_drum)

        tracks = [
            track("Melody", 65, 60),
            track("Drums", 35, 64, True),
            track("A guitar with a long name", 50, 40),
        ]
        return Song((*tracks, track("Bass", 30, 60), Track(name="Strings"), track("Piano", 55, 50)))

    evaluation = compare(
        measure([song(i) for i in range(4)]), measure([song(i) for i in range(10, 16)])
    )
    return Judged("a band", "6 pieces", evaluation)
