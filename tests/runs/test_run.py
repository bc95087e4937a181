"""A run's folder: what is forgotten there, and what of other people's is never touched."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from composer.errors import ConfigError, ModelError
from composer.files import atomic
from composer.runs.run import (
    ASKED,
    CHECKPOINTS,
    EVENTS,
    FILM,
    LOG,
    MODELS,
    SNAPSHOTS,
    WATCHED,
    TrainingRun,
    foreign,
)
from composer.songs.song import Note, Song, Track
from composer.training.loop import train
from composer.training.setup import TrainingRequest

LEFT = ".0123456789abcdef"  # as `atomic` names what a killed process leaves
TUNE = Song((Track((Note(0, 60, 1),), "melody"),))


def new_run(folder: Path, iterations: tuple[int, ...] = (100, 200)) -> TrainingRun:
    folder.mkdir(exist_ok=True)
    (folder / ASKED).write_text("{}")
    run = TrainingRun(folder)
    for at in iterations:
        run.append({"iteration": at, "seconds": 1.0, "losses": {}})
        run.save_snapshot(at, dict.fromkeys(WATCHED, TUNE))
        with atomic(folder / CHECKPOINTS / f"{at:06d}.npz") as path:
            path.write_bytes(b"weights")
    return run


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, and what is in it."""
    return {
        str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


def put(folder: Path, *names: str) -> dict[str, bytes]:
    """Files of somebody else."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"mine: {name}")
    return {name: (folder / name).read_bytes() for name in names}


THEIRS = (
    ".env",
    ".git/.hidden",
    ".git/config",
    "notes/.secret",
    "notes/.0123456789abcdef.json",
    ".0123456789abcdef.txt",
    ".0123456789ABCDEF.json",
    ".0123456789abcde.json",
    "snapshots/2024/photo.jpg",
    "snapshots/000300/photo.jpg",
    "snapshots/000300/.hidden.mid",
    "snapshots/0000300/valid.mid",
    "snapshots/300-best/valid.mid",
    "checkpoints/.keep",
    "checkpoints/2024.npz",
    "checkpoints/000300.txt",
    "tensorboard/.profile",
)


def test_what_is_later_is_forgotten_and_all_of_other_people_stays(tmp_path: Path) -> None:
    run = new_run(tmp_path / "run", (100, 200, 300))
    theirs = put(run.folder, *THEIRS)
    half = (
        f"{LEFT}.json",
        f"{LEFT}.jsonl",
        f"{LEFT}.mp4",
        f"checkpoints/{LEFT}.npz",
        f"snapshots/000100/{LEFT}.mid",
    )
    put(run.folder, *half, f"snapshots/000300/{LEFT}.mid")
    run.forget_after(100)
    assert (
        list(run.snapshots)
        == list(run.checkpoints)
        == [line["iteration"] for line in run.log]
        == [100]
    )
    assert not (run.folder / SNAPSHOTS / "000200").exists()
    kept = tree(run.folder)
    assert theirs.items() <= kept.items()
    assert not {*half, f"snapshots/000300/{LEFT}.mid"} & kept.keys()


@pytest.mark.parametrize("part", [LOG, SNAPSHOTS, CHECKPOINTS])
def test_no_link_leads_out_of_the_folder(tmp_path: Path, part: str) -> None:
    run = new_run(tmp_path / "run")
    (run.folder / part).rename(tmp_path / part)
    (run.folder / part).symlink_to(tmp_path / part)
    before = tree(tmp_path)
    with pytest.raises(ModelError, match=f"{part} is a link"):
        run.forget_after(100)
    assert tree(tmp_path) == before


def test_a_linked_snapshot_or_unfinished_file_is_left(tmp_path: Path) -> None:
    run = new_run(tmp_path / "run")
    new_run(tmp_path / "other")
    theirs = tree(tmp_path / "other")
    (run.folder / SNAPSHOTS / "000300").symlink_to(tmp_path / "other" / SNAPSHOTS / "000200")
    (run.folder / f"{LEFT}.json").symlink_to(tmp_path / "other" / ASKED)
    run.forget_after(100)
    assert tree(tmp_path / "other") == theirs
    assert (run.folder / f"{LEFT}.json").is_symlink() and (
        run.folder / SNAPSHOTS / "000300"
    ).is_symlink()


@pytest.mark.parametrize(
    "name", [*THEIRS, "thesis.txt", "snapshots/000100/tune.mid", "snapshots/000300"]
)
def test_training_refuses_a_folder_with_anything_of_others(tmp_path: Path, name: str) -> None:
    for begun in (False, True):
        out = tmp_path / f"begun-{begun}"
        out.mkdir()
        if begun:
            (out / ASKED).write_text("{}")
        put(out, name)
        before = tree(out)
        if name.startswith(EVENTS) and begun:
            assert foreign(out) is None  # TensorBoard's own folder, which nobody clears
            continue
        with pytest.raises(
            ConfigError, match=r"is not empty: no run wrote .*; choose another folder$"
        ):
            train(out, TrainingRequest())
        assert tree(out) == before


@pytest.mark.parametrize(
    "name", [*(f"{SNAPSHOTS}/000100/valid.mid", f"{CHECKPOINTS}/000100.npz"), LOG, FILM, EVENTS]
)
def test_a_runs_own_names_mean_nothing_where_no_run_was_begun(tmp_path: Path, name: str) -> None:
    put(tmp_path, name)
    assert foreign(tmp_path) == tmp_path / Path(name).parts[0]


def test_a_link_in_the_folder_is_not_a_runs(tmp_path: Path) -> None:
    run = new_run(tmp_path / "run")
    (run.folder / EVENTS).symlink_to(tmp_path)
    assert foreign(run.folder) == run.folder / EVENTS


def test_nothing_of_a_run_is_foreign(tmp_path: Path) -> None:
    assert foreign(tmp_path / "none") is None and foreign(tmp_path) is None
    put(tmp_path, f"{LEFT}.json")  # killed as it wrote its first file
    assert foreign(tmp_path) is None
    run = new_run(tmp_path / "run")
    put(
        run.folder,
        "reference.json",
        FILM,
        f"{EVENTS}/generated/events.out.tfevents.1",
        f"{MODELS}/000100/model.json",
    )
    put(run.folder, f"{CHECKPOINTS}/{LEFT}.npz", f"{SNAPSHOTS}/000300/{LEFT}.mid", f"{LEFT}.mp4")
    run.append(json.loads('{"iteration": 1234567, "seconds": 1, "losses": {}}'))
    run.save_snapshot(1234567, {WATCHED[0]: TUNE})
    assert foreign(run.folder) is None


def test_the_command_refuses_in_one_line_and_touches_nothing(
    composer_command, tmp_path: Path
) -> None:
    put(tmp_path, ".env", ".git/.hidden", "snapshots/2024/photo.jpg")
    before = tree(tmp_path)
    done = composer_command("train", "--out", tmp_path)
    assert done.returncode == 2 and done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line == f"composer: {tmp_path} is not empty: no run wrote .env; choose another folder"
    assert tree(tmp_path) == before
