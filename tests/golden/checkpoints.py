"""Tiny training runs that were broken off, and what each must be when it has gone on to its end.

Each folder is a run as `composer train` leaves it, but for its log: `run.json` and one checkpoint,
whose numbers are rounded to eight binary places so that they pack well. Beside them lie
`after.npz`, some numbers of every array of the last checkpoint and the hash of them all, and
`variables.txt`, the networks' variables in order: a checkpoint knows them by their place alone.
"""

from __future__ import annotations

import json
import re
import shutil
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import numpy as np
from composer.config import from_dict
from composer.generators import family
from composer.runs.report import Report
from composer.runs.run import TrainingRun
from composer.training.loop import train
from composer.training.setup import TrainingRequest
from numpy.typing import NDArray

HERE = Path(__file__).parent
AFTER, VARIABLES = "after.npz", "variables.txt"
PICKED = 24  # numbers of an array that are kept, evenly apart
RTOL, ATOL = 1e-4, 1e-5
# Keras counts the layers of a process that have no name of their own: here they are counted anew.
UNNAMED = "batch_normalization|conv1d|conv2d|dense|judge|residual|seed_generator|variable"
NUMBERED = re.compile(rf"\b({UNNAMED})(?:_\d+)?\b")
Arrays = dict[str, NDArray[Any]]


TRAIN = {
    "batch": 2,
    "length": 8,
    "adversarial_length": 8,
    "critic_steps": 2,
    "report_every": 1,
    "save_every": 1,
    "snapshot_every": 99,
    "evaluate_every": 99,
    "evaluate_pieces": 1,
    "keep": 9,
}


class Enough(Exception):
    """The run has come to where it is broken off."""


@dataclass(frozen=True)
class Case:
    """A run.

    at: the iteration at which it is broken off; supervised, adversarial: those of its phases.
    """

    dataset: str
    model: dict[str, Any]
    at: int
    supervised: int
    adversarial: int
    rates: dict[str, float] = field(default_factory=dict)

    @property
    def config(self) -> dict[str, Any]:
        """What `composer train --config` reads."""
        phases = {
            "supervised_iterations": self.supervised,
            "adversarial_iterations": self.adversarial,
        }
        return {"model": self.model, "train": {**TRAIN, **phases, **self.rates}}


SMALL = {"channels": 4, "encoder_blocks": 1, "fine_blocks": 1, "critic_channels": 4}
NARROW = {**SMALL, "channels": 3, "critic_channels": 3}
CASES = {
    "chorale": Case(
        "jsb",
        {**SMALL, "skeleton_blocks": 1, "mix": 4, "strides": [2, 1], "temperatures": [0.75, 0.85]},
        at=3,
        supervised=4,
        adversarial=2,
    ),
    "band": Case(
        "quartets",
        {**NARROW, "plan_blocks": 1, "track_blocks": 1, "strides": [1]},
        at=3,
        supervised=4,
        adversarial=2,
    ),
    # Its biases before a normalisation have no gradient but what rounding leaves, of which Adam
    # makes whole steps: small ones, so that they stay within what is allowed.
    "unet": Case(
        "jsb",
        {"filters": 1, "noise": 1},
        at=1,
        supervised=0,
        adversarial=3,
        rates={"generator_rate": 2e-6, "critic_rate": 2e-6},
    ),
}


def resumed(name: str, out: Path) -> Arrays:
    """The last checkpoint of the run, gone on with in `out` from where it was broken off."""
    for part in ("run.json", f"checkpoints/{CASES[name].at:06d}.npz"):
        (out / part).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(HERE / name / part, out / part)
    return _arrays(train(out, resume=True))


def variables(name: str) -> str:
    """The variables of generator and critic, a line each, in the order of a checkpoint."""
    kind, asked = family(name), json.loads((HERE / name / "run.json").read_text(encoding="utf-8"))
    networks = kind.build(from_dict(kind.config, asked["model"]))
    lines = [
        f"{which}: {v.path} {'x'.join(map(str, v.shape))}"
        for which, network in (("generator", networks.generator), ("critic", networks.critic))
        for v in network.variables
    ]
    seen: dict[str, list[str]] = {}

    def counted(found: re.Match[str]) -> str:
        numbers = seen.setdefault(found[1], [])
        if found[0] not in numbers:
            numbers.append(found[0])
        return f"{found[1]}#{numbers.index(found[0])}"

    return NUMBERED.sub(counted, "\n".join(lines)) + "\n"


