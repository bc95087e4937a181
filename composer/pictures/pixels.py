"""Boxes, notes, text and curves, drawn into an image that is there already.

An image is uint8 [row, column, 3], red, green and blue; positions are pixels from its upper left.
What frames of a film share is drawn once and copied, so that a frame costs milliseconds.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from composer.errors import MissingPackageError
from composer.pictures import palette
from composer.pictures.text import one_line

try:
    from PIL import Image, ImageDraw, ImageFont
except ImportError as error:
    raise MissingPackageError(
        "video needs Pillow: pip install 'melody-composer[video]'"
    ) from error

Pixels = NDArray[np.uint8]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.floating[Any]]
Color = NDArray[np.uint8]
# Pixels of a letter: a smaller one cannot be read.
SMALLEST: Final = 8
# Points of a curve in a column: enough that a steep one has no steps.
SAMPLES: Final = 4
# Pixels: a rim would leave nothing of a note that is not higher.
WITH_RIM: Final = 4


class Box(NamedTuple):
    """A rectangle: its left and upper edge, its width and height."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """The first column behind it."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """The first row below it."""
        return self.y + self.height

    def inset(
        self,
        left: int,
        top: int,
        right: int,
        bottom: int,
    ) -> Box:
        """Return the box without that many pixels at each side."""
        width = self.width - left - right
        height = self.height - top - bottom
        return Box(self.x + left, self.y + top, width, height)


@lru_cache
def rgb(color: str) -> Color:
    """Return #RRGGBB as uint8 [3]; do not write to it: it is shared."""
    # Every note asks for its colour, in every frame.
    return np.array(palette.rgb(color), np.uint8)


def fill(
    image: Pixels,
    box: Box,
    color: Color,
    share: float = 1.0,
) -> None:
    """Fill a rectangle; with a `share` below 1 the picture beneath shines through."""
    rows = slice(max(box.y, 0), max(box.bottom, 0))
    columns = slice(max(box.x, 0), max(box.right, 0))
    part = image[rows, columns]
    part[:] = color if share == 1 else _blend(part, color, share)


def card(
    image: Pixels,
    box: Box,
    color: Color,
    edge: Color,
    radius: int,
) -> None:
    """Draw a rectangle with round corners of `radius` pixels, and a line around it."""
    fill(image, box.inset(0, radius, 0, radius), edge)
    fill(image, box.inset(radius, 0, radius, 0), edge)
    fill(image, box.inset(1, radius, 1, radius), color)
    fill(image, box.inset(radius, 1, radius, 1), color)
    _draw_corners(image, box, color, edge, radius)


def _draw_corners(
    image: Pixels,
    box: Box,
    color: Color,
    edge: Color,
    radius: int,
) -> None:
    """Draw the four corners of a card."""
    # The distance of each pixel of the upper left corner from the middle of its circle.
    away = np.hypot(*np.mgrid[0.5:radius, 0.5:radius])[::-1, ::-1]
    outer = np.clip(radius + 0.5 - away, 0, 1)
    inner = np.clip(radius - 0.5 - away, 0, 1)
    for x, across in ((box.x, 1), (box.right - radius, -1)):
        for y, down in ((box.y, 1), (box.bottom - radius, -1)):
            stamp(image, x, y, outer[::down, ::across], edge)
            stamp(image, x, y, inner[::down, ::across], color)


def note(
    image: Pixels,
    box: Box,
    color: Color,
    edge: Color,
) -> None:
    """Draw a note: a rectangle without its corners, with a darker rim if there is room for one."""
    # Slices, not masks: a frame has hundreds of notes.
    x, y, width, height = box
    right = x + width
    bottom = y + height
    if width < 3 or height < 3:
        image[y:bottom, x:right] = color
        return
    rim = edge if height > WITH_RIM else color
    image[y + 1 : bottom - 1, x:right] = rim
    image[y, x + 1 : right - 1] = rim
    image[bottom - 1, x + 1 : right - 1] = rim
    if height > WITH_RIM:
        image[y + 1 : bottom - 1, x + 1 : right - 1] = color


def text(
    image: Pixels,
    x: float,
    y: float,
    words: str,
    size: float,
    color: Color,
    bold: bool = False,
) -> int:
    """Write words on the line `y`, from `x` on; return the column at which they end.

    size: of the letters, in pixels.
    """
    mask, left, top = _letters(words, _letter_size(size), bold)
    stamp(image, round(x) + left, round(y) + top, mask, color)
    return int(round(x) + left + mask.shape[1])


def text_width(words: str, size: float, bold: bool = False) -> int:
    """Return the pixels that `words` take."""
    mask, left, _ = _letters(words, _letter_size(size), bold)
    return int(left + mask.shape[1])


def shortened(
    words: str,
    room: float,
    size: float,
    bold: bool = False,
) -> str:
    """Return `words` on one line, cut with "…" if they are wider than `room` pixels."""
    words = one_line(words)
    if text_width(words, size, bold) <= room:
        return words
    # Letters differ in width, so only trying tells how many fit.
    while words and text_width(words + "…", size, bold) > room:
        words = words[:-1]
    return words.rstrip() + "…"


