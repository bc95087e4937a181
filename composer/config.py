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
    """Return a config as plain JSON values; tuples become lists.

    >>> from composer.songs.song import Tempo
    >>> to_dict(Tempo(0.0, 90.0))
    {'onset': 0.0, 'qpm': 90.0}
    """
    values = {}
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        values[field.name] = list(value) if isinstance(value, tuple) else value
    return values


def from_dict(kind: type[C], values: dict[str, Any]) -> C:
    """Return the config of class `kind` that `values` describe.

    Raise ConfigError for an unknown or missing field or a value of the wrong type, and name it.

    >>> from composer.songs.song import Tempo
    >>> from_dict(Tempo, {"onset": 4, "qpm": 90.0})
    Tempo(onset=4.0, qpm=90.0)
    """
    fields = dataclasses.fields(kind)  # type: ignore[arg-type]
    names = sorted(field.name for field in fields)
    if not isinstance(values, dict):
        raise ConfigError(f"a {kind.__name__} is a table of {names}, got {values!r}")
    unknown = sorted(set(values) - set(names))
    if unknown:
        raise ConfigError(
            f"unknown field {unknown[0]!r} in {kind.__name__}; it has {names}"
        )
    required = {field.name for field in fields if _is_required(field)}
    missing = sorted(required - set(values))
    if missing:
        raise ConfigError(f"field {missing[0]!r} of {kind.__name__} is missing")
    hints = typing.get_type_hints(kind)
    checked = {
        name: _checked(name, value, hints[name]) for name, value in values.items()
    }
    return kind(**checked)


def _is_required(field: dataclasses.Field[Any]) -> bool:
    return field.default is field.default_factory is dataclasses.MISSING


def _checked(name: str, value: Any, hint: Any) -> Any:
    """Return a value as its type hint wants it. Raise ConfigError if it is of another type."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return _checked_optional(name, value, hint)
    if typing.get_origin(hint) is tuple:
        return _checked_tuple(name, value, hint)
    kind = typing.get_origin(hint) or hint  # dict[str, int] is checked as dict
    is_bool = isinstance(value, bool)
    if kind is float and isinstance(value, int) and not is_bool:
        value = float(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise ConfigError(f"{name} is a finite number, got {value!r}")
    # Python counts True as an int; a setting does not.
    if not isinstance(value, kind) or (is_bool and kind is not bool):
        raise ConfigError(f"{name} is {kind.__name__}, got {value!r}")
    return value


def _checked_optional(name: str, value: Any, hint: Any) -> Any:
    """Check a value that may be None, or else is of the one other type of a union."""
    choices = typing.get_args(hint)
    if value is None and type(None) in choices:
        return None
    other = next(choice for choice in choices if choice is not type(None))
    return _checked(name, value, other)


def _checked_tuple(name: str, value: Any, hint: Any) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise ConfigError(f"{name} is a list, got {value!r}")
    inner = typing.get_args(hint)[0]
    return tuple(_checked(name, one, inner) for one in value)
