"""One message that follows something as it goes on, and is not changed more often than it may be."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Final, Self

from bot.cards import Card

EDIT_EVERY_SECONDS: Final = 2.0
"""How long a message stays as it is at least."""


class LiveMessage:
    """A message that comes to show the newest card: in `async with`, at whose end it stays as it is."""

    def __init__(
        self,
        show: Callable[[Card], Awaitable[bool]],
        *,
        every_seconds: float = EDIT_EVERY_SECONDS,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Say how a card is shown.

        Args:
            show: Sends or edits the message, and returns whether it now shows the card.
            every_seconds: How long to wait after that at least.
            sleep: How waiting is done.
            clock: Tells the time in seconds.
        """
        self._show = show
        self._every_seconds = every_seconds
        self._sleep = sleep
        self._clock = clock
        self._turn = float("-inf")
        self._newest: Card | None = None
        self._shown: Card | None = None
        self._showing: asyncio.Task[None] | None = None

    def put(self, card: Card) -> None:
        """Have a card shown when it is its turn, unless there is a newer one then."""
        self._newest = card
        if self._showing is None or self._showing.done():
            self._showing = asyncio.create_task(self._show_newest(), name="live message")

    async def finish(self, card: Card) -> bool:
        """Show the last card, when it is its turn, and return whether the message shows it."""
        self.put(card)
        assert self._showing is not None
        await self._showing
        return self._shown == card

    async def __aenter__(self) -> Self:
        """Begin; nothing is shown yet."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Show nothing any more."""
        if self._showing is not None:
            self._showing.cancel()
            await asyncio.wait([self._showing])

    async def _show_newest(self) -> None:
        while self._newest is not None:
            # What is newest is seen after the wait, not before it.
            if (wait := self._turn - self._clock()) > 0:
                await self._sleep(wait)
            card, self._newest = self._newest, None
            if card != self._shown:
                self._shown = card if await self._show(card) else None
                self._turn = self._clock() + self._every_seconds
