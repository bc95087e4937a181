"""How long one arrangement takes: a cold process, and in process with the model loaded."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
from composer.generators import Model
from composer.generators.family import Request
from composer.generators.latents import Latents
from composer.songs.edit import take_melody

from tests.benchmarks.table import ROOT, Row, clocked, playable, tune

MELODY = ROOT / "assets" / "melodies" / "ode-to-joy.mid"
HEAVY = ("tensorflow", "keras", "matplotlib", "scipy", "pypianoroll", "music21")
WITNESS = (
    "import atexit, json, sys\n"
    "atexit.register(lambda: print(json.dumps(sorted(sys.modules))))\n"
    "from composer.cli import main\n"
    "main()"
)
RUNS = 5
COUNTS = {2: 200, 8: 200, 16: 150, 32: 100, 64: 60}  # bars: how often
GOALS = {8: "<= 5", 64: "<= 15"}


def rows() -> Iterator[Row]:
    """Cold processes first, so that nothing of this one helps them."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        model, remark = playable(place / "ours")
        yield from _cold(model, remark, place)
        yield from _loaded(model)


def _cold(model: Path, remark: str, place: Path) -> Iterator[Row]:
    from composer.generators.unet import FAMILY
    from composer.generators.unet.config import UnetConfig

    weights = place / "unet.weights.h5"
    FAMILY.build(UnetConfig()).generator.save_weights(weights)
    ours = [
        sys.executable,
        "-m",
        "composer",
        "arrange",
        str(MELODY),
        "-o",
        str(place / "a.mid"),
        "-m",
        str(model),
    ]
    script = str(Path(__file__).with_name("unet_user.py"))
    theirs = [sys.executable, script, str(weights), str(MELODY), str(place / "b.mid")]
    times, baseline = _wall(ours), _wall(theirs)
    yield Row(
        "cold process, MIDI to MIDI",
        "s",
        float(np.median(times)),
        float(np.median(baseline)),
        "<= 0.5",
        f"{min(times):.2f}-{max(times):.2f} against {min(baseline):.2f}-{max(baseline):.2f} s of wall time, "
        f"{RUNS} runs each; {remark}; unet with random weights",
    )
    found, count = _imports(ours[3:])
    yield Row(
        "heavy packages imported",
        "",
        len(found),
        None,
        "<= 0",
        f"{', '.join(found) or 'none'} of {count} modules",
    )


def _wall(command: list[str]) -> list[float]:
    """Seconds of each of RUNS processes, after one that fills the disk's cache."""
    times = []
    for _ in range(RUNS + 1):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True, cwd=ROOT, env=_environment())
        times.append(time.perf_counter() - start)
    return times[1:]


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}


def _imports(arguments: list[str]) -> tuple[list[str], int]:
    """(Which of HEAVY the command line with these arguments has imported when it ends, of how many modules)."""
    # Not -X importtime: the command line closes the descriptor that it writes to.
    timed = [sys.executable, "-c", WITNESS, *arguments]
    done = subprocess.run(
        timed, check=True, capture_output=True, cwd=ROOT, env=_environment(), text=True
    )
    imported = set(json.loads(done.stdout.splitlines()[-1]))
    if "numpy" not in imported:
        raise RuntimeError("the witness saw no import of numpy: it looks in the wrong place")
    return [name for name in HEAVY if name in imported], len(imported)


def _loaded(folder: Path) -> Iterator[Row]:
    model = Model(folder)
    for bars, count in COUNTS.items():
        song = tune(bars)
        p50, p99 = clocked(lambda s=song: model.arrange(s), count)  # type: ignore[misc]
        remark = f"p99 {p99:.2f} ms; {1e3 * p50 / bars:.0f} us a bar"
        if bars == 2:
            eager, graph = _unet(song)
            yield Row("2 bars, loaded; unet eager", "ms", p50, eager, "", remark)
            yield Row("2 bars, loaded; unet tf.function", "ms", p50, graph)
        else:
            yield Row(f"{bars} bars, loaded", "ms", p50, None, GOALS.get(bars, ""), remark)
    # LiteRT makes room anew whenever the length changes, which a player's melodies do.
    lengths = cycle([tune(8), tune(9)])
    p50, p99 = clocked(lambda: model.arrange(next(lengths)), COUNTS[8])
    yield Row(
        "8 or 9 bars in turn, loaded",
        "ms",
        p50,
        None,
        "",
        f"p99 {p99:.2f} ms; not the length before",
    )


def _unet(song: Any) -> tuple[float, float]:
    """p50 of unet on the same two bars, eager and as a tf.function."""
    import tensorflow as tf
    from composer.generators.unet import FAMILY
    from composer.generators.unet.config import UnetConfig

    config = UnetConfig()
    generator = FAMILY.build(config).generator
    graph = tf.function(lambda x: generator(x, training=False))

    def arrange(run: Any) -> None:
        melody = take_melody(song)
        arrays, steps = FAMILY.encode(song, melody, Request(Latents(0)), config)
        roll = run({k: tf.constant(v) for k, v in arrays.items()})
        FAMILY.decode({"roll": roll.numpy()}, steps, song, melody)

    eager, _ = clocked(lambda: arrange(lambda x: generator(x, training=False)), 40)
    compiled, _ = clocked(lambda: arrange(graph), 40)
    return eager, compiled
