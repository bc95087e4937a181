"""The screen as a client of the session's server."""

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import pytest
from composer.errors import Mend, PortError
from composer.live.server import Server
from composer.terminal.play.app import StageApp, StageConfig
from composer.terminal.play.remote import Remote
from tests.support.played import PLAYING, READY, Double
from tests.support.stage import shown, wait_for


@pytest.mark.parametrize("apart", [False, True])
def test_a_real_session_is_played_from_the_screen(model_folder, tmp_path, apart):
    """Count-in, a melody on the letters, its arrangement; with the session in hand, and behind a pipe."""
    with real_session(model_folder, tmp_path) as session, ExitStack() as ends:
        player = session
        if apart:
            player = Remote(ends.enter_context(Server(session, frames=100)).address)
            ends.callback(player.close)

        async def play_it():
            app = StageApp(player, StageConfig(light=False, hold=None))
            async with app.run_test(size=(100, 30)) as pilot:
                await pilot.press("space")
                await reached(lambda: player.state().phase == "listening", pilot)
                await pilot.press("tab")
                for key in "cvb":  # a beat each, more or less
                    await pilot.press(key)
                    await pilot.pause(0.3)
                await pilot.press("space")  # the phrase is over
                await reached(
                    lambda: player.state().phase == "playing" and player.state().accompaniment,
                    pilot,
                )
                lines = shown(app)
                assert "PLAYING" in lines[0] and model_folder.name in lines[0]
                assert any("█" in line or "▀" in line[8:] or "▄" in line for line in lines[5:27])
                assert {note.pitch for note in player.state().melody} == {64, 65, 67}
                await pilot.press("space")
                await reached(lambda: player.state().phase == "idle", pilot)
                assert "1 take" in shown(app)[-2]

        asyncio.run(play_it())


@contextmanager
def real_session(folder, takes):
    from composer.generators import load_model
    from composer.live.midi.outputs import Nowhere
    from composer.live.midi.sequencer import Sequencer
    from composer.live.session.session import Session
    from composer.live.session.state import SessionConfig

    sequencer = Sequencer(Nowhere())
    try:
        config = SessionConfig(mode="phrase", bars=None, qpm=200.0, loop=True)
        with Session(config, load_model(folder), sequencer, takes=takes) as session:
            yield session
    finally:
        sequencer.close()


async def reached(what, pilot, seconds=30.0):
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it did not happen"
        await pilot.pause(0.01)


@contextmanager
def remote_of(double):
    """A session behind its server, as the screen has it, and the errors that came."""
    errors = []
    with Server(double, frames=200) as server:
        remote = Remote(server.address)
        remote.on_error = lambda *error: errors.append(error)
        yield remote, errors
        remote.close()


def test_states_go_one_way_and_commands_the_other():
    double = Double(READY)
    with remote_of(double) as (remote, errors):
        assert remote.state() == READY
        double.raises = PortError("no port", mend="model")
        remote.do("knob", ["groove", 0.25])
        remote.do("undo")
        remote.press(60, 80)
        remote.release(60)
        wait_for(lambda: remote.state() and len(errors) == 4)
        assert double.asked == [
            ("knob", ["groove", 0.25]),
            ("undo",),
            ("press", 60, 80),
            ("release", 60),
        ]
        assert errors == [("no port", Mend("model"))] * 4
        double.raises = None
        double.now = replace(READY, message="now", melody=PLAYING.melody)
        wait_for(lambda: remote.state() == double.now)
        notes = remote.state().melody
        double.now = replace(double.now, message="then")
        wait_for(lambda: remote.state() == double.now)
        assert remote.state().melody is notes  # what is the same one is not drawn again


def test_the_beat_goes_on_between_states():
    clock = time.monotonic
    double = Double()
    began = clock()

    def state():
        now = clock()
        held = (60 + int(now * 50) % 12,)  # so that there is always something to tell
        beat = (now - began) * 120 / 60
        return replace(PLAYING, qpm=120.0, beat=beat, seconds=now + 1000.0, held=held)

    double.state = state
    with remote_of(double) as (remote, _):
        apart = []
        for _ in range(50):
            time.sleep(0.01)
            apart.append(abs(remote.state().beat - state().beat))
        assert sorted(apart)[25] < 0.02  # of a beat, which is 10 ms


def test_the_screen_ends_when_the_session_is_gone():
    ended = []
    with remote_of(Double()) as (remote, _):
        remote.on_end = lambda: ended.append(True)
        assert not ended
    wait_for(lambda: remote.state() and ended)
    remote.do("tap")
