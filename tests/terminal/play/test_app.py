"""The stage: pictures cell by cell, every key, sizes, lost devices; the real screen in a real terminal."""

from __future__ import annotations

import asyncio
import io
import os
import pty
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from multiprocessing import Pipe
from pathlib import Path

import numpy as np
import pytest
from textual.widgets import Input, OptionList

from composer.errors import ConfigError, PortError
from composer.live import commands
from composer.live.session.state import Latency, ShownNote, State
from composer.terminal.play import panels, rows
from composer.terminal.play.app import StageApp, StageConfig
from composer.terminal.play.dialogs import BEGIN, Help, Page
from composer.terminal.play.keys import OWN, label_of, shown_commands
from composer.terminal.play.letters import LOWER, UPPER, Letters, piano_pitch
from composer.terminal.play.lines import clean, length
from composer.terminal.play.palette import (
    COMING,
    DARK,
    EMPTY,
    LIGHT,
    PLAYED,
    SOUNDING,
    code,
    is_light,
    voice_of,
)
from composer.terminal.play.plain import SCREEN_ONLY, changes, tell, usage
from composer.terminal.play.remote import Remote, serve
from composer.terminal.play.roll import (
    Lens,
    Notes,
    Scope,
    characters,
    lens_for,
    picture,
    rulings,
    scope_for,
)
from tests.conftest import lacking

ROOT = Path(__file__).parents[3]
KNOBS = {"chords": 0.0, "style": 0.0, "melody": -0.3, "groove": 0.5}
READY = State(
    mode="duet", qpm=96.0, knobs=KNOBS, model="jsb-chorales", seed=7, device="AKM322 MIDI 1", plugged=True,
    output="fluidsynth", output_alive=True, takes=3, voices=("melody", "alto", "tenor", "bass"),
    latencies={"thru": Latency(0.31, 0.84), "decision": Latency(3.9, 12.3), "ready": Latency()},
)  # fmt: skip
PLAYING = replace(
    READY, phase="playing", beat=6.5, bar=2, held=(67,),
    melody=(ShownNote(4.0, 6.0, 71, 0), ShownNote(6.0, 6.5, 67, 0)),
    accompaniment=(ShownNote(6.0, 7.0, 59, 2), ShownNote(7.0, 8.0, 60, 2, True), ShownNote(5.0, 8.0, 43, 3)),
)  # fmt: skip


class Double:
    """A session that keeps what it is asked for; what it is told to raise, it raises."""

    def __init__(self, state=READY, raises=None):
        self.now, self.asked, self.raises = state, [], raises

    def state(self):
        return self.now

    def do(self, name, argument=None):
        self.ask(name) if argument is None else self.ask(name, argument)

    def press(self, pitch, velocity):
        self.ask("press", pitch, velocity)

    def release(self, pitch):
        self.ask("release", pitch)

    def ask(self, *what):
        self.asked.append(what)
        if self.raises:
            raise self.raises


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


# --- pictures


LENS = Lens(columns=6, per_beat=4, head=3)  # 12 pixels; the playhead at pixel 6
SCOPE = Scope(low=60, high=65, semitone=1.0, pixels=6)


def test_notes_cover_their_pixels():
    notes = Notes(
        [ShownNote(0.0, 1.0, 64, 0), ShownNote(0.75, 1.25, 60, 3), ShownNote(1.5, 2.5, 62, 1)]
    )
    pixels = picture(notes, 1.0, LENS, SCOPE)  # beat 1 is pixel 6, so beat 0 is pixel 2
    expected = np.zeros((6, 12), int)
    expected[1, 2:6] = [code(0, PLAYED, True)] * 2 + [code(0, PLAYED)] * 2
    expected[5, 5:7] = code(3, SOUNDING, True), code(3, SOUNDING)
    expected[3, 8:12] = [code(1, COMING, True)] * 2 + [code(1, COMING)] * 2
    assert pixels.tolist() == expected.tolist()


