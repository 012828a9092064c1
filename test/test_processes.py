"""One client in many processes: forked with and without open connections, pickled into workers, closed."""

from __future__ import annotations

import logging
import multiprocessing
import os
import pickle
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import pytest
from hostile_server import answer, serving
from kinds import KEYS, KINDS, client_of, every_kind
from marked_calls import call, check, counts, serving_apart
from transport_calls import counting, established, forking, in_child, wait_until

import voucherify
from voucherify.exceptions import (
    ApiConnectionException,
    ApiException,
    ApiValueError,
    NotFoundException,
    TooManyRequestsException,
)

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*fork.*:DeprecationWarning",  # Python's, where there are threads
    "ignore:.*deprecated.*:DeprecationWarning",  # of operations
)

ALL = range(len(KINDS))
SPAWNING = multiprocessing.get_context("spawn")
METHODS = multiprocessing.get_all_start_methods()


@pytest.fixture(scope="module")
def url():
    with serving_apart() as url:
        yield url


def call_all(client, first=0):
    """One call of each kind."""
    for number in ALL:
        check(first + number, call(client, first + number))


# -- forks ------------------------------------------------------------------------------------------------------------


@forking
@pytest.mark.parametrize("begun", [True, False], ids=["with open connections", "before the first call"])
def test_forked_children_make_every_kind_of_call_beside_the_parent(begun):
    with serving_apart() as url, client_of(url, retries=0) as client:
        if begun:
            call_all(client)
        before = counts(url)["connections"]
        for child in range(1, 4):
            in_child(lambda: call_all(client, 1000 * child))  # noqa: B023  done before the next one
            call_all(client, 2000 * child)
        found = counts(url)
        assert found["taken"] == len(KINDS) * (7 if begun else 6)
        assert found["connections"] - before == 3 + (not begun) + 1  # one per child, and one was for the counts


@forking
def test_answer_that_a_parent_is_reading_stays_with_it():
    body = b'{"mark": "' + b"x" * 200_000 + b'"}'
    with serving(answer(body)) as server, client_of(server.url) as client:
        events = voucherify.EventsApi(client)
        response = events.track_custom_event_without_preload_content({"event": "a"})
        first = response.read(10)

        def child():
            assert events.track_custom_event({"event": "b"}).mark == "x" * 200_000
            response.close()

        in_child(child)
        assert first + response.read() == body
        response.release_conn()
        assert events.track_custom_event({"event": "c"}).mark == "x" * 200_000


PRELOADED = """
import os, signal, sys, threading
sys.path[:0] = [sys.argv[1]]
from concurrent.futures import ThreadPoolExecutor
import voucherify
from kinds import client_of
from marked_calls import call, check, counts

def work(first):
    with ThreadPoolExecutor(4) as threads:
        for number, response in threads.map(lambda number: (number, call(client, number)), range(first, first + 400)):
            check(number, response)

voucherify.preload()
loaded = {name for name in sys.modules if name.startswith("voucherify")}
client = client_of(sys.argv[2], retries=0)
work(0)
children = []
stop = threading.Event()
def go_on():
    while not stop.is_set():
        work(1000)
going_on = threading.Thread(target=go_on)
going_on.start()
for worker in range(4):
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        work(10_000 * (worker + 1))
        assert {name for name in sys.modules if name.startswith("voucherify")} == loaded
        sys.exit(40 + worker)
    children.append(child)
print([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children])
stop.set()
going_on.join()
before = counts(sys.argv[2])["connections"]
work(2000)
print(counts(sys.argv[2])["connections"] - before)
client.close()
"""


@forking
def test_workers_of_a_server_that_preloads(url):
    """As gunicorn does it: load, use the client, fork workers that serve calls, and go on in the parent."""
    options = ["-W", "error", "-W", "ignore::DeprecationWarning"]
    command = [sys.executable, *options, "-c", PRELOADED, os.path.dirname(__file__), url]  # noqa: PTH120
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    # The parent's connections are as good as before: the only new one is that of the second question for counts.
    assert (done.stderr, done.stdout, done.returncode) == ("", "[40, 41, 42, 43]\n1\n", 0)


# -- workers ----------------------------------------------------------------------------------------------------------


def checked_call(client, number):
    """In a worker: make a call and send everything back."""
    response = call(client, number)
    check(number, response)
    return number, response, repr(client)


@pytest.mark.parametrize("method", METHODS)
def test_client_in_a_pool_of_processes(method, url):
    with client_of(url, retries=0) as client:
        call_all(client)
        shown = repr(client)
        with multiprocessing.get_context(method).Pool(2) as workers:
            for number, response, there in workers.starmap(checked_call, [(client, n) for n in ALL]):
                check(number, response)  # typed and whole here too
                assert there == shown
            workers.close()
            workers.join()
        call_all(client, 1000)


def level_of_log(_client):
    return logging.getLogger("voucherify").level


def test_debugging_goes_along(url):
    client = client_of(url, debug=True)
    try:
        with ProcessPoolExecutor(1, SPAWNING) as workers:
            assert workers.submit(level_of_log, client).result(60) == logging.DEBUG
    finally:
        client.configuration.debug = False


