"""The lines above and below the roll."""

from __future__ import annotations

from dataclasses import replace

import pytest

from composer.live.session.state import Latency
from composer.terminal.play import panels
from composer.terminal.play.dialogs import BEGIN
from composer.terminal.play.lines import length
from composer.terminal.play.palette import (
    DARK,
)
from tests.support.played import PLAYING, READY
from tests.support.stage import on_stage, shown, text

KNOBS = {"chords": 0.0, "style": 0.0, "melody": -0.3, "groove": 0.5}


def test_the_status_line_says_what_goes_on():
    line = text(panels.status(panels.Status.of(PLAYING, False), 80, DARK))
    for word in ("PLAYING", "duet", "2.3", "○○●○", "♩ = 96", "jsb-chorales", "seed 7"):
        assert word in line
    assert length(panels.status(panels.Status.of(PLAYING, True), 80, DARK)) == 80


def test_knobs_are_sliders():
    line = panels.knobs((("chords", -1.0), ("groove", 0.5)), "groove", 80, DARK)
    assert text(line).startswith("  1 chords ●━━━─── ")
    assert "▸2 groove ───━●──" in text(line)
    assert "no knobs" in text(panels.knobs((), "chords", 80, DARK))


def test_latencies_are_shown_as_last_and_p99():
    assert "thru 0.3/0.8  decided 3.9/12  ready –" in text(
        panels.devices(panels.Devices.of(READY), 80, DARK)
    )
    assert "key to sound 0.3/0.8" in text(panels.devices(panels.Devices.of(READY), 140, DARK))


def test_figures_of_latencies_are_explained():
    assert "ready –  ms last/99%" in text(panels.devices(panels.Devices.of(READY), 90, DARK))
    help_text = dict(BEGIN)["Latencies"]
    for word in ("last one", "99th percentile", "ready", "small is bad", "first percentile"):
        assert word in help_text


def test_names_of_ports_come_before_latencies_and_these_give_way_one_by_one():
    long = replace(
        READY, device="AKM322:keys 128:0", output="FluidSynth virtual port (15462) 129:0",
        latencies={"thru": Latency(0.21, 0.44), "decision": Latency(6.5, 10.2), "ready": Latency(160.2, 48.1)},
    )  # fmt: skip
    lines = {
        width: text(panels.devices(panels.Devices.of(long), width, DARK))
        for width in (60, 80, 100, 120)
    }
    assert all("AKM322:keys 128:0" in line for line in lines.values())
    assert all("FluidSynth virtual port…" in line for line in lines.values())
    assert [lines[width].split("…")[1].strip() for width in lines] == [
        "", "thru 0.2/0.4  ready 160/48", "thru 0.2/0.4  decided 6.5/10  ready 160/48",
        "thru 0.2/0.4  decided 6.5/10  ready 160/48  ms last/99%",
    ]  # fmt: skip


def test_switches_are_read_without_colours():
    def status(**changed):
        return text(
            panels.status(
                panels.Status.of(replace(READY, mode="phrase", **changed), False), 100, DARK
            )
        )

    assert "⟳ loop" in status(loop=True) and "no loop" not in status(loop=True)
    assert "no loop" in status() and "⟳" not in status()
    assert (
        "♪ click" in status()
        and "no click" in status(metronome=False)
        and "♪ " not in status(metronome=False)
    )
    assert "melody off" in status(with_melody=False) and "melody off" not in status()
    for chosen in KNOBS:
        line = text(panels.knobs(tuple(KNOBS.items()), chosen, 80, DARK))
        assert line.count("▸") == 1 and line[line.index("▸") + 3 :].startswith(chosen)


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
    tall = panels.message(panels.News.of(READY, ("", False)), 80, DARK)
    assert "■" not in text(tall)
    line = panels.message(panels.News.of(READY, ("", False)), 80, DARK, VOICES)
    squares = [part.style.color.name for part in line if part.text == "■ "]
    assert squares == [DARK.voice(i).lower() for i in range(4)]


@pytest.mark.parametrize("width", [50, 64, 80])
def test_the_footer_of_a_small_screen_can_undo_and_the_pianos_can_be_left(width):
    footer = text(panels.footer(False, width, DARK))
    for words in ("space play/stop", "u undo", "? help", "q quit"):
        assert words in footer
    footer = text(panels.footer(True, width, DARK))
    for words in ("space play/stop", "tab leave piano", "ctrl+q quit"):
        assert words in footer


@pytest.mark.parametrize("width", [80, 120, 200])
def test_what_is_lost_is_said_with_what_to_do(width):
    lost = replace(READY, plugged=False, output_alive=False)
    line = text(panels.devices(panels.Devices.of(lost), width, DARK))
    assert line.count("○") == 2 and "●" not in line
    assert "plug it in" in line and "silent" in line
    none = text(panels.devices(panels.Devices.of(replace(lost, device="", output="")), width, DARK))
    assert "no keyboard" in none and "Tab plays" in none and "no sound" in none


def test_own_messages_come_before_the_sessions_and_remarks_after():
    state = replace(READY, message="play", remarks=("first", "the melody was moved"))
    assert "oh" in text(panels.message(panels.News.of(state, ("oh", True)), 80, DARK))
    assert " play " in text(panels.message(panels.News.of(state, ("", False)), 80, DARK))
    remark = text(
        panels.message(panels.News.of(replace(state, message="", kept=True), ("", False)), 80, DARK)
    )
    assert "the melody was moved" in remark and "3 takes, the last kept" in remark
