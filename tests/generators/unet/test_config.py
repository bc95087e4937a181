"""Settings of family unet."""

from __future__ import annotations

import pytest
from composer.config import from_dict, to_dict
from composer.errors import ConfigError
from composer.generators.unet.config import UnetConfig

from tests.support.small_unet import TINY


def test_an_unknown_field_is_refused_by_name() -> None:
    assert from_dict(UnetConfig, to_dict(TINY)) == TINY
    with pytest.raises(ConfigError, match="'layers'"):
        from_dict(UnetConfig, {"filters": 2, "layers": 4})
    with pytest.raises(ConfigError, match="above 0"):
        UnetConfig(filters=0)
