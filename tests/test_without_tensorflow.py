"""Playing needs no TensorFlow: everything but training runs where it cannot be imported."""

from __future__ import annotations

import pytest

BLOCK = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("tensorflow", "keras", "music21"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocker())
"""


@pytest.fixture
def without(composer_command, tmp_path):
    """Runs `composer` where TensorFlow, Keras and music21 cannot be imported."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(BLOCK)

    def run(*arguments):
        return composer_command(*arguments, path=site)

    run.folder = composer_command.folder
    return run


def test_arranging_with_everything(without, model_folder):
    outputs = ["-o", "o.mid", "--wav", "o.wav", "--png", "o.png", "--musicxml", "o.musicxml"]
    done = without("arrange", "ode-to-joy", "--model", model_folder, *outputs)
    assert (done.returncode, done.stderr) == (0, "")
    assert {p.name for p in without.folder.iterdir()} == {"o.mid", "o.wav", "o.png", "o.musicxml"}


def test_evaluating(without, model_folder):
    done = without("evaluate", model_folder, "--pieces", 2, "-o", "out")
    assert (done.returncode, done.stderr) == (0, "")
    assert (without.folder / "out" / "evaluation.png").exists()


@pytest.mark.parametrize("command", [["train", "--out", "run"], ["export", "run", "-o", "model"]])
def test_training_says_what_is_missing(without, command):
    done = without(*command)
    assert done.returncode == 2
    assert (
        done.stderr == "composer: training needs TensorFlow: pip install 'melody-composer[train]'\n"
    )
