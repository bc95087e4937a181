"""The live figures: thru, a phrase's answer, a duet's decisions, capture; on JACK's dummy driver at period 128.

    python -m tests.benchmarks --only live [--beats 10000]

Each beside the least that could do it, in the same run: a bare mido loop, a bare sleep, the model alone. `--beats`:
of the duets in their own time, where what is computed takes its real time and what is waited for takes none.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from composer.live.session.director import ready_model

from tests.benchmarks.live_jack import Measured, busy_core, measure
from tests.benchmarks.live_session import duets, phrases
from tests.live.melody.test_capture import JITTER, share_right
from tests.support.jack_server import jack_server

MODEL = "jsb-chorales"
PERIOD = 128
BEATS = 400
PHRASES, BARS = 120, 8
TURNS, TURN_QPM = 102, 240.0  # phrases of one beat and their answers: half a second each
DUET_BEATS, DUET_QPM = 300, 200.0


@dataclass(frozen=True)
class Figure:
    """A line: ours and the baseline with its unit, and what is to be reached; met: whether it is, None for no goal."""

    name: str
    ours: str
    baseline: str = ""
    goal: str = ""
    met: bool | None = None
    remark: str = ""


def main(beats: int = BEATS) -> None:
    """Measure, then print."""
    began = time.monotonic()
    load = [os.getloadavg()[0]]
    found: list[Figure] = []
    with jack_server(f"composer-live-{os.getpid()}", PERIOD):
        call = measure(_config("call", TURN_QPM, bars=1, beats_per_bar=1), _turns())
        load.append(os.getloadavg()[0])
        with busy_core():
            duet = measure(_config("duet", DUET_QPM), _line())
            load.append(os.getloadavg()[0])
    found += [*_thru(call, "phrases"), *_thru(duet, "duet, one core busy")]
    found += [*_phrases(call), *_duets(duet, beats), *_capture(call)]
    load.append(os.getloadavg()[0])
    print(show(found))
    print(
        f"JACK dummy, period {PERIOD} at 48 kHz; {os.cpu_count()} cores, load {', '.join(f'{x:.1f}' for x in load)} "
        f"(start, call, duet, end); {time.monotonic() - began:.0f} s"
    )


def show(figures: Sequence[Figure]) -> str:
    """Aligned columns."""
    met = {None: "", True: "yes", False: "NO"}
    lines = [("", "ours", "baseline", "goal", "met", "")]
    lines += [(f.name, f.ours, f.baseline, f.goal, met[f.met], f.remark) for f in figures]
    widths = [max(len(line[i]) for line in lines) for i in range(6)]
    return "\n".join(
        "  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def _config(mode: str, qpm: float, **more: int) -> dict[str, object]:
    return {
        "mode": mode,
        "qpm": qpm,
        "count_in": 4,
        "with_melody": False,
        "metronome": False,
        **more,
    }


def _turns() -> list[tuple[float, float]]:
    """One note in each phrase, a little late, let go 90 ms before its end."""
    rng = np.random.default_rng(0)
    return [(2 * turn + rng.uniform(0.02, 0.06), 0.58) for turn in range(TURNS)]


def _line() -> list[tuple[float, float]]:
    """Eighths with jitter (10 ms), as long as DUET_BEATS."""
    rng = np.random.default_rng(0)
    return [
        (0.1 + i / 2 + float(np.clip(rng.normal(0, 0.033), -0.09, 0.09)), 0.35)
        for i in range(2 * DUET_BEATS)
    ]


def _p(values: Sequence[float], *percents: float) -> list[float]:
    return [float(v) for v in np.percentile(values, percents)]


def _both(values: Sequence[float]) -> str:
    """p50 / p99."""
    return "{:.2f} / {:.2f} ms".format(*_p(values, 50, 99))


def _thru(found: Measured, what: str) -> Iterator[Figure]:
    inside = [_p(one, 50, 99) for one in (found.inside, found.bare_inside)]
    added = [a - b for a, b in zip(*inside, strict=True)]
    yield Figure(
        f"key to thru, {what}: callback to sent",
        _both(found.inside),
        f"{_both(found.bare_inside)} bare mido",
        "<= 1 ms added p99",
        added[1] <= 1,
        f"added {added[0]:.2f} / {added[1]:.2f} ms; {len(found.inside)} messages",
    )
    whole = [_p(one, 50, 99) for one in (found.thru, found.bare_thru)]
    added = [a - b for a, b in zip(*whole, strict=True)]
    yield Figure(
        f"key to thru, {what}: over JACK to a listener",
        _both(found.thru),
        f"{_both(found.bare_thru)} bare mido",
        "",
        None,
        f"added {added[0]:.2f} / {added[1]:.2f} ms, in steps of JACK's period of {1e3 * PERIOD / 48000:.2f} ms",
    )


def _phrases(call: Measured) -> Iterator[Figure]:
    ready, alone = phrases(ready_model(MODEL), BARS, PHRASES)
    yield Figure(
        f"phrase of {BARS} bars: last key up to arrangement ready",
        _both(ready),
        f"{_both(alone)} the model alone",
        "<= 20 ms p99",
        _p(ready, 99)[0] <= 20,
        f"{len(ready)} phrases; real threads, a clock that leaps between the keys before the last",
    )
    late = [x - _p(call.lateness, 50)[0] for x in call.lateness]
    first = _p(np.abs(call.first), 50, 99)
    yield Figure(
        "answer's first note, sent less its downbeat",
        f"{first[0]:.2f} / {first[1]:.2f} ms",
        f"{_both(np.abs(late).tolist())} bare sleep",
        "<= 2 ms p99",
        first[1] <= 2,
        f"{len(call.first)} answers in real time over JACK, {min(call.first):+.2f} to {max(call.first):+.2f} ms",
    )


def _duets(live: Measured, beats: int) -> Iterator[Figure]:
    with busy_core():
        found = duets(ready_model(MODEL), beats)
    share = 100 * (1 - found.held / found.beats)
    yield Figure(
        f"duet, {found.beats:,} beats at 60-200 qpm: voices ready",
        f"{share:.2f} %",
        "",
        "100 %",
        found.held == 0,
        f"least {min(found.ready):.0f} ms before the beat; {np.mean(found.entries):.0f} pitches a table; "
        f"{len(found.late)} strokes "
        f"late, by {max(found.late, default=0):.1f} ms at most; in its own "
        f"time (computing takes as long as it does), one core busy",
    )
    yield Figure(
        "duet: a decision, one core busy",
        _both(found.decisions),
        "",
        "<= 10 ms p99",
        _p(found.decisions, 99)[0] <= 10,
        f"{len(found.decisions):,} decisions, the longest {max(found.decisions):.0f} ms",
    )
    seen = live.standing
    decision, ready = seen["latencies"]["decision"], seen["latencies"]["ready"]
    yield Figure(
        f"duet, {DUET_BEATS} beats at {DUET_QPM:.0f} qpm in real time: ready",
        f"{100 * (1 - seen['held beats'] / DUET_BEATS):.2f} %",
        "",
        "100 %",
        seen["held beats"] == 0,
        f"99 % at least {ready[1]:.0f} ms before the beat; decisions p99 {decision[1]:.1f} ms; threads, one core busy",
    )


def _capture(call: Measured) -> Iterator[Figure]:
    beyond = _p(
        call.beyond, 50, 99
    )  # either stamps after the key came: an earlier stamp is nearer to the truth
    yield Figure(
        "capture: recorded onset less the bare loop's stamp",
        f"{beyond[0]:.2f} / {beyond[1]:.2f} ms",
        "",
        "<= 1 ms p99",
        beyond[1] <= 1,
        f"same message, two processes; below 0: Composer's is the earlier; {len(call.beyond)} messages",
    )
    around = [
        np.abs(np.subtract(one, np.median(one))).tolist() for one in (call.stamps, call.bare_stamps)
    ]
    yield Figure(
        "capture: recorded onset less when it was sent",
        _both(around[0]),
        f"{_both(around[1])} bare mido",
        "<= 1 ms p99 added",
        _p(around[0], 99)[0] - _p(around[1], 99)[0] <= 1,
        f"the median ({np.median(call.stamps):.2f} ms) taken off, as calibration does; JACK gives keys once a period",
    )
    shares = [
        share_right(JITTER[kind], count_in, times=4)
        for kind in ("uniform", "normal")
        for count_in in (1, 0)
    ]
    yield Figure(
        "capture: notes right at +-35 ms, 100 qpm",
        f"{100 * min(shares):.2f} %",
        "",
        ">= 99.5 %",
        min(shares) >= 0.995,
        f"the worst of uniform and normal jitter, counted in or not: {', '.join(f'{100 * x:.2f}' for x in shares)}",
    )


if __name__ == "__main__":
    main()
