"""Fixtures that these tests share."""

from __future__ import annotations

import composer
import pytest
from composer.generators import Model
from composer.live.session.state import SessionConfig

from tests.support.live_session import SteppedSession
from tests.support.sessions import QPM


@pytest.fixture(scope="module")
def model() -> Model:
    return composer.load_model("jsb-chorales")


@pytest.fixture
def stand(model):
    """Builds stands, and closes what they began."""
    built = []

    def build(config: SessionConfig | None = None, **more) -> SteppedSession:
        built.append(
            SteppedSession.build(
                more.pop("model", model), config or SessionConfig(bars=2, qpm=QPM), **more
            )
        )
        return built[-1]

    yield build
    for one in built:
        one.session.close()
