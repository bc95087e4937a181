"""The metric fixtures through this project's measures and through four other evaluators: who is right.

    python -m tests.benchmarks --only metrics

`metric_lines` holds the fixtures, `peers` the other evaluators. Here all is measured, nothing taken from what is known.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .metric_lines import LINES, PEERS, SHARED, VERSIONS
from .peers import answer, same


def shown(value: float | str | None) -> str:
    """An answer in the table; – for none and for NaN."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return "–" if np.isnan(value) else f"{value:.3g}"


def table() -> Iterator[str]:
    """The lines that peers have as a Markdown table, measured now; wrong answers are bold. – is undefined."""
    heads = [f"{peer} {VERSIONS[peer]}" if peer in VERSIONS else peer for peer in PEERS]
    yield "| metric | fixture | right | " + " | ".join(heads) + " | what is wrong |"
    yield "|---|---|" + "---|" * (len(PEERS) + 2)
    for line in SHARED:
        cells = []
        for peer in PEERS:
            said = line.asked(peer) if peer in line.known else None
            right = said is None or same(said, line.right)
            cells.append(shown(said) if right else f"**{shown(said)}**")
        yield f"| {line.measure} | {line.fixture} | {shown(line.right)} | {' | '.join(cells)} | {line.fault} |"


def scores() -> dict[str, tuple[int, int]]:
    """Who answers how many fixtures rightly, of how many that it has a measure for."""
    ours = sum(same(answer(line.ours, line.given), line.right) for line in LINES)
    counts = {"ours": (ours, len(LINES))}
    for peer in PEERS:
        mine = [line for line in SHARED if peer in line.known]
        counts[peer] = sum(same(line.asked(peer), line.right) for line in mine), len(mine)
    return counts


def main() -> None:
    """Print the table and the scores."""
    print("\n".join(table()))
    for name, (right, count) in scores().items():
        print(f"{name:13} {right}/{count} right")


if __name__ == "__main__":
    main()
