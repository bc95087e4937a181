"""Real-time priority is taken where it is granted, and done without where not."""

import os
import threading

from composer.live.midi.priority import LOWEST, hurry


def in_a_thread(run):
    told = []
    thread = threading.Thread(target=lambda: told.append(run()))
    thread.start()
    thread.join()
    return told[0]


def policy():
    return os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK, os.sched_getparam(0).sched_priority


def test_a_thread_goes_first_where_it_may_and_no_other_does():
    before = policy()
    granted, found = in_a_thread(lambda: (hurry(), policy()))
    assert found == ((os.SCHED_RR, LOWEST) if granted else before)
    assert policy() == before and in_a_thread(policy) == before


def test_where_it_is_not_granted_nothing_happens(as_nobody, monkeypatch):
    assert in_a_thread(hurry) is False
    monkeypatch.delattr(os, "sched_setscheduler")
    assert in_a_thread(hurry) is False
