"""The bundled models play the notes that they always played; scores are as they were (`golden`)."""

from __future__ import annotations

import pytest
from composer import catalog

from tests.golden import arrangements as golden

KEPT = golden.read()


def test_every_melody_and_case_is_kept() -> None:
    for name in golden.MODELS:
        assert list(KEPT[name]) == list(catalog.tunes())
    assert list(KEPT["special"]) == list(golden.SPECIAL)
    assert golden.NOTES.stat().st_size < 60_000


@pytest.mark.parametrize("name", catalog.tunes())
@pytest.mark.parametrize("model", golden.MODELS)
def test_the_same_notes_as_ever(model: str, name: str) -> None:
    songs = golden.arranged(model, name)
    for seed, kept, song in zip(golden.SEEDS, KEPT[model][name], songs, strict=True):
        found = golden.differences(kept, song)
        assert not found, f"seed {seed}: " + "\n".join(found)


@pytest.mark.parametrize("name", golden.SPECIAL)
def test_knobs_and_what_is_kept_and_played_ahead(name: str) -> None:
    found = golden.differences(KEPT["special"][name], golden.SPECIAL[name]())
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", golden.SCORES)
def test_the_same_scores_as_ever(name: str) -> None:
    found = golden.score_differences(KEPT["musicxml"][name], golden.score(name))
    assert not found, "\n".join(found)
