"""Settings: frozen dataclasses, saved as JSON; an unknown field is refused by name."""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from typing import Any, TypeVar

from composer.errors import ConfigError

C = TypeVar("C")


def to_dict(config: Any) -> dict[str, Any]:
    """A config as plain JSON values (tuples become lists)."""
    return {
        f.name: list(v) if isinstance(v := getattr(config, f.name), tuple) else v
        for f in dataclasses.fields(config)
    }


def from_dict(kind: type[C], values: dict[str, Any]) -> C:
    """The config of class `kind` that `values` describe.

    Raises ConfigError for an unknown or missing field or a value of the wrong type, and names it.
    """
    fields = {f.name: f for f in dataclasses.fields(kind)}  # type: ignore[arg-type]
    if not isinstance(values, dict):
        raise ConfigError(f"a {kind.__name__} is a table of {sorted(fields)}, got {values!r}")
    hints = typing.get_type_hints(kind)
    unknown = sorted(set(values) - set(fields))
    if unknown:
        raise ConfigError(
            f"unknown field {unknown[0]!r} in {kind.__name__}; it has {sorted(fields)}"
        )
    required = {
        n for n, f in fields.items() if f.default is f.default_factory is dataclasses.MISSING
    }
    missing = sorted(required - set(values))
    if missing:
        raise ConfigError(f"field {missing[0]!r} of {kind.__name__} is missing")
    return kind(**{name: _checked(name, value, hints[name]) for name, value in values.items()})


def _checked(name: str, value: Any, hint: Any) -> Any:
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in typing.get_args(hint):
            return None
        hint = next(a for a in typing.get_args(hint) if a is not type(None))
        origin = typing.get_origin(hint)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise ConfigError(f"{name} is a list, got {value!r}")
        inner = typing.get_args(hint)[0]
        return tuple(_checked(name, v, inner) for v in value)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise ConfigError(f"{name} is a finite number, got {value!r}")
    hint = origin or hint  # dict[str, int] is checked as dict
    if not isinstance(value, hint) or (isinstance(value, bool) and hint is not bool):
        raise ConfigError(f"{name} is {hint.__name__}, got {value!r}")
    return value