def test_methods_of_resources_in_an_executor_that_spawns(url):
    with client_of(url, retries=0) as client, ProcessPoolExecutor(2, SPAWNING) as workers:
        track = voucherify.EventsApi(client).track_custom_event
        mark = {"X-Mark": "call-1"}
        futures = [workers.submit(track, {"event": "call-1"}, _headers=mark) for _ in range(4)]
        assert [future.result(60).mark for future in futures] == ["call-1"] * 4
        with pytest.raises(ApiValueError, match=r"`events_create_request_body\.customer`"):
            workers.submit(track, {"event": "call-1", "customer": "wrong"}).result(60)
        with pytest.raises(ApiValueError, match="X-App-Id"):
            workers.submit(voucherify.EventsApi(client_without_keys(url)).track_custom_event).result(60)


def client_without_keys(url):
    return voucherify.ApiClient(voucherify.Configuration(host=url))


@pytest.mark.parametrize("method", METHODS)
def test_errors_come_back_from_workers(method):
    body = b'{"code": 404, "key": "not_found", "message": "gone", "request_id": "v-1", "resource_id": "SUMMER"}'
    limits = ("X-Rate-Limit-Limit: 100", "X-Rate-Limit-Remaining: 0", "X-Rate-Limit-Retry: 4102444800")
    script = [answer(body, 404), answer(b"{}", 429, *limits), answer(b"<html>", 200)]
    with serving(*script) as server, client_of(server.url, retries=0) as client:
        with ProcessPoolExecutor(1, multiprocessing.get_context(method)) as workers:
            get = voucherify.VouchersApi(client).get_voucher
            errors = [workers.submit(get, "SUMMER").exception(60) for _ in script]
            client.configuration.host = "http://localhost:1"
            errors.append(workers.submit(get, "SUMMER").exception(60))
        gone, limited, unreadable, refused = errors
        assert type(gone) is NotFoundException
        assert (gone.status, gone.key, gone.request_id, gone.resource_id) == (404, "not_found", "v-1", "SUMMER")
        assert gone.body == body.decode()
        assert type(limited) is TooManyRequestsException
        assert (limited.rate_limit.limit, limited.rate_limit.remaining) == (100, 0)
        assert isinstance(unreadable, ApiException)
        assert (unreadable.status, unreadable.body) == (200, "<html>")
        assert type(refused) is ApiConnectionException
        assert not refused.may_have_reached_server
        assert not any(key in str(error) + repr(error) for error in errors for key in KEYS.values())


def test_pickled_client_is_the_same_one_with_connections_of_its_own(url):
    with client_of(url, retries=0, timeout=33, proxy_headers={"X-Proxy": "p"}) as client:
        client.configuration.access_token = "secret-token"
        client.set_default_header("X-Own", "own")
        client.cookie = "a=b"
        call_all(client)
        twin = pickle.loads(pickle.dumps(client))
        with twin:
            assert twin.default_headers == client.default_headers
            assert twin.cookie == "a=b"
            assert vars(twin.configuration) == vars(client.configuration)
            assert twin.configuration is twin.rest_client._configuration
            assert repr(twin) == repr(client)
            assert "***" in repr(twin)
            assert not any(secret in repr(twin) for secret in [*KEYS.values(), "secret-token"])
            before = counts(url)["connections"]
            call_all(twin)
            call_all(client)
            assert counts(url)["connections"] - before == 2  # one of the twin, one for the counts


# -- closing ----------------------------------------------------------------------------------------------------------


@counting
@every_kind
def test_leaving_with_closes_sockets_and_later_use_opens_new_ones(kind, url):
    number = KINDS.index(kind)
    before = established()
    with client_of(url, retries=0) as client:
        for _ in range(2):
            check(number, call(client, number))
            assert established() == before + 1
            client.close()
            assert established() == before
            client.close()
        check(number, call(client, number))
        assert established() == before + 1
    assert established() == before
    with client:
        check(number, call(client, number))
    assert established() == before


@counting
def test_closing_again_and_again_during_calls_loses_none(url):
    before = established()
    with client_of(url, retries=0, connection_pool_maxsize=5) as client:
        stop = threading.Event()

        def work(thread):
            number = 0
            while not stop.is_set():
                number += 1
                check(thread * 10_000 + number, call(client, thread * 10_000 + number))
            return number

        with ThreadPoolExecutor(8) as threads:
            futures = [threads.submit(work, thread) for thread in range(8)]
            for _ in range(200):
                time.sleep(0.005)
                client.close()
            stop.set()
            assert all(future.result() for future in futures)
    wait_until(lambda: established() == before)


LEAKS = """
import gc, socket, threading
def test_socket(): socket.socket(); gc.collect()
def test_file(tmp_path): (tmp_path / "f").open("w"); gc.collect()
def test_thread():
    thread = threading.Thread(target=lambda: 1 / 0)
    thread.start()
    thread.join()
def test_well(): pass
"""


def test_what_a_test_leaves_open_fails_it(tmp_path):
    """Under the settings of this suite a ResourceWarning is an error, also where Python can't raise it."""
    (tmp_path / "test_leaks.py").write_text(LEAKS)
    settings = os.path.join(os.path.dirname(__file__), "..", "pyproject.toml")  # noqa: PTH118, PTH120
    command = [sys.executable, "-m", "pytest", "-q", "-c", settings, "--rootdir", tmp_path, "-p", "no:cacheprovider"]
    done = subprocess.run([*command, tmp_path], capture_output=True, text=True, check=False, timeout=60)
    assert "3 failed, 1 passed" in done.stdout
    assert done.stdout.count("ResourceWarning: unclosed") >= 2
