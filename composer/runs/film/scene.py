"""One frame of the film of a run: the place of everything, drawn once or for every snapshot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from composer.pictures import frames, pixels
from composer.pictures.frames import Panel
from composer.pictures.layout import Scope
from composer.pictures.palette import LIGHT, MELODY, WHITE
from composer.pictures.pixels import Box, Pixels, rgb
from composer.pictures.text import clock
from composer.runs.film.curves import Chart, Series
from composer.songs.song import Song

GROUND, EDGE, TRACK = "#F5F6F8", "#DEE2E8", "#E2E6EC"
MOST_PANELS: Final = 3

# Pixels of a frame of 1280 by 720.
WIDTH, HEIGHT = 1280, 720
MARGIN: Final = 28
BAR_TOP, BAR_HEIGHT = 100, 6
BODY_TOP: Final = 122
# From the lower edge.
BODY_BOTTOM: Final = 24
# From the right edge.
CURVES: Final = 380
ROLLS_RIGHT: Final = 400  # the same


class Moment(NamedTuple):
    """The time of a frame.

    seconds: of training so far. horizon: the iteration at the end of the bar and the curves.
    """

    iteration: int
    seconds: float
    horizon: int


@dataclass(frozen=True)
class Scene:
    """Everything that all frames share."""

    # Width and height in pixels.
    size: tuple[int, int]
    # The run in a few words.
    about: str
    # The watched melodies, by name, as in any snapshot.
    songs: Mapping[str, Song]
    # The pitches and drums that the panels have room for.
    scope: Scope
    # Beats of the first song that are heard.
    heard: tuple[float, float] | None = None

    @property
    def scale(self) -> float:
        """Pixels for each of a frame of 1280 by 720."""
        return min(self.size[0] / WIDTH, self.size[1] / HEIGHT)

    def _scaled(self, length: float) -> int:
        return round(length * self.scale)

    @property
    def bar(self) -> Box:
        """The place of the bar of progress."""
        x = self._scaled(MARGIN)
        height = max(4, self._scaled(BAR_HEIGHT))
        return Box(
            x,
            self._scaled(BAR_TOP),
            self.size[0] - 2 * x,
            height,
        )

    @property
    def shown(self) -> list[str]:
        """The names of the melodies that have a panel."""
        return list(self.songs)[:MOST_PANELS]

    @cached_property
    def panels(self) -> list[Panel]:
        """The piano rolls, MOST_PANELS at most."""
        # One scope for all, so that a pitch is as high in each panel.
        left, top = self._scaled(MARGIN), self._scaled(BODY_TOP)
        width = self.size[0] - left - self._scaled(ROLLS_RIGHT)
        height = self.size[1] - top - self._scaled(BODY_BOTTOM)
        some = {name: self.songs[name] for name in self.shown}
        titles = self._scaled(MARGIN)
        area = Box(left, top, width, height)
        found = frames.panels(area, some, self.scope, self.scale, titles)
        if self.heard and found:
            found[0] = replace(found[0], heard=self.heard)
        return found

    @property
    def side(self) -> Box:
        """The place of the curves."""
        left, top = self.size[0] - self._scaled(CURVES), self._scaled(BODY_TOP)
        width = self.size[0] - left - self._scaled(MARGIN)
        return Box(
            left,
            top,
            width,
            self.size[1] - top - self._scaled(BODY_BOTTOM),
        )

    @cached_property
    def still(self) -> Pixels:
        """Everything that does not move, drawn once."""
        image = np.empty((self.size[1], self.size[0], 3), np.uint8)
        image[:] = rgb(GROUND)
        pixels.card(
            image,
            self.bar,
            rgb(TRACK),
            rgb(TRACK),
            self.bar.height // 2,
        )
        self._write_head(image)
        for panel, song in zip(
            self.panels,
            self.songs.values(),
            strict=False,
        ):
            frames.rule(image, panel, song)
            frames.write_names(image, panel, song)
        pixels.card(
            image,
            self.side,
            rgb(WHITE),
            rgb(EDGE),
            self._scaled(6),
        )
        return image

    def _write_head(self, image: Pixels) -> None:
        """Write the words above the bar that never change: the run, and the legend."""
        scale, right = self.scale, self.size[0] - self._scaled(MARGIN)
        faint = rgb(LIGHT.faint)
        pixels.text(
            image,
            MARGIN * scale,
            36 * scale,
            "ITERATION",
            12 * scale,
            faint,
            bold=True,
        )
        about = pixels.shortened(self.about, self.size[0] / 2, 13 * scale)
        x = right - pixels.text_width(about, 13 * scale)
        pixels.text(image, x, 44 * scale, about, 13 * scale, faint)
        first = next(iter(self.songs.values()), Song())
        names = [track.name for track in first.tracks]
        frames.legend(image, right, self._scaled(80), names, scale)

    def draw(
        self,
        moment: Moment,
        songs: Mapping[str, Song],
        series: Sequence[Series],
    ) -> Pixels:
        """Return the frame of a snapshot: uint8 [row, column, 3].

        series: of the whole film or so far; it is drawn up to the moment.
        """
        # Copying it is far cheaper than drawing it again.
        image = self.still.copy()
        self._draw_progress(image, moment)
        for name, panel in zip(self.songs, self.panels, strict=False):
            if name in songs:
                frames.draw_notes(image, panel, songs[name])
        chart = Chart(self.side, series, moment.horizon, self.scale)
        chart.rule(image)
        chart.draw(image, moment.iteration)
        return image

    def _draw_progress(self, image: Pixels, moment: Moment) -> None:
        """Draw the iteration, the last one, the time so far, and the bar."""
        scale, size = self.scale, 15 * self.scale
        number = f"{moment.iteration:,}"
        end = pixels.text(
            image,
            26 * scale,
            84 * scale,
            number,
            50 * scale,
            rgb(LIGHT.text),
            bold=True,
        )
        x, faint = end + 14 * scale, rgb(LIGHT.faint)
        pixels.text(image, x, 62 * scale, f"of {moment.horizon:,}", size, faint)
        spent = f"{clock(moment.seconds)} of training"
        pixels.text(image, x, 83 * scale, spent, size, faint)
        share = min(moment.iteration / max(moment.horizon, 1), 1.0)
        # Round corners need some width.
        done = round(share * self.bar.width)
        if done > 2:
            pixels.note(
                image,
                self.bar._replace(width=done),
                rgb(MELODY),
                rgb(MELODY),
            )


def about(asked: Mapping[str, Any]) -> str:
    """Return what was asked of a run, in a few words.

    >>> about({"dataset": "/music/jsb", "family": "chorale", "seed": 0})
    'jsb · chorale · seed 0'
    """
    named = [str(asked[name]) for name in ("dataset", "family") if asked.get(name)]
    words = [Path(name).name for name in named]
    if "seed" in asked:
        words.append(f"seed {asked['seed']}")
    return " · ".join(words)
