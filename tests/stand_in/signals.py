"""Wakes coroutines of the server's thread from any thread."""

from __future__ import annotations

import asyncio


class Signal:
    """Something that may have changed; whoever waits looks again when it fires."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: set[asyncio.Future[None]] = set()

    def bind(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """Say in which loop the waiting is done; None when it has ended."""
        self._loop = loop

    def fire(self) -> None:
        """Wake all who wait now; harmless where nobody does, in any thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._wake)

    async def wait(self, timeout_seconds: float) -> None:
        """Return when it fires or the time is over."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        try:
            await asyncio.wait([future], timeout=timeout_seconds)
        finally:
            self._waiting.discard(future)
            future.cancel()

    def _wake(self) -> None:
        for future in self._waiting:
            if not future.done():
                future.set_result(None)
