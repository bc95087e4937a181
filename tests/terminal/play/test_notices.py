"""The last lines: voices, messages, keys."""

from __future__ import annotations

from dataclasses import replace

import pytest
from composer.errors import Mend
from composer.terminal.palette import DARK
from composer.terminal.play.notices import News, footer, message
from tests.support.played import PLAYING, READY
from tests.support.stage import on_stage, shown, text

VOICES = ("melody", "alto", "tenor", "bass")


def test_hatching_is_explained_where_it_is():
    async def test(app, pilot, double):
        assert "not yet heard" in shown(app)[-3]
        double.now = replace(PLAYING, mode="phrase")
        assert "■ tenor" in shown(app)[-3] and "not yet heard" not in shown(app)[-3]

    on_stage(test, PLAYING, (80, 28))


def test_voices_are_named_on_a_small_screen_where_the_message_leaves_room():
    async def test(app, pilot, double):
        assert "■ melody ■ alto ■ tenor ■ bass   3 takes " in shown(app)[-2]
        app.say("so much to say that nothing else has room")
        assert "■" not in shown(app)[-2] and "has room" in shown(app)[-2]

    on_stage(test, PLAYING)
    tall = message(News.of(READY, ("", False)), 80, DARK)
    assert "■" not in text(tall)
    line = message(News.of(READY, ("", False)), 80, DARK, VOICES)
    squares = [part.style.color.name for part in line if part.text == "■ "]
    assert squares == [DARK.track(i).lower() for i in range(4)]


@pytest.mark.parametrize("width", [50, 64, 80])
def test_the_footer_of_a_small_screen_can_undo_and_the_pianos_can_be_left(width):
    line = text(footer(False, width, DARK))
    for words in ("space play/stop", "u undo", "? help", "q quit"):
        assert words in line
    line = text(footer(True, width, DARK))
    for words in ("space play/stop", "tab leave piano", "ctrl+q quit"):
        assert words in line


def test_own_messages_come_before_the_sessions_and_remarks_after():
    state = replace(READY, message="play", remarks=("first", "the melody was moved"))
    assert "oh" in text(message(News.of(state, ("oh", True)), 80, DARK))
    assert " play " in text(message(News.of(state, ("", False)), 80, DARK))
    remark = text(message(News.of(replace(state, message="", kept=True), ("", False)), 80, DARK))
    assert "the melody was moved" in remark and "3 takes, the last kept" in remark


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_the_voices_are_those_of_the_model_that_plays(size):
    """A string quartet has no alto; another model has other voices."""
    quartet = replace(READY, voices=("melody", "violin ii", "viola", "cello"))

    async def test(app, pilot, double):
        legend = shown(app)[-3 if size[1] > 28 else -2]
        assert "■ melody" in legend and "■ violin ii" in legend and "■ cello" in legend
        assert "alto" not in legend
        double.now = READY
        legend = shown(app)[-3 if size[1] > 28 else -2]
        assert "■ alto" in legend and "viola" not in legend

    on_stage(test, quartet, size)


def test_a_message_of_the_session_says_the_key_that_helps():
    state = replace(READY, message="no model 'x'", mend=Mend("model"))
    assert "no model 'x'; o: choose another model" in text(
        message(News.of(state, ("", False)), 80, DARK)
    )
