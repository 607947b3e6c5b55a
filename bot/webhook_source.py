"""Updates by webhook: the server that takes them in, and Telegram being told to send them there."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn
from starlette.types import ASGIApp
from telegram import Bot
from telegram.error import TelegramError

from bot.arrivals import UPDATES_WANTED, HandingOver
from bot.backoff import Backoff
from bot.identity import answered
from bot.logs import EventLog
from bot.webhook import Condition
from bot.webhook_address import WebhookAddress
from index.errors import FootnoteError

_log: Final = EventLog(__name__)

MAX_CONNECTIONS: Final = 40
"""How many updates Telegram sends at once, of as many chats: each is answered when it is written down."""

_REQUESTS_AT_ONCE: Final = 512
"""Connections that are held at most; those of proxies and of whoever else finds the port are among them."""

_LEAD_SECONDS: Final = 1.0
"""How long updates are still taken in when it was said that this process is not ready any more: a balancer
has to ask first."""

_REQUEST_SECONDS: Final = 1
"""How long requests in hand may take at the end; what is not answered, Telegram sends again."""

_LOOK_SECONDS: Final = 20.0
"""How often it is told that all is well."""

_LOOKS_A_QUESTION: Final = 15
"""How many of those there are to one look whether Telegram still sends here: every five minutes."""


class ListeningError(FootnoteError):
    """There is no listening where the settings say."""


class WebhookSource:
    """Takes updates that Telegram sends into the inbox, from `run` until that is cancelled."""

    def __init__(
        self,
        bot: Bot,
        address: WebhookAddress,
        secret: str,
        application: ASGIApp,
        handing: HandingOver,
        condition: Condition,
        *,
        on_success: Callable[[], None] = lambda: None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Take the parts; nothing is opened yet.

        Args:
            bot: Whose updates.
            address: Where they are sent, and where to listen.
            secret: What they are sent with.
            application: Answers the requests, as `WebhookReceiver.application` does.
            handing: Takes on what an earlier process left behind.
            condition: Is told when the end was asked for.
            on_success: Called every 20 s while all is well.
            sleep: How waiting is done.
        """
        self._bot = bot
        self._address = address
        self._secret = secret
        self._handing = handing
        self._condition = condition
        self._on_success = on_success
        self._sleep = sleep
        self._server = _Server(
            uvicorn.Config(
                application,
                http="h11",
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="warning",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                limit_concurrency=_REQUESTS_AT_ONCE,
                timeout_graceful_shutdown=_REQUEST_SECONDS,
            )
        )

    async def run(self) -> None:
        """Hand over what an earlier process left, listen, and tell Telegram; until cancelled.

        Cancelled, it says first that it is not ready any more, then takes in no more, then ends.

        Raises:
            ListeningError: There is no listening at the address.
            TokenRefusedError: Telegram does not know the token.
            BotRefusedError: It refuses the webhook.
            StoreError: What was left behind cannot be read.
        """
        try:
            await self._handing.resume()
            await self._serve()
        finally:
            await self._handing.aclose()

    async def _serve(self) -> None:
        with _listening(self._address) as listener:
            serving = asyncio.create_task(self._server.serve([listener]), name="serving")
            telling = asyncio.create_task(self._tell(listener.getsockname()[1]), name="telling")
            try:
                await asyncio.wait({serving, telling}, return_when=asyncio.FIRST_COMPLETED)
                for task in (telling, serving):
                    if task.done():
                        task.result()
            finally:
                telling.cancel()
                self._condition.draining = True
                await self._sleep(_LEAD_SECONDS)
                self._server.should_exit = True
                await asyncio.wait({serving, telling})

    async def _tell(self, port: int) -> None:
        """Set the webhook, then look from time to time whether it still is."""
        await answered(self._set, Backoff(), self._sleep)
        _log.info("webhook_set", url=self._address.url, host=self._address.host, port=port)
        looks = 0
        while True:
            if (await self._condition.readiness()).is_ready:
                self._on_success()
            await self._sleep(_LOOK_SECONDS)
            looks += 1
            if looks % _LOOKS_A_QUESTION == 0:
                await self._look()

    async def _set(self) -> bool:
        return await self._bot.set_webhook(
            self._address.url,
            secret_token=self._secret,
            allowed_updates=[str(kind) for kind in UPDATES_WANTED],
            max_connections=MAX_CONNECTIONS,
        )

    async def _look(self) -> None:
        """Say where Telegram does not send here any more, or cannot."""
        try:
            found = await self._bot.get_webhook_info()
        except TelegramError as error:
            _log.warning("webhook_not_looked_at", error=error)
            return
        if found.url != self._address.url:
            _log.error(
                "webhook_lost",
                reason="another program took the bot over; stop it, and start this one with --take-over",
            )
        elif found.pending_update_count and found.last_error_message:
            _log.warning(
                "webhook_failing", waiting=found.pending_update_count, reason=found.last_error_message
            )


class _Server(uvicorn.Server):
    """A server that leaves signals to whoever runs it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


@contextmanager
def _listening(address: WebhookAddress) -> Iterator[socket.socket]:
    """Give a socket that listens.

    Raises:
        ListeningError: The address is taken, or none of this machine's.
    """
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    # With the protocol named, asyncio sends small answers at once (TCP_NODELAY).
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((address.host, address.port))
            listener.listen(_REQUESTS_AT_ONCE)
        except OSError as error:
            raise ListeningError(
                f"There is no listening at {address.host}, port {address.port} ({error.strerror}); expected "
                "a free port of this machine; set FOOTNOTE_WEBHOOK_LISTEN to one."
            ) from error
        listener.setblocking(False)
        yield listener
    finally:
        listener.close()
