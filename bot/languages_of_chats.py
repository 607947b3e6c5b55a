"""Which language the bot speaks to whom: what the chat has set, else that of the person's Telegram."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telegram import Update

from bot.phrases import Phrases, phrases_for

if TYPE_CHECKING:
    from bot.store import Store


async def phrases_in(store: Store, update: Update) -> Phrases:
    """Return the phrases to answer an update in."""
    chat, user = update.effective_chat, update.effective_user
    # What a person has set in the private chat holds for what they type inline, too.
    place = chat.id if chat is not None else user.id if user is not None else None
    code = None if place is None else await store.interface_language(place)
    return phrases_for(code or (user.language_code if user is not None else None))
