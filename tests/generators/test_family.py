"""The registry of families, and what each of them says of itself."""

from __future__ import annotations

import dataclasses
from typing import get_args

import numpy as np
import pytest
from composer.errors import ConfigError
from composer.generators.family import CAN, FAMILIES, Capability, Request, family
from composer.generators.latents import Latents


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_is_complete(name: str) -> None:
    found = family(name)
    assert found.name == name
    assert dataclasses.is_dataclass(found.config)
    assert found.config.__dataclass_params__.frozen
    assert found.capabilities and found.capabilities <= set(get_args(Capability))
    assert set(found.knobs) <= set(found.latents)
    assert set(found.knob_help) == set(found.knobs)
    assert (found.memory > 0) == ("plays_ahead" in found.capabilities)
    assert found.recall <= found.memory


def test_every_capability_has_words() -> None:
    assert set(CAN) == set(get_args(Capability))


def test_an_unknown_family_lists_those_that_exist() -> None:
    with pytest.raises(ConfigError, match="no family 'waltz'; there are band, chorale, unet"):
        family("waltz")


def test_a_family_can_be_added_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FAMILIES, "toy", f"{__name__}:TOY")
    assert family("toy") is TOY


TOY = object()


def test_a_request_is_a_value() -> None:
    assert Request() == Request(Latents(0)) != Request(Latents(1))
    assert hash(Request()) == hash(Request(Latents(0)))
    assert np.isscalar(Request().origin.seed)