def test_a_note_decided_ahead_is_hatched_until_its_beat_has_come():
    ahead = ShownNote(1.25, 2.25, 63, 2, ahead=True)
    row = picture(Notes([ahead]), 1.0, LENS, SCOPE)[2].tolist()
    assert row == [0] * 7 + [code(2, COMING, True), 0, code(2, COMING), 0, 0]
    row = picture(Notes([ahead]), 1.25, LENS, SCOPE)[2].tolist()
    assert row == [0] * 6 + [code(2, SOUNDING, True)] * 2 + [code(2, SOUNDING)] * 2 + [0] * 2


def test_a_note_that_is_struck_again_leaves_a_pixel_free():
    notes = Notes(
        [ShownNote(0.0, 0.75, 61, 1), ShownNote(0.75, 1.0, 61, 1), ShownNote(0.75, 1.0, 63, 1)]
    )
    row = picture(notes, 1.0, LENS, SCOPE)[4].tolist()
    assert row == [0, 0, code(1, PLAYED, True), code(1, PLAYED), 0, code(1, PLAYED, True)] + [0] * 6


def test_the_melody_is_drawn_over_the_others_and_notes_out_of_view_are_not():
    notes = Notes(
        [ShownNote(0.0, 1.0, 62, 0), ShownNote(0.0, 1.0, 62, 1), ShownNote(-9, -8, 61, 1)]
    )
    pixels = picture(notes, 1.0, LENS, SCOPE)
    assert {voice_of(p) for p in pixels[pixels != EMPTY].tolist()} == {0}
    assert (pixels[4] == EMPTY).all()


def test_a_note_without_end_and_a_pitch_out_of_view_are_drawn_at_the_edges():
    notes = Notes([ShownNote(0.5, float("inf"), 99, 0)])
    assert (picture(notes, 1.0, LENS, SCOPE)[0, 4:] != EMPTY).all()


def test_four_pixels_make_a_character_of_two_colours():
    a, b, onset = code(0, PLAYED), code(1, PLAYED), code(0, PLAYED, True)
    pixels = np.array([[a, 0, 0, a, a, a, onset, a], [0, 0, a, a, b, b, 0, 0]])
    bits, front, back = characters(pixels)
    assert bits.tolist() == [[1, 14, 12, 3]]
    assert front.tolist() == [[a, a, b, a]]
    assert back.tolist() == [[0, 0, a, 0]]


def test_a_pitch_never_takes_the_colour_of_its_neighbour():
    a, b, c = code(0, PLAYED), code(1, PLAYED), code(2, PLAYED)
    bits, front, back = characters(np.array([[b, a], [0, c]]))
    assert (bits.tolist(), front.tolist(), back.tolist()) == ([[12]], [[c]], [[a]])


def test_beats_and_bars_are_ruled_and_flow_to_the_left_by_half_columns():
    lens = Lens(columns=12, per_beat=4, head=4)
    line, numbers = rulings(4.0, lens, 3)  # pixels 8 to 32 of beats 2 to 8
    assert line == "┊ ▏ ┊ ┊ ▏ ┊ "
    assert numbers == [(2, 2), (8, 3)]
    assert rulings(4.25, lens, 3)[0] == " │ ┊ ┊ │ ┊ ┊"


@pytest.mark.parametrize("rows", [3, 9, 17, 24, 31, 50, 90])
@pytest.mark.parametrize("pitches", [(), (60,), (36, 81), (0, 127)])
def test_a_scope_holds_its_pitches_on_all_papers(rows, pitches):
    scope = scope_for(pitches, rows)
    assert scope.holds([*pitches, 43, 76])
    assert scope.pixels == 2 * rows
    assert all(0 <= scope.pixel(pitch) < scope.pixels for pitch in range(128))
    for pixel in range(scope.pixels):
        assert scope.pixel(scope.pitch(pixel)) == min(
            max(int(scope.semitone * (scope.high - scope.pitch(pixel))), 0), pixel
        )


def test_four_octaves_fit_24_rows_and_begin_with_a_row():
    scope = scope_for((37, 83), 24)
    assert scope.semitone == 1.0
    assert scope.high + 1 - scope.low == 48
    assert [
        scope.pixel(pitch) % 2 for pitch in range(scope.low, scope.high) if pitch % 12 == 0
    ] == [1] * 4


