"""Benchmarks: printed by `python -m tests.benchmarks`, never asserted. Quote the ratios; seconds are the machine's."""
