"""One client for many threads: no answer gets lost or goes astray, and nothing of the first use goes wrong."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from kinds import client_of
from marked_calls import call, check, counts, serving_apart
from transport_calls import forking

import voucherify

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # some kinds are deprecated operations


@pytest.mark.parametrize(("slots", "calls"), [(100, 20_000), (7, 2_000)])
def test_every_call_of_64_threads_gets_its_own_answer(slots, calls, caplog):
    with serving_apart() as url, client_of(url, connection_pool_maxsize=slots, retries=0) as client:
        together = threading.Barrier(64)

        def work(thread):
            together.wait(60)
            done = 0
            for number in range(thread, calls, 64):
                check(number, call(client, number))
                done += 1
            return done

        with caplog.at_level(logging.WARNING), ThreadPoolExecutor(64) as threads:
            assert sum(threads.map(work, range(64))) == calls
        assert caplog.records == []  # urllib3 warns when it throws a connection away
        found = counts(url)
        assert (found["taken"], found["repeated"]) == (calls, {})
        assert found["connections"] - 1 <= min(slots, 64)  # one was for the counts


# -- first use --------------------------------------------------------------------------------------------------------

FIRST_USE = """
import random, sys, threading
sys.path[:0] = [sys.argv[1]]
url, seed = sys.argv[2], int(sys.argv[3])
from concurrent.futures import ThreadPoolExecutor
import voucherify
names = random.Random(seed).sample(voucherify.models.__all__, 200)
together = threading.Barrier(16)

def work(thread):
    together.wait(60)
    from kinds import client_of
    from marked_calls import call, check
    with client_of(url) as client:
        for number in range(thread // 2, thread // 2 + 14):  # each kind, two threads at the same one
            check(number, call(client, number))
    for name in names[thread // 4 * 50:][:50]:  # four threads at the same one
        model = getattr(voucherify, name)
        if issubclass(model, voucherify.base_model.BaseModel):
            found = model.from_json('{"mark": {"a": [1]}}')
            assert (type(found), found.to_dict()) == (model, {"mark": {"a": [1]}}), name
            assert model(mark=2) == model.from_dict({"mark": 2}), name
    return 1

with ThreadPoolExecutor(16) as threads:
    print(sum(threads.map(work, range(16))), threading.active_count() - 16)
"""


@pytest.mark.parametrize("seed", range(5))
def test_first_use_of_everything_in_16_threads(seed):
    with serving_apart() as url:
        assert run(FIRST_USE, url, str(seed)) == "16 1\n"


FORKS = """
import os, random, signal, sys, threading
sys.path[:0] = [sys.argv[1]]
url, seed = sys.argv[2], int(sys.argv[3])
import voucherify
from transport_calls import in_child
randomly = random.Random(seed)
names = randomly.sample(voucherify.models.__all__, 240)
begun, stop = threading.Barrier(5), threading.Event()

def use(name):
    model = getattr(voucherify, name)
    if issubclass(model, voucherify.base_model.BaseModel):
        assert model.from_dict({"mark": 1}).to_dict() == {"mark": 1}

def work(some):
    begun.wait(60)
    for name in some:
        if not stop.is_set():
            use(name)

def child():
    for name in randomly.sample(names, 10):
        use(name)

threads = [threading.Thread(target=work, args=(names[number::4],)) for number in range(4)]
for thread in threads:
    thread.start()
begun.wait(60)
for _ in range(6):
    in_child(child)
stop.set()
for thread in threads:
    thread.join()
print("well")
"""


@forking
@pytest.mark.parametrize("seed", range(4))
def test_fork_while_other_threads_load_and_build(seed):
    assert run(FORKS, "", str(seed)) == "well\n"


@pytest.mark.parametrize("kind", [voucherify.Configuration, voucherify.ApiClient])
def test_threads_that_ask_for_the_default_at_the_same_time_get_the_same_one(kind):
    together = threading.Barrier(8)

    class Slow(kind):
        def __init__(self):
            super().__init__()
            together.wait(60)

    with ThreadPoolExecutor(8) as threads:
        found = set(threads.map(id, threads.map(lambda _: Slow.get_default(), range(8))))
    assert found == {id(kind.get_default())}


def run(script, *arguments):
    """Run `script` in a fresh interpreter; answers what it prints."""
    options = ["-W", "error", "-W", "ignore::DeprecationWarning"]  # of Python's about forks, and of some operations
    command = [sys.executable, *options, "-c", script, os.path.dirname(__file__), *arguments]  # noqa: PTH120
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout
