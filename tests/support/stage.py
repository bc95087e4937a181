"""A stage without a terminal."""

from __future__ import annotations

import asyncio
import time

from composer.terminal.play.app import StageApp, StageConfig

from tests.support.played import READY, Double


def on_stage(test, state=READY, size=(80, 24), raises=None, **config):
    """Run `test(app, pilot, double)` on a stage without a terminal."""

    async def run():
        double = Double(state, raises)
        app = StageApp(double, StageConfig(light=False, **config))
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            app.frame()
            await test(app, pilot, double)

    asyncio.run(run())


def shown(app):
    """The lines of the canvas, as text."""
    app.frame()
    return ["".join(part.text for part in line) for line in app.canvas.lines]


def text(line):
    return "".join(part.text for part in line)


def wait_for(what, seconds=20.0):
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.005)
