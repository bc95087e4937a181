"""A session on a WebSocket: two clients at once, a slow one, one that dies, one that floods, and strangers."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import composer
import pytest
from composer.live import server as serving
from composer.live.midi.outputs import Nowhere
from composer.live.midi.sequencer import Sequencer
from composer.live.server import MOST_CLIENTS, PER_SECOND, Server
from composer.live.session.session import Session
from composer.live.session.state import SessionConfig, ShownNote
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.support.played import PLAYING, READY, Double


def wait_for(what, seconds=20.0):
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.005)


@contextmanager
def served(state=READY, **more):
    double = Double(state, checks=True)
    with Server(double, frames=100, **more) as server:
        yield double, server


class Client:
    """A client that keeps all that it hears."""

    def __init__(self, server, **more):
        self._open = ExitStack()
        self.connection = self._open.enter_context(
            connect(server.address, compression=None, max_size=2**24, **more)
        )
        self.hello = json.loads(self.connection.recv(10))
        self.state = self.hello["state"]

    def say(self, **values):
        self.connection.send(json.dumps({"v": 1, **values}))

    def hear(self, kind, seconds=10.0):
        """The next message of a kind; states that come are taken in."""
        until = time.monotonic() + seconds
        while True:
            message = json.loads(self.connection.recv(max(until - time.monotonic(), 0)))
            if message["type"] == "state":
                self.state |= message["state"]
            if message["type"] == kind:
                return message

    def until(self, what):
        while not what(self.state):
            self.hear("state")

    def close(self):
        self._open.close()


def test_a_state_goes_out_and_a_command_comes_in():
    with served() as (double, server):
        client = Client(server)
        assert client.state["model"] == "jsb-chorales"
        double.now = replace(PLAYING, message="hello")
        client.until(lambda state: state["message"] == "hello")
        assert client.state["melody"] == [[4.0, 6.0, 71, 0, False], [6.0, 6.5, 67, 0, False]]
        client.say(do="tempo", argument=120, id=1)
        assert client.hear("done")["id"] == 1
        client.say(press=60, velocity=90)
        client.say(release=60, id=2)
        assert client.hear("done")["id"] == 2
        assert double.asked == [("tempo", 120), ("press", 60, 90), ("release", 60)]
        client.close()


def test_what_cannot_be_done_is_an_answer_and_not_an_end():
    with served() as (double, server):
        client = Client(server)
        for text, words in [
            ("nonsense", "a message is JSON"),
            ('{"v": 1, "do": "dance"}', "no command 'dance'"),
            ('{"v": 1, "do": "tempo", "argument": 1e9}', "tempo: a number from 30 to 300"),
            ('{"v": 1, "do": "tempo", "argument": NaN}', "tempo: a number from 30 to 300"),
            ('{"v": 3, "do": "undo"}', "this session speaks version 1"),
        ]:
            client.connection.send(text)
            assert client.hear("error")["text"].startswith(words)
        client.connection.send(b"\x00")
        assert client.hear("error")["text"].startswith("a message is text")
        double.raises = RuntimeError("nobody thought of it")
        client.say(do="undo", id=5)
        error = client.hear("error")
        assert (error["id"], error["text"]) == (5, "RuntimeError: nobody thought of it")
        double.raises = None
        client.say(do="undo", id=6)
        assert client.hear("done")["id"] == 6
        client.close()


def test_a_message_that_is_too_long_ends_that_client_alone():
    with served() as (_, server):
        one, other = Client(server), Client(server)
        one.connection.send("x" * 40000)
        with pytest.raises(ConnectionClosed):
            while True:
                one.connection.recv(10)
        other.say(do="undo", id=1)
        assert other.hear("done")["id"] == 1
        other.close()


@pytest.mark.parametrize("path", ["", "/?token=", "/?token=wrong", "/?token=é", "/token"])
def test_who_does_not_know_the_token_is_not_let_in(path):
    with served() as (_, server):
        base = server.address.partition("/?")[0]
        assert base.startswith("ws://127.0.0.1:")
        with pytest.raises(InvalidStatus) as caught, connect(base + path):
            pass
        assert caught.value.response.status_code == 401


def test_there_is_a_most_of_clients():
    with served() as (_, server):
        clients = [Client(server) for _ in range(MOST_CLIENTS)]
        with pytest.raises(InvalidStatus) as caught, connect(server.address):
            pass
        assert caught.value.response.status_code == 503
        clients.pop().close()
        wait_for(lambda: not server.is_full())
        clients.append(Client(server))
        for client in clients:
            client.close()


SECOND = """
import json, sys
from websockets.sync.client import connect
with connect(sys.argv[1]) as session:
    model = json.loads(session.recv())["state"]["model"]
    session.send(json.dumps({"v": 1, "do": "undo", "id": 1}))
    while (message := json.loads(session.recv()))["type"] != "done":
        pass
    print(model, flush=True)
    if sys.argv[2:] == ["die"]:
        session.send(json.dumps({"v": 1, "press": 67}))
        while True:
            session.recv()
