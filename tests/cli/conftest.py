"""Fixtures that the tests of commands share."""

from __future__ import annotations

from dataclasses import replace

import pytest
from composer.live.takes.header import model_fields
from composer.live.takes.writer import TakeWriter

from tests.live.takes.conftest import melody, model  # noqa: F401
from tests.support.jack_server import jack  # noqa: F401
from tests.support.takes import HEAD, keep


@pytest.fixture
def arrange(composer_command, model_folder):
    """Runs `composer arrange ARGUMENTS --model ...`."""

    def run(*arguments, model=None, env=None):  # noqa: F811
        return composer_command("arrange", *arguments, "--model", model or model_folder, env=env)

    run.folder = composer_command.folder
    return run


@pytest.fixture
def one(composer_command):
    """Runs `composer ARGUMENTS` in a folder that holds one.mid, an arrangement."""
    assert composer_command("arrange", "ode-to-joy", "--seed", 1, "-o", "one.mid").returncode == 0
    return composer_command


@pytest.fixture
def composer(composer_command, tmp_path):
    """Runs `composer ARGUMENTS` as a player whose own files lie in an empty folder."""

    def run(*arguments, **environment):
        return composer_command(
            *arguments, env={"XDG_DATA_HOME": str(tmp_path / "data"), **environment}
        )

    run.takes = tmp_path / "data" / "composer" / "takes"
    run.folder = composer_command.folder
    return run


@pytest.fixture
def two(composer, melody, model):  # noqa: F811
    """The names of a take that was arranged, and of a later one that was cut off."""
    header = replace(HEAD, **model_fields(model.folder))
    first = keep(
        composer.takes,
        replace(header, kept=True, title="Ländler"),
        melody,
        model.arrange(melody, seed=5),
    )
    with TakeWriter(
        composer.takes, replace(header, when="2026-03-08T10:00:00+01:00", mode="duet")
    ) as writer:
        pass
    return first.name, writer.folder.name
