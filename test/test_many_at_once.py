"""One client for many threads: no answer gets lost or goes astray, and nothing of the first use goes wrong."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from kinds import client_of
from marked_calls import call, check, counts, serving_apart

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