"""


def second(server, *arguments):
    """A client that knows nothing of Composer, in a process of its own."""
    command = [sys.executable, "-c", SECOND, server.address, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_a_plain_script_is_a_client_beside_another():
    with served() as (double, server):
        client = Client(server)
        script = second(server)
        assert script.communicate(timeout=30)[0] == "jsb-chorales\n"
        assert script.returncode == 0 and double.asked == [("undo",)]
        client.say(do="keep", id=1)
        assert client.hear("done")["id"] == 1
        client.close()


def test_the_keys_of_a_client_that_dies_are_let_go():
    with served() as (double, server):
        script = second(server, "die")
        wait_for(lambda: ("press", 67, 80) in double.asked)
        script.kill()
        wait_for(lambda: ("release", 67) in double.asked)
        wait_for(lambda: not server._clients)
        script.communicate(timeout=10)
        client = Client(server)
        client.close()


def test_a_slow_client_gets_the_newest_state_and_no_queue():
    """It takes nothing while a thousand states with ten thousand notes each go by."""
    with served() as (double, server):
        slow, quick = Client(server, max_queue=1), Client(server)
        before = time.monotonic()
        for number in range(40):
            notes = tuple(ShownNote(i / 4 + number, i / 4 + number + 1, 60, 1) for i in range(5000))
            double.now = replace(PLAYING, accompaniment=notes, message=f"state {number}")
            quick.until(lambda state, now=number: state["message"] == f"state {now}")
        assert time.monotonic() - before < 30
        missed = 0
        while slow.state["message"] != "state 39":
            slow.hear("state")
            missed += 1
        assert missed < 8
        assert slow.state["accompaniment"] == quick.state["accompaniment"]
        for client in (slow, quick):
            client.close()


def test_of_a_client_that_floods_the_others_feel_nothing(monkeypatch):
    with served() as (double, server):
        flood, other = Client(server), Client(server)
        over = threading.Event()

        def pour():
            try:
                while not over.is_set():
                    flood.say(do="undo")
            except ConnectionClosed:
                pass

        thread = threading.Thread(target=pour)
        began = time.monotonic()
        thread.start()
        waits = []
        for number in range(20):
            asked = time.monotonic()
            other.say(do="keep", id=number)
            assert other.hear("done")["id"] == number
            waits.append(time.monotonic() - asked)
            time.sleep(0.1)
        passed = time.monotonic() - began
        over.set()
        flood.connection.socket.close()
        thread.join(10)
        assert sorted(waits)[10] < 0.2
        taken = sum(what == ("undo",) for what in double.asked)
        assert taken <= PER_SECOND * (passed + 2)
        other.close()


def test_a_server_ends_with_a_client_that_takes_nothing(monkeypatch):
    monkeypatch.setattr(serving, "CLOSING", 0.2)
    with served() as (double, server):
        clients = [Client(server, max_queue=1) for _ in range(3)]
        notes = tuple(ShownNote(i / 4, i / 4 + 1, 60, 1) for i in range(200_000))
        double.now = replace(PLAYING, accompaniment=notes)
        time.sleep(1.0)
        before = time.monotonic()
        server.close()
        assert time.monotonic() - before < 10
    for client in clients:
        client.connection.socket.close()
    names = [thread.name for thread in threading.enumerate()]
    assert not [name for name in names if name.startswith("composer-")]


def test_without_clients_nothing_is_asked_of_the_session():
    double = Double()
    asked = []
    double.state = lambda: asked.append(1) or READY
    with Server(double, frames=100):
        time.sleep(0.2)
    assert not asked


def test_two_clients_play_one_session(tmp_path):
    """With the real session: one gives the commands, the other plays, and both see all."""
    model = composer.load_model("jsb-chorales")
    config = SessionConfig(qpm=240.0, bars=None, count_in=1)
    with (
        Sequencer(Nowhere()) as sequencer,
        Session(config, model, sequencer, takes=tmp_path) as session,
        Server(session, ("a", "b"), frames=50) as server,
    ):
        one, other = Client(server), Client(server)
        assert one.hello["models"] == ["a", "b"]
        assert one.state["voices"] == ["melody", "alto", "tenor", "bass"]
        one.say(do="start")
        for client in (one, other):
            client.until(lambda state: state["phase"] == "listening")
        other.say(press=67)
        one.until(lambda state: state["held"] == [67])
        other.say(press=300)
        assert other.hear("error")["text"] == "press is 0 to 127, got 300"
        other.say(release=67)
        one.until(lambda state: state["held"] == [])
        one.say(do="stop")
        other.until(lambda state: state["phase"] == "playing" and state["accompaniment"])
        assert other.state["melody"][0][2] == 67
        other.say(do="panic")
        one.until(lambda state: state["phase"] == "idle")
        assert one.state["takes"] == 1
        # Nothing sounds here, so the take is rendered beside: that may be said meanwhile.
        assert one.state["message"].startswith(("all notes off", "no sound here"))
        one.say(do="knob", argument=["colour", 1])
        other.until(lambda state: state["mend"] == {"way": "model", "value": None})
        for client in (one, other):
            client.close()
