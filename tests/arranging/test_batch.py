"""Plans: what is read, what is written, and what is refused before anything is."""

from __future__ import annotations

from pathlib import Path

import pytest
from composer import catalog
from composer.arranging.batch import ArrangeSettings, Job, open_model, plan, run
from composer.errors import Mend, MidiError, ModelError, OutputError
from composer.songs import read, write
from composer.songs.song import Note, Song, Track

TUNE = Song((Track(tuple(Note(float(i), 60 + i, 1.0) for i in range(8)), "Tune"),))


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_one_melody_becomes_a_file_beside_it(here):
    write("tune.mid", TUNE)
    (job,) = plan(["tune.mid"])
    assert job == Job(Path("tune.mid"), {"midi": Path("tune-arranged.mid")})
    (job,) = plan(["tune.mid"], Path("out.mid"), {"wav": Path("out.wav"), "png": None})
    assert job.outputs == {"midi": Path("out.mid"), "wav": Path("out.wav")}


def test_a_bundled_tune_by_name_unless_a_file_is_called_so(here):
    assert plan(["sakura"])[0].source == catalog.tune("sakura")
    write("sakura", TUNE)
    assert plan(["sakura"])[0].source == Path("sakura")


def test_several_go_to_a_folder_and_equal_names_are_numbered(here):
    for name in ("a/tune.mid", "b/TUNE.midi", "b/tune-2.mid"):
        write(Path("in") / name, TUNE)
    jobs = plan(["in/a/tune.mid", "in/b/TUNE.midi", "in/b/tune-2.mid"], Path("out"))
    names = [job.outputs["midi"].name for job in jobs]
    assert names == ["tune.mid", "TUNE-2.mid", "tune-2-2.mid"]


def test_a_folder_keeps_its_names_and_leaves_out_earlier_arrangements(here):
    for name in ("x/a.mid", "b.mid", "out/b.mid", "notes.txt"):
        write(Path("in") / name if name != "notes.txt" else Path("in/notes"), TUNE)
    jobs = plan(["in"], Path("in/out"))
    assert [job.outputs["midi"] for job in jobs] == [Path("in/out/b.mid"), Path("in/out/x/a.mid")]


def test_what_is_not_there_is_said(here):
    with pytest.raises(MidiError, match="no file 'nothing' and no bundled melody") as caught:
        plan(["nothing"])
    assert caught.value.mend == Mend("melodies")
    (here / "empty").mkdir()
    with pytest.raises(MidiError, match=r"no melody in folder empty: .* \.mid, \.midi, \.npz"):
        plan(["empty"])


def test_a_file_of_another_kind_is_refused_with_the_way_to_get_it():
    with pytest.raises(OutputError, match=r"a MIDI file, got x\.wav") as caught:
        plan(["sakura"], Path("x.wav"))
    assert caught.value.mend == Mend("wav", Path("x.wav"))
    with pytest.raises(OutputError, match=r"the png file ends in \.png, got x\.pdf"):
        plan(["sakura"], Path("x.mid"), {"png": Path("x.pdf")})


def test_nothing_is_written_over_a_melody_or_another_output(here):
    write("tune.mid", TUNE)
    with pytest.raises(OutputError, match=r"tune\.mid is the melody itself"):
        plan(["tune.mid"], Path("tune.mid"))
    with pytest.raises(
        OutputError, match=r"several melodies go into a folder; tune\.mid is a file"
    ):
        plan(["tune.mid", "sakura"], Path("tune.mid"))


def test_a_model_is_opened_by_its_bundled_name_or_its_folder():
    assert open_model("jsb-chorales").name == "jsb-chorales"
    assert open_model(str(catalog.model("jsb-chorales"))).name == "jsb-chorales"
    with pytest.raises(ModelError, match="no model 'none@best'"):
        open_model("none@best")


def test_a_job_writes_what_is_asked_for_and_tells_of_the_melody(here):
    low = Track(tuple(Note(float(i), 40, 1.0) for i in range(8)), "Low")
    write("two.mid", Song((low, *TUNE.tracks)))
    (job,) = plan(["two.mid"], Path("out.mid"), {"musicxml": Path("out.xml")})
    done = run(job, open_model("jsb-chorales"), ArrangeSettings(seed=3, qpm=90.0))
    assert [remark.mend for remark in done.remarks] == [Mend("track")]
    assert read("out.mid").tracks[0].notes == TUNE.tracks[0].notes
    assert read("out.mid").qpm == pytest.approx(90.0) and len(done.song.tracks) == 4
    assert b"score-partwise" in Path("out.xml").read_bytes()
