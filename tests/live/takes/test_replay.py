"""Takes played again bit for bit, and checked: the same notes come out when they are arranged again."""

from __future__ import annotations

import json
import shutil
import threading
from dataclasses import replace
from pathlib import Path

import mido
import pytest
from composer.errors import ComposerError, ModelError
from composer.generators import PLAYS
from composer.live.melody.dynamics import shaped
from composer.live.takes.header import HEADER, model_fields
from composer.live.takes.replay import check, replay
from composer.live.takes.saved import read_take

from tests.support.jack_server import jack  # noqa: F401
from tests.support.takes import HEAD, START, Collected, keep, messages


def test_replay_sends_the_same_bytes_at_the_same_times(tmp_path):
    take = read_take(keep(tmp_path))
    out = Collected()
    assert replay(take, out, out.clock, out.wait) == len(messages())
    assert out.bytes() == [bytes(m.bytes()) for _, m in messages()]
    assert [at - 1000.0 for at, _ in out.sent] == pytest.approx(
        [at - START - 0.5 for at, _ in messages()], abs=1e-6
    )


def test_an_interrupted_replay_lets_go_of_what_sounds(tmp_path):
    take = read_take(keep(tmp_path))
    out = Collected()

    def wait(seconds: float) -> None:
        if len(out.sent) == 6:
            raise KeyboardInterrupt
        out.wait(seconds)

    with pytest.raises(KeyboardInterrupt):
        replay(take, out, out.clock, wait)
    after = [mido.Message.from_bytes(data) for data in out.bytes()[6:]]
    assert [(m.type, m.channel) for m in after] == [
        ("note_off", 3),
        ("note_off", 0),
        ("control_change", 3),
    ]
    assert [m.note for m in after[:2]] == [60, 67] and (after[2].control, after[2].value) == (64, 0)


@pytest.mark.jack
@pytest.mark.usefixtures("jack")
def test_replay_through_a_real_port(tmp_path):
    from composer.live.midi.ports import open_input, open_output

    take = read_take(keep(tmp_path))
    expected = [bytes(m.bytes()) for _, m in messages()]
    heard: list[bytes] = []
    arrived = threading.Event()

    def hear(message) -> None:
        heard.append(bytes(message.bytes()))
        if len(heard) >= len(expected):
            arrived.set()

    with (
        open_output("Replayed", "jack", virtual=True) as output,
        open_input("Replayed", "jack", hear),
    ):
        replay(take, output)
        assert arrived.wait(20), f"{len(heard)} of {len(expected)} messages arrived"
    assert heard == expected


def change(folder: Path, **fields: object) -> None:
    values = json.loads((folder / HEADER).read_text())
    (folder / HEADER).write_text(json.dumps({**values, **fields}))


def test_a_take_is_found_equal(arranged):
    assert check(read_take(arranged)).remarks == ()
    assert check(read_take(arranged)).equal


def test_a_take_whose_voices_follow_the_player_is_found_equal(tmp_path, melody, model):
    header = replace(HEAD, **model_fields(model.folder))
    folder = keep(tmp_path, header, melody, shaped(model.arrange(melody, seed=2)))
    assert check(read_take(folder)).equal


@pytest.mark.parametrize(
    "fields", [{"seed": 8}, {"latents": {"seed": 7, "groove": {"knob": 0.75}}}]
)
def test_another_seed_or_knob_is_found_different(arranged, fields):
    change(arranged, **fields)
    found = check(read_take(arranged))
    assert not found.equal
    assert any("notes are gone" in remark for remark in found.remarks)


def test_one_note_that_was_changed_is_found(arranged):
    song = read_take(arranged).arrangement()
    alto = song.tracks[1]
    louder = replace(
        alto,
        notes=(*alto.notes[:-1], replace(alto.notes[-1], velocity=alto.notes[-1].velocity - 1)),
    )
    from composer.songs import write

    write(
        arranged / "arrangement.mid",
        replace(song, tracks=(song.tracks[0], louder, *song.tracks[2:])),
    )
    found = check(read_take(arranged))
    assert not found.equal
    assert found.remarks == (f"Alto: 1 of {len(alto.notes)} notes are gone, 1 are new",)


def test_another_model_is_found_and_named(arranged, tmp_path, model_folder):
    other = Path(shutil.copytree(model_folder, tmp_path / "models" / "jsb-chorales"))
    with (other / PLAYS).open("ab") as file:
        file.write(b"\0")  # plays the same, and is another file
    change(arranged, model_folder=str(other), model="none")
    found = check(read_take(arranged))
    assert found.equal
    assert "another one now" in found.remarks[0]
    change(arranged, model_folder=str(tmp_path / "gone"), model="gone")
    with pytest.raises(ModelError, match="'gone' is gone"):
        check(read_take(arranged))


def test_a_model_that_moved_is_found_by_its_name(arranged, tmp_path):
    change(arranged, model_folder=str(tmp_path / "elsewhere"))
    assert check(read_take(arranged)).equal


def test_what_cannot_be_checked(tmp_path, arranged):
    with pytest.raises(ComposerError, match="no arrangement"):
        check(read_take(keep(tmp_path)))
    change(arranged, mode="duet")
    with pytest.raises(ComposerError, match="duet"):
        check(read_take(arranged))
