"""`composer evaluate`: what it prints and writes, and one line for every bad input."""

from __future__ import annotations

from dataclasses import replace

import pytest
from composer.songs import write as write_midi
from composer.songs.song import Song

from tests.support.judgements import chorales


@pytest.fixture
def generated(tmp_path):
    """A folder of three chorales, one of them nested and with its tracks in another order."""
    folder = tmp_path / "generated"
    first, second, third = chorales(3)
    write_midi(folder / "a.mid", first)
    write_midi(folder / "deep" / "er" / "b.MID", replace(second, tracks=second.tracks[::-1]))
    write_midi(folder / "c.midi", third)
    return folder


def test_the_command_prints_tables_and_writes_three_files(composer_command, model_folder):
    done = composer_command("evaluate", model_folder, "--pieces", 3, "-o", "out")
    assert (done.returncode, done.stderr) == (0, "")
    for word in (
        "3 arranged melodies, 2 seeds",
        "3 pieces of jsb (valid)",
        "empty bars",
        "in C major",
        "–",
        "Tenor",
    ):
        assert word in done.stdout
    assert max(map(len, done.stdout.splitlines()[1:])) <= 80
    names = ["evaluation.csv", "evaluation.json", "evaluation.png"]
    assert sorted(path.name for path in (composer_command.folder / "out").iterdir()) == names
    assert done.stdout.splitlines()[-3:] == [
        f"out/{name}" for name in ("evaluation.json", names[0], names[2])
    ]


def test_the_folder_is_named_after_what_is_judged(composer_command, generated):
    (generated / "broken.mid").write_bytes(b"no")
    done = composer_command("evaluate", generated)
    assert done.returncode == 0
    assert len(done.stderr.splitlines()) == 1 and "broken.mid" in done.stderr
    assert (composer_command.folder / "generated-evaluation" / "evaluation.png").exists()


def test_the_help_teaches_with_examples(composer_command):
    done = composer_command("evaluate", "--help")
    assert "composer evaluate runs/mine@1200" in done.stdout and "undefined" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere"], ["no model 'nowhere'"]),
        (["empty"], ["empty", "no run and no model", "no file in it is MIDI"]),
        (
            ["solo"],
            ["nothing in solo", "it has 1 track, the dataset 4 (Soprano, Alto, Tenor, Bass)"],
        ),
        (["jsb-chorales", "--reference", "nowhere"], ["nowhere", "jsb"]),
        (
            ["jsb-chorales", "--reference", "trio"],
            ["makes 4 tracks", "the reference has 3 (Up, Mid, Down)"],
        ),
        (
            ["jsb-chorales", "--reference", "trio", "--ladder"],
            ["the ladder compares with jsb", "trio"],
        ),
        (["jsb-chorales", "--track", "A=1", "--track", "B=2"], ["jsb", "--track"]),
        (["jsb-chorales", "-o", "file"], ["cannot write file", "-o"]),
        (["jsb-chorales", "--pieces", "0"], ["--pieces"]),
        (["jsb-chorales", "--seeds", "0"], ["--seeds"]),
    ],
)
def test_bad_input_is_one_line(composer_command, arguments, words):
    folder = composer_command.folder
    (folder / "file").touch()
    (folder / "empty").mkdir()
    (folder / "empty" / "readme.txt").write_text("nothing")
    first = chorales(1)[0].tracks[0]
    write_midi(folder / "solo" / "a.mid", Song((first,)))
    for i, song in enumerate(chorales(4)):
        names = zip(song.tracks[:3], ("Up", "Mid", "Down"), strict=True)
        write_midi(
            folder / "trio" / f"{i}.mid",
            replace(song, tracks=tuple(replace(t, name=n) for t, n in names)),
        )
    done = composer_command("evaluate", *arguments)
    assert (done.returncode, done.stdout) == (2, ""), done
    assert len(done.stderr.splitlines()) == 1
    assert all(word in done.stderr for word in words), done.stderr
    assert not list(folder.glob("*-evaluation"))
