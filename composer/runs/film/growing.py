"""The film that grows in the folder of a run while it trains."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from composer.errors import ComposerError
from composer.pictures.frames import film_scope, holds
from composer.runs.film.curves import series_of
from composer.runs.film.encoder import Stream
from composer.runs.film.scene import Moment, Scene
from composer.runs.film.settings import FilmConfig
from composer.runs.film.snapshots import Songs, a_few, all_songs, scene_of, seconds_at
from composer.runs.report import Report
from composer.runs.run import FILM, TrainingRun

# A film of that many frames may lack its last one; twice as long, its last two.
LATE: Final = 40


class Film:
    """The film that grows in the folder of a run: `add` is what a trainer tells its reports to.

    After a snapshot `path` is replaced by a whole film of all so far (of a long one, after some),
    so that it plays at any moment, also if the training is killed. The part before a run was
    resumed is drawn again from its snapshots; so is all of it when notes come for which the
    panels have no room. A frame shows what was known when its film was begun.
    """

    def __init__(self, folder: Path, config: FilmConfig | None = None) -> None:
        """Begin with the first report that has songs; `folder` is that of the run."""
        self.config = replace(config or FilmConfig(), audio=False)
        self.path = folder / FILM
        # Why there is no film, or none any more: that is no reason to stop training.
        self.trouble = ""
        self._log: dict[int, dict[str, Any]] = {}
        self._scene: Scene | None = None
        self._stream: Stream | None = None
        self._frames = 0
        self._unwritten = 0

    def __enter__(self) -> Film:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def add(self, report: Report) -> None:
        """Take a report, and if it has songs, add their frame."""
        # As a line of the run's log, which may not be written yet.
        self._log[report.iteration] = {
            "iteration": report.iteration,
            "seconds": report.seconds,
            "losses": report.losses,
            "measures": report.measures,
        }
        # After trouble there is no film any more, but training goes on.
        if report.songs and not self.trouble:
            with self._troubled():
                self._grow(report)

    def close(self) -> None:
        """Write what is not written yet, and end the encoder."""
        with self._troubled():
            if self._unwritten:
                self._write()
        self._end_stream()

    @contextmanager
    def _troubled(self) -> Iterator[None]:
        """Keep an error as `trouble`, and give up the film."""
        try:
            yield
        except ComposerError as error:
            self.trouble = str(error)
            self._unwritten = 0
            self._end_stream()

    def _end_stream(self) -> None:
        if self._stream is not None:
            self._stream.close()
        self._stream = None

    def _grow(self, report: Report) -> None:
        """Draw the frame, and write the film if it is time."""
        fits = self._scene is not None and holds(
            self._scene.scope, report.songs.values()
        )
        if self._stream is None or not fits:
            self._begin(report)
        self._draw(report.iteration, report.songs, report)
        # Writing costs more the longer the film is, so a long one is written less often.
        if self._unwritten * LATE >= self._frames or self._frames <= LATE:
            self._write()

    def _begin(self, report: Report) -> None:
        """Begin a film of all snapshots before the report's."""
        self._end_stream()
        # The folder knows what was before: nothing of the film itself has to survive a kill.
        run = TrainingRun(self.path.parent)
        before = {}
        for line in run.log:
            if line["iteration"] < report.iteration:
                before[line["iteration"]] = line
        self._log = {**before, **self._log}
        earlier = sorted(at for at in run.snapshots if at < report.iteration)
        known = {**a_few(run, earlier), report.iteration: report.songs}
        # Panels only grow: a film that was begun again looks like the one before.
        least = self._scene.scope if self._scene else None
        scope = film_scope(report.songs.values(), film_scope(all_songs(known), least))
        self._scene = replace(
            scene_of(
                run,
                self.config,
                known,
                len(known),
            ),
            scope=scope,
        )
        self._stream = Stream(self.config.size, self.config.fps, self.path)
        self._frames = 0
        self._unwritten = 0
        for at in earlier:
            self._draw(at, run.snapshot(at), report)

    def _draw(
        self,
        at: int,
        songs: Songs,
        report: Report,
    ) -> None:
        """Add the frame of a snapshot to the stream."""
        assert self._scene is not None and self._stream is not None
        series = series_of(self._log.values(), report.reference)
        moment = Moment(
            at,
            seconds_at(self._log, at),
            max(report.iterations, at),
        )
        self._stream.add(self._scene.draw(moment, songs, series))
        self._frames += 1
        self._unwritten += 1

    def _write(self) -> None:
        assert self._stream is not None
        self._stream.write()
        self._unwritten = 0
