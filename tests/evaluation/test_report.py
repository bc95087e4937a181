"""An evaluation as tables, as JSON and as CSV."""

from __future__ import annotations

import csv
import json

import pytest
from composer.errors import ComposerError
from composer.evaluation import TITLES
from composer.evaluation.compare import short_number
from composer.evaluation.report import check_place, to_csv, to_json, to_tables, write

from tests.support.judgements import band


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