def test_a_wide_terminal_shows_a_beat_in_more_pixels():
    assert [lens_for(columns).per_beat for columns in (30, 72, 112, 192)] == [8, 8, 16, 32]


def view(state=PLAYING, columns=24, scope=None, **more):
    lens = Lens(columns, 8, 12)
    return rows.View(
        lens, scope or scope_for((), 17), DARK, now=lens.now(state.beat), held=state.held, **more
    )


def test_the_roll_in_characters():
    notes = Notes([*PLAYING.melody, *PLAYING.accompaniment])
    scope = Scope(low=58, high=71, semitone=1.0, pixels=14)
    lines = [text(line) for line in rows.rows(view(scope=scope), notes)]
    # The bass, G2, is below the view, so it is at its edge.
    # Beat 6.5 is column 12; a beat is 4 columns: bar 2 begins at column 2, the beats after it at 6 and 10.
    assert lines == [
        "    ▀▀▀   ▀▀▀▀▀▀▀▀┊ ▎ ┊   ▏   ┊ ",
        "    ▀▀▀   ▏   ┊   ┊ ▎ ┊   ▏   ┊ ",
        "G4  ▀▀▀   ▏   ┊   ▀▀▎ ┊   ▏   ┊ ",
        "    ▀▀▀   ▏   ┊   ┊ ▎ ┊   ▏   ┊ ",
        "    ▀▀▀   ▏   ┊   ┊ ▎ ┊   ▏   ┊ ",
        "C4  ▀▀▀   ▏   ┊   ┊ ▎ ▖▖▖▖▏   ┊ ",
        "B3  ▀▀▀   ▏   ▄▄▄▄▄▄▄▄▄▄▄▄▏   ┊ ",
    ]


def test_keys_light_up_that_are_held_and_that_sound():
    scope = Scope(low=58, high=71, semitone=1.0, pixels=14)
    lines = rows.rows(view(scope=scope), Notes([*PLAYING.melody, *PLAYING.accompaniment]))
    melody, tenor = DARK.pixel(code(0, SOUNDING)), DARK.pixel(code(2, SOUNDING))
    assert lines[2][1].style.color.name == melody.lower()  # G4, the upper one of its row
    assert lines[6][1].style.color.name == tenor.lower()  # B3
    assert lines[1][1].style.color.name == DARK.white.lower()  # A4
    assert lines[2][1].style.bgcolor.name == DARK.black.lower()  # F sharp


def test_the_count_in_is_written_large():
    lines = [
        text(line)[rows.LEFT :]
        for line in rows.rows(view(replace(READY, beat=-2.0), number="2"), Notes(()))
    ]
    full = [
        (row, column)
        for row, line in enumerate(lines)
        for column, sign in enumerate(line)
        if sign == "█"
    ]
    assert len({row for row, _ in full}) == 10
    assert [line.count("█") for line in lines[3:13]] == [12, 12, 4, 4, 12, 12, 4, 4, 12, 12]


def test_chords_are_named_over_their_beats():
    notes = Notes(
        [
            ShownNote(b, b + 1, p, 1)
            for b, chord in ((5, (43, 59, 62)), (6, (45, 60, 64)))
            for p in chord
        ]
    )
    names = rows.chord_names(notes, *notes.beats())
    assert names == {5: "G", 6: "Am"}
    line = text(rows.chords(view(), names))[rows.LEFT :]
    assert (line.index("G"), line.index("Am")) == (6, 10)


# --- lines above and below


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


def test_text_from_outside_cannot_break_a_line():
    assert clean("a\x1b[2J\nb\tc") == "a [2J b c"
    assert clean("鍵盤の名前", 6) == "鍵盤…"


def test_light_terminals_are_believed():
    assert (
        is_light({"COLORFGBG": "0;15"}) and not is_light({"COLORFGBG": "15;0"}) and not is_light({})
    )


# --- keys


