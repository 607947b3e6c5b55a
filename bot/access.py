"""Which chats and people the bot answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.permissions import admins_of

if TYPE_CHECKING:
    from bot.settings import Settings
    from bot.store import Store


async def is_answered(settings: Settings, store: Store, place: int) -> bool:
    """Return whether a chat, or a person where there is no chat, is among those that are answered.

    The bot's admins always are, in private, and so is a supergroup that was among them as a group: with
    another id, as Telegram has it.

    Args:
        settings: Name the chats and admins.
        store: Knows who claimed the bot.
        place: The id of the chat or person; a private chat has the id of its person.

    Raises:
        StoreError: The state could not be read.
    """
    allowed = settings.allowed_chats
    if allowed is None or place in allowed:
        return True
    if place < 0:
        return await store.former_id(place) in allowed
    return place in await admins_of(settings, store)
