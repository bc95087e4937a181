"""The floors of the house: a file imports only from lower floors, and only the packages of its floor.

CONTRIBUTING.md holds the order, and this file reads it there: one source, and it has teeth.
"""

import ast
import re
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "composer"
FLAG = re.compile(r"(?<![\w-])--?[a-z][a-z-]+\b")
EDGES = ("cli", "terminal", "studio")  # they word a command for those who type or click
FAMILIES = ("band", "chorale", "unet")

# Packages from outside, by module; the longest prefix counts. What is not listed may import numpy alone.
OUTSIDE = {
    "errors": set(),
    "config": set(),
    "files": set(),
    "catalog": {"platformdirs"},
    "songs.song": set(),
    "songs.npz": {"numpy", "pypianoroll"},
    "songs.audio": {"numpy", "midirenderer", "pretty_midi"},
    "songs.musicxml": {"numpy", "music21"},
    "songs.abc": {"numpy", "music21"},
    "pictures": {"numpy", "matplotlib"},
    "pictures.pixels": {"numpy", "PIL"},
    "pictures.cells": {"numpy", "rich"},
    "data.build": {"numpy", "music21", "rich"},
    "data.scores": {"numpy", "music21"},
    "generators": {"numpy"},
    "generators.runtime": {"numpy", "ai_edge_litert"},
    "generators.layers": {"numpy", "keras"},
    "runs.film": {"numpy", "av"},
    "runs.tensorboard": {"numpy", "tensorflow"},
    "evaluation": {"numpy", "matplotlib"},
    "training": {"numpy", "keras", "tensorflow", "h5py"},
    "live": {"numpy", "mido"},
    "live.midi": {"numpy", "mido", "rtmidi", "supriya_midi"},
    "live.server": {"numpy", "websockets"},
    "terminal": {"numpy", "rich"},
    "terminal.play": {"numpy", "rich", "textual"},
    "terminal.play.remote": {"websockets"},
    "terminal.train": {"numpy", "rich", "IPython"},
    "cli": {"typer", "rich"},
}
NETWORKS = {"numpy", "keras"}  # of every file `networks.py`

# What the move left to be mended; nothing may be added, and what is mended must be taken out.
LATER: set[tuple[str, str]] = set()
SAY_FLAGS: set[str] = set()


def order(name: str) -> list[str]:
    """Return the floors that CONTRIBUTING.md lists under `name`, the lowest first."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    line = re.search(rf"^\| `{name}` \| (.+) \|$", text, re.MULTILINE)
    assert line, f"CONTRIBUTING.md has no order of `{name}`"
    return re.findall(r"`([\w/]+)`", line[1])


def modules() -> dict[str, Path]:
    """Return every module of the package, "live.midi.ports", and its file."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        if parts[0] not in ("_models", "_assets"):
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def imports(path: Path) -> frozenset[str]:
    """Return the full names of all that a file imports: lazily, for the type checker, by name in a registry."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are written out, not relative"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found |= (
                {"~" + node.value} if re.fullmatch(r"composer[\w.]*:\w+", node.value) else set()
            )
    return frozenset(found)


MODULES = modules()


def own(name: str) -> set[str]:
    """Return the modules of the package that a module imports, without "composer."."""
    found = set()
    for imported in imports(MODULES[name]):
        if imported.startswith("composer."):
            parts = imported.split(".")[1:]
            prefixes = [".".join(parts[:n]) for n in range(len(parts), 0, -1)]
            found |= {next((p for p in prefixes if p in MODULES), "")}
    return found - {name}


def floor(name: str, floors: list[str], depth: int) -> int:
    """Return the number of a module's floor; a module that no floor knows fails."""
    part = name.split(".")[depth]
    assert part in floors, f"{name} has no floor: give `{part}` one in CONTRIBUTING.md"
    return floors.index(part)


