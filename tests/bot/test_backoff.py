"""Waits grow, stay within their bounds, and are not the same for all; deadlines move where asked."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram.error import RetryAfter

from bot.backoff import Backoff, deadline, extend_deadline, retry_after_seconds


@given(st.integers(), st.floats(0.01, 10), st.floats(1, 100))
def test_waits_double_up_to_the_longest(seed: int, first: float, times: float) -> None:
    longest = first * times
    backoff = Backoff(first, longest, random.Random(seed))
    for place in range(12):
        full = min(first * 2**place, longest)
        assert full * 0.499 <= backoff.next_seconds() <= full * 1.001
    backoff.reset()
    assert backoff.next_seconds() <= first


@pytest.mark.parametrize("wait", [17, timedelta(seconds=17)])
@pytest.mark.parametrize("as_time_span", ["true", "false"])
@pytest.mark.filterwarnings("ignore:.*retry_after.*")
def test_seconds_are_told_however_the_library_has_them(
    monkeypatch: pytest.MonkeyPatch, wait: int | timedelta, as_time_span: str
) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", as_time_span)
    assert retry_after_seconds(RetryAfter(wait)) == 17.0


def test_a_block_that_takes_too_long_is_cancelled() -> None:
    async def run() -> None:
        async with deadline(0.0):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        asyncio.run(run())


def test_a_task_that_outlives_its_deadline_may_still_ask_for_more() -> None:
    async def outlive(ended: asyncio.Event) -> str:
        await ended.wait()
        extend_deadline(1.0)
        return "done"

    async def run() -> str:
        ended = asyncio.Event()
        async with deadline(60.0):
            task = asyncio.create_task(outlive(ended))
            await asyncio.sleep(0)
        ended.set()
        return await task

    assert asyncio.run(run()) == "done"


def test_without_a_deadline_there_is_nothing_to_move() -> None:
    extend_deadline(1.0)
