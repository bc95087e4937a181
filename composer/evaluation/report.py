"""Write an evaluation as tables for people, as JSON, as CSV, and with `page` as a picture."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from io import StringIO
from math import isnan
from pathlib import Path
from typing import Any, Final, NamedTuple

from composer.evaluation.compare import TITLES, Evaluation, short_number
from composer.evaluation.judge import Judged, Pairs
from composer.evaluation.measure import ALL
from composer.evaluation.page import draw
from composer.files import atomic

JSON: Final = "evaluation.json"
CSV: Final = "evaluation.csv"
PAGE: Final = "evaluation.png"

# Abreast in a table: more do not fit a terminal.
TRACKS_ABREAST: Final = 4
# In files: enough to compare two runs, without the noise of floats.
DECIMALS: Final = 6
# In a table of several tracks, which is wide already.
PLACES_BY_TRACK: Final = 2


class Table(NamedTuple):
    """Text in columns; each row has a text for each column of the heading."""

    heading: list[str]
    rows: list[list[str]]


def write(judged: Judged, folder: Path) -> list[Path]:
    """Write evaluation.json, evaluation.csv and evaluation.png into `folder`. Return their paths.

    An undefined number is null, or empty. Raise OutputError if a file cannot be written.
    """
    # allow_nan: NaN is no JSON, and other programs refuse it.
    text = json.dumps(
        to_json(judged),
        indent=1,
        allow_nan=False,
    )
    with atomic(folder / JSON) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")
    with atomic(folder / CSV) as temporary:
        temporary.write_text(to_csv(judged), encoding="utf-8")
    with atomic(folder / PAGE) as temporary:
        draw(temporary, judged)
    return [folder / JSON, folder / CSV, folder / PAGE]


def check_place(folder: Path) -> None:
    """Raise OutputError if `folder` cannot be written: better before the work than after."""
    with suppress(_Tried), atomic(folder / JSON) as temporary:
        temporary.touch()
        # Give up, so that nothing is left behind.
        raise _Tried


class _Tried(Exception):
    """A place can be written to."""


# --- files -------------------------------------------------------------------------------


def to_json(judged: Judged) -> dict[str, Any]:
    """Return everything as JSON values; an undefined number is None."""
    evaluation = judged.evaluation
    generated, dataset = evaluation.pieces
    return {
        "of": judged.source,
        "beside": judged.reference,
        "pieces": {"generated": generated, "dataset": dataset},
        "tracks": list(evaluation.tracks),
        **_json_pairs({"distance": judged.distance}),
        "responses": _json_pairs(judged.responses),
        "ladder": _json_pairs(judged.ladder),
        "measures": _json_table(evaluation),
        "pitch_classes": _json_histograms(
            evaluation.tracks, evaluation.pitch_classes.tolist()
        ),
        "pitches": _json_histograms(evaluation.tracks, evaluation.pitches.tolist()),
        "remarks": list(judged.remarks),
    }


def to_csv(judged: Judged) -> str:
    """Return a line for each number: metric, track, generated, dataset, distance.

    The track "all" is the added ones together.
    """
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["measure", "track", "generated", "dataset", "distance"])
    for name, track, *numbers in judged.table():
        writer.writerow([name, track, *map(_csv_number, numbers)])
    return text.getvalue()


def _csv_number(value: float) -> str:
    return "" if isnan(value) else repr(round(value, DECIMALS))


def _json_number(value: float) -> float | None:
    return None if isnan(value) else round(value, DECIMALS)


def _json_pairs(pairs: Pairs) -> dict[str, dict[str, float | None]]:
    found = {}
    for name, (generated, dataset) in pairs.items():
        found[name] = {
            "generated": _json_number(generated),
            "dataset": _json_number(dataset),
        }
    return found


def _json_table(
    evaluation: Evaluation,
) -> dict[str, dict[str, dict[str, float | None]]]:
    table: dict[str, dict[str, dict[str, float | None]]] = {}
    for name, track, cell in evaluation.rows():
        numbers = {key: _json_number(value) for key, value in cell._asdict().items()}
        table.setdefault(name, {})[track] = numbers
    return table


def _json_histograms(
    tracks: Sequence[str], sides: Sequence[Sequence[Sequence[float]]]
) -> dict[str, dict[str, list[float | None]]]:
    found = {}
    for track, generated, dataset in zip(tracks, *sides, strict=True):
        found[track] = {
            "generated": [_json_number(share) for share in generated],
            "dataset": [_json_number(share) for share in dataset],
        }
    return found


# --- tables ------------------------------------------------------------------------------


def to_tables(judged: Judged) -> Iterator[Table]:
    """Yield the tables for a terminal: the added tracks, responses, the ladder, each track."""
    table = judged.evaluation.table
    rows = [["distance", *map(short_number, judged.distance), ""]]
    rows += [
        [TITLES[name], *map(short_number, row[ALL])] for name, row in table.items()
    ]
    yield Table(["added tracks", "generated", "dataset", "apart"], rows)
    if judged.responses:
        yield _pairs_table("what it listens to", judged.responses)
    if judged.ladder:
        yield _pairs_table("the ladder", judged.ladder)
    # More tracks than fit on a line of 80 characters take several tables.
    tracks = judged.evaluation.tracks
    for first in range(0, len(tracks), TRACKS_ABREAST):
        yield _tracks_table(judged.evaluation, tracks[first : first + TRACKS_ABREAST])


def _pairs_table(heading: str, pairs: Pairs) -> Table:
    rows = [
        [TITLES.get(name, name), *map(short_number, pair)]
        for name, pair in pairs.items()
    ]
    return Table([heading, "generated", "dataset"], rows)


def _tracks_table(evaluation: Evaluation, tracks: Sequence[str]) -> Table:
    """Return "generated / dataset" of some tracks; without rows that none of them has."""
    rows = []
    for name, row in evaluation.table.items():
        cells = [row[track] for track in tracks]
        if all(isnan(cell.generated) and isnan(cell.dataset) for cell in cells):
            continue
        texts = []
        for cell in cells:
            generated = short_number(cell.generated, PLACES_BY_TRACK)
            dataset = short_number(cell.dataset, PLACES_BY_TRACK)
            texts.append(f"{generated} / {dataset}")
        rows.append([TITLES[name], *texts])
    return Table(["generated / dataset", *tracks], rows)
