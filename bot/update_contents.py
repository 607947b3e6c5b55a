"""What an update holds: whose it is, and what people wrote in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from telegram import Update


def chat_key_of(update: Mapping[str, Any]) -> str:
    """Return what an update, as JSON, must be in order with: its chat, else its person, else nothing.

    Inline queries have no chat, nor has a button under a message that was sent through one.
    """
    for body in update.values():
        if not isinstance(body, Mapping):
            continue
        message = body.get("message")
        places = (body.get("chat"), message.get("chat") if isinstance(message, Mapping) else None)
        for kind, owner in (
            *(("chat", place) for place in places),
            *(("user", body.get(name)) for name in ("from", "user")),
        ):
            if isinstance(owner, Mapping) and isinstance(owner.get("id"), int):
                return f"{kind}:{owner['id']}"
    return f"update:{update.get('update_id')}"


def texts_of(update: Update) -> Iterator[str]:
    """Yield what people wrote in an update."""
    message = update.effective_message
    for each in (message, message.reply_to_message if message is not None else None):
        if each is not None:
            yield from (text for text in (each.text, each.caption) if text)
    if update.inline_query is not None:
        yield update.inline_query.query
    if update.chosen_inline_result is not None:
        yield update.chosen_inline_result.query
