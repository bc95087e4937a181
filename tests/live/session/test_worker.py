"""The thread that calls the model: in order, the newest of a purpose, and no error ends it."""

import threading

from composer.errors import ConfigError
from composer.live.session.worker import TaskResult, Worker, carry_out, reason


def busy(worker):
    """Keep the worker busy until the event that is returned is set."""
    begun, begin = threading.Event(), threading.Event()

    def task():
        begun.set()
        return begin.wait(60)

    worker.ask("first", task)
    assert begun.wait(60)
    return begin


def finished(worker, gate, count):
    results = []
    for _ in range(count):
        assert gate.acquire(timeout=60)
        results += worker.done()
    return results


def test_what_is_asked_last_for_a_purpose_counts_and_an_error_is_a_result():
    gate = threading.Semaphore(0)
    worker = Worker(gate.release)
    begin = busy(worker)
    worker.ask("a", lambda: 1)
    worker.ask("b", lambda: 1 / 0)
    worker.ask("a", lambda: 2)  # takes the place of the first "a"
    worker.ask("urgent", lambda: 3, first=True)
    begin.set()
    results = finished(worker, gate, 4)
    worker.close()
    assert [one.key for one in results] == ["first", "urgent", "b", "a"]
    assert [one.value for one in results] == [True, 3, None, 2]
    assert isinstance(results[2].error, ZeroDivisionError)


def test_what_waits_can_be_forgotten():
    gate = threading.Semaphore(0)
    worker = Worker(gate.release)
    begin = busy(worker)
    for key in (1, 2, 3):
        worker.ask(key, lambda: None)
    worker.forget(lambda key: key == 2)
    begin.set()
    assert [one.key for one in finished(worker, gate, 2)] == ["first", 2]
    worker.close()


def test_reasons_are_one_line():
    assert reason(ConfigError("qpm is 30 to 300\nmore")) == "qpm is 30 to 300"
    assert reason(KeyError("x")) == "KeyError: 'x'"
    assert reason(ValueError()) == "ValueError()"
    assert isinstance(carry_out("k", lambda: 1), TaskResult)
