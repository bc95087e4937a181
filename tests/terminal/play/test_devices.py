"""The line of keyboard, output and latencies."""

from __future__ import annotations

from dataclasses import replace

import pytest
from composer.live.session.state import Latency
from composer.terminal.palette import DARK
from composer.terminal.play.devices import Devices, devices
from composer.terminal.play.dialogs import lessons
from tests.support.played import READY
from tests.support.stage import text


def test_latencies_are_shown_as_last_and_p99():
    assert "thru 0.3/0.8  decided 3.9/12  ready –" in text(devices(Devices.of(READY), 80, DARK))
    assert "key to sound 0.3/0.8" in text(devices(Devices.of(READY), 140, DARK))


def test_figures_of_latencies_are_explained():
    assert "ready –  ms last/99%" in text(devices(Devices.of(READY), 90, DARK))
    help_text = dict(lessons())["Latencies"]
    for word in ("last one", "99th percentile", "ready", "small is bad", "first percentile"):
        assert word in help_text


def test_names_of_ports_come_before_latencies_and_these_give_way_one_by_one():
    long = replace(
        READY, device="AKM322:keys 128:0", output="FluidSynth virtual port (15462) 129:0",
        latencies={"thru": Latency(0.21, 0.44), "decision": Latency(6.5, 10.2), "ready": Latency(160.2, 48.1)},
    )  # fmt: skip
    lines = {width: text(devices(Devices.of(long), width, DARK)) for width in (60, 80, 100, 120)}
    assert all("AKM322:keys 128:0" in line for line in lines.values())
    assert all("FluidSynth virtual port…" in line for line in lines.values())
    assert [lines[width].split("…")[1].strip() for width in lines] == [
        "", "thru 0.2/0.4  ready 160/48", "thru 0.2/0.4  decided 6.5/10  ready 160/48",
        "thru 0.2/0.4  decided 6.5/10  ready 160/48  ms last/99%",
    ]  # fmt: skip


@pytest.mark.parametrize("width", [80, 120, 200])
def test_what_is_lost_is_said_with_what_to_do(width):
    lost = replace(READY, plugged=False, output_alive=False)
    line = text(devices(Devices.of(lost), width, DARK))
    assert line.count("○") == 2 and "●" not in line
    assert "plug it in" in line and "silent" in line
    none = text(devices(Devices.of(replace(lost, device="", output="")), width, DARK))
    assert "no keyboard" in none and "Tab plays" in none and "no sound" in none
