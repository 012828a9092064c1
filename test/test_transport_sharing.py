"""One client in many threads and processes, and what is left when it is closed."""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from hostile_server import answer, drip, full, raw, serving
from transport_calls import BODY, client, configuration, counting, established, forking, get, in_child, post, wait_until

from voucherify import rest
from voucherify.exceptions import ApiException
from voucherify.rest import RestClient
from voucherify.retry import RetryPolicy

if TYPE_CHECKING:
    from hostile_server import Peer


def echo(peer: Peer) -> bool:
    """Answer with what was sent."""
    peer.send(full(peer.request().body))
    return True


# -- threads ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slots", [100, 5])
def test_many_threads(slots: int, caplog: pytest.LogCaptureFixture) -> None:
    with serving(echo) as server, client(connection_pool_maxsize=slots) as sender:

        def work(thread: int) -> int:
            for number in range(25):
                body = b'{"thread": %d, "call": %d}' % (thread, number)
                assert sender.send(post(server.url, body=body)).data == body
            return 1

        with caplog.at_level(logging.WARNING), ThreadPoolExecutor(64) as pool:
            assert sum(pool.map(work, range(64))) == 64
        assert len(server.requests) == 64 * 25
        assert server.connections <= min(slots, 64)
        assert caplog.records == []


def test_first_calls_at_the_same_time() -> None:
    with serving(answer(BODY, after=0.05)) as server, client() as sender:
        barrier = threading.Barrier(16)

        def work(_thread: int) -> int:
            barrier.wait()
            return sender.send(post(server.url)).status

        with ThreadPoolExecutor(16) as pool:
            assert list(pool.map(work, range(16))) == [200] * 16
        assert len(sender._pools()._pools) == 1


def test_failures_give_their_place_back() -> None:
    script = [raw(b""), raw(b"", then="reset"), raw(full(BODY)[:-1]), drip(full(BODY), 0.1), raw(b"junk"), answer(BODY)]
    with serving(*script) as server, client(connection_pool_maxsize=1, retries=0, timeout=1) as sender:
        for _ in script[:-1]:
            with pytest.raises(ApiException):
                sender.send(post(server.url))
        assert sender.send(post(server.url)).data == BODY


def test_a_call_within_a_call() -> None:
    """A signal handler that sends something itself while a call is on its way."""
    with serving(answer(BODY, after=0.4), answer(b"inner"), answer(BODY)) as server, client() as sender:
        inner: list[bytes] = []

        def handler(*_arguments: object) -> None:
            inner.append(sender.send(post(server.url), 3).data)

        before = signal.signal(signal.SIGALRM, handler)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            assert sender.send(post(server.url), 2).data == BODY
        finally:
            signal.signal(signal.SIGALRM, before)
        assert inner == [b"inner"]


def test_a_call_while_another_connects(monkeypatch: pytest.MonkeyPatch) -> None:
    original = socket.getaddrinfo

    def slow(*arguments: object) -> object:
        if arguments[0] == "localhost" and not arguments[5]:
            time.sleep(0.4)
        return original(*arguments)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    with serving(raw(b"")) as server, serving(answer(BODY)) as other, client(retries=0) as sender:
        inner: list[bytes] = []

        def handler(*_arguments: object) -> None:
            inner.append(sender.send(post(other.url.replace("localhost", "127.0.0.1")), 3).data)

        before = signal.signal(signal.SIGALRM, handler)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            with pytest.raises(ApiException) as caught:
                sender.send(post(server.url), 2)
        finally:
            signal.signal(signal.SIGALRM, before)
        assert inner == [BODY]
        assert caught.value.may_have_reached_server


# -- closing ----------------------------------------------------------------------------------------------------------


