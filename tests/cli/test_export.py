"""Tests of export."""

from __future__ import annotations

from importlib.util import find_spec

from tests.conftest import lacking
from tests.support.command import fails, files


def test_exporting_what_is_no_run(composer_command):
    if find_spec("tensorflow") is None:
        lacking("TensorFlow")
    fails(composer_command("export", "nowhere", "-o", "model"), "nowhere")
    assert files(composer_command.folder) == []
