"""Run the benchmarks and print them: python -m tests.benchmarks [--only NAME]."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from importlib import import_module

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from tests.benchmarks.table import Row, show

NAMES = ("arrange", "training", "video")  # each gives rows of one table
TABLES = (
    "metrics",
    "music",
    "ahead",
    "race",
)  # each prints a table of its own; the race takes 12 minutes
STAGE = {
    "live": "beats",
    "soak": "minutes",
}  # on JACK, when asked for by name; with an option of their own


def main() -> None:
    """Measure, then print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--only", choices=(*TABLES, *NAMES, *STAGE), help="one of them")
    parser.add_argument(
        "--beats", type=int, help="of the duets of `live` in their own time; 10000 take 15 minutes"
    )
    parser.add_argument("--minutes", type=int, help="of `soak`")
    arguments = parser.parse_args()
    only = arguments.only
    if only in STAGE:
        value = getattr(arguments, STAGE[only])
        import_module(f"tests.benchmarks.bench_{only}").main(*([value] if value else []))
        return
    for name in [only] if only else TABLES:
        if name in TABLES:
            import_module(f"tests.benchmarks.bench_{name}").main()
    if only in TABLES:
        return
    rows: list[Row] = []
    for name in [only] if only else NAMES:
        for row in import_module(f"tests.benchmarks.bench_{name}").rows():
            rows.append(row)
            print(f"  {row.name} ...", file=sys.stderr, flush=True)
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; medians",
        end="",
    )
    busy = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    print(f"; load {busy:.1f}: the machine is shared, times are too long" if busy > 1.5 else "")
    print(show(rows))


if __name__ == "__main__":
    main()
