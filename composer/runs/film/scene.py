"""One frame of the film of a run: where everything is, what is drawn once, what is drawn for every snapshot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from composer.pictures.palette import LIGHT, MELODY
from composer.runs.film import ink, rolls
from composer.runs.film.curves import Chart, Series
from composer.runs.film.ink import Box, Pixels, rgb
from composer.runs.film.rolls import Panel, Scope
from composer.songs.song import Song

PAGE, CARD, EDGE, TRACK = "#F5F6F8", "#FFFFFF", "#DEE2E8", "#E2E6EC"
MOST_PANELS: Final = 3


class Moment(NamedTuple):
    """When a frame is of. seconds: of training so far. horizon: the iteration at which bar and curves end."""

    iteration: int
    seconds: float
    horizon: int


@dataclass(frozen=True)
class Scene:
    """What all frames share.

    size: width and height in pixels. about: the run in a few words. songs: the watched melodies in any snapshot, by
    name, whose bars and titles are ruled. scope: what the panels have room for. heard: beats of the first song that
    are heard, or None.
    """

    size: tuple[int, int]
    about: str
    songs: Mapping[str, Song]
    scope: Scope
    heard: tuple[float, float] | None = None

    @property
    def scale(self) -> float:
        """Pixels for each of a frame of 1280 by 720."""
        return min(self.size[0] / 1280, self.size[1] / 720)

    def _box(self, left: float, top: float, right: float, bottom: float) -> Box:
        """A box from its distances to the edges of the frame."""
        width, height = self.size
        x, y = round(left * self.scale), round(top * self.scale)
        return Box(
            x, y, width - x - round(right * self.scale), height - y - round(bottom * self.scale)
        )

    @property
    def bar(self) -> Box:
        """Where the bar of progress is."""
        return Box(*self._box(28, 100, 28, 0)[:3], max(4, round(6 * self.scale)))

    @property
    def shown(self) -> list[str]:
        """The names of the melodies that have a panel."""
        return list(self.songs)[:MOST_PANELS]

    @cached_property
    def panels(self) -> list[Panel]:
        """The piano rolls, MOST_PANELS at most."""
        area = self._box(28, 122, 400, 24)
        some = {name: self.songs[name] for name in self.shown}
        found = rolls.panels(area, some, self.scope, self.scale, round(28 * self.scale))
        if self.heard and found:
            found[0] = Panel(**{**vars(found[0]), "heard": self.heard})
        return found

    @property
    def side(self) -> Box:
        """Where the curves are."""
        return self._box(self.size[0] / self.scale - 380, 122, 28, 24)

    @cached_property
    def still(self) -> Pixels:
        """Everything that does not move, drawn once."""
        image = np.empty((self.size[1], self.size[0], 3), np.uint8)
        image[:] = rgb(PAGE)
        scale, width = self.scale, self.size[0]
        ink.text(
            image, 28 * scale, 36 * scale, "ITERATION", 12 * scale, rgb(LIGHT.faint), bold=True
        )
        ink.card(image, self.bar, rgb(TRACK), rgb(TRACK), self.bar.height // 2)
        about = ink.shortened(self.about, width / 2, 13 * scale)
        right = width - round(28 * scale)
        ink.text(
            image,
            right - ink.text_width(about, 13 * scale),
            44 * scale,
            about,
            13 * scale,
            rgb(LIGHT.faint),
        )
        names = [track.name for song in list(self.songs.values())[:1] for track in song.tracks]
        rolls.legend(image, right, round(80 * scale), names, scale)
        for panel, song in zip(self.panels, self.songs.values(), strict=False):
            rolls.rule(image, panel, song)
        ink.card(image, self.side, rgb(CARD), rgb(EDGE), round(6 * scale))
        return image

    def draw(self, moment: Moment, songs: Mapping[str, Song], series: Sequence[Series]) -> Pixels:
        """The frame of a snapshot: uint8 [row, column, 3]. series: of the whole film or so far, drawn up to now."""
        image = self.still.copy()
        self._draw_head(image, moment)
        for name, panel in zip(self.songs, self.panels, strict=False):
            if name in songs:
                rolls.draw_notes(image, panel, songs[name])
        chart = Chart(self.side, series, moment.horizon, self.scale)
        chart.rule(image)
        chart.draw(image, moment.iteration)
        return image

    def _draw_head(self, image: Pixels, moment: Moment) -> None:
        """The iteration, of how many, after how long, and how much that is."""
        scale = self.scale
        end = ink.text(
            image,
            26 * scale,
            84 * scale,
            f"{moment.iteration:,}",
            50 * scale,
            rgb(LIGHT.text),
            bold=True,
        )
        ink.text(
            image,
            end + 14 * scale,
            62 * scale,
            f"of {moment.horizon:,}",
            15 * scale,
            rgb(LIGHT.faint),
        )
        spent = f"{clock(moment.seconds)} of training"
        ink.text(image, end + 14 * scale, 83 * scale, spent, 15 * scale, rgb(LIGHT.faint))
        done = round(min(moment.iteration / max(moment.horizon, 1), 1.0) * self.bar.width)
        if done > 2:
            ink.note(image, self.bar._replace(width=done), rgb(MELODY), rgb(MELODY))


def clock(seconds: float) -> str:
    """0:07, 12:34, 1:02:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def about(asked: Mapping[str, Any]) -> str:
    """What was asked of a run, in a few words: "jsb · chorale · seed 0"."""
    seed = [f"seed {asked['seed']}"] if "seed" in asked else []
    return " · ".join(
        [Path(str(asked[name])).name for name in ("dataset", "family") if asked.get(name)] + seed
    )
