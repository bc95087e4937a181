"""All that is bundled is found by name, installed or in a checkout; so are SoundFonts."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from composer import catalog
from composer.errors import ComposerError, ModelError

ROOT = Path(__file__).parents[1]
SOUNDFONT = next(path for path in catalog.soundfonts() if path.parent.name == "pretty_midi")


def test_a_tune_is_a_midi_file():
    assert catalog.tune("ode-to-joy").read_bytes()[:4] == b"MThd"
    assert list(catalog.tunes()) == sorted(catalog.tunes())
    assert len(catalog.tunes()) >= 12


@pytest.mark.parametrize("name", ["ode", "", "../melodies/ode-to-joy", "ode-to-joy.mid"])
def test_an_unknown_tune_is_refused_with_those_that_exist(name):
    with pytest.raises(ComposerError, match=r"ah-vous-dirai-je.*veni-emmanuel") as caught:
        catalog.tune(name)
    assert repr(name) in str(caught.value)


def test_a_model_is_a_folder_with_a_card():
    assert list(catalog.models()) == sorted(catalog.models())
    for name, folder in catalog.models().items():
        assert folder.name == name and (folder / catalog.CARD).is_file()
        assert catalog.model(name) == folder
    with pytest.raises(ModelError, match=r"one of .*jsb-chorales.*; got 'no'"):
        catalog.model("no")


def installed(monkeypatch, folder):
    """A package at `folder`, which has what is bundled inside of it, or nothing."""
    package = folder / "site-packages" / "composer"
    package.mkdir(parents=True)
    monkeypatch.setattr(catalog, "PACKAGE", package)
    return package


def test_the_installed_package_comes_before_the_checkout(tmp_path, monkeypatch):
    package = installed(monkeypatch, tmp_path)
    for place, name in (("_assets/melodies", "inside"), ("../assets/melodies", "beside")):
        (package / place).mkdir(parents=True)
        (package / place / f"{name}.mid").write_bytes(b"MThd")
    assert catalog.tunes() == {"inside": package / "_assets" / "melodies" / "inside.mid"}


def test_an_installed_package_has_its_models_inside(tmp_path, monkeypatch):
    package = installed(monkeypatch, tmp_path)
    assert catalog.models() == {}
    card = package / "_models" / "mine" / "model.json"
    card.parent.mkdir(parents=True)
    card.write_text("{}")
    (package / "_models" / "no-model").mkdir()
    assert catalog.models() == {"mine": card.parent}


def test_what_is_missing_is_named(tmp_path, monkeypatch):
    installed(monkeypatch, tmp_path)
    with pytest.raises(ComposerError, match=r"bundled melodies are missing: no folder .*_assets"):
        catalog.tunes()
    with pytest.raises(ComposerError, match="bundled devices are missing"):
        catalog.bundled_profiles()


@pytest.mark.skipif(sys.platform != "linux", reason="another folder on other systems")
def test_a_players_own_folder_is_where_xdg_says(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    assert catalog.data_folder() == tmp_path / ".local" / "share" / "composer"
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert catalog.data_folder() == tmp_path / "data" / "composer"
    monkeypatch.setenv("XDG_DATA_HOME", "relative")  # which the specification says to ignore
    assert catalog.data_folder() == tmp_path / ".local" / "share" / "composer"


def test_devices_that_were_taught_lie_in_the_players_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert catalog.learned_profiles() == {}
    catalog.learned_folder().mkdir(parents=True)
    path = catalog.learned_folder() / "mine.json"
    path.write_text("{}")
    assert catalog.learned_profiles() == {"mine": path}
    assert "mine" not in catalog.bundled_profiles()


def test_soundfont_order(monkeypatch, tmp_path):
    given, system = tmp_path / "given.sf2", tmp_path / "system" / "a.sf2"
    given.touch()
    system.parent.mkdir()
    system.touch()
    monkeypatch.setenv(catalog.SOUNDFONT_VARIABLE, str(SOUNDFONT))
    folders = (str(tmp_path / "none"), str(system.parent))
    monkeypatch.setattr(catalog, "SOUNDFONT_FOLDERS", folders)
    assert catalog.soundfont(given) == given
    assert catalog.soundfont() == SOUNDFONT
    monkeypatch.delenv(catalog.SOUNDFONT_VARIABLE)
    assert catalog.soundfont() == system
    (system.parent / "default-GM.sf2").touch()
    assert catalog.soundfont() == system.parent / "default-GM.sf2"
    monkeypatch.setattr(catalog, "SOUNDFONT_FOLDERS", ())
    assert catalog.soundfont() == SOUNDFONT
    monkeypatch.setattr(catalog, "find_spec", lambda name: None)
    with pytest.raises(ComposerError, match="no SoundFont found"):
        catalog.soundfont()
    with pytest.raises(ComposerError, match=r"no SoundFont at .*nowhere\.sf2"):
        catalog.soundfont(tmp_path / "nowhere.sf2")


def test_the_lightest_soundfont_is_found(tmp_path, monkeypatch):
    for name, size in (("a.sf2", 300), ("b.sf2", 100), ("c.sf2", 200)):
        (tmp_path / name).write_bytes(b"x" * size)
    monkeypatch.delenv(catalog.SOUNDFONT_VARIABLE, raising=False)
    monkeypatch.setattr(catalog, "SOUNDFONT_FOLDERS", (str(tmp_path),))
    monkeypatch.setattr(catalog, "find_spec", lambda name: None)
    assert catalog.soundfont().name == "a.sf2"
    assert catalog.soundfont(light=True).name == "b.sf2"
