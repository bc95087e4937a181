"""A terminal that shows what is written to it."""

from __future__ import annotations

import io
import re

from rich.console import Console


class ScreenOfATerminal(io.StringIO):
    """Does what a terminal does with the control characters that are written to it."""

    def __init__(self, width, height):
        super().__init__()
        self.width, self.height, self.row, self.column, self.cursor = width, height, 0, 0, True
        self.rows = [[" "] * width for _ in range(height)]
        self.written = 0

    def isatty(self):
        return True

    def write(self, data):
        self.written += len(data)
        for code, letter, sign in re.findall(r"\x1b\[([?\d;]*)([A-Za-z])|(.|\n)", data):
            self._sign(sign) if sign else self._code(code, letter)
        return len(data)

    def _sign(self, sign):
        if sign == "\r":
            self.column = 0
        elif sign == "\n":
            self.column = 0
            if self.row == self.height - 1:
                self.rows = [*self.rows[1:], [" "] * self.width]
            self.row = min(self.row + 1, self.height - 1)
        else:
            assert sign.isprintable(), repr(sign)
            if self.column == self.width:
                self._sign("\n")
            self.rows[self.row][self.column] = sign
            self.column += 1

    def _code(self, code, letter):
        if letter in "AB":
            step = int(code or 1) * (1 if letter == "B" else -1)
            self.row = min(max(self.row + step, 0), self.height - 1)
        elif letter == "G":
            self.column = int(code) - 1
        elif letter == "K":
            start = 0 if code == "2" else min(self.column, self.width)
            self.rows[self.row][start:] = [" "] * (self.width - start)
        elif letter == "H":
            self.row = self.column = 0
        elif letter == "J":
            self.rows = [[" "] * self.width for _ in range(self.height)]
        elif letter in "hl":
            assert code == "?25"
            self.cursor = letter == "h"
        else:
            assert letter == "m", (code, letter)

    def narrow(self, width, height):
        """Break every line anew, as terminals do."""
        pieces = ["".join(row).rstrip() for row in self.rows[: self.row + 1]]
        rows = [
            piece[at : at + width] for piece in pieces for at in range(0, max(len(piece), 1), width)
        ]
        self.width, self.height = width, height
        self.rows = [list(row.ljust(width)) for row in rows[-height:]]
        self.row = len(self.rows) - 1
        self.rows += [[" "] * width for _ in range(height - len(self.rows))]

    def lines(self):
        return ["".join(row).rstrip() for row in self.rows]


def terminal(width=80, height=24, **options):
    screen = ScreenOfATerminal(width, height)
    options = {
        "force_terminal": True,
        "color_system": "truecolor",
        "no_color": False,
        "legacy_windows": False,
        **options,
    }
    return screen, Console(file=screen, width=width, height=height, **options)
