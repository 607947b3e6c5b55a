"""The queue of updates: what waits for the bot, until a higher offset or a webhook's 200 confirms it."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

KINDS: Final = (
    *("message", "edited_message", "channel_post", "edited_channel_post", "inline_query"),
    *("chosen_inline_result", "callback_query", "my_chat_member", "chat_member", "guest_message"),
)
_NOT_BY_DEFAULT: Final = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
MOST_UPDATES: Final = 100


@dataclass(slots=True)
class Update:
    """One update that the bot has not confirmed yet."""

    id: int
    body: dict[str, Any]
    """The Bot API's Update."""
    order_key: int
    """Updates with the same key reach a webhook one after another: the chat, or who typed the query."""
    at_seconds: float
    again: bool = False
    """Whether it is delivered once more although an offset may have confirmed it."""

    @property
    def kind(self) -> str:
        """What it tells of: `message`, `callback_query`, ..."""
        return next((name for name in self.body if name != "update_id"), "")


class Updates:
    """What waits, in order. The world's lock is held by whoever calls."""

    def __init__(self) -> None:
        self.waiting: list[Update] = []
        self.every: dict[int, Update] = {}
        """All there ever were, to deliver one again."""
        self.allowed: frozenset[str] | None = None
        """The kinds that the bot asked for; None for what is sent by default."""
        self._next_id = 730_000_001

    def allow(self, kinds: Iterable[str] | None) -> None:
        """Heed the `allowed_updates` of a call; None changes nothing, an empty list means the default."""
        if kinds is not None:
            self.allowed = frozenset(kinds) or None

    def is_allowed(self, kind: str) -> bool:
        """Whether the bot wants updates of a kind."""
        return kind in self.allowed if self.allowed is not None else kind not in _NOT_BY_DEFAULT

    def add(self, kind: str, payload: dict[str, Any], order_key: int) -> int | None:
        """Put an update at the end; return its id, or None where the bot does not want its kind."""
        if not self.is_allowed(kind):
            return None
        return self._put({kind: payload}, order_key)

    def add_poison(self, body: dict[str, Any], order_key: int) -> int:
        """Put an update whose body is no valid one at the end, whatever is allowed."""
        return self._put(body, order_key)

    def repeat(self, update_id: int, *, new_id: bool) -> int:
        """Deliver an update again, under its old id as the next one, or under a new id as the last one.

        Raises:
            KeyError: There never was such an update.
        """
        old = self.every[update_id]
        if new_id:
            return self._put({old.kind: old.body[old.kind]}, old.order_key)
        self.waiting.insert(0, Update(old.id, old.body, old.order_key, time.monotonic(), again=True))
        return update_id

    def confirm(self, offset: int) -> None:
        """Forget what comes before an offset; a negative one leaves so many of the last."""
        if offset < 0:
            self.waiting = self.waiting[offset:]
        else:
            self.waiting = [update for update in self.waiting if update.id >= offset or update.again]

    def drop_stale(self, inline_seconds: float) -> None:
        """Forget the inline queries that nobody fetched in time."""
        oldest = time.monotonic() - inline_seconds
        self.waiting = [
            update for update in self.waiting if update.kind != "inline_query" or update.at_seconds >= oldest
        ]

    def ready(self, limit: int) -> list[Update]:
        """Return the first that wait."""
        taken = self.waiting[:limit]
        # Something delivered again is delivered only once more.
        self.waiting = [update for update in self.waiting if not (update.again and update in taken)]
        return taken

    def done(self, update: Update) -> None:
        """Forget an update that a webhook has taken."""
        self.waiting = [other for other in self.waiting if other is not update]

    def _put(self, body: dict[str, Any], order_key: int) -> int:
        update = Update(self._next_id, {"update_id": self._next_id, **body}, order_key, time.monotonic())
        self._next_id += 1
        self.waiting.append(update)
        self.every[update.id] = update
        return update.id
