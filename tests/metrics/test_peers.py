"""Where other evaluators differ: each line of the table holds, or says what is mended.

The fixtures and the answers are in `benchmarks.metric_lines`; pypianoroll and MusPy are run on them.
"""

from __future__ import annotations

import importlib.util
import re
from importlib.metadata import version

import numpy as np
import pytest

from tests.benchmarks import bench_metrics
from tests.benchmarks.metric_lines import ASK, LINES, PEERS, SHARED, VERSIONS, Line
from tests.benchmarks.peers import Notes, answer, same
from tests.conftest import ROOT, lacking

SAID = [(line, peer) for line in SHARED for peer in PEERS if peer in line.known]


def installed(peer: str) -> bool:
    return peer not in VERSIONS or importlib.util.find_spec(peer.lower()) is not None


@pytest.mark.parametrize("line", LINES, ids=[line.name for line in LINES])
def test_ours_is_right(line: Line):
    assert same(answer(line.ours, line.given), line.right)


@pytest.mark.parametrize(
    ("line", "peer"), SAID, ids=[f"{peer}, {line.name}" for line, peer in SAID]
)
def test_what_the_others_answer(line: Line, peer: str):
    if not installed(peer):
        lacking(peer)
    said, known = line.asked(peer), line.known[peer]
    now = f"{peer} {version(peer.lower())}" if peer in VERSIONS else peer
    mended = "; that is right: it is mended" if same(said, line.right) else ""
    assert same(said, known), (
        f"{now} answers {said}, the table says {known} (right: {line.right}){mended}"
    )


@pytest.mark.parametrize("line", SHARED, ids=[line.name for line in SHARED])
def test_a_line_names_a_fault_where_an_answer_is_wrong_and_only_there(line: Line):
    wrong = [peer for peer, known in line.known.items() if not same(known, line.right)]
    assert bool(wrong) == bool(line.fault)
    assert set(line.known) <= set(ASK[line.measure])


@pytest.mark.parametrize("measure", sorted({line.measure for line in SHARED}))
def test_every_measure_that_a_peer_gets_wrong_has_a_fixture_that_shows_it(measure: str):
    lines = [line for line in SHARED if line.measure == measure]
    peers = {peer for line in lines for peer in line.known}
    right = {
        p
        for p in peers
        if all(same(line.known[p], line.right) for line in lines if p in line.known)
    }
    never_wrong = {("in C major", "MusPy"), ("pitch classes a bar", "MusPy"), ("pitches a bar", "MusPy"),
                   ("pitches a bar", "pypianoroll"), ("drums on sixteenths", "MusPy")}  # fmt: skip
    assert {(measure, peer) for peer in right} == {
        pair for pair in never_wrong if pair[0] == measure
    }


def test_the_table_has_a_row_for_each_line_and_the_scores_are_counted():
    for peer in VERSIONS:
        if not installed(peer):
            lacking(peer)
    rows = list(bench_metrics.table())
    assert len(rows) == 2 + len(SHARED)
    assert all(row.count("|") == rows[0].count("|") for row in rows)
    assert rows[2] == (
        "| empty bars | 4 bars, the third silent | 0.25 | **0.75** | **0.75** | **0.75** | 0.25 | inverted |"
    )
    page = (ROOT / "composer/metrics/README.md").read_text(encoding="utf-8")
    assert "\n".join(rows) in page, "composer/metrics/README.md has another table"
    scores = bench_metrics.scores()
    for peer, (right, count) in scores.items():
        assert re.search(rf"\b{peer}\b[^,]* {right} of {count}\b", page, re.IGNORECASE), peer
    assert scores["ours"] == (len(LINES), len(LINES))
    assert scores["pypianoroll"] == (4, 24) and scores["MusPy"] == (11, 14)


def test_answers_are_compared_with_nan_as_an_answer():
    assert same(np.nan, np.nan) and not same(np.nan, 0.0) and not same(0.0, "raises ValueError")
    assert same("raises ValueError", "raises ValueError") and not same(0.25, 0.2501)
    assert answer(lambda _: [][1], None) == "raises IndexError"


def test_every_evaluator_is_given_the_same_notes():
    notes = Notes((((0, 60, 3), (3, 60, 1)), ((4, 40, 2),)), steps=32)
    assert notes.roll().sum((0, 1)).tolist() == [4, 2] and notes.onsets().sum((0, 1)).tolist() == [
        2,
        1,
    ]
    assert notes.cells(1).shape == (2, 16, 84) and np.argwhere(notes.cells(1)).tolist() == [
        [0, 4, 16],
        [0, 5, 16],
    ]
    assert (
        np.argwhere(notes.velocities())[:, 1].tolist() == [60] * 4
        and notes.velocities().max() == 100
    )
    if not installed("MusPy"):
        lacking("MusPy")
    music = notes.music()
    assert [[(n.time, n.pitch, n.duration) for n in track.notes] for track in music.tracks] == [
        list(track) for track in notes.tracks
    ]
    assert music.resolution == 4 and not music.tracks[0].is_drum
