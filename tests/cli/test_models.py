"""Tests of models."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from composer.catalog import models
from composer.generators import CARD, PLAYS

from tests.conftest import lacking
from tests.support.command import fails, files


def test_models_are_listed_with_their_scores(composer_command):
    found = models()
    done = composer_command("models")
    if not found:
        lacking("a bundled model")
    assert (done.returncode, done.stderr) == (0, "")
    distance = json.loads((found["jsb-chorales"] / CARD).read_text())["scores"]["bach_distance"]
    rows = {line.split()[0]: line.split()[1:4] for line in done.stdout.splitlines()[1:]}
    assert rows["jsb-chorales"] == ["chorale", "yes", f"{distance:.3f}"]
    assert rows["string-quartet"] == ["band", "no", "–"]


def test_a_model_that_is_not_there_names_those_that_are(composer_command):
    fails(
        composer_command("arrange", "ode-to-joy", "--model", "jsb-corals"),
        "'jsb-corals'",
        *models(),
    )


def damage(folder: Path, how: str) -> None:
    card = json.loads((folder / CARD).read_text())
    plays = (folder / PLAYS).read_bytes()
    match how:
        case "no card":
            (folder / CARD).unlink()
        case "no network":
            (folder / PLAYS).unlink()
        case "card is no JSON":
            (folder / CARD).write_text('{"family": "chor')
        case "card is binary":
            (folder / CARD).write_bytes(bytes(range(256)))
        case "card is a list":
            (folder / CARD).write_text("[1, 2]")
        case "card is empty":
            (folder / CARD).write_text("{}")
        case "unknown family":
            (folder / CARD).write_text(json.dumps({**card, "family": "transformer"}))
        case "family is a number":
            (folder / CARD).write_text(json.dumps({**card, "family": 7}))
        case "family is a list":
            (folder / CARD).write_text(json.dumps({**card, "family": ["chorale"]}))
        case "config is a list":
            (folder / CARD).write_text(json.dumps({**card, "config": [1]}))
        case "config is null":
            (folder / CARD).write_text(json.dumps({**card, "config": None}))
        case "unknown setting":
            (folder / CARD).write_text(json.dumps({**card, "config": {"chanels": 8}}))
        case "setting of the wrong type":
            (folder / CARD).write_text(json.dumps({**card, "config": {"channels": "many"}}))
        case "network is empty":
            (folder / PLAYS).write_bytes(b"")
        case "network is cut":
            (folder / PLAYS).write_bytes(plays[: len(plays) // 2])
        case "network is text":
            (folder / PLAYS).write_text("import os")
        case "network is zeros":
            (folder / PLAYS).write_bytes(bytes(len(plays)))
        case "network is a folder":
            (folder / PLAYS).unlink()
            (folder / PLAYS).mkdir()
        case "network of another family":
            (folder / CARD).write_text(json.dumps({"family": "unet", "config": {}}))


DAMAGES = [
    *(
        "no card",
        "no network",
        "card is no JSON",
        "card is binary",
        "card is a list",
        "card is empty",
    ),
    *(
        "unknown family",
        "family is a number",
        "family is a list",
        "config is a list",
        "config is null",
    ),
    *(
        "unknown setting",
        "setting of the wrong type",
        "network is empty",
        "network is cut",
        "network is text",
    ),
    *("network is zeros", "network is a folder", "network of another family"),
]


@pytest.mark.parametrize("how", DAMAGES)
def test_damaged_models(arrange, model_copy, how):
    damage(model_copy, how)
    fails(arrange("ode-to-joy", model=model_copy), "model")
    assert files(arrange.folder) == []
