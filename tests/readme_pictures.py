"""Make the pictures of the README anew: `make pictures`, or `python -m tests.readme_pictures [NAME ...]`.

arrangement  what `composer arrange ode-to-joy --png` draws
stage        Textual's screenshot of the stage in the middle of that arrangement, turned into a PNG by Chromium
film         the last frame of the film of a short training run (minutes, and as much processor)

Each is written to assets/pictures/NAME.png, in at most 200 kB.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from composer.live.session.state import ShownNote
from composer.runs.run import FILM
from composer.songs import read
from composer.songs.song import Song
from composer.terminal.play.app import StageApp, StageConfig
from PIL import Image

from tests.support.played import PLAYING, Double

FOLDER: Final = Path(__file__).parents[1] / "assets" / "pictures"
TUNE: Final = "ode-to-joy"
MOST_BYTES: Final = 200_000
COLORS: Final = (256, 128, 64)  # as many as the size allows
WIDTH: Final = 1280  # pixels

ITERATIONS: Final = 600  # of training: five minutes of two idle cores
COLUMNS, LINES = 100, 30
CELL: Final = (12.2, 24.4)  # pixels of a character in Textual's screenshot
NOW: Final = 13.5  # the beat at which the stage is seen
DECIDED: Final = 18  # the beat up to which the voices are decided


def main(names: list[str]) -> None:
    """Make the pictures of these names, all if there are none."""
    for name in names or list(PICTURES):
        with tempfile.TemporaryDirectory() as folder:
            image = PICTURES[name](Path(folder))
            path = FOLDER / f"{name}.png"
            save(image, path)
            print(f"{path}: {image.width}x{image.height}, {path.stat().st_size / 1000:.0f} kB")


def arrangement(folder: Path) -> Image.Image:
    """Return the picture of an arrangement."""
    png = folder / "arrangement.png"
    composer("arrange", TUNE, "-o", folder / "arrangement.mid", "--png", png)
    return Image.open(png).convert("RGB")


def film(folder: Path) -> Image.Image:
    """Return the last frame of the film of a short run."""
    import av

    run = folder / "run"
    composer("train", "--out", run, "--iterations", ITERATIONS)
    with av.open(str(run / FILM)) as container:
        *_, last = container.decode(video=0)
        return last.to_image()


def stage(folder: Path) -> Image.Image:
    """Return the stage while three voices play along."""
    composer("arrange", TUNE, "-o", folder / "arrangement.mid")
    svg, png = folder / "stage.svg", folder / "stage.png"
    svg.write_text(asyncio.run(screenshot(read(folder / "arrangement.mid"))), encoding="utf-8")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise SystemExit("the picture of the stage needs Chromium")
    subprocess.run(
        [
            chromium,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            f"--window-size={round(COLUMNS * CELL[0]) + 20},{round(LINES * CELL[1]) + 60}",
            f"--screenshot={png}",
            svg.as_uri(),
        ],
        check=True,
        capture_output=True,
    )
    return trimmed(Image.open(png).convert("RGB"))


async def screenshot(song: Song) -> str:
    """Return the stage as SVG, in the middle of a song."""
    voices = [shown(song, voice) for voice in range(len(song.tracks))]
    state = replace(
        PLAYING,
        beat=NOW,
        bar=int(NOW // 4) + 1,
        held=(),
        melody=tuple(note for note in voices[0] if note.onset <= NOW),
        accompaniment=tuple(note for notes in voices[1:] for note in notes),
    )
    app = StageApp(Double(state), StageConfig(light=False))
    async with app.run_test(size=(COLUMNS, LINES)) as pilot:
        await pilot.pause()
        app.frame()
        await pilot.pause()
        return app.export_screenshot(title="composer play")


def shown(song: Song, voice: int) -> list[ShownNote]:
    """Return the notes of a voice that are decided."""
    notes = []
    for note in song.tracks[voice].notes:
        if note.onset < DECIDED:
            is_ahead = note.onset > NOW
            notes.append(ShownNote(note.onset, note.end, note.pitch, voice, is_ahead))
    return notes


def trimmed(image: Image.Image) -> Image.Image:
    """Return an image without the white around it."""
    white = Image.new("L", image.size, 255)
    from PIL import ImageChops

    return image.crop(ImageChops.difference(image.convert("L"), white).getbbox())


def save(image: Image.Image, path: Path) -> None:
    """Write a PNG of WIDTH pixels at most and of as many colours as MOST_BYTES allow."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if image.width > WIDTH:
        height = round(image.height * WIDTH / image.width)
        image = image.resize((WIDTH, height), Image.Resampling.LANCZOS)
    for colors in COLORS:
        image.quantize(colors, dither=Image.Dither.NONE).save(path, optimize=True)
        if path.stat().st_size <= MOST_BYTES:
            return
    raise SystemExit(f"{path} has more than {MOST_BYTES} bytes")


def composer(*arguments: object) -> None:
    """Run the command line."""
    command = [sys.executable, "-m", "composer", *map(str, arguments)]
    subprocess.run(command, check=True)


PICTURES: Final[dict[str, Callable[[Path], Image.Image]]] = {
    "arrangement": arrangement,
    "stage": stage,
    "film": film,
}

if __name__ == "__main__":
    main(sys.argv[1:])
