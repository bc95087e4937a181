"""The floors of the house (DESIGN.md): a file imports only from lower floors, and only the packages of its floor."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "composer"

# Module or package, without "composer.", to its floor. Inside a package, and between modules of one row of a floor,
# imports are free; a module that is named here beside its package has a floor of its own.
FLOORS = {
    "errors": 0,
    "config": 0,
    "files": 0,
    "music": 1,
    "theory": 1,
    "pianoroll": 2,
    "metrics": 2,
    "ladder": 2,
    "midibytes": 3,
    "midifile": 3,
    "multitrack": 3,
    "notation": 3,
    "musicxml": 3,
    "synth": 3,
    "layout": 3,
    "plotting": 3,
    "video": 3,
    "datasets": 3,
    "runs": 3,
    "generators": 4,
    "preprocess": 5,
    "trainer": 5,
    "training": 5,
    "export": 5,
    "distribution": 5,
    "evaluation": 5,
    "public_path": 5,
    "jobs": 5,
    "blending": 5,
    "tensorboard": 5,
    "live": 6,
    "stage": 7,
    "studio": 7,
    "dashboard": 7,
    "cli": 7,
    "__main__": 8,
}
ROWS = (
    {"errors", "config", "files"},
    {"music", "theory"},
    {"pianoroll", "metrics", "ladder"},
    {"midibytes", "midifile", "multitrack", "notation", "musicxml", "synth", "layout", "plotting", "video", "runs"}
    | {"datasets"},
    {"trainer", "training", "export", "distribution", "evaluation", "public_path", "preprocess", "jobs", "blending"},
    {"stage", "studio", "dashboard", "cli"},
)

# Packages from outside, by module; the longest prefix counts. What is not listed may import numpy alone.
OUTSIDE = {
    "errors": set(),
    "config": set(),
    "files": set(),
    "music": set(),
    "multitrack": {"numpy", "pypianoroll"},
    "synth": {"numpy", "midirenderer", "pretty_midi"},
    "plotting": {"numpy", "matplotlib"},
    "video": {"numpy", "PIL", "imageio_ffmpeg"},
    "datasets.build_jsb": {"numpy", "music21", "rich"},
    "datasets.build_quartets": {"numpy", "music21", "rich"},
    "datasets.build_melodies": {"numpy", "music21"},
    "generators": {"numpy", "ai_edge_litert"},
    "generators.wgan": {"numpy", "keras"},
    "trainer": {"numpy", "keras", "tensorflow"},
    "export": {"numpy", "keras", "tensorflow", "h5py"},
    "distribution": {"tensorflow"},
    "evaluation": {"numpy", "matplotlib"},
    "preprocess": {"numpy", "tensorflow", "apache_beam"},
    "live": {"numpy", "mido", "rtmidi"},
    "cli": {"typer", "rich"},
    "dashboard": {"numpy", "rich", "IPython"},
    "stage": {"numpy", "rich", "textual"},
    "tensorboard": {"numpy", "tensorflow"},
    "datasets.scores": {"numpy", "music21"},
    "jobs": set(),
}
NETWORKS = {"numpy", "keras"}  # every *_networks.py, *_layers.py


def modules() -> list[tuple[str, Path]]:
    """("live.opening", its file) of every module but the package itself."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        if name and not name.startswith("_models"):
            found.append((name, path))
    return found


def imports(path: Path) -> set[str]:
    """Full names of all that a file imports, wherever in it, but for what only the type checker reads."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            node.body = []
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are written out, not relative"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def place(name: str, table: dict) -> str | None:
    """The longest prefix of a module's name that `table` knows."""
    parts = name.split(".")
    prefixes = [".".join(parts[:n]) for n in range(len(parts), 0, -1)]
    return next((prefix for prefix in prefixes if prefix in table), None)


MODULES = modules()


@pytest.mark.parametrize(("name", "path"), MODULES, ids=[name for name, _ in MODULES])
def test_a_file_imports_only_from_lower_floors(name, path):
    here = place(name, FLOORS)
    assert here is not None, f"{name} has no floor: give it one here and in DESIGN.md"
    for imported in imports(path):
        if imported.startswith("composer."):
            there = place(imported.removeprefix("composer."), FLOORS)
            if there is None:
                assert imported in ("composer.__version__",) or FLOORS[here] > 2, f"{name} imports {imported}"
                continue
            same_row = there == here or any({here, there} <= row for row in ROWS)
            assert FLOORS[there] < FLOORS[here] or same_row, f"{name} (floor {FLOORS[here]}) imports {imported}"


@pytest.mark.parametrize(("name", "path"), MODULES, ids=[name for name, _ in MODULES])
def test_a_file_imports_only_the_packages_of_its_floor(name, path):
    prefix = place(name, OUTSIDE)
    allowed = NETWORKS if name.endswith(("_networks", "_layers")) else OUTSIDE[prefix] if prefix else {"numpy"}
    outside = {n.split(".")[0] for n in imports(path)} - set(sys.stdlib_module_names) - {"composer"}
    assert outside <= allowed, f"{name} imports {sorted(outside - allowed)}"


# Rooms of floor 6: pure modules, ports and takes, the session that brings them together, what opens it.
ROOMS = {"live": 0, "live.midi": 1, "live.archive": 1, "live.playing": 2, "live.opening": 3}


def test_in_live_the_session_knows_the_ports_and_they_know_nothing_of_it():
    live = [(name, path) for name, path in MODULES if name.startswith("live.")]
    assert len(live) > 30
    for name, path in live:
        here = place(name, ROOMS)
        for imported in imports(path):
            if imported.startswith("composer.live."):
                there = place(imported.removeprefix("composer."), ROOMS)
                assert there == here or ROOMS[there] < ROOMS[here], f"{name} imports {imported}"


def test_no_file_is_forgotten():
    assert {"music", "live.midi.ports", "generators.chorale_networks", "cli"} <= {name for name, _ in MODULES}


def test_the_reader_of_imports_sees_them_wherever_they_stand(tmp_path):
    text = (
        "from __future__ import annotations\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import keras\n"
        "def f():\n    try:\n        import tensorflow as tf\n"
        "    except ImportError:\n        from scipy.io import wavfile\n"
    )
    (tmp_path / "m.py").write_text(text)
    found = imports(tmp_path / "m.py")
    assert {"tensorflow", "scipy.io.wavfile"} <= found
    assert "keras" not in found


def test_networks_and_losses_are_not_tied_to_a_backend():
    for name, path in MODULES:
        if name.startswith("generators"):
            assert "tensorflow" not in {n.split(".")[0] for n in imports(path)}, name
