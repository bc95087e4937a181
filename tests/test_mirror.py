"""Tests mirror the package: each module has its test file, and none is too long to read."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LONGEST = 400  # lines of a test file
MODULES = sorted(
    path.relative_to(ROOT / "composer")
    for path in (ROOT / "composer").rglob("*.py")
    if not path.stem.startswith("__") and path.parts[-2] not in ("_models", "_assets")
)


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_module_has_a_test_file_of_its_name(module: Path):
    folder = ROOT / "tests" / module.parent
    names = {path.stem for path in folder.glob(f"test_{module.stem}*.py")}
    own = f"test_{module.stem}"
    assert any(name == own or name.startswith(f"{own}_") for name in names)


def test_no_test_file_is_too_long_to_read():
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in (ROOT / "tests").rglob("test_*.py")
    }
    assert {path: lines for path, lines in lengths.items() if lines > LONGEST} == {}