def rising(inside: str, depth: int) -> list[str]:
    """Return every import among the rooms of `inside` that does not go down."""
    floors = order(inside)
    found = []
    for name in MODULES:
        if depth and not name.startswith(f"{inside}."):
            continue
        if not name or name in ("__main__", inside):
            continue
        here = floor(name, floors, depth)
        for imported in own(name):
            if not imported or (
                depth and (not imported.startswith(f"{inside}.") or imported == inside)
            ):
                continue
            there = floor(imported, floors, depth)
            same = name.split(".")[depth] == imported.split(".")[depth]
            if not same and there >= here and (name, imported) not in LATER:
                found.append(f"{name} imports {imported}")
    return found


def test_a_folder_imports_only_from_lower_folders():
    assert rising("composer", 0) == []


@pytest.mark.parametrize("inside", ["live", "generators", "runs", "training", "terminal"])
def test_inside_a_folder_too_imports_go_down(inside):
    assert rising(inside, 1) == []


def test_no_imports_go_in_a_circle():
    left = {name: own(name) - {imported for a, imported in LATER if a == name} for name in MODULES}
    while True:
        ends = {name for name, needs in left.items() if not needs & left.keys()}
        if not ends:
            break
        left = {name: needs for name, needs in left.items() if name not in ends}
    assert left == {}


def test_live_and_the_shared_layers_know_no_family():
    for name in MODULES:
        if name.startswith(
            ("live", "generators.layers", "training", "terminal", "cli", "evaluation")
        ):
            families = {
                i for i in own(name) if re.match(rf"generators\.({'|'.join(FAMILIES)})\b", i)
            }
            assert not {f for f in families if (name, f) not in LATER}, name


def test_every_exception_is_still_needed():
    assert all(imported in own(name) for name, imported in LATER)


def place(name: str) -> str | None:
    """Return the longest prefix of a module's name that OUTSIDE knows."""
    parts = name.split(".")
    prefixes = [".".join(parts[:n]) for n in range(len(parts), 0, -1)]
    return next((prefix for prefix in prefixes if prefix in OUTSIDE), None)


@pytest.mark.parametrize("name", MODULES)
def test_a_file_imports_only_the_packages_of_its_floor(name):
    prefix = place(name)
    allowed = OUTSIDE[prefix] if prefix else {"numpy"}
    if name.endswith(".networks"):
        allowed = NETWORKS
    outside = {n.split(".")[0] for n in imports(MODULES[name]) if n[0] != "~"}
    outside -= set(sys.stdlib_module_names) | {"composer"}
    assert outside <= allowed, f"{name} imports {sorted(outside - allowed)}"


def spoken(path: Path) -> list[str]:
    """Return the texts of a file that are no docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    texts = [n for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    return [node.value for node in texts if id(node) not in docs]


@pytest.mark.parametrize(
    "name", [name for name in MODULES if name.split(".")[0] not in (*EDGES, "__main__")]
)
def test_no_message_below_the_edges_names_a_flag(name):
    found = [text for text in spoken(MODULES[name]) if " " in text and FLAG.search(text)]
    assert bool(found) == (name in SAY_FLAGS), found


def test_at_most_six_modules_lie_at_the_root():
    root = [path for path in PACKAGE.glob("*.py") if path.stem not in ("__init__", "__main__")]
    assert len(root) <= 6


def test_the_reader_of_imports_sees_them_wherever_they_stand(tmp_path):
    text = (
        "from __future__ import annotations\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import keras\n"
        "def f():\n    try:\n        import tensorflow as tf\n"
        "    except ImportError:\n        from scipy.io import wavfile\n"
    )
    (tmp_path / "m.py").write_text(text)
    assert {"tensorflow", "scipy.io.wavfile", "keras"} <= imports(tmp_path / "m.py")


def test_networks_and_losses_are_not_tied_to_a_backend():
    for name, path in MODULES.items():
        if name.startswith("generators"):
            assert "tensorflow" not in {n.split(".")[0] for n in imports(path)}, name
