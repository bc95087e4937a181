"""What many tests share: a model to play with, the command line in a process of its own, a song or two."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import pytest
from composer import catalog
from composer.catalog import models
from composer.generators import CARD, PLAYS
from composer.songs import read
from composer.songs.song import Song

ROOT = Path(__file__).parents[1]
SOURCES = [
    ROOT / "composer" / name
    for name in (
        "generators/chorale/config.py",
        "generators/chorale/networks.py",
        "generators/layers/pulses.py",
        "training/export.py",
    )
]
NOBODY = 65534
Run = Callable[..., "subprocess.CompletedProcess[str]"]


def lacking(what: str) -> NoReturn:
    """Skip a test for which something is not installed or not made; CI has everything, there it fails."""
    if os.environ.get("CI"):
        pytest.fail(f"CI lacks {what}", pytrace=False)
    pytest.skip(f"lacks {what}", allow_module_level=True)


def needs(module: str) -> Any:
    """That module, imported; where it is not installed `lacking` decides."""
    try:
        return import_module(module)
    except ModuleNotFoundError:
        return lacking(module)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with most slow tests first: of two processes that share the files neither waits long for the other."""
    slow = Counter(item.path for item in items if item.get_closest_marker("slow"))
    items.sort(key=lambda item: -slow[item.path])


@pytest.fixture
def as_nobody() -> Iterator[Path]:
    """A folder of a user who may not do everything; for root the test becomes another user (not its children)."""
    folder = Path(tempfile.mkdtemp())
    root = os.name != "nt" and os.geteuid() == 0
    if root:
        os.chown(folder, NOBODY, NOBODY)
        os.seteuid(NOBODY)
    try:
        yield folder
    finally:
        if root:
            os.seteuid(0)
        shutil.rmtree(folder, ignore_errors=True)


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
    subprocess.run(
        [sys.executable, "-c", UNTRAINED, str(folder / PLAYS), str(folder / CARD)],
        check=True,
        cwd=ROOT,
    )


UNTRAINED = """
import json, sys
from pathlib import Path
import keras
from composer.config import to_dict
from composer.generators.chorale import FAMILY
from composer.generators.chorale.config import ChoraleConfig
from composer.training.export import to_litert

keras.utils.set_random_seed(0)
config = ChoraleConfig(channels=16, critic_channels=16)
networks = FAMILY.build(config)
Path(sys.argv[1]).write_bytes(to_litert(*FAMILY.playing_model(networks), networks.generator))
card = {"family": "chorale", "config": to_dict(config), "about": "untrained", "scores": {}}
Path(sys.argv[2]).write_text(json.dumps(card))
"""


@pytest.fixture
def model_copy(model_folder: Path, tmp_path: Path) -> Path:
    """A copy of the model that a test may damage."""
    return Path(shutil.copytree(model_folder, tmp_path / "model"))


@pytest.fixture
def composer_command(tmp_path: Path) -> Run:
    """Runs `composer ARGUMENTS` in an empty folder, as a user would; `env` adds variables, `path` modules."""
    folder = tmp_path / "cwd"
    folder.mkdir()

    def run(
        *arguments: object, env: dict[str, str] | None = None, path: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "composer", *map(str, arguments)]
        modules = os.pathsep.join(map(str, filter(None, (path, ROOT))))
        environment = {**os.environ, "PYTHONPATH": modules, "NO_COLOR": "1", **(env or {})}
        return subprocess.run(
            command, capture_output=True, text=True, cwd=folder, env=environment, timeout=120
        )

    run.folder = folder  # type: ignore[attr-defined]
    return run


@pytest.fixture(scope="session")
def ode() -> Song:
    """The bundled Ode to Joy."""
    return read(catalog.tune("ode-to-joy"))