@counting
def test_close_closes_sockets_and_later_calls_open_new_ones() -> None:
    with serving(answer(BODY)) as server:
        sender = RestClient(configuration())
        before = established()
        for round_number in range(3):
            sender.send(post(server.url))
            response = sender.stream(post(server.url))
            assert response.data == BODY
            assert server.connections == 2 * (round_number + 1)
            sender.close()
            sender.close()
            wait_until(lambda: established() == before)


@counting
def test_forgotten_clients_leave_no_sockets() -> None:
    with serving(answer(BODY)) as server:
        before = established()
        sender = RestClient(configuration())
        sender.send(post(server.url))
        assert established() > before
        del sender
        gc.collect()
        wait_until(lambda: established() == before)


def test_close_during_calls() -> None:
    with serving(answer(BODY, after=0.02)) as server, client(connection_pool_maxsize=3) as sender:
        stop = threading.Event()

        def work(_thread: int) -> int:
            calls = 0
            while not stop.is_set():
                assert sender.send(post(server.url)).data == BODY
                calls += 1
            return calls

        with ThreadPoolExecutor(8) as pool:
            futures = [pool.submit(work, number) for number in range(8)]
            for _ in range(20):
                time.sleep(0.02)
                sender.close()
            stop.set()
            calls = sum(future.result() for future in futures)
        assert len(server.requests) == calls


def test_close_before_use_and_between_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(answer(b"", 503), answer(BODY)) as server:
        sender = RestClient(configuration(retries=RetryPolicy(backoff=0)))
        sender.close()
        monkeypatch.setattr(rest, "sleep", lambda _seconds: sender.close())
        found = sender.send(get(server.url))
        assert (found.data, found.attempts, server.connections) == (BODY, 2, 2)
        sender.close()


# -- processes --------------------------------------------------------------------------------------------------------


@forking
@counting
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_fork_with_open_connections() -> None:
    with serving(echo) as server, client() as sender:
        sender.send(post(server.url, body=b"parent"))
        parent_socket = next(iter(sender._pools().sockets))
        number = parent_socket.fileno()

        def work() -> None:
            assert parent_socket.fileno() == -1  # the server must see it when the parent closes it
            inherited = established()
            for turn in range(3):
                assert sender.send(post(server.url, body=b"child %d" % turn)).data == b"child %d" % turn
            assert len(sender._by_process) == 1
            assert established() == inherited + 1
            in_child(grandchild)
            assert sender.send(post(server.url, body=b"again")).data == b"again"

        def grandchild() -> None:
            assert sender.send(post(server.url, body=b"grandchild")).data == b"grandchild"

        in_child(work)
        assert sender.send(post(server.url, body=b"parent again")).data == b"parent again"
        assert parent_socket.fileno() == number
        by_connection = [[r.body for r in server.requests if r.connection == c] for c in range(server.connections)]
        assert by_connection == [
            [b"parent", b"parent again"],
            [b"child 0", b"child 1", b"child 2", b"again"],
            [b"grandchild"],
        ]


@forking
def test_fork_before_the_first_call() -> None:
    with serving(echo) as server, client() as sender:

        def work() -> None:
            assert sender.send(post(server.url, body=b"child")).data == b"child"

        for _ in range(3):
            in_child(work)
        assert sender.send(post(server.url, body=b"parent")).data == b"parent"
        assert server.connections == 4


@forking
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_fork_while_other_threads_hold_locks() -> None:
    with serving(echo) as server, client(connection_pool_maxsize=2) as sender:
        sender.send(post(server.url))
        pools = sender._pools()
        (pool,) = pools._pools.values()
        assert pool.connections.pool is not None
        held = [pools._lock, pool.connections.pool.mutex, pools.budget._lock]
        pool.slots.acquire()
        pool.slots.acquire()
        for lock in held:
            lock.acquire()

        def work() -> None:
            assert sender.send(post(server.url, body=b"child"), 5).data == b"child"
            sender.close()
            pool.connections.close()  # as urllib3's finalizer does it at exit

        try:
            in_child(work)
        finally:
            for lock in held:
                lock.release()
            pool.slots.release()
            pool.slots.release()
        assert sender.send(post(server.url, body=b"parent")).data == b"parent"


