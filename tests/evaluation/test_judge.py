"""`composer evaluate`: runs, models and folders beside a dataset; its tables, files and page; every bad input."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from itertools import combinations
from math import isnan

import numpy as np
import pytest

from composer.arranging.batch import open_model
from composer.data import jsb
from composer.errors import ComposerError
from composer.evaluation import TITLES, compare, measure
from composer.evaluation.compare import short_number
from composer.evaluation.judge import EvaluationRequest, Judged
from composer.evaluation.judge import judge as judge_by
from composer.evaluation.page import draw
from composer.evaluation.report import check_place, to_csv, to_json, to_tables, write
from composer.generators import load_model
from composer.pictures.palette import MELODY, OTHERS
from composer.runs.run import TrainingRun
from composer.songs import write as write_midi
from composer.songs.song import Note, Song, Track


def judge(
    source: str, request: EvaluationRequest, on_progress=lambda done, total, what: None
) -> Judged:
    return judge_by(source, request, open_model, on_progress)


def chorales(count: int) -> list[Song]:
    return [jsb.to_song(chorale) for chorale in jsb.load("valid")[:count]]


@pytest.fixture
def generated(tmp_path):
    """A folder of three chorales, one of them nested and with its tracks in another order."""
    folder = tmp_path / "generated"
    first, second, third = chorales(3)
    write_midi(folder / "a.mid", first)
    write_midi(folder / "deep" / "er" / "b.MID", replace(second, tracks=second.tracks[::-1]))
    write_midi(folder / "c.midi", third)
    return folder


@pytest.fixture
def run_folder(tmp_path, model_folder):
    """A run with one iteration that was made to play before, and a log."""
    folder = tmp_path / "mine"
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "checkpoints" / "000010.npz").touch()
    shutil.copytree(model_folder, folder / "models" / "000010")
    run_json = {"dataset": "jsb", "roles": []}
    (folder / "run.json").write_text(json.dumps(run_json))
    run = TrainingRun(folder)
    run.write("reference.json", {"distance": 0.2, "c_major_ratio": 0.7})
    for i in range(1, 5):
        line = {
            "iteration": 5 * i,
            "seconds": i,
            "losses": {"critic": -1.0 / i, "generator": float(i)},
        }
        run.append(
            {**line, "measures": {"distance": 3.0 / i, "c_major_ratio": 0.5}} if i % 2 else line
        )
    return folder


# What is judged


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


# What is written


@pytest.fixture(scope="module")
def judged(model_folder):
    return judge(str(model_folder), EvaluationRequest(pieces=4))


def band() -> Judged:
    """Six tracks, drums and a silent one among them, beside others."""

    def song(seed: int) -> Song:
        rng = np.random.default_rng(seed)

        def track(name: str, low: int, count: int, is_drum: bool = False) -> Track:
            pitches = rng.integers(low, low + 14, count).tolist()
            made = tuple(Note(float(i) / 2, pitch, 0.5) for i, pitch in enumerate(pitches))
            return Track(made, name, is_drum=is_drum)

        tracks = [
            track("Melody", 65, 60),
            track("Drums", 35, 64, True),
            track("A guitar with a long name", 50, 40),
        ]
        return Song((*tracks, track("Bass", 30, 60), Track(name="Strings"), track("Piano", 55, 50)))

    evaluation = compare(
        measure([song(i) for i in range(4)]), measure([song(i) for i in range(10, 16)])
    )
    return Judged("a band", "6 pieces", evaluation)


def test_the_csv_holds_every_number(judged):
    lines = list(csv.DictReader(to_csv(judged).splitlines()))
    assert list(lines[0]) == ["measure", "track", "generated", "dataset", "distance"]
    cells = {(line["measure"], line["track"]): line for line in lines}
    assert len(cells) == len(lines) == 1 + len(judged.responses) + 5 * len(judged.evaluation.table)
    assert float(cells["distance", "all"]["generated"]) == pytest.approx(
        judged.evaluation.distance, abs=1e-6
    )
    alto = judged.evaluation.table["c_major_ratio"]["Alto"]
    assert float(cells["c_major_ratio", "Alto"]["dataset"]) == pytest.approx(alto.dataset, abs=1e-6)
    assert cells["noise", "all"]["dataset"] == "" and cells["crossing", "Bass"]["generated"] == ""


def test_the_json_is_strict_and_whole(judged, tmp_path):
    write(judged, tmp_path / "new" / "folder")
    saved = json.loads(
        (tmp_path / "new" / "folder" / "evaluation.json").read_text(), parse_constant=pytest.fail
    )
    assert saved["tracks"] == ["Soprano", "Alto", "Tenor", "Bass"] and saved["pieces"] == {
        "generated": 8,
        "dataset": 4,
    }
    assert saved["responses"]["noise"]["dataset"] is None
    assert saved["measures"]["crossing"]["Alto"]["generated"] is None
    assert len(saved["pitches"]["Bass"]["generated"]) == 128
    assert sum(saved["pitch_classes"]["Tenor"]["dataset"]) == pytest.approx(1, abs=1e-4)
    assert to_json(band())["measures"]["mean_pitch"]["Strings"]["generated"] is None


def test_the_tables_show_what_is_undefined_as_a_dash(judged):
    overall, heard, tracks = to_tables(judged)
    assert overall.heading == ["added tracks", "generated", "dataset", "apart"]
    assert [row[0] for row in overall.rows[:2]] == ["distance", "empty bars"]
    assert heard.rows[1][0] == TITLES["noise"] and heard.rows[1][2] == "–"
    assert tracks.heading == ["generated / dataset", "Soprano", "Alto", "Tenor", "Bass"]
    rows = {row[0]: row[1:] for row in tracks.rows}
    assert rows[TITLES["melody_tonal_distance"]][0] == "– / –" and TITLES["crossing"] not in rows
    cell = judged.evaluation.table["mean_pitch"]["Bass"]
    assert rows["mean pitch"][3] == f"{cell.generated:.1f} / {cell.dataset:.1f}"
    for table in (overall, heard, tracks):
        assert {len(row) for row in table.rows} == {len(table.heading)}


def test_many_tracks_take_several_tables():
    overall, first, second = to_tables(band())
    assert [len(t.heading) for t in (overall, first, second)] == [4, 5, 3]
    assert second.heading[1:] == ["Strings", "Piano"]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (float("nan"), "–"),
        (0, "0.000"),
        (0.12345, "0.123"),
        (9.96, "10.0"),
        (-1.5, "-1.500"),
        (1234.5, "1234"),
    ],
)
def test_numbers_are_short(value, shown):
    assert short_number(value) == shown


def test_a_place_is_tried_without_a_trace(tmp_path):
    check_place(tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").touch()
    for place in ("file", "file/deeper"):
        with pytest.raises(ComposerError, match="cannot write"):
            check_place(tmp_path / place)


# The page


def overlaps(figure) -> list[tuple[str, str]]:
    """Pairs of texts that lie over each other, and texts that leave the page."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text

    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    hidden = {
        label for axes in figure.axes for axis in (axes.xaxis, axes.yaxis) for label in beyond(axis)
    }
    texts = [t for t in figure.findobj(Text) if t.get_text().strip() and t not in hidden]
    boxes = [(t.get_text(), t.get_window_extent(renderer)) for t in texts]
    page = figure.bbox
    boxes = [(text, box) for text, box in boxes if box.width > 0]
    out = [
        (t, "the edge")
        for t, b in boxes
        if b.x0 < 0 or b.y0 < 0 or b.x1 > page.x1 or b.y1 > page.y1
    ]
    return out + [
        (a, b)
        for (a, one), (b, other) in combinations(boxes, 2)
        if min(one.x1, other.x1) - max(one.x0, other.x0) > 1
        and min(one.y1, other.y1) - max(one.y0, other.y0) > 1
    ]


