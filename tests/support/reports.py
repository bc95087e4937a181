"""Reports of a run that never was, and what a view makes of them."""

from __future__ import annotations

from composer.runs.report import Report
from composer.songs.song import Note, Song, Track
from composer.terminal.train.history import History
from composer.terminal.train.view import body, status

SONG = Song(
    (
        Track((Note(0, 67, 1), Note(1, 67, 1), Note(2, 72, 2), Note(4, 69, 4)), "Soprano"),
        Track((Note(0, 60, 2), Note(2, 59, 2), Note(4, 53, 4)), "Tenor"),
    )
)
MEASURES = {"scale_ratio": 0.812, "crossing": 0.25, "rests": 0.125}
REFERENCE = {"scale_ratio": 0.953, "crossing": 0.0625, "drums": 0.5}


def report(iteration=120, seconds=20.0, phase="supervised", losses=None, **more):
    return Report(
        iteration,
        400,
        seconds,
        6.0,
        phase,
        {"supervised": 1.5} if losses is None else losses,
        **more,
    )


def history(*reports):
    made = History()
    for one in reports or (report(measures=MEASURES, reference=REFERENCE, songs={"ode": SONG}),):
        made.add(one)
    return made


def panels(lines):
    """The texts of all lines but the bar."""
    return text(lines[1:])


def head(made, area, since):
    return [status(made, area, since), *body(made, area)[:1]]


def text(lines):
    return ["".join(segment.text for segment in line) for line in lines]
