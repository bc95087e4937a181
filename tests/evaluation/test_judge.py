"""A run, a model and a folder beside a dataset."""

from __future__ import annotations

import json
from dataclasses import replace
from math import isnan

import pytest
from composer.errors import ComposerError
from composer.evaluation.judge import EvaluationRequest
from composer.evaluation.report import to_csv
from composer.generators import load_model
from composer.songs import write as write_midi
from composer.songs.song import Track

from tests.support.judgements import chorales, judge


def test_a_folder_is_read_whatever_lies_in_it(generated):
    (generated / "broken.mid").write_bytes(b"no")
    write_midi(generated / "solo.mid", replace(chorales(1)[0], tracks=chorales(1)[0].tracks[:1]))
    (generated / "notes.txt").write_text("no music")
    judged = judge(str(generated), EvaluationRequest(pieces=3))
    assert judged.evaluation.pieces == (3, 3) and judged.source.endswith("generated: 3 songs")
    assert judged.evaluation.distance == 0  # the tracks of b.MID are found by their names
    assert len(judged.remarks) == 1 and "broken.mid" in judged.remarks[0]  # then three are found
    judged = judge(str(generated), EvaluationRequest())
    assert judged.reference == "75 pieces of jsb (valid)" and judged.responses == {}
    assert (
        "solo.mid: left out, it has 1 track, the dataset 4 (Soprano, Alto, Tenor, Bass)"
        in judged.remarks[1]
    )


def test_tracks_without_names_go_by_their_order_and_empty_ones_are_dropped(tmp_path):
    song = chorales(1)[0]
    unnamed = [replace(track, name="") for track in song.tracks]
    write_midi(
        tmp_path / "a.mid", replace(song, tracks=(unnamed[0], Track(name="Lyrics"), *unnamed[1:]))
    )
    assert judge(str(tmp_path), EvaluationRequest(pieces=1)).evaluation.distance == 0


def test_a_folder_beside_another_folder(generated, tmp_path):
    for i, song in enumerate(chorales(6)):
        write_midi(tmp_path / "other" / f"{i}.mid", song)
    judged = judge(str(generated), EvaluationRequest(reference=str(tmp_path / "other")))
    assert judged.evaluation.pieces == (3, 6) and judged.evaluation.tracks == (
        "Soprano",
        "Alto",
        "Tenor",
        "Bass",
    )
    assert 0 < judged.evaluation.distance < 1


def test_a_model_arranges_the_melodies_of_the_reference(model_folder):
    told = []
    settings = EvaluationRequest(pieces=3, seeds=2)
    judged = judge(
        str(model_folder), settings, lambda done, total, what: told.append((done, total))
    )
    assert judged.evaluation.pieces == (6, 3)
    assert judged.evaluation.table["mean_pitch"]["Soprano"].distance < 1e-9
    assert told[-9:] == [(i, 9) for i in range(1, 10)]  # two seeds, and once with another melody
    values = {name: pair[0] for name, pair in judged.responses.items()}
    assert values["conditioning"] > 0.3 and values["noise"] > 0.1
    assert judge(str(model_folder), settings) is not judged
    assert to_csv(judge(str(model_folder), settings)) == to_csv(judged)


def test_a_run_and_its_iterations(run_folder):
    for name in (str(run_folder), f"{run_folder}@10", f"{run_folder}@best"):
        judged = judge(name, EvaluationRequest(pieces=2, seeds=1))
        assert judged.run is not None and judged.run.folder == run_folder
        assert judged.reference == "2 pieces of jsb (valid)"
    with pytest.raises(ComposerError, match="keeps no iteration '7'"):
        judge(f"{run_folder}@7", EvaluationRequest())


def test_a_run_is_judged_beside_what_it_learned_from(run_folder, generated):
    run_json = {"dataset": str(generated), "roles": ["Top=Soprano", "Low=Bass"]}
    (run_folder / "run.json").write_text(json.dumps(run_json))
    with pytest.raises(ComposerError, match=r"makes 4 tracks .*the reference has 2 \(Top, Low\)"):
        judge(str(run_folder), EvaluationRequest())
    assert "jsb" in judge(str(run_folder), EvaluationRequest(reference="jsb", pieces=2)).reference


def test_the_ladder_of_a_folder(generated):
    ladder = judge(str(generated), EvaluationRequest(ladder=True)).ladder
    assert ladder["bach_distance"][0] > 0 and "acc_ATB" not in ladder
    assert ladder["copy8b"][1] >= 0 and isnan(ladder["bach_distance"][1])


@pytest.mark.slow
def test_the_ladder_of_a_model(model_folder):
    ladder = judge(str(model_folder), EvaluationRequest(ladder=True, pieces=2)).ladder
    card = load_model(model_folder).card["scores"]
    assert ladder["diversity"][0] > 0 and set(card) <= set(ladder)
