"""The chorales rebuilt from music21: the same arrays, and the same bytes."""

import io
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from composer.data.build import archive
from composer.data.build import jsb as build_jsb
from composer.data.jsb import BUNDLED, SPLITS, Chorale, load, unpack
from composer.errors import MissingPackageError

from tests.conftest import needs


def dates(path: Path) -> set[tuple[int, ...]]:
    with zipfile.ZipFile(path) as file:
        return {entry.date_time for entry in file.infolist()}


def fields(c: Chorale) -> dict[str, object]:
    return {
        name: value.tolist() if isinstance(value, np.ndarray) else value
        for name, value in vars(c).items()
    }


# Metres that change; halves of bars; off the grid; two sopranos; mixolydian; grace notes; twins with their twin.
SAMPLES = (
    "bwv41.6",
    "bwv269",
    "bwv432",
    "bwv27.6",
    "bwv298",
    "bwv299",
    "bwv112.5",
    "bwv112.5-sc",
    "bwv253",
    "bwv414",
)


def test_a_few_pieces_built_again(tmp_path):
    needs("music21")
    chorales = {c.bwv: c for split in SPLITS for c in load(split)}
    files = build_jsb.corpus_files()
    assert list(files) == [c.bwv for c in unpack(BUNDLED)]
    built = {c.bwv: c for c in build_jsb.build(files[bwv] for bwv in SAMPLES)}
    # Without the other pieces a twin is found only among the samples.
    nothing_shared = {"twin": "", "overlap": 0.0}
    for bwv, c in built.items():
        bundled = fields(chorales[bwv])
        expected = bundled if bundled["twin"] in SAMPLES else bundled | nothing_shared
        assert fields(c) == expected, bwv
    assert {bwv for bwv, c in built.items() if c.twin} == {"bwv112.5-sc", "bwv414"}

    for name in ("a", "b"):
        archive.write(tmp_path / f"{name}.npz", build_jsb.pack(list(built.values())))
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    assert dates(tmp_path / "a.npz") == dates(BUNDLED)
    assert [fields(c) for c in unpack(tmp_path / "a.npz")] == [fields(c) for c in built.values()]


def test_building_without_music21_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "music21", None)
    monkeypatch.delitem(sys.modules, "music21.corpus", raising=False)
    with pytest.raises(MissingPackageError, match=r"melody-composer\[data\]"):
        build_jsb.corpus_files()


@pytest.mark.slow
def test_built_again_the_same_bytes(tmp_path):
    needs("music21")
    out = tmp_path / "jsb.npz"
    command = [sys.executable, "-m", "composer.data.build.jsb", "--out", str(out)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "409 chorales" in said and "225 train" in said
    with zipfile.ZipFile(out) as ours, zipfile.ZipFile(BUNDLED) as bundled:
        assert ours.namelist() == bundled.namelist()
        for name in ours.namelist():
            assert ours.read(name) == bundled.read(name), name
            assert not np.load(io.BytesIO(ours.read(name)), allow_pickle=False).dtype.hasobject
    if "ng" not in zlib.ZLIB_RUNTIME_VERSION:  # zlib-ng packs the same content into other bytes
        assert out.read_bytes() == BUNDLED.read_bytes()
