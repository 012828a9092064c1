"""One client in many threads and processes."""

from __future__ import annotations

import copy
import gc
import io
import json
import logging
import multiprocessing
import os
import pickle
import signal
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hostile_server import answer, full, serving

from probes import probe
from probes.calls import EVENT_BYTES, KEYS, VOUCHER, VOUCHER_BYTES, client, get, outcome, track

if TYPE_CHECKING:
    from collections.abc import Callable

    from hostile_server import Peer

    import voucherify

THREADS = 64
CALLS = 2000


def echo(peer: Peer) -> bool:
    """Answer with the voucher that was asked for."""
    code = peer.request().target.rpartition("/")[2]
    body = json.dumps({**VOUCHER, "code": code}).encode()
    peer.wait(0.01)  # so that calls overlap
    peer.send(full(body))
    return True


@probe(f"{CALLS} calls in {THREADS} threads", right=f"each has its answer, no warning, at most {THREADS} connections")
def _() -> str:
    log = io.StringIO()
    logging.basicConfig(stream=log, level=logging.WARNING, force=True)
    with serving(echo) as server:
        sender = client(server.url)
        with ThreadPoolExecutor(THREADS) as threads:
            codes = list(threads.map(lambda number: get(sender, code=f"c{number}").code, range(CALLS)))
        wrong = sum(code != f"c{number}" for number, code in enumerate(codes))
        opened = f"at most {THREADS}" if server.connections <= THREADS else f"more than {THREADS}"
    warned = len(log.getvalue().splitlines())
    answers = f"{wrong} wrong answers" if wrong else "each has its answer"
    return f"{answers}, {'warnings of the pool' if warned else 'no warning'}, {opened} connections"


@probe(f"{THREADS} threads with `connection_pool_maxsize=4`", right="at most 4 connections at once")
def _() -> str:
    with serving(echo) as server:
        sender = client(server.url, connection_pool_maxsize=4)
        with ThreadPoolExecutor(THREADS) as threads:
            list(threads.map(lambda number: get(sender, code=f"c{number}"), range(300)))
        return f"{'at most' if server.most_open <= 4 else 'more than'} 4 connections at once"


def in_child(call: Callable[[], Any]) -> str:
    """The outcome of `call` in a forked process."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(10)
        os.write(writing, outcome(call).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        result = pipe.read()
    os.waitpid(child, 0)
    return result


@probe("fork with an open connection", right="an answer, over a connection of its own")
def _() -> str:
    with serving(answer(VOUCHER_BYTES)) as server:
        sender = client(server.url)
        get(sender)
        result = in_child(lambda: get(sender))
        shared = server.requests[0].connection == server.requests[-1].connection
        return f"{result}, over {'the connection of its parent' if shared else 'a connection of its own'}"


def _in_worker(sender: voucherify.ApiClient) -> str:
    return outcome(lambda: track(sender))


@probe("a client that is sent to a process started with `spawn`", right="an answer")
def _() -> str:
    with serving(answer(EVENT_BYTES)) as server:
        sender = client(server.url)
        track(sender)
        with multiprocessing.get_context("spawn").Pool(1) as workers:
            return str(workers.apply(_in_worker, (sender,)))


@probe("pickling a configuration", right="keys and host come back")
def _() -> str:
    configuration = client("https://us1.api.voucherify.io").configuration
    duplicate = pickle.loads(pickle.dumps(configuration))
    same = (duplicate.api_key, duplicate.host) == (KEYS, configuration.host)
    return "keys and host come back" if same else "something is lost"


@probe("pickling a client that has connections", right="an answer")
def _() -> str:
    with serving(answer(EVENT_BYTES)) as server:
        sender = client(server.url)
        track(sender)
        return outcome(lambda: track(pickle.loads(pickle.dumps(sender))))


@probe("copy.deepcopy() of a client that has connections", right="an answer")
def _() -> str:
    with serving(answer(EVENT_BYTES)) as server:
        sender = client(server.url)
        track(sender)
        return outcome(lambda: track(copy.deepcopy(sender)))


@probe("the end of `with ApiClient(...)`", right="the sockets are closed, a later call works")
def _() -> str:
    with serving(answer(EVENT_BYTES)) as server:
        with client(server.url) as sender:
            track(sender)
            before = sockets()
        closed = before > sockets()
        later = outcome(lambda: track(sender), "a later call works")
        return f"the sockets {'are closed' if closed else 'stay open'}, {later}"


def sockets() -> int:
    """Sockets of this process that the system knows of."""
    found = 0
    for descriptor in range(3, 256):
        try:
            found += str(Path(f"/proc/self/fd/{descriptor}").readlink()).startswith("socket:")
        except OSError:
            continue
    return found


@probe("a client that is forgotten", right="no ResourceWarning")
def _() -> str:
    with warnings.catch_warnings(record=True) as caught, serving(answer(EVENT_BYTES)) as server:
        warnings.simplefilter("always")
        track(client(server.url))
        gc.collect()
        kinds = {warning.category.__name__ for warning in caught}
    return f"{', '.join(sorted(kinds))}" if kinds else "no ResourceWarning"
