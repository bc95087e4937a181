"""Files whose bytes depend on their arrays alone."""

import os
import time
import zipfile

import numpy as np
import pytest
from composer.data.build import archive
from composer.errors import OutputError


def test_the_same_arrays_give_the_same_bytes_whenever_they_are_written(tmp_path, monkeypatch):
    arrays = {"pitches": np.arange(500, dtype=np.int16), "names": np.array(["a", "bc"])}
    archive.write(tmp_path / "a.npz", arrays)
    monkeypatch.setattr(time, "time", lambda: 1.8e9)
    old = os.umask(0o077)
    archive.write(tmp_path / "b.npz", arrays)
    os.umask(old)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.npz") as file:
        assert {entry.date_time for entry in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    with np.load(tmp_path / "a.npz", allow_pickle=False) as file:
        assert {name: file[name].tolist() for name in file.files} == {
            name: array.tolist() for name, array in arrays.items()
        }


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(OutputError, match=r"jsb\.npz cannot be written: No such file"):
        archive.write(tmp_path / "no" / "jsb.npz", {"bars": np.zeros(1)})


def test_a_script_writes_its_file_and_says_what_is_in_it(tmp_path, monkeypatch, capsys):
    out = tmp_path / "there.npz"
    monkeypatch.setattr("sys.argv", ["build", "--out", str(out)])
    archive.run(tmp_path / "here.npz", "nothing", lambda: ({"one": np.ones(3)}, ["three ones"]))
    said = "".join(capsys.readouterr().out.split())
    assert said.startswith("threeones") and "there.npz:0KB" in said
    assert out.exists() and not (tmp_path / "here.npz").exists()


def test_a_script_that_cannot_write_ends_in_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["build", "--out", str(tmp_path / "no" / "file.npz")])
    with pytest.raises(SystemExit) as ended:
        archive.run(tmp_path / "here.npz", "nothing", lambda: ({"one": np.ones(3)}, []))
    assert ended.value.code == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
