"""Pages over the stage: help, the choice of a model, the name of a file."""

from __future__ import annotations

from dataclasses import replace

from composer.live import commands
from composer.live.arguments import Argument
from composer.live.commands import Command
from composer.terminal.play.dialogs import Help, Page, lessons
from tests.support.played import READY
from tests.support.stage import on_stage, shown
from textual.widgets import Input, OptionList


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


def test_the_help_names_the_keys_of_the_table():
    texts = dict(lessons())
    assert (
        texts["Begin"].startswith("Press space. ") and "with tab on the letters" in texts["Begin"]
    )
    assert "press c and play along" in texts["Late keys?"]
    assert not any("{" in text for text in texts.values())


def test_a_command_that_needs_a_word_asks_for_it(monkeypatch):
    argument = Argument("number", "how many", "3", least=0, most=9)
    row = Command("wait", "wait some bars", argument, keys=("y",))
    monkeypatch.setattr(commands, "COMMANDS", (*commands.COMMANDS, row))

    async def test(app, pilot, double):
        await pilot.press("y")
        app.screen.query_one(Input).value = "12"
        await pilot.press("enter")
        assert "wait: a number from 0 to 9 is expected, got 12.0" in shown(app)[-2]
        await pilot.press("y")
        app.screen.query_one(Input).value = "7"
        await pilot.press("enter")
        assert double.asked == [("wait", 7.0)]

    on_stage(test)
