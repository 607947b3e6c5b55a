"""Who may rebuild: people by their numeric ids, as the settings name them or as they claimed the bot."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bot.settings import Settings
    from bot.store import Store

ANONYMOUS_ADMIN: Final = 1087968824
"""The account that stands for every admin of a group who writes in its name."""

NOBODY: Final = frozenset({ANONYMOUS_ADMIN, 136817688, 777000})
"""That one, the one that stands for channels, and Telegram's own."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who wrote a message or pressed a button, as far as that tells who it is."""

    user_id: int | None
    """None where no account is named, as in channels."""
    is_bot: bool = False
    writes_as_chat: bool = False
    """Whether it was written in the name of a group or channel, so that anybody may have written it."""


def is_admin(sender: Sender, admins: AbstractSet[int]) -> bool:
    """Return whether a sender is, beyond doubt, one of the admins."""
    if sender.is_bot or sender.writes_as_chat or sender.user_id in NOBODY:
        return False
    return sender.user_id in admins


async def admins_of(settings: Settings, store: Store) -> frozenset[int]:
    """Return the ids of all admins: those that are set, and those who claimed the bot.

    Raises:
        StoreError: The state could not be read.
    """
    return settings.admins | await store.admins()


def claimed_code(text: str) -> str:
    """Return the code in what was written after /claim, without what people put into and about it."""
    return "".join(filter(str.isalnum, text))