KEYS = {
    "space": ("start",), "m": ("mode",), "t": ("tap",), "plus": ("faster",), "up": ("faster",), "minus": ("slower",),
    "down": ("slower",), "l": ("loop",), "r": ("reroll",), "k": ("keep",), "u": ("undo",), "backspace": ("undo",),
    "p": ("panic",), "escape": ("panic",), "c": ("calibrate",), "n": ("metronome",), "w": ("melody",),
    "right": ("knob", ["chords", 0.1]), "left": ("knob", ["chords", -0.1]), "0": ("knob", ["chords", None]),
    "M": ("mode",), "equals_sign": ("faster",),
}  # fmt: skip


def test_every_key_reaches_its_method():
    async def test(app, pilot, double):
        for key, asked in KEYS.items():
            double.asked.clear()
            await pilot.press(key)
            assert double.asked == [asked], key

    on_stage(test)


def test_every_command_has_been_tried():
    tried = {label_of(key) for key in KEYS}
    elsewhere = {"save", "model", "choose", "piano", "light", "help", "quit"}
    assert {row.name for row in shown_commands() if not set(row.keys) & tried} == elsewhere


def test_knobs_are_chosen_by_number():
    async def test(app, pilot, double):
        await pilot.press("4", "right", "3", "left")
        assert double.asked == [("knob", ["groove", 0.6]), ("knob", ["melody", -0.4])]
        double.now = replace(PLAYING, knobs={"chords": 0.97})
        await pilot.press("1", "right", "2")
        assert double.asked[2:] == [("knob", ["chords", 1.0])]
        assert "this model has no knob 2: its knobs are chords; o: choose" in shown(app)[-2]

    on_stage(test, PLAYING)


def test_the_letters_are_a_piano():
    async def test(app, pilot, double):
        await pilot.press("tab", "z", "q", "right_square_bracket", "x", "space", "0", "tab", "m")
        assert [a[:2] for a in double.asked] == [
            ("press", 60), ("release", 60), ("press", 72), ("release", 72), ("press", 74), ("start",),
            ("release", 74), ("press", 60 + 12 + 12 + 15), ("release", 99), ("mode",),
        ]  # fmt: skip

    on_stage(test)


def test_the_two_rows_are_one_scale_from_c():
    assert [piano_pitch(key, 60) for key in LOWER] == list(range(60, 77))
    assert [piano_pitch(key, 60) for key in UPPER] == list(range(72, 89))
    assert piano_pitch("p", 120) is None and piano_pitch("a", 60) is None


def test_a_note_of_the_letters_ends_in_time_and_a_key_held_down_is_one_note():
    double = Double()
    letters = Letters(double, hold=0.5)
    for seconds in (0.0, 0.03, 0.06):  # the machine repeats a key that is held
        letters.strike("c", seconds)
    letters.tick(0.55)
    assert [a[:2] for a in double.asked] == [("press", 64)]
    letters.tick(0.56)
    letters.strike("c", 1.0)
    letters.strike("c", 1.2)
    assert [a[:2] for a in double.asked[1:]] == [
        ("release", 64),
        ("press", 64),
        ("release", 64),
        ("press", 64),
    ]
    Letters(double, hold=None).tick(1e9)


def test_a_mistake_is_a_message():
    async def test(app, pilot, double):
        await pilot.press("r")
        assert "no melody to arrange yet" in shown(app)[-2]
        app.clock = lambda: time.monotonic() + 60
        assert "no melody" not in shown(app)[-2]

    on_stage(test, raises=ConfigError("no melody to arrange yet: play one"))


def test_save_asks_for_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "take-3.mid").touch()

    async def test(app, pilot, double):
        await pilot.press("s")
        assert app.screen.query_one(Input).value == "take-3-2.mid"
        await pilot.press("q", "escape")
        assert double.asked == []
        await pilot.press("s")
        app.screen.query_one(Input).value = "mine.wav"
        await pilot.press("enter")
        assert double.asked == [("save", "mine.wav")]
        double.now = replace(READY, takes=0)
        await pilot.press("s")
        assert "nothing to save" in shown(app)[-2]

    on_stage(test)


