"""`composer evaluate` says in one line what it cannot judge; tests/evaluation tests what it measures."""

from __future__ import annotations

from tests.support.command import fails


def test_what_is_nothing_to_judge(composer_command):
    (composer_command.folder / "empty").mkdir()
    fails(composer_command("evaluate", "nothing"), "nothing")
    fails(composer_command("evaluate", "empty"), "empty")
    fails(composer_command("evaluate", "jsb-chorales", "--reference", "nowhere"), "nowhere")
    assert not (composer_command.folder / "nothing-evaluation").exists()
