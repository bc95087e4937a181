"""Settings of a session: what makes no sense is refused with what came."""

import pytest
from composer.errors import ConfigError
from composer.live.session.state import SessionConfig


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"channels": (0, 1, 2)}, r"channels are 4 .* got \(0, 1, 2\)"),
        ({"channels": (0, 1, 2, 2)}, "all different"),
        ({"channels": (0, 1, 2, 9)}, "not 9"),
        ({"programs": (0, 128)}, r"0 to 127, got \[0, 128\]"),
        ({"bars": 0}, "bars is 1 to 64"),
        ({"offset": 0.6}, "offset is -0.5 to 0.5, got 0.6"),
    ],
)
def test_a_setting_out_of_range_is_refused(changes, words):
    with pytest.raises(ConfigError, match=words):
        SessionConfig(**changes)


def test_settings_at_their_ends_are_taken():
    SessionConfig(channels=(15, 0, 8, 10), programs=(0, 127), bars=64, offset=-0.5, count_in=0)
