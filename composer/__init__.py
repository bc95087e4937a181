"""Composer: a melody in, its arrangement out."""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

# Looked up on first use (PEP 562), so that `import composer` stays light.
_LAZY = {
    "read": "composer.songs",
    "write": "composer.songs",
    "load_model": "composer.generators",
    "Model": "composer.generators",
    "Song": "composer.songs.song",
    "Track": "composer.songs.song",
    "Note": "composer.songs.song",
    "ComposerError": "composer.errors",
}

__all__ = ["__version__", *_LAZY]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'composer' has no attribute {name!r}")
    value = getattr(import_module(_LAZY[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
