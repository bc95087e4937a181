"""The view where there is no terminal: a stream of lines, HTML, a notebook."""

from __future__ import annotations

import io
import math
import os
import re
import subprocess
import sys

import pytest
from composer.terminal.train import Dashboard, screens
from rich.console import Console
from tests.conftest import ROOT, needs
from tests.support.reports import MEASURES, REFERENCE, history, report


def test_a_pipe_gets_a_line_a_report():
    stream = io.StringIO()
    with Dashboard(Console(file=stream, width=40)) as view:
        view.show(report(120, 20.0))
        view.show(report(180, 40.0, measures={**MEASURES, "empty": math.nan}, reference=REFERENCE))
    first, second, third = stream.getvalue().splitlines()
    assert first == "iteration 120/400 supervised  6/s  0:47 left  supervised 1.500"
    assert second == "iteration 180/400 supervised  3/s  1:13 left  supervised 1.500"
    assert third.startswith(
        "  metrics (the dataset's): scale_ratio 0.812 (0.953)  crossing 0.250 (0.062)  rests 0.125"
    )
    assert third.endswith("empty –")


@pytest.mark.parametrize(
    "variables", [{}, {"FORCE_COLOR": "1"}, {"PYTHONIOENCODING": "ascii"}, {"TERM": "dumb"}]
)
def test_no_control_characters_outside_a_terminal(variables):
    code = (
        "from composer.terminal.train import Dashboard\nfrom composer.runs.report import Report\n"
        "with Dashboard() as d: d.show(Report(1, 2, 1.0, 1.0, 'super\\x1b[2Jvised', {'é': 1.0}, {'x': float('nan')}))"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=env, check=True)
    assert done.stdout == b"" and len(done.stderr.splitlines()) == 2
    assert not re.search(rb"[\x00-\x09\x0b-\x1f]", done.stderr)
    assert done.stderr.startswith(b"iteration 1/2")


def test_a_stream_gets_what_its_encoding_has():
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    with Dashboard(Console(file=stream)) as view:
        view.show(report(losses={"café": 1.0}, measures={"rests": math.nan}))
    stream.flush()
    assert b"caf? 1.000" in stream.buffer.getvalue() and b"rests ?" in stream.buffer.getvalue()


def test_html_has_the_view_in_colours():
    page = screens.html(history())
    assert "120/400" in page and "#e4472e" in page and "scale ratio" in page and "\x1b" not in page


def test_a_notebook_gets_one_output_that_is_replaced():
    nbclient, nbformat = needs("nbclient"), needs("nbformat")
    source = f"""
import sys; sys.path.insert(0, {str(ROOT)!r})
from composer.terminal.train import Dashboard
from composer.runs.report import Report
with Dashboard() as view:
    for i in (100, 200):
        view.show(Report(i, 200, i / 5, 5.0, "supervised", {{"supervised": 1.0}}))
"""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    (output,) = [o for o in notebook.cells[0].outputs if "data" in o]
    assert "200/200" in output["data"]["text/html"] and "done" in output["data"]["text/html"]
    assert output["data"]["text/plain"].startswith("iteration 200/200")
