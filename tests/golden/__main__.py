"""Say what differs from what was kept, or keep what is made now.

python -m tests.golden [--write]
"""

from __future__ import annotations

import argparse
import sys

from . import arrangements


def main() -> None:
    """Check, or write anew."""
    parser = argparse.ArgumentParser(prog="python -m tests.golden", description=__doc__)
    parser.add_argument("--write", action="store_true", help="keep what is made now")
    if parser.parse_args().write:
        arrangements.write()
    found = arrangements.check()
    print("\n".join(found) or "all as it was")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