def beyond(axis) -> list:
    """Labels of ticks outside of what is shown, which are not drawn."""
    low, high = sorted(axis.get_view_interval())
    pairs = zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True)
    return [label for at, label in pairs if not low - 1e-9 <= at <= high + 1e-9]


def test_no_text_lies_over_another(judged, run_folder):
    assert overlaps(draw(None, replace(judged, run=TrainingRun(run_folder)))) == []
    assert overlaps(draw(None, band())) == []


def test_the_page_is_1600_pixels_wide_and_has_the_tracks_colours(judged, tmp_path):
    from PIL import Image

    draw(tmp_path / "page.png", judged)
    with Image.open(tmp_path / "page.png") as image:
        assert image.size[0] == 1600
        colors = {color for _, color in image.convert("RGB").getcolors(1 << 24)}
    for color in (MELODY, *OTHERS[:3]):
        assert tuple(bytes.fromhex(color[1:])) in colors


def test_a_run_shows_its_trajectories_and_the_datasets_value(judged, run_folder):
    figure = draw(None, replace(judged, run=TrainingRun(run_folder)))
    axes = {axes.get_title(loc="left"): axes for axes in figure.axes if axes.get_title(loc="left")}
    assert list(axes) == ["loss: critic", "loss: generator", "distance", "in C major"]
    curve, line = axes["distance"].lines
    assert curve.get_xydata().tolist() == [[5, 3], [15, 1]]
    assert set(line.get_ydata()) == {0.2} and line.get_linestyle() == "--"
    assert len(axes["loss: critic"].lines) == 1
    assert len({axis.get_xlim() for axis in axes.values()}) == 1
    empty = TrainingRun(run_folder)
    empty.forget_after(0)
    assert overlaps(draw(None, replace(judged, run=empty))) == []


# The command


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
