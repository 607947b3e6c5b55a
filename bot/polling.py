"""Where updates come from: long polling that loses none, is stopped by none, and does not stay stuck."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from telegram import Bot
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError
from telegram.request import BaseRequest

from bot.arrivals import UPDATES_WANTED, HandingOver, Inbox, incoming_updates
from bot.backoff import Backoff, retry_after_seconds
from bot.connections import POLL_MARGIN_SECONDS, POLL_SECONDS
from bot.dispatch import ChatOrderProcessor
from bot.identity import TokenRefusedError
from bot.logs import EventLog
from bot.store import IncomingUpdate, StoreError

_log: Final = EventLog(__name__)

_BATCH: Final = 100
_WATCHDOG_SECONDS: Final = 90.0
_REFUSALS_BORNE: Final = 3
"""How often in a row a token that was good is refused before the process ends."""


@dataclass(frozen=True, slots=True)
class PollingLimits:
    """How long things may take."""

    poll_seconds: int = POLL_SECONDS
    watchdog_seconds: float = _WATCHDOG_SECONDS
    """How long one round of asking and writing down may take before it is cut off."""


class Poller:
    """Takes updates from Telegram into the inbox, and from there to the handlers.

    An update is in the inbox before Telegram is told that it was received; what was received before
    is left out. No more are fetched while the processor has no room.
    """

    def __init__(
        self,
        bot: Bot,
        request: BaseRequest,
        inbox: Inbox,
        processor: ChatOrderProcessor,
        queue: asyncio.Queue[object],
        *,
        limits: PollingLimits | None = None,
        backoff: Backoff | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        on_success: Callable[[], None] = lambda: None,
        before_acknowledging: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Take the parts.

        Args:
            bot: Whose updates; its address is asked.
            request: The connections to ask through, as `connections.polling_request` makes them, initialised.
            inbox: Where updates are written down.
            processor: Says when there is room.
            queue: Where the application takes updates from.
            limits: How long things may take.
            backoff: How long to wait after a failure.
            sleep: How waiting is done.
            on_success: Called whenever Telegram answered.
            before_acknowledging: Awaited before Telegram is told of updates that were written down, so
                that they are where a power cut leaves them; may raise StoreError, and is then awaited again.
        """
        self._bot = bot
        self._request = request
        self._inbox = inbox
        self._handing = HandingOver(bot, inbox, processor, queue)
        self._limits = limits or PollingLimits()
        self._backoff = backoff or Backoff()
        self._sleep = sleep
        self._on_success = on_success
        self._before_acknowledging = before_acknowledging
        self._is_owed = False
        self._refusals = 0

    async def run(self) -> None:
        """Hand over what an earlier process left behind, then whatever comes, until cancelled.

        Raises:
            TokenRefusedError: Telegram does not take the token any more.
        """
        try:
            await self._handing.resume()
            # Telegram knows what it was told; the inbox knows what is here already. So the first round
            # names no offset, which is also right where Telegram has begun to count anew.
            offset: int | None = None
            while True:
                fresh, offset = await self._round(offset)
                for incoming in fresh:
                    await self._handing.hand_over(incoming)
        finally:
            await self._handing.aclose()

    async def _round(self, offset: int | None) -> tuple[Sequence[IncomingUpdate], int | None]:
        """Ask once, and return what came that is new and what to ask for next; nothing after a failure."""
        try:
            async with asyncio.timeout(self._limits.watchdog_seconds):
                await self._keep_for_good()
                received = await self._fetch(offset)
                incoming = incoming_updates(received)
                fresh = await self._inbox.take_in(incoming) if incoming else ()
                self._is_owed = bool(incoming)
        except TimeoutError:
            _log.warning("poll_stalled", restarted_after_seconds=self._limits.watchdog_seconds)
            await self._request.shutdown()
            await self._request.initialize()
            return (), offset
        except TelegramError as error:
            await self._wait_after(error)
            return (), offset
        except StoreError as error:
            # What is not written down is not acknowledged, and comes again when it can be.
            _log.error("inbox_failed", error=error)
            await self._sleep(self._backoff.next_seconds())
            return (), offset
        self._on_success()
        self._refusals = 0
        if received and not incoming:
            await self._sleep(self._backoff.next_seconds())  # They will come again, and tell us nothing.
            return (), offset
        self._backoff.reset()
        return fresh, max((each.update_id + 1 for each in incoming), default=offset)

    async def _keep_for_good(self) -> None:
        """Do what is owed to the updates that the next question to Telegram acknowledges."""
        if self._is_owed and self._before_acknowledging is not None:
            await self._before_acknowledging()
        self._is_owed = False

    async def _fetch(self, offset: int | None) -> list[Any]:
        """Return the updates that wait at Telegram, as JSON: one that cannot be read must not hide others."""
        asked = {
            "timeout": self._limits.poll_seconds,
            "limit": _BATCH,
            "allowed_updates": json.dumps([str(kind) for kind in UPDATES_WANTED]),
            **({} if offset is None else {"offset": offset}),
        }
        payload = await self._request.retrieve(
            f"{self._bot.base_url}/getUpdates?{urlencode(asked)}",
            read_timeout=self._limits.poll_seconds + POLL_MARGIN_SECONDS,
        )
        answer = self._request.parse_json_payload(payload)
        result = answer.get("result") if isinstance(answer, dict) else None
        if not isinstance(result, list):
            raise TelegramError("The answer to getUpdates holds no list of updates")
        return result

    async def _wait_after(self, error: TelegramError) -> None:
        """Say what went wrong and wait as long as that wants.

        Raises:
            TokenRefusedError: The token was refused several times in a row.
        """
        seconds = self._backoff.next_seconds()
        if isinstance(error, RetryAfter):
            seconds = retry_after_seconds(error)
            _log.warning("poll_asked_to_wait", seconds=seconds)
        elif isinstance(error, InvalidToken):
            self._refusals += 1
            if self._refusals >= _REFUSALS_BORNE:
                raise TokenRefusedError from error
            _log.error("token_refused", retry_in_seconds=round(seconds, 1))
        elif isinstance(error, Conflict):
            _log.error(
                "poll_conflict",
                reason="another process polls with this token, or a webhook is set; stop the other one, "
                "or start with --take-over",
                retry_in_seconds=round(seconds, 1),
            )
        else:
            _log.warning("poll_failed", error=error, retry_in_seconds=round(seconds, 1))
        await self._sleep(seconds)
