"""Datasets by name: one module each, imported on first use."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from types import MappingProxyType
from typing import Any

from composer.errors import ConfigError

DATASETS = MappingProxyType({"jsb": "composer.datasets.jsb:load"})


def load_dataset(name: str, split: str = "train") -> list[Any]:
    """The pieces of a dataset's split, e.g. `load_dataset("jsb", "valid")` -> list of `Chorale`.

    Raises ConfigError if there is no dataset or no split of that name.
    """
    if name not in DATASETS:
        raise ConfigError(f"dataset is one of {', '.join(sorted(DATASETS))}, got {name!r}")
    module, function = DATASETS[name].split(":")
    load: Callable[[str], list[Any]] = getattr(import_module(module), function)
    return load(split)
