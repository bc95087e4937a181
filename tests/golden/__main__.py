"""Say what differs from what was kept, or keep what is made now.

python -m tests.golden [--write] [--only notes|chorale|band|unet]
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from . import arrangements, checkpoints


def main() -> None:
    """Check, or write anew."""
    names = ("notes", *checkpoints.CASES)
    parser = argparse.ArgumentParser(prog="python -m tests.golden", description=__doc__)
    parser.add_argument("--write", action="store_true", help="keep what is made now")
    parser.add_argument("--only", choices=names, help="one of them; training takes minutes")
    arguments = parser.parse_args()
    broken = False
    for name in [arguments.only] if arguments.only else names:
        if arguments.write:
            arrangements.write() if name == "notes" else checkpoints.write(name)
        found = arrangements.check() if name == "notes" else _check_run(name)
        print("\n".join([f"{name}: {'differs' if found else 'all as it was'}", *found]))
        broken |= bool(found)
    sys.exit(broken)


def _check_run(name: str) -> list[str]:
    """What differs, and whether all bits are the same."""
    with TemporaryDirectory() as folder:
        arrays = checkpoints.resumed(name, Path(folder) / name)
    same = checkpoints.digest(arrays) == checkpoints.kept_digest(name)
    print(f"{name}: bit for bit the same: {'yes' if same else 'no'}")
    found = checkpoints.differences(name, arrays)
    if checkpoints.variables(name) != checkpoints.kept_variables(name):
        found.append("its variables have other names or another order")
    return found


if __name__ == "__main__":
    main()
