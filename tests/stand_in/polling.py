"""Long polling: getUpdates, and why two of them, or one and a webhook, do not go together."""

from __future__ import annotations

import time
from typing import Any, Final

from tests.stand_in.parameters import Parameters
from tests.stand_in.refusals import Refusal, bad_request, conflict
from tests.stand_in.signals import Signal
from tests.stand_in.updates import MOST_UPDATES
from tests.stand_in.webhooks import Webhooks
from tests.stand_in.world import World

_LONGEST_SECONDS: Final = 50
_RIVAL_SECONDS: Final = 0.1
"""How long a poll lasts until the other poller's next one ends it."""


def _terminated() -> Refusal:
    return conflict("terminated by other getUpdates request; make sure that only one bot instance is running")


class Polling:
    """The poll in progress, of which there is at most one."""

    def __init__(self, world: World, webhooks: Webhooks, signal: Signal) -> None:
        self._world = world
        self._webhooks = webhooks
        self._signal = signal
        self._latest = 0
        self.waiting = 0
        """How many polls wait for updates now."""
        self.has_rival = False
        """Whether another process polls with the same token all the time."""
        self.stopping = False
        """Ends the polls in progress with nothing."""

    async def poll(self, values: Parameters) -> list[dict[str, Any]]:
        """Return what waits from the offset on, or wait until something comes or the time is over.

        Raises:
            Refusal: Another poll or a webhook is in the way, before or during the wait.
        """
        world = self._world
        offset = values.integer("offset") or 0
        limit = values.integer("limit")
        limit = MOST_UPDATES if limit is None else limit
        seconds = min(values.integer("timeout") or 0, _LONGEST_SECONDS)
        allowed = values.structure("allowed_updates")
        if limit < 1 or limit > MOST_UPDATES:
            raise bad_request("limit must be between 1 and 100")
        with world.changing():
            self._check_webhook()
            world.updates.allow(allowed)
            if offset:
                world.updates.confirm(offset)
            self._latest += 1
            mine = self._latest
        self.waiting += 1
        try:
            return await self._wait(mine, limit, time.monotonic() + seconds)
        finally:
            self.waiting -= 1

    async def _wait(self, mine: int, limit: int, deadline: float) -> list[dict[str, Any]]:
        rival_comes = time.monotonic() + _RIVAL_SECONDS
        while True:
            with self._world.changed:
                if mine != self._latest or (self.has_rival and time.monotonic() >= rival_comes):
                    raise _terminated()
                self._check_webhook(during=True)
                self._world.updates.drop_stale(self._world.switches.inline_seconds)
                ready = [] if self.has_rival else self._world.updates.ready(limit)
            left = deadline - time.monotonic()
            if ready or self.stopping or (left <= 0 and not self.has_rival):
                return [update.body for update in ready]
            await self._signal.wait(_RIVAL_SECONDS if self.has_rival else left)

    def _check_webhook(self, *, during: bool = False) -> None:
        if self._webhooks.url and during:
            raise conflict("terminated by setWebhook request")
        if self._webhooks.url:
            raise conflict(
                "can't use getUpdates method while webhook is active; "
                "use deleteWebhook to delete the webhook first"
            )
