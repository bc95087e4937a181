"""Settings of the chorales."""

from __future__ import annotations

import pytest
from composer.config import from_dict, to_dict
from composer.errors import ConfigError
from composer.generators.chorale.config import ChoraleConfig


def test_config_survives_json_and_refuses_unknown_fields() -> None:
    config = ChoraleConfig(channels=17, strides=(8, 4, 2, 1), temperatures=(1.0, 0.5, 0.6, 0.7))
    assert from_dict(ChoraleConfig, to_dict(config)) == config
    with pytest.raises(ConfigError, match="'chanels'"):
        from_dict(ChoraleConfig, {"chanels": 3})
    with pytest.raises(ConfigError, match="one for each of 4 strides"):
        ChoraleConfig(strides=(8, 4, 2, 1))
    with pytest.raises(ConfigError, match="halve down to 1"):
        ChoraleConfig(strides=(4, 1))
