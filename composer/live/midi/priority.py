"""Real-time priority for threads that must not wait for a busy machine, if the system grants it."""

from __future__ import annotations

import os

# Below JACK and its clients, which must go first: without them nothing sounds.
LOWEST = 1


def hurry() -> bool:
    """Let the calling thread go before all that is not real-time. Return True if the system lets
    it.

    Linux grants it to root and to who may have `rtprio` (limits.conf; Debian's jackd2 gives it to
    the group audio). Only for threads that sleep nearly all the time. Never raises; what the thread
    starts does not inherit it.
    """
    try:
        policy = os.SCHED_RR | os.SCHED_RESET_ON_FORK
        # 0: this thread, on Linux.
        os.sched_setscheduler(0, policy, os.sched_param(LOWEST))
    except (AttributeError, OSError):
        # Another system, or not allowed.
        return False
    return True
