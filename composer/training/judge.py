"""Judge a model while it trains: arrange melodies that it did not learn from."""

from __future__ import annotations

from composer import catalog, evaluation
from composer.data import Corpus
from composer.generators import Player
from composer.runs.run import WATCHED
from composer.songs import read
from composer.songs.edit import beginning
from composer.songs.song import Song

# Of the piece that is watched: as much as a film shows.
WATCHED_BEATS = 32
# Of a piece that is measured: long enough for its metrics, short enough to do often.
JUDGED_BEATS = 96


class RunJudge:
    """The pieces by which a run is judged, and the melodies whose arrangements are watched.

    corpus: its valid split is judged by. pieces: how many of them.
    """

    def __init__(self, corpus: Corpus, pieces: int) -> None:
        self.pieces = [beginning(song, JUDGED_BEATS) for song in corpus.valid[:pieces]]
        self.reference = evaluation.measure(self.pieces)
        ode_to_joy = read(catalog.tune("ode-to-joy"))
        # A tune that everybody knows, and one from the corpus that training never sees.
        own = beginning(corpus.valid[0], WATCHED_BEATS)
        self.watched = dict(zip(WATCHED, (ode_to_joy, own), strict=True))

    def snapshot(self, player: Player) -> dict[str, Song]:
        """Return a player's arrangements of the watched melodies, by their names."""
        return {
            name: player.arrange(song, seed=0, track=0)
            for name, song in self.watched.items()
        }

    def measures(self, player: Player) -> tuple[dict[str, float], dict[str, float]]:
        """Arrange the pieces' melodies. Return the metrics of the result, and of the pieces."""
        # A seed of its own for each piece: one seed for all would show only one kind of luck.
        made = [
            player.arrange(song, seed=seed, track=0)
            for seed, song in enumerate(self.pieces)
        ]
        return evaluation.compare(evaluation.measure(made), self.reference).headline()
