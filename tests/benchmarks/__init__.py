"""Benchmarks: printed by `python -m tests.benchmarks`, never asserted. Quote the ratios; seconds are the machine's."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # helpers that the tests share, by the names they have there
