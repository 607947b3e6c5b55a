"""How long to wait before trying again, and until when something must be done."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from contextvars import ContextVar
from datetime import timedelta
from typing import Final

from telegram.error import RetryAfter

_current: ContextVar[asyncio.Timeout | None] = ContextVar("deadline", default=None)


class Backoff:
    """Waits that double from the first to the longest, each shortened by up to half at random.

    The chance in it keeps many that failed together from coming back together.
    """

    def __init__(
        self, first_seconds: float = 0.5, longest_seconds: float = 30.0, chance: random.Random | None = None
    ) -> None:
        """Name the bounds, and the source of chance for a test."""
        self._first_seconds: Final = first_seconds
        self._longest_seconds: Final = longest_seconds
        self._chance = chance or random.Random()
        self._next_seconds = first_seconds

    def next_seconds(self) -> float:
        """Return how long to wait now; the next wait is twice as long."""
        seconds = self._next_seconds
        self._next_seconds = min(2 * seconds, self._longest_seconds)
        return seconds * self._chance.uniform(0.5, 1.0)

    def reset(self) -> None:
        """Begin again with the first wait, because it went well."""
        self._next_seconds = self._first_seconds


def retry_after_seconds(error: RetryAfter) -> float:
    """Return how long Telegram asks to wait."""
    wait = error.retry_after
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)


@contextlib.asynccontextmanager
async def deadline(seconds: float) -> AsyncIterator[None]:
    """Cancel the block after so many seconds, but for the waits that `extend_deadline` adds.

    Raises:
        TimeoutError: It was cancelled for that.
    """
    async with asyncio.timeout(seconds) as timeout:
        before = _current.set(timeout)
        try:
            yield
        finally:
            _current.reset(before)


def extend_deadline(seconds: float) -> None:
    """Move the deadline that this code runs under, if any: for a wait that Telegram asks for."""
    timeout = _current.get()
    if timeout is None or (when := timeout.when()) is None:
        return
    # A task that outlives the block it was started in has no deadline any more.
    with contextlib.suppress(RuntimeError):
        timeout.reschedule(when + seconds)