def curve(
    image: Pixels,
    box: Box,
    points: tuple[Floats, Floats],
    color: Color,
    width: float = 1.6,
) -> None:
    """Draw a smooth line through `points` (columns rising, rows), and a pale area below it.

    Every column gets the share of each pixel that the line covers: no stairs, and no library to
    ask.
    """
    xs, ys = points
    first = max(int(xs[0]), box.x)
    last = min(int(np.ceil(xs[-1])), box.right - 1)
    if last <= first:
        return
    # The line at several places of each column; one pixel covers from its least to its greatest
    # height.
    at = np.arange(SAMPLES * first, SAMPLES * last + 1) / SAMPLES
    line = np.clip(
        np.interp(at, xs, ys),
        box.y + width / 2,
        box.bottom - width / 2,
    )
    inside = np.lib.stride_tricks.sliding_window_view(line, SAMPLES + 1)[::SAMPLES]
    rows = np.arange(box.y, box.bottom)[:, None]
    stamp(image, first, box.y, _covered(inside, rows, width), color)


def _covered(inside: Floats, rows: Ints, width: float) -> Floats:
    """Return the share of each pixel that a line covers, and a little below it.

    inside: heights of the line, [column, sample]. rows: int [row, 1].
    """
    upper = inside.min(1) - width / 2
    lower = inside.max(1) + width / 2
    covered = np.clip(
        np.minimum(lower, rows + 1) - np.maximum(upper, rows),
        0,
        1,
    )
    below = np.clip(rows + 1 - inside.mean(1), 0, 1)
    return np.asarray(np.maximum(covered, 0.12 * below))


def dashes(
    image: Pixels,
    box: Box,
    color: Color,
    dash: int,
    gap: int,
) -> None:
    """Draw a dashed line that fills `box`."""
    for x in range(box.x, box.right, dash + gap):
        width = min(dash, box.right - x)
        fill(image, Box(x, box.y, width, box.height), color)


def dot(
    image: Pixels,
    x: float,
    y: float,
    radius: float,
    color: Color,
    rim: Color,
) -> None:
    """Draw a round point with a rim of one pixel and a half."""
    left = int(x - radius) - 3
    top = int(y - radius) - 3
    size = 2 * int(radius) + 8
    rows, columns = np.mgrid[top : top + size, left : left + size] + 0.5
    away = np.hypot(rows - y, columns - x)
    stamp(
        image,
        left,
        top,
        np.clip(radius + 2 - away, 0, 1),
        rim,
    )
    stamp(
        image,
        left,
        top,
        np.clip(radius + 0.5 - away, 0, 1),
        color,
    )


def stamp(
    image: Pixels,
    x: int,
    y: int,
    mask: Mask,
    color: Color,
) -> None:
    """Draw `color` as far as `mask` (float [row, column], its corner at x, y) says, from 0 to 1."""
    rows = slice(max(y, 0), max(y + mask.shape[0], 0))
    columns = slice(max(x, 0), max(x + mask.shape[1], 0))
    part = image[rows, columns]
    top = max(-y, 0)
    left = max(-x, 0)
    seen = mask[top : top + part.shape[0], left : left + part.shape[1]]
    part[:] = _blend(part, color, seen[:, :, None])


def _blend(part: Pixels, color: Color, share: Any) -> Pixels:
    # float32: half the memory of float64, and a picture has 256 levels.
    mixed = part + (color.astype(np.float32) - part) * np.asarray(share, np.float32)
    return (mixed + np.float32(0.5)).astype(np.uint8)


def _letter_size(size: float) -> int:
    return max(round(size), SMALLEST)


@lru_cache(maxsize=2000)
def _letters(words: str, size: int, bold: bool) -> tuple[Mask, int, int]:
    """Return the share of each pixel that words cover, and the place of that mask.

    The place is (columns from their start, rows from their line).
    """
    font = _font(size, bold)
    left, top, right, bottom = (
        int(edge) for edge in font.getbbox(words or " ", anchor="ls")
    )
    # Letters are drawn once as a mask, and stamped in any colour.
    page = Image.new("L", (max(right - left, 1), max(bottom - top, 1)))
    ImageDraw.Draw(page).text(
        (-left, -top),
        words,
        fill=255,
        font=font,
        anchor="ls",
    )
    return np.asarray(page, np.float32) / 255, left, top


@lru_cache
def _font(size: int, bold: bool) -> Any:
    """Return matplotlib's DejaVu Sans, which has ♭ and ♯; without it Pillow's own font."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    # Found, not imported: that takes long.
    package = find_spec("matplotlib")
    folders = package.submodule_search_locations if package else None
    for folder in folders or ():
        path = Path(folder) / "mpl-data" / "fonts" / "ttf" / name
        if path.is_file():
            return ImageFont.truetype(str(path), size)
    return ImageFont.load_default(size)