def test_another_model_is_chosen():
    async def test(app, pilot, double):
        await pilot.press("o")
        assert app.screen.query_one(OptionList).highlighted == 1
        await pilot.press("down", "enter")
        assert double.asked == [("model", "quartet")]

    on_stage(test, models=("band", "jsb-chorales", "quartet"))


def test_help_teaches_and_closes():
    async def test(app, pilot, double):
        await pilot.press("question_mark")
        assert isinstance(app.screen, Help)
        await pilot.press("escape")
        assert not isinstance(app.screen, Page) and double.asked == []

    on_stage(test)


@pytest.mark.parametrize("key", ["q", "ctrl+q", "ctrl+c"])
def test_quit_ends_the_app_and_the_note_of_the_letters(key):
    async def test(app, pilot, double):
        app.letters.strike("z", time.monotonic())
        await pilot.press(key)
        assert not app.is_running
        assert double.asked[-1] == ("release", 60)

    on_stage(test)


def test_light_and_dark():
    async def test(app, pilot, double):
        assert app.palette is DARK
        await pilot.press("i")
        app.frame()
        assert app.palette is LIGHT
        assert app.canvas.lines[5][-1].style.bgcolor.name in (
            LIGHT.ground.lower(),
            LIGHT.band.lower(),
        )

    on_stage(test)


# --- the screen


@pytest.mark.parametrize(
    "size", [(80, 24), (81, 27), (120, 30), (203, 61), (40, 12), (20, 5), (3, 2), (1, 1)]
)
@pytest.mark.parametrize(
    "state", [State(), READY, PLAYING, replace(PLAYING, phase="count-in", beat=-0.5)]
)
def test_every_line_fills_its_row(size, state):
    async def test(app, pilot, double):
        assert len(app.canvas.lines) == size[1]
        if size[0] >= 20:
            assert {length(line) for line in app.canvas.lines} == {size[0]}
        assert {strip.cell_length for strip in app.canvas.render_lines(app.canvas.size.region)} == {
            size[0]
        }

    on_stage(test, state, size)


def test_a_new_size_is_a_new_picture():
    async def test(app, pilot, double):
        await pilot.resize_terminal(132, 43)
        await pilot.pause()
        assert (len(shown(app)), len(shown(app)[0])) == (43, 132)
        assert "■ tenor" in shown(app)[-3]
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        assert len(shown(app)) == 24 and "PLAYING" in shown(app)[0]

    on_stage(test, PLAYING)


def test_what_does_not_change_is_not_drawn():
    async def test(app, pilot, double):
        before = app.canvas.drawn
        double.now = replace(PLAYING)
        app.frame()
        assert app.canvas.drawn == before
        double.now = replace(PLAYING, message="now")
        app.frame()
        assert app.canvas.drawn == before + 1
        double.now = replace(PLAYING, beat=7.0)
        app.frame()
        assert app.canvas.drawn > before + 10

    on_stage(test, PLAYING)


def test_first_steps_are_shown_and_notes_that_leave_the_view_move_it():
    async def test(app, pilot, double):
        assert any("Press space" in line for line in shown(app))
        double.now = replace(PLAYING, melody=(ShownNote(6.0, 6.5, 96, 0),), held=(96,))
        assert any(line.startswith("C7") for line in shown(app))

    on_stage(test)


def test_a_screenshot_holds_what_is_on_the_canvas():
    async def test(app, pilot, double):
        await pilot.pause(0.1)
        picture = app.export_screenshot().replace("&#160;", " ")
        for word in ("PLAYING", "fluidsynth", "C4", "play/stop"):
            assert word in picture

    on_stage(test, PLAYING)


