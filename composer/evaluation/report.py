"""An evaluation as tables for people, as JSON, as CSV, and with `page` as a picture."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import StringIO
from math import isnan
from pathlib import Path
from typing import Any, Final, NamedTuple

from composer.evaluation.compare import TITLES, Evaluation
from composer.evaluation.judge import Judged, Pairs
from composer.evaluation.measure import ALL
from composer.files import atomic

FILES: Final = {"json": "evaluation.json", "csv": "evaluation.csv", "png": "evaluation.png"}
UNDEFINED: Final = "–"
ABREAST: Final = 4  # tracks in a table


class Table(NamedTuple):
    """Text in columns; the first row is the heading."""

    heading: list[str]
    rows: list[list[str]]


def write(judged: Judged, folder: Path) -> list[Path]:
    """Write evaluation.json, evaluation.csv and evaluation.png into `folder`; returns their paths.

    What is undefined is null, and empty. Raises OutputError.
    """
    from composer.evaluation.page import draw

    made: dict[str, Callable[[Path], object]] = {
        "json": lambda path: _write_text(
            path, json.dumps(to_json(judged), indent=1, allow_nan=False) + "\n"
        ),
        "csv": lambda path: _write_text(path, to_csv(judged)),
        "png": lambda path: draw(path, judged),
    }
    for kind, write_file in made.items():
        with atomic(folder / FILES[kind]) as temporary:
            write_file(temporary)
    return [folder / name for name in FILES.values()]


def check_place(folder: Path) -> None:
    """Raise OutputError where no files can be written into `folder`: that must not cost the work before."""
    with suppress(_Tried), atomic(folder / FILES["json"]) as temporary:
        temporary.touch()
        raise _Tried  # so that nothing is left behind


class _Tried(Exception):
    """A place can be written to."""


def to_json(judged: Judged) -> dict[str, Any]:
    """Everything, as JSON values; what is undefined is None."""
    evaluation = judged.evaluation
    return {
        "of": judged.source,
        "beside": judged.reference,
        "pieces": dict(zip(("generated", "dataset"), evaluation.pieces, strict=True)),
        "tracks": list(evaluation.tracks),
        **_json_pairs({"distance": judged.distance}),
        "responses": _json_pairs(judged.responses),
        "ladder": _json_pairs(judged.ladder),
        "measures": {
            name: {
                track: {key: _or_none(value) for key, value in cell._asdict().items()}
                for track, cell in row.items()
            }
            for name, row in evaluation.table.items()
        },
        "pitch_classes": _json_histograms(evaluation, "pitch_classes"),
        "pitches": _json_histograms(evaluation, "pitches"),
        "remarks": list(judged.remarks),
    }


def to_csv(judged: Judged) -> str:
    """A line a number: measure, track ("all": the added ones), generated, dataset, distance; undefined is empty."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["measure", "track", "generated", "dataset", "distance"])
    for name, track, *numbers in judged.table():
        writer.writerow([name, track, *("" if isnan(n) else repr(round(n, 6)) for n in numbers)])
    return text.getvalue()


def to_tables(judged: Judged) -> Iterator[Table]:
    """What a terminal shows: over the added tracks, what the model listens to, the ladder, then track by track."""
    table, tracks = judged.evaluation.table, judged.evaluation.tracks
    first = ["distance", *map(number, judged.distance), ""]
    rows = [[TITLES[name], *map(number, row[ALL])] for name, row in table.items()]
    yield Table(["added tracks", "generated", "dataset", "apart"], [first, *rows])
    for heading, pairs in (("what it listens to", judged.responses), ("the ladder", judged.ladder)):
        if pairs:
            named = [[TITLES.get(name, name), *map(number, pair)] for name, pair in pairs.items()]
            yield Table([heading, "generated", "dataset"], named)
    for at in range(0, len(tracks), ABREAST):
        some = tracks[at : at + ABREAST]
        shown = {
            name: row
            for name, row in table.items()
            if not all(isnan(n) for t in some for n in row[t][:2])
        }
        cells = [
            [TITLES[n], *(f"{number(r[t][0], 2)} / {number(r[t][1], 2)}" for t in some)]
            for n, r in shown.items()
        ]
        yield Table(["generated / dataset", *some], cells)


def number(value: float, places: int = 3) -> str:
    """Short: 0.123, 12.3, 123; – where undefined."""
    if isnan(value):
        return UNDEFINED
    size = abs(value)
    return f"{value:.{places if size < 9.95 else 1 if size < 999.5 else 0}f}"


def _json_pairs(pairs: Pairs) -> dict[str, dict[str, float | None]]:
    return {
        name: {"generated": _or_none(a), "dataset": _or_none(b)} for name, (a, b) in pairs.items()
    }


def _json_histograms(evaluation: Evaluation, name: str) -> dict[str, dict[str, list[float | None]]]:
    generated, dataset = getattr(evaluation, name).tolist()
    return {
        track: {"generated": [_or_none(x) for x in a], "dataset": [_or_none(x) for x in b]}
        for track, a, b in zip(evaluation.tracks, generated, dataset, strict=True)
    }


def _or_none(value: float) -> float | None:
    return None if isnan(value) else round(value, 6)


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
