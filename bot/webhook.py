"""What Telegram, a balancer and a supervisor ask over HTTP: to take an update in, and how things are.

An update is in the inbox before Telegram is told that it was received. What does not say the secret is
turned away before its body is read, and no more of a body is read than an update can have.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Final

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.arrivals import HandingOver, Inbox, incoming_updates
from bot.logs import EventLog
from bot.store_faults import StoreError
from bot.webhook_address import HEALTH_PATH, READINESS_PATH

_log: Final = EventLog(__name__)

SECRET_HEADER: Final = "X-Telegram-Bot-Api-Secret-Token"

MOST_BODY_BYTES: Final = 1024 * 1024
"""An update with two messages of the greatest length, 100 entities each and a keyboard has about 100 kB."""

_BODY_SECONDS: Final = 10.0
"""How long a body may take to come."""

_LOOK_SECONDS: Final = 2.0
"""How long the database may take to answer when it is asked whether it does."""

_KEPT_SECONDS: Final = 1.0
"""How long its answer holds: whoever asks often does not keep it busy."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether updates may be sent here just now, and what that hangs on."""

    index: bool
    """An index is open."""
    database: bool
    """The state can be reached."""
    draining: bool
    """The end was asked for."""

    @property
    def is_ready(self) -> bool:
        """Whether all is as it should be."""
        return self.index and self.database and not self.draining


class Condition:
    """Finds out whether updates may be sent here."""

    def __init__(
        self,
        index_is_open: Callable[[], bool],
        reach_database: Callable[[], Awaitable[None]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Say how the parts are asked.

        Args:
            index_is_open: Whether an index is open.
            reach_database: Asks the database something; raises StoreError where it does not answer.
            clock: Seconds from some moment on.
        """
        self.draining = False
        """Whether the end was asked for; whoever asks is told from then on."""
        self._index_is_open = index_is_open
        self._reach_database = reach_database
        self._clock = clock
        self._reached = False
        self._looked_at: float | None = None
        self._looking = asyncio.Lock()

    async def readiness(self) -> Readiness:
        """Return how things are, the database asked at most once a second."""
        async with self._looking:
            now = self._clock()
            if self._looked_at is None or now - self._looked_at >= _KEPT_SECONDS:
                self._reached = await self._reach()
                self._looked_at = self._clock()
        return Readiness(self._index_is_open(), self._reached, self.draining)

    async def _reach(self) -> bool:
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                await self._reach_database()
        except (StoreError, TimeoutError) as error:
            _log.warning("database_not_reached", error=error)
            return False
        return True


class WebhookReceiver:
    """Answers the requests that come to a webhook's path, and those about health and readiness."""

    def __init__(
        self,
        path: str,
        secret: str,
        inbox: Inbox,
        handing: HandingOver,
        condition: Condition,
        *,
        before_acknowledging: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Take the parts.

        Args:
            path: Where updates come.
            secret: What they come with.
            inbox: Where they are written down.
            handing: Takes those on that are this process's to handle.
            condition: Says whether it is ready.
            before_acknowledging: Awaited before Telegram is told of an update that was written down, so
                that it is where a power cut leaves it; where it raises StoreError, Telegram sends again.
        """
        self._secret = secret.encode()
        self._inbox = inbox
        self._handing = handing
        self._condition = condition
        self._before_acknowledging = before_acknowledging
        self.application = Starlette(
            routes=[
                Route(path, self._take_in, methods=["POST"]),
                Route(HEALTH_PATH, self._tell_health, methods=["GET"]),
                Route(READINESS_PATH, self._tell_readiness, methods=["GET"]),
            ]
        )
        """What a server serves."""

    async def _take_in(self, request: Request) -> Response:
        """Write an update down and answer 200; with anything else, Telegram will send it again."""
        said = request.headers.get(SECRET_HEADER, "").encode("utf-8", "replace")
        if not hmac.compare_digest(said, self._secret):
            _log.warning("webhook_without_secret")
            return _answer(403)
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                body = await _body(request)
        except (TimeoutError, ClientDisconnect):
            return _answer(408)
        if body is None:
            _log.warning("webhook_body_too_large", most_bytes=MOST_BODY_BYTES)
            return _answer(413)
        try:
            update = json.loads(body)
        except (ValueError, RecursionError):
            # Something on the way broke it, so that it may well come whole the next time.
            _log.warning("webhook_body_broken", bytes=len(body))
            return _answer(400)
        # What has no number would come again and again, and hold up its chat: it is logged and let go.
        incoming = incoming_updates([update])
        try:
            fresh = await self._inbox.take_in(incoming)
            for each in fresh:
                # Waits for room; Telegram sends no more at once than it was told that it may.
                await self._handing.hand_over(each)
            if incoming and self._before_acknowledging is not None:
                await self._before_acknowledging()
        except StoreError as error:
            _log.error("inbox_failed", error=error)
            return _answer(503)
        return _answer(200)

    async def _tell_health(self, _: Request) -> Response:
        """Answer at all: the process lives and its event loop turns."""
        return PlainTextResponse("ok\n")

    async def _tell_readiness(self, _: Request) -> Response:
        """Answer 200 where updates may be sent here, else 503, with what that hangs on."""
        readiness = await self._condition.readiness()
        return JSONResponse(
            {"ready": readiness.is_ready, **asdict(readiness)}, 200 if readiness.is_ready else 503
        )


async def _body(request: Request) -> bytes | None:
    """Return the body, None where it is too large, of which no more is read than that."""
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and (len(announced) > 9 or int(announced) > MOST_BODY_BYTES):
        return None
    body = bytearray()
    async for chunk in request.stream():
        if len(body) + len(chunk) > MOST_BODY_BYTES:
            return None
        body += chunk
    return bytes(body)


def _answer(status: int) -> Response:
    # After a refusal the rest of a body may still be on its way, and is not waited for.
    return Response(status_code=status, headers={} if status == 200 else {"Connection": "close"})
