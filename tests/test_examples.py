"""Every example in a docstring runs, and says what comes out."""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def modules_with_examples() -> list[str]:
    """Return the names of the modules with an example in their text."""
    found = []
    for path in sorted((ROOT / "composer").rglob("*.py")):
        if ">>> " in path.read_text(encoding="utf-8"):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            found.append(name.removesuffix(".__init__"))
    return found


@pytest.mark.parametrize("name", modules_with_examples())
def test_examples_run(name: str):
    module = import_module(name)
    result = doctest.testmod(module)
    assert not result.failed, f"{result.failed} examples of {name} give something else, see above"