def test_without_colours_it_is_drawn_all_the_same(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")

    async def test(app, pilot, double):
        strip = app.canvas.render_lines(app.canvas.size.region)[0]
        assert "PLAYING" in strip.text
        red, green, blue = next(iter(strip)).style.bgcolor.triplet
        assert red == green == blue

    on_stage(test, PLAYING)


@pytest.mark.parametrize("apart", [False, True])
def test_a_real_session_is_played_from_the_screen(model_folder, tmp_path, apart):
    """Count-in, a melody on the letters, its arrangement; with the session in hand, and behind a pipe."""
    with real_session(model_folder, tmp_path) as session, ExitStack() as ends:
        player = session
        if apart:
            here, there = Pipe()
            threading.Thread(target=serve, args=(session, here, 100), daemon=True).start()
            player = Remote(there)
            ends.callback(there.close)

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


# --- lines instead of a screen


def test_changes_are_told_once():
    assert changes(READY, replace(READY, beat=3.0)) == []
    assert changes(READY, replace(READY, plugged=False)) == [
        "keyboard: AKM322 MIDI 1 is gone: plug it in again"
    ]
    assert changes(READY, replace(READY, phase="playing", bar=4)) == ["playing, bar 4"]
    assert changes(READY, replace(READY, qpm=80.0, loop=True)) == [
        "duet 80 qpm loop click jsb-chorales seed 7 melody -0.3 groove +0.5"
    ]
    assert changes(READY, replace(READY, message="hello", takes=4)) == ["takes: 4", "hello"]


def test_lines_are_commands():
    script = "space\n+\ntempo 120\nknob groove off\nmode phrase\nreroll\nsave a  b.mid\nnonsense\ntempo fast\n\nq\n"
    double, out = Double(), io.StringIO()
    tell(double, io.StringIO(script), out, wait=lambda seconds: time.sleep(0.001))
    assert double.asked == [
        ("start",), ("faster",), ("tempo", 120.0), ("knob", ("groove", None)), ("mode", "phrase"), ("reroll",),
        ("save", "a  b.mid"),
    ]  # fmt: skip
    assert "keyboard: AKM322 MIDI 1" in out.getvalue()
    assert "error: tempo: a number is expected, got 'fast'" in out.getvalue()


def told_in_lines(script, state=READY):
    double, out = Double(state), io.StringIO()
    tell(double, io.StringIO(script + "\nq\n"), out, wait=lambda seconds: time.sleep(0.001))
    return double.asked, out.getvalue()


def test_play_and_stop_are_words_and_start_is_both():
    asked, out = told_in_lines("play\nstop\nstart\nspace")
    assert asked == [("play",), ("stop",), ("start",), ("start",)]
    assert out.count(usage()) == 1  # at the beginning


@pytest.mark.parametrize("word", ["help", "?", "f1"])
def test_help_in_lines_has_a_line_for_each_command(word):
    asked, out = told_in_lines(word)
    lines = out.split(usage())[1].splitlines()
    assert not asked and out.isascii()
    for command in (*commands.COMMANDS, *OWN):
        named = [line for line in lines if line.endswith(" " + command.help)]
        assert len(named) == (command.name not in SCREEN_ONLY), command.name
    assert "k       keep             mark this take as one to keep" in lines
    assert "        stop             end the phrase, or what sounds" in lines
    assert "m       mode [duet]      phrase, duet, call and response: the next one" in lines
    assert "help explains" in usage() and "\n" not in usage()


def test_every_key_and_word_of_the_help_in_lines_is_known():
    for command in (*commands.COMMANDS, *OWN):
        if command.name in ("quit", *SCREEN_ONLY):
            continue
        typed = list(command.keys)
        if command.name == "choose":
            typed = typed[:4]  # as many knobs as there are
        else:
            typed.append(command.usage.replace("[", "").replace("]", ""))
        for line in typed:
            assert told_in_lines(line)[1].count(usage()) == 1, line
    assert told_in_lines("4\nright")[0] == [("knob", ["groove", 0.6])]


def test_a_way_out_is_a_line_to_type():
    asked, out = told_in_lines("5")
    assert not asked
    assert (
        "error: this model has no knob 5: its knobs are chords, style, melody, groove; model NAME: choose"
        in out
    )


# --- a process of its own


def test_states_go_one_way_and_calls_the_other():
    double, (here, there) = Double(PLAYING), Pipe()
    serving = threading.Thread(target=serve, args=(double, here, 200), daemon=True)
    serving.start()
    remote, errors = Remote(there), []
    remote.on_error = errors.append
    wait_for(lambda: remote.state() == PLAYING)
    double.raises = PortError("no port")
    remote.do("knob", ["groove", 0.25])
    remote.press(60, 80)
    wait_for(lambda: remote.state() and len(errors) == 2)
    assert double.asked == [("knob", ["groove", 0.25]), ("press", 60, 80)]
    assert errors == ["no port", "no port"]
    with pytest.raises(AttributeError):
        remote.close_the_door  # noqa: B018
    double.now = replace(PLAYING, beat=7.5, melody=PLAYING.melody[:1])
    wait_for(lambda: remote.state() == double.now)
    there.close()
    serving.join(5)
    assert not serving.is_alive()


def test_the_screen_ends_when_the_session_is_gone():
    here, there = Pipe()
    remote, ended = Remote(there), []
    remote.on_end = lambda: ended.append(True)
    here.close()
    assert remote.state() == State()
    remote.do("tap")
    assert ended


def wait_for(what, seconds=20.0):
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.005)


