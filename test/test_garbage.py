"""Garbage collection pauses while a large answer is read, and only then."""

from __future__ import annotations

import gc
import json
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from transport_calls import forking, in_child

import voucherify
from voucherify import garbage
from voucherify.garbage import paused_collection
from voucherify.model_schema import read_fitting

if TYPE_CHECKING:
    from collections.abc import Iterator

VOUCHER = {"code": "a", "metadata": {"a": 1}, "assets": {"qr": {"id": "q", "url": "u"}}}


@pytest.fixture
def collected() -> Iterator[list[int]]:
    """Generations that were collected."""
    found: list[int] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            found.append(info["generation"])

    gc.callbacks.append(note)
    yield found
    gc.callbacks.remove(note)
    gc.enable()


def read(vouchers: int, **changed: Any) -> Any:
    """A list of vouchers, read."""
    text = json.dumps(
        {"object": "list", "data_ref": "vouchers", "vouchers": [VOUCHER] * vouchers, "total": 1} | changed
    )
    return read_fitting(voucherify.VouchersListResponseBody, text)


def test_no_collection_while_a_large_answer_is_read(collected: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[int]] = []

    @contextmanager
    def watched() -> Iterator[None]:
        with paused_collection():
            collected.clear()
            yield
            seen.append([*collected])

    monkeypatch.setattr(garbage, "paused_collection", watched)
    read(1)
    assert seen == []
    assert len(read(1000).vouchers) == 1000
    assert seen == [[]]


@pytest.mark.parametrize("changed", [{}, {"total": "many"}])
def test_the_pause_ends_whatever_the_answer_is(changed: dict[str, Any], collected: list[int]) -> None:
    assert (read(1000, **changed) is None) is bool(changed)
    assert gc.isenabled()


def test_collection_that_is_off_stays_off(collected: list[int]) -> None:
    gc.disable()
    read(1000)
    assert not gc.isenabled()


def test_a_pause_in_a_pause(collected: list[int]) -> None:
    with paused_collection():
        with paused_collection():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


@forking
def test_a_child_that_is_forked_in_a_pause_of_another_thread_collects() -> None:
    inside, done = threading.Event(), threading.Event()

    def pause() -> None:
        with paused_collection():
            inside.set()
            done.wait(10)

    def collects() -> None:
        assert gc.isenabled()

    thread = threading.Thread(target=pause)
    thread.start()
    assert inside.wait(10)
    assert not gc.isenabled()
    try:
        in_child(collects)
    finally:
        done.set()
        thread.join()
    assert gc.isenabled()
