"""What many tests share: a model to play with, the command line in a process of its own, a song or two."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from composer.datasets import melodies
from composer.generators import CARD, PLAYS, models
from composer.midifile import read
from composer.music import Song

ROOT = Path(__file__).parents[1]
SOURCES = [ROOT / "composer" / "generators" / f"{name}.py" for name in ("chorale", "chorale_networks")]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def model_folder(pytestconfig: pytest.Config) -> Path:
    """The bundled model; where none is bundled yet, a tiny untrained one, kept between runs."""
    bundled = models().get("jsb-chorales")
    if bundled is not None:
        return bundled
    version = hashlib.sha256(b"".join(source.read_bytes() for source in SOURCES)).hexdigest()[:12]
    folder = pytestconfig.cache.mkdir("models") / version
    if not (folder / CARD).exists():
        _export_untrained(folder)
    return folder


def _export_untrained(folder: Path) -> None:
    """In a process of its own: TensorFlow stays out of this one."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    subprocess.run([sys.executable, "-c", UNTRAINED, str(folder / PLAYS), str(folder / CARD)], check=True, cwd=ROOT)


UNTRAINED = """
import json, sys, tempfile
from pathlib import Path
import keras
import tensorflow as tf
from composer.config import to_dict
from composer.generators.chorale import FAMILY, ChoraleConfig

keras.utils.set_random_seed(0)
config = ChoraleConfig(channels=16, critic_channels=16)
with tempfile.TemporaryDirectory() as saved:
    FAMILY.playing_model(FAMILY.build(config)).export(saved, format="tf_saved_model", verbose=False)
    Path(sys.argv[1]).write_bytes(tf.lite.TFLiteConverter.from_saved_model(saved).convert())
card = {"family": "chorale", "config": to_dict(config), "about": "untrained"}
Path(sys.argv[2]).write_text(json.dumps(card))
"""


@pytest.fixture
def model_copy(model_folder: Path, tmp_path: Path) -> Path:
    """A copy of the model that a test may damage."""
    return Path(shutil.copytree(model_folder, tmp_path / "model"))


@pytest.fixture
def composer_command(tmp_path: Path) -> Run:
    """Runs `composer ARGUMENTS` in an empty folder, as a user would; `env` adds variables."""
    folder = tmp_path / "cwd"
    folder.mkdir()

    def run(*arguments: object, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "composer", *map(str, arguments)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", **(env or {})}
        return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, timeout=120)

    run.folder = folder  # type: ignore[attr-defined]
    return run


@pytest.fixture(scope="session")
def ode() -> Song:
    """The bundled Ode to Joy."""
    return read(melodies.path("ode-to-joy"))
