"""The process of the screen; `show.play` starts it."""

from __future__ import annotations

from composer.terminal.play.remote import main

if __name__ == "__main__":
    main()
