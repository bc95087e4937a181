"""`import composer` is light, and `composer arrange` imports nothing that it does not need."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
HEAVY = {
    *(
        "tensorflow",
        "keras",
        "matplotlib",
        "scipy",
        "pypianoroll",
        "pretty_midi",
        "music21",
        "pandas",
        "h5py",
        "PIL",
    ),
    *(
        "midirenderer",
        "rtmidi",
        "mido",
        "apache_beam",
        "pytest",
        "librosa",
        "rich.progress",
        "rich.markdown",
    ),
}


def modules_after(code: str, *arguments: object) -> set[str]:
    """Names of all modules that a fresh interpreter has imported after `code`."""
    script = f"import atexit, json, sys\natexit.register(lambda: print(json.dumps(sorted(sys.modules))))\n{code}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", script, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_import_composer_imports_no_package_at_all():
    found = modules_after("import composer") - modules_after("")
    mine = {name for name in found if name.split(".")[0] not in sys.stdlib_module_names}
    assert mine == {"composer"}


def test_the_lazy_names_are_there():
    found = modules_after(
        "import composer\nassert 'read' in dir(composer)\ncomposer.Song\ncomposer.ComposerError"
    )
    assert "composer.songs.song" in found
    assert "numpy" not in found


def test_every_lazy_name_exists():
    import composer

    for name in composer.__all__:
        assert getattr(composer, name) is not None
    assert not hasattr(composer, "reed")


def test_arranging_imports_nothing_heavy(model_folder, tmp_path):
    code = "from composer.cli import main\nmain()"
    out = tmp_path / "out.mid"
    found = modules_after(code, "arrange", "ode-to-joy", "--model", model_folder, "-o", out)
    assert out.exists()
    assert found & HEAVY == set()
    assert {name for name in found if name.split(".")[0] in HEAVY} == set()


def test_help_imports_nothing_heavy():
    found = modules_after("from composer.cli import main\nmain()", "--version")
    assert found & (HEAVY | {"numpy", "ai_edge_litert"}) == set()