SCRIPT = """
import os, signal, sys, threading
sys.path[:0] = [sys.argv[2]]
from transport_calls import client, post
with client() as sender:
    sender.send(post(sys.argv[1], body=b"parent"))
    (pool,) = sender._pools()._pools.values()
    pool.connections.pool.mutex.acquire()
    child = os.fork()
    if child == 0:
        signal.alarm(10)
        sender.send(post(sys.argv[1], body=b"child"))
        sys.exit(7)
    pool.connections.pool.mutex.release()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    sender.send(post(sys.argv[1], body=b"parent"))
sys.exit(code)
"""


@forking
def test_child_that_ends_like_a_script() -> None:
    """At exit, urllib3 empties the pools that it ever made, also those of the parent."""
    with serving(echo) as server:
        command = [sys.executable, "-W", "error", "-c", SCRIPT, server.url, os.path.dirname(__file__)]  # noqa: PTH120
        assert subprocess.run(command, check=False, timeout=30).returncode == 7
        assert [received.connection for received in server.requests] == [0, 1, 0]


UNUSED = SCRIPT.replace('sender.send(post(sys.argv[1], body=b"child"))', "pass")


@forking
def test_child_that_does_not_use_the_client_ends_too() -> None:
    with serving(echo) as server:
        command = [sys.executable, "-W", "error", "-c", UNUSED, server.url, os.path.dirname(__file__)]  # noqa: PTH120
        assert subprocess.run(command, check=False, timeout=30).returncode == 7
        assert [received.body for received in server.requests] == [b"parent", b"parent"]


@forking
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_fork_in_the_middle_of_other_threads_calls() -> None:
    with serving(echo) as server, client() as sender:
        stop = threading.Event()

        def work(thread: int) -> int:
            calls = 0
            while not stop.is_set() and calls < 300:  # so that busy threads cannot starve the forking one for long
                body = b"%d/%d" % (thread, calls)
                assert sender.send(post(server.url, body=body)).data == body
                calls += 1
                time.sleep(0.001)
            return calls

        def child() -> None:
            for turn in range(5):
                assert sender.send(post(server.url, body=b"child %d" % turn), 5).data == b"child %d" % turn

        with ThreadPoolExecutor(4) as pool:
            futures = [pool.submit(work, number) for number in range(4)]
            for _ in range(5):
                in_child(child)
            stop.set()
            calls = sum(future.result() for future in futures)
        assert len(server.requests) == calls + 25


def call_from_worker(sender: RestClient, url: str, body: bytes) -> bytes:
    return sender.send(post(url, body=body)).data


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_worker_processes(method: str) -> None:
    with serving(echo) as server, client() as sender:
        sender.send(post(server.url, body=b"parent"))
        context = multiprocessing.get_context(method)
        with context.Pool(2) as pool:
            found = pool.starmap(call_from_worker, [(sender, server.url, b"%d" % number) for number in range(6)])
        assert found == [b"%d" % number for number in range(6)]
        assert sender.send(post(server.url, body=b"parent")).data == b"parent"
        assert [r.connection for r in server.requests if r.body == b"parent"] == [0, 0]


def test_errors_come_back_from_workers() -> None:
    with client(retries=0) as sender, pytest.raises(ApiException) as caught:
        sender.send(post("http://localhost:1"))
    twin = pickle.loads(pickle.dumps(caught.value))
    assert (type(twin), str(twin)) == (type(caught.value), str(caught.value))


def test_sockets_that_are_open_are_known() -> None:
    with serving(answer(BODY)) as server, client() as sender:
        sender.send(post(server.url))
        response = sender.stream(post(server.url))
        sockets = [sock for sock in sender._pools().sockets if isinstance(sock, socket.socket) and sock.fileno() >= 0]
        assert len(sockets) == 2
        response.read()
        response.release_conn()
