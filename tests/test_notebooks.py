"""The notebooks: executed as a reader would, with a short budget; committed without outputs; defining nothing."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, lacking

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SHOWS = {  # what a reader of each must get to see and hear
    "1_train_on_jsb_chorales": {"image", "audio", "video"},
    "2_listen_and_evaluate": {"image", "audio"},
    "3_your_own_midi": {"image", "audio"},
    "4_knobs": {"image", "audio"},
    "5_the_ladder": {"image", "audio"},
    "6_playing_in_time": {"image", "audio"},
}
LEAVES = {  # in its folder
    "1_train_on_jsb_chorales": (
        "runs/jsb-*/video.mp4",
        "runs/jsb-*/noise-to-harmony.mp4",
        "runs/jsb-*/my-chorales/generator.tflite",
        "runs/jsb-*/my-melody.mid",
    ),
    "2_listen_and_evaluate": (),
    "3_your_own_midi": ("runs/band-*/log.jsonl", "runs/organ-*/few-fingers/generator.tflite"),
    "4_knobs": ("runs/ode-to-joy-from.mid", "runs/ode-to-joy-to.mid", "runs/ode-to-joy-turned.mid"),
    "5_the_ladder": (),
    "6_playing_in_time": (),
}
NEEDS = {
    "1_train_on_jsb_chorales": ("tensorflow", "av"),
    "3_your_own_midi": ("tensorflow",),
}
MINUTES = "0.01"  # of training: two iterations
LONGEST = 600  # seconds, on a machine that does other things too
MEDIA = {"image": "image/png", "audio": "<audio", "video": "<video"}

each = pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])


def cells(path: Path, kind: str) -> list[dict[str, Any]]:
    found = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [
        {**cell, "text": "".join(cell["source"])} for cell in found if cell["cell_type"] == kind
    ]


def python(text: str) -> ast.Module:
    """The code of a cell; lines of IPython are left out."""
    return ast.parse(re.sub(r"^[%!].*$", "", text, flags=re.MULTILINE))


def definitions(tree: ast.AST) -> list[str]:
    """Functions, classes and lambdas with a name: what should be in the package instead."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.append(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr) and isinstance(
            node.value, ast.Lambda
        ):
            found.append(ast.unparse(node))
    return found


def shown(notebook: Any) -> set[str]:
    """Kinds of media among the outputs, those that hold something."""
    found = set()
    for output in (output for cell in notebook.cells for output in cell.get("outputs", ())):
        data = output.get("data", {})
        html = "".join(data.get("text/html", ""))
        found |= {kind for kind, sign in MEDIA.items() if len(data.get(sign, "")) > 1000}
        found |= {
            kind
            for kind, sign in MEDIA.items()
            if sign in html and re.search(r"base64,\S{1000}", html)
        }
    return found


def test_every_notebook_is_known_here():
    assert [path.stem for path in NOTEBOOKS] == list(SHOWS) == list(LEAVES)
    assert set(NEEDS) <= set(SHOWS)


@each
def test_it_is_committed_without_outputs(path: Path):
    for cell in cells(path, "code"):
        assert cell["outputs"] == [] and cell["execution_count"] is None, cell["text"]
        assert cell["metadata"] == {}, "clear all outputs, and what the editor adds to cells"
    metadata = json.loads(path.read_text(encoding="utf-8"))["metadata"]
    assert set(metadata) == {"kernelspec", "language_info"} and metadata["language_info"] == {
        "name": "python"
    }
    assert metadata["kernelspec"]["name"] == "python3"


@each
def test_it_defines_nothing(path: Path):
    for cell in cells(path, "code"):
        assert definitions(python(cell["text"])) == []


@each
def test_cells_are_short_and_invite_to_try(path: Path):
    assert max(cell["text"].count("\n") for cell in cells(path, "code")) <= 25
    tries = sum("**Try this:**" in cell["text"] for cell in cells(path, "markdown"))
    assert tries >= len(cells(path, "code")) / 5


@each
def test_its_links_lead_somewhere(path: Path):
    links = [
        link
        for cell in cells(path, "markdown")
        for link in re.findall(r"\]\(([^)#]+)\)", cell["text"])
    ]
    assert links
    assert [
        link for link in links if not link.startswith("http") and not (path.parent / link).is_file()
    ] == []


@pytest.mark.slow
@pytest.mark.timeout(2 * LONGEST)
@each
def test_it_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for package in ("nbclient", "ipykernel", *NEEDS.get(path.stem, ())):
        if importlib.util.find_spec(package) is None:
            lacking(package)
    import nbformat
    from nbclient import NotebookClient

    monkeypatch.setenv("COMPOSER_MINUTES", MINUTES)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook,
        timeout=LONGEST,
        kernel_name="python3",
        resources={"metadata": {"path": str(tmp_path)}},
    ).execute()  # an error in a cell is raised here
    assert shown(notebook) == SHOWS[path.stem]
    for pattern in LEAVES[path.stem]:
        found = list(tmp_path.glob(pattern))
        assert found and all(file.stat().st_size for file in found), pattern
    assert {entry.name for entry in tmp_path.iterdir()} <= {"runs"}, "what git ignores is in runs/"


def test_definitions_are_found_wherever_they_stand():
    text = "%matplotlib inline\nfor i in 1, 2:\n    class A: ...\nif True:\n    def f(): ...\n"
    text += "g = lambda x: x\nmap(lambda x: x, [1])"
    assert definitions(python(text)) == ["g = lambda x: x", "A", "f"]


def test_media_are_seen_in_outputs_only_where_they_hold_something():
    import types

    def notebook(**data: str) -> Any:
        return types.SimpleNamespace(
            cells=[{"outputs": [{"data": {k.replace("_", "/"): v for k, v in data.items()}}]}]
        )

    sound = "<audio><source src='data:audio/wav;base64,{}'></audio>"
    assert shown(notebook(text_html=sound.format("A" * 2000), image_png="A" * 2000)) == {
        "audio",
        "image",
    }
    assert shown(notebook(text_html=sound.format(""), image_png="")) == set()
    assert shown(notebook(text_html="<video src='film.mp4'></video>")) == set()
