"""Tests of train."""

from __future__ import annotations

from importlib.util import find_spec

from tests.conftest import lacking
from tests.support.command import fails


def test_training_with_what_is_not_there(composer_command):
    if find_spec("tensorflow") is None:
        lacking("TensorFlow")
    fails(composer_command("train", "--out", "run", "--config", "none.json"), "none.json")
    fails(composer_command("train", "--out", "run", "--dataset", "bach"), "jsb")
    fails(composer_command("train", "--out", "run", "--family", "lstm"), "chorale")
    fails(composer_command("train", "--out", "run", "--resume"), "run")
