"""The soak: 10 notes a second, the keyboard unplugged once a minute, and what a stage has besides.

python -m tests.benchmarks --only soak [--minutes 60]
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import numpy as np

from tests.support.soak import Outcome, Soak

MINUTES = 5
ROUND = 60.0  # seconds
WARM = 3  # rounds, one of each mode


def main(minutes: int = MINUTES) -> None:
    """Run it, saying each minute how it goes; then print."""
    load = os.getloadavg()[0]

    def say(line: str) -> None:
        print(f"  {time.strftime('%H:%M:%S')} {line}", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        soak = Soak(Path(folder), minutes, ROUND, say)
        found = soak.run()
    print(report(found))
    print(
        f"JACK dummy, period 128; {os.cpu_count()} cores, load {load:.1f} before, {os.getloadavg()[0]:.1f} after"
    )


def report(found: Outcome) -> str:
    """What was found, in lines."""
    warm = found.memory[min(WARM, len(found.memory)) - 1 :]
    synth = "not killed" if found.synth_back is None else f"back after {found.synth_back:.1f} s"
    return "\n".join([
        f"soak of {found.minutes:.1f} minutes: {len(found.sent):,} notes, {found.unplugs} unplugs, {found.takes} takes",
        f"  notes lost: {len(found.lost_takes)} in the takes, {len(found.lost_thru)} not sent through, "
        f"{len(found.lost_heard)} not heard by the listener (not looked for there: {found.stalled} while JACK stood "
        f"still for the killed synthesiser)",
        f"  hanging: {'; '.join(found.hanging) or 'none'}",
        f"  memory: {warm[0]:.1f} MiB after {WARM} rounds, {warm[-1]:.1f} at the end; files {found.files[0]} to "
        f"{found.files[-1]}, threads {found.threads[0]} to {found.threads[-1]}",
        f"  unplug noticed after {np.median(found.noticed):.2f} s (JACK holds a killed client 1 s), open again "
        f"{np.median(found.returned or [0]):.2f} s after it was back, {max(found.returned or [0]):.2f} at most",
        f"  synthesiser killed: {synth}; two on the port: {found.second} notes, {len(found.lost_second)} lost, "
        f"heard twice: {found.repeated}",
        f"  output alive: {'yes' if found.alive else 'NO'}; faults: {', '.join(found.faults) or 'none'}",
        f"  {'ALL WELL' if not found.broken() else 'BROKEN: ' + '; '.join(found.broken())}",
    ])  # fmt: skip


if __name__ == "__main__":
    main()