DRIVER = """
import sys
sys.path.insert(0, ".")
from tests.terminal.play.test_app import PLAYING, Double
from composer.terminal.play import play
double = Double(PLAYING)
play(double)
print("asked", double.asked)
"""


class InTerminal:
    """The stage in a pseudo-terminal, in processes as a player has them. errors: a file instead for stderr."""

    def __init__(self, errors=None):
        self.pid, self.fd = pty.fork()
        if not self.pid:
            if errors is not None:
                os.dup2(os.open(errors, os.O_WRONLY | os.O_CREAT), 2)
            os.environ.update(
                TERM="xterm-256color",
                COLORTERM="truecolor",
                PYTHONPATH=str(ROOT),
                LINES="24",
                COLUMNS="80",
            )
            os.chdir(ROOT)
            os.execv(sys.executable, [sys.executable, "-c", DRIVER])
        self.seen = b""
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        try:
            while data := os.read(self.fd, 65536):
                self.seen += data
        except OSError:
            pass

    def wait_for(self, *words):
        wait_for(lambda: all(word.encode() in self.seen for word in words), 60)

    def type(self, keys):
        os.write(self.fd, keys.encode())

    def end(self):
        _, status = os.waitpid(self.pid, 0)
        return os.waitstatus_to_exitcode(status)


def test_in_a_terminal_it_draws_hears_keys_and_quits():
    terminal = InTerminal()
    terminal.wait_for("PLAYING", "AKM322")
    terminal.type("rk")
    terminal.type("q")
    assert terminal.end() == 0
    wait_for(lambda: b"asked [('reroll',), ('keep',)]" in terminal.seen)
    assert b"\x1b[?1049l" in terminal.seen  # the screen of before is back


def test_where_stderr_goes_to_a_file_lines_are_seen_and_not_a_black_screen(tmp_path):
    terminal = InTerminal(tmp_path / "errors")
    terminal.wait_for("playing, bar 2")
    terminal.type("q\r")
    assert terminal.end() == 0
    assert b"\x1b" not in (tmp_path / "errors").read_bytes()


def test_a_screen_that_dies_leaves_the_music_on_and_lines_to_steer_it():
    if not shutil.which("pgrep"):
        lacking("pgrep (Debian procps)")
    terminal = InTerminal()
    terminal.wait_for("PLAYING", "AKM322")
    children = subprocess.run(
        ["pgrep", "-P", str(terminal.pid), "-f", "composer.terminal.play"],
        capture_output=True,
        text=True,
    )
    os.kill(int(children.stdout.split()[0]), signal.SIGKILL)
    terminal.wait_for("the music goes on")
    assert b"\x1b[?1049l" in terminal.seen
    terminal.type(
        "reroll\rq\r"
    )  # as the Enter key says it, which the terminal makes a line of again
    assert terminal.end() == 0
    wait_for(lambda: b"asked [('reroll',)]" in terminal.seen)


def test_without_a_terminal_it_is_told_in_lines():
    done = subprocess.run(
        [sys.executable, "-c", DRIVER],
        input="tap\nq\n",
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "playing, bar 2" in done.stdout and "asked [('tap',)]" in done.stdout
    assert "\x1b" not in done.stdout