def differences(name: str, arrays: Arrays) -> list[str]:
    """What differs from what was kept by more than rounding does, a line each.

    How far a sum may be off hangs on its largest terms: so does the tolerance of an array.
    """
    with np.load(HERE / name / AFTER) as held:
        kept, exact = dict(held), str(held["sha256"])
    if digest(arrays) == exact:
        return []
    now = _summary(arrays)
    if list(kept["names"]) != list(now["names"]):
        return [f"it has {len(now['names'])} arrays, not {len(kept['names'])}, or others"]
    found, starts = [], np.cumsum([0, *kept["counts"]])
    for i, key in enumerate(kept["names"]):
        shapes = [str(each["shapes"][i]) for each in (now, kept)]
        if shapes[0] != shapes[1]:
            found.append(f"{key} is of shape {shapes[0]}, not {shapes[1]}")
            return found  # all that follows is another array
        a, b = (each["picked"][starts[i] : starts[i + 1]] for each in (now, kept))
        scale = max(1.0, float(np.abs(b).max(initial=0.0)))
        same_sum = np.isclose(now["sums"][i], kept["sums"][i], RTOL, ATOL * scale)
        if not (np.allclose(a, b, RTOL, ATOL * scale) and same_sum):
            found.append(f"{key} ({shapes[0]}) begins {a[:3]}, not {b[:3]}; largest {scale:g}")
    return found


def digest(arrays: Arrays) -> str:
    """Hash of every bit of a checkpoint."""
    found = sha256()
    for name, values in sorted(arrays.items()):
        found.update(f"{name} {values.dtype} {values.shape} ".encode() + values.tobytes())
    return found.hexdigest()


def kept_digest(name: str) -> str:
    """That of the run's end, as it was kept."""
    with np.load(HERE / name / AFTER) as held:
        return str(held["sha256"])


def kept_variables(name: str) -> str:
    """The variables as they were."""
    return (HERE / name / VARIABLES).read_text(encoding="utf-8")


def _summary(arrays: Arrays) -> Arrays:
    """Names and shapes, and of each array some numbers and the mean size of all."""
    picked = [v.ravel()[:: max(1, v.size // PICKED)].astype(float) for v in arrays.values()]
    return {
        "names": np.array(list(arrays)),
        "shapes": np.array(["x".join(map(str, values.shape)) for values in arrays.values()]),
        "counts": np.array([len(values) for values in picked]),
        "picked": np.concatenate(picked),
        "sums": np.array([np.abs(values.astype(float)).mean() for values in arrays.values()]),
    }


def write(name: str) -> None:
    """Begin the run anew, keep where it is broken off, and what it is at its end."""
    case, folder = CASES[name], HERE / name
    with TemporaryDirectory() as place:
        config = Path(place) / "config.json"
        config.write_text(json.dumps(case.config))
        asked = TrainingRequest(dataset=case.dataset, family=name, config=config, seed=4)

        def stop(report: Report) -> None:
            if report.iteration > case.at:
                raise Enough

        with suppress(Enough):
            train(Path(place) / "run", asked, watchers=[stop])
        run = TrainingRun(Path(place) / "run")
        checkpoint = f"checkpoints/{case.at:06d}.npz"
        (folder / checkpoint).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(run.folder / "run.json", folder / "run.json")
        with np.load(run.folder / checkpoint) as held:
            # Those that play (g...) are among the others, or means of them.
            begun = {key: _rounded(held[key]) for key in held.files if key[0] != "g"}
        _pack(folder / checkpoint, begun)
        (folder / VARIABLES).write_text(variables(name), encoding="utf-8")
        after = resumed(name, Path(place) / "after")
        _pack(folder / AFTER, {"sha256": np.array(digest(after)), **_summary(after)})


def _pack(path: Path, arrays: Arrays) -> None:
    """Write an .npz of the same bytes each time; NumPy's is larger by 20 bytes an array."""
    with ZipFile(path, "w") as packed:
        for name, values in arrays.items():
            data = BytesIO()
            np.save(data, values)
            packed.writestr(ZipInfo(f"{name}.npy"), data.getvalue(), ZIP_DEFLATED, 9)


def _rounded(values: NDArray[Any]) -> NDArray[Any]:
    """Floats with the last sixteen bits of their fraction cleared."""
    if values.dtype != np.float32:
        return values
    bits = np.ascontiguousarray(values).view(np.uint32) & np.uint32(0xFFFF0000)
    return bits.view(np.float32).reshape(values.shape)


def _arrays(run: TrainingRun) -> Arrays:
    with np.load(run.checkpoints[run.latest]) as held:
        return dict(held)
