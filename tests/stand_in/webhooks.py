"""Webhooks: setting them, and delivering updates, one after another a chat, again until they are taken."""

from __future__ import annotations

import asyncio
import re
import time
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from tests.stand_in.methods_messages import Act
from tests.stand_in.parameters import Parameters
from tests.stand_in.refusals import bad_request
from tests.stand_in.signals import Signal
from tests.stand_in.updates import Update
from tests.stand_in.world import World

_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{1,256}")
_CONNECTIONS: Final = 40
_LONGEST_BACKOFF_SECONDS: Final = 1.0
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")


class Webhooks:
    """The webhook, where one is set, and the deliveries in progress."""

    def __init__(self, world: World, signal: Signal) -> None:
        self._world = world
        self._signal = signal
        self.url = ""
        self.backoff_seconds = 0.05
        """The wait after the first failure; it doubles with each, to a second at most."""
        self.failures: list[str] = []
        """Why deliveries failed, one by one."""
        self._failed_at = 0
        self._secret = ""
        self._connections = _CONNECTIONS
        self._busy: dict[int, asyncio.Task[None]] = {}
        """The delivery in progress of each chat."""

    def set(self, world: World, values: Parameters) -> Act:
        """Check and prepare a setWebhook; http is allowed on loopback alone."""
        url, secret = values.text("url"), values.text("secret_token")
        parts = urlsplit(url)
        on_loopback = parts.scheme == "http" and parts.hostname in _LOOPBACK
        if url and parts.scheme != "https" and not on_loopback:
            raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
        if secret and not _SECRET.fullmatch(secret):
            raise bad_request("secret token contains unallowed characters")
        allowed = values.structure("allowed_updates")
        connections = values.integer("max_connections") or _CONNECTIONS

        def act() -> bool:
            self.url, self._secret, self._connections = url, secret, connections
            world.updates.allow(allowed)
            if values.flag("drop_pending_updates"):
                world.updates.waiting.clear()
            return True

        return act

    def delete(self, world: World, values: Parameters) -> Act:
        """Prepare a deleteWebhook."""
        return self.set(world, Parameters({"drop_pending_updates": values.flag("drop_pending_updates")}))

    def info(self, world: World, values: Parameters) -> Act:
        """Return a WebhookInfo."""

        def act() -> dict[str, Any]:
            fields: dict[str, Any] = {
                "url": self.url,
                "has_custom_certificate": False,
                "pending_update_count": len(world.updates.waiting),
            }
            if self.url:
                fields["max_connections"] = self._connections
            if self.failures:
                fields |= {"last_error_date": self._failed_at, "last_error_message": self.failures[-1]}
            if world.updates.allowed is not None:
                fields["allowed_updates"] = sorted(world.updates.allowed)
            return fields

        return act

    async def deliver(self) -> None:
        """Deliver what waits while a webhook is set, until cancelled."""
        async with httpx.AsyncClient(trust_env=False, verify=False, timeout=60) as client:
            try:
                while True:
                    if self.url:
                        self._begin(client)
                    await self._signal.wait(60)
            finally:
                tasks = list(self._busy.values())
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, client: httpx.AsyncClient) -> None:
        """Start the delivery of each chat's first update, where none of that chat is in progress."""
        with self._world.changed:
            self._world.updates.drop_stale(self._world.switches.inline_seconds)
            for update in list(self._world.updates.waiting):
                if update.order_key not in self._busy and len(self._busy) < self._connections:
                    task = asyncio.create_task(self._deliver_one(client, update))
                    self._busy[update.order_key] = task

    async def _deliver_one(self, client: httpx.AsyncClient, update: Update) -> None:
        """Post one update until it is taken, or the webhook or the update is gone."""
        wait_seconds = self.backoff_seconds
        try:
            while self.url and update in self._world.updates.waiting:
                failure = await self._failure_of(client, update)
                if failure is None:
                    with self._world.changing():
                        self._world.updates.done(update)
                    return
                with self._world.changing():
                    self.failures.append(failure)
                    self._failed_at = int(time.time())
                await asyncio.sleep(wait_seconds)
                wait_seconds = min(2 * wait_seconds, _LONGEST_BACKOFF_SECONDS)
        finally:
            del self._busy[update.order_key]
            self._signal.fire()

    async def _failure_of(self, client: httpx.AsyncClient, update: Update) -> str | None:
        """Post an update once; return why the webhook did not take it, or None."""
        headers = {"X-Telegram-Bot-Api-Secret-Token": self._secret} if self._secret else {}
        try:
            response = await client.post(self.url, json=update.body, headers=headers)
        except httpx.HTTPError as error:
            return f"Connection failed: {type(error).__name__}"
        if response.is_success:
            return None
        return f"Wrong response from the webhook: {response.status_code} {response.reason_phrase}"
