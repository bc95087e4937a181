"""Fixtures that these tests share."""

from __future__ import annotations

from dataclasses import replace

import pytest
from composer.generators import load_model
from composer.generators.latents import Source
from composer.live.melody.capture import capture
from composer.live.takes.header import model_fields

from tests.support.jack_server import jack  # noqa: F401
from tests.support.takes import HEAD, RECORD, events, keep


@pytest.fixture(scope="module")
def model(model_folder):
    return load_model(model_folder)


@pytest.fixture
def melody():
    return capture(events(0.0), 5.0, RECORD)


# Checked


@pytest.fixture
def arranged(tmp_path, melody, model):
    """The folder of a take that the model arranged with knobs."""
    header = replace(HEAD, **model_fields(model.folder), seed=7)
    latents = {"chords": Source(seed=11), "groove": Source(knob=0.75)}
    return keep(tmp_path, header, melody, model.arrange(melody, seed=7, latents=latents))
