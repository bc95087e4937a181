"""Curves in one line of characters."""

from __future__ import annotations

import io
import math

import numpy as np
from composer.terminal.train.sparkline import Sparkline, sparkline
from rich.console import Console
from rich.table import Table


def test_a_sparkline_goes_from_the_lowest_to_the_highest():
    assert sparkline([0, 1, 2, 7], 10) == "▁▂▃█"
    assert sparkline([0, 0, 4, 4, 8, 8], 3, "abc") == "abc"
    assert sparkline([1, math.nan, 3], 3, "ab") == "a b"
    assert sparkline([2, 2], 5, "abc") == "bb"
    assert sparkline([math.nan], 5) == " "
    assert sparkline([], 5) == "" == sparkline([1, 2], 0)


def test_a_sparkline_has_room_for_the_value_of_the_dataset():
    assert sparkline([0, 1], 5, "abcd", also=3) == "ab"


def test_one_huge_loss_does_not_flatten_the_others():
    drawn = sparkline([5000.0, *np.linspace(2, 1, 39)], 40)
    assert drawn[0] == "█" and len(set(drawn)) == 8


def test_in_a_table_it_is_as_wide_as_there_is_room():
    console = Console(file=io.StringIO(), width=12)
    table = Table.grid(padding=(0, 1))
    table.add_row("four", Sparkline([0.0] * 30 + [1.0] * 30))
    console.print(table)
    assert console.file.getvalue().rstrip("\n") == "four ▁▁▁▄███"
