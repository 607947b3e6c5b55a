"""What people see of the commands: a menu in each language, a longer one where an admin writes in private.

Menus authorise nothing; who may do what is decided where it is done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from telegram import Bot, BotCommand, BotCommandScope, BotCommandScopeChat
from telegram.error import RetryAfter, TelegramError

from bot.backoff import Backoff, retry_after_seconds
from bot.logs import EventLog
from bot.outcomes import Certainty, certainty_after, is_nobody_there
from bot.permissions import admins_of
from bot.phrases import LANGUAGES, Phrases, phrases_for
from bot.store import StoreError

if TYPE_CHECKING:
    from bot.settings import Settings
    from bot.store import Store

_log: Final = EventLog(__name__)
_Result = TypeVar("_Result")

FOR_ALL: Final = ("ask", "sources", "settings", "help", "start")
FOR_ADMINS: Final = ("rebuild", "rollback", "status", "gaps")


async def show_menus(bot: Bot, settings: Settings, store: Store) -> None:
    """Show everybody the commands that are for them, and describe the bot where nobody has at @BotFather.

    It is tried until Telegram takes it. What Telegram refuses is logged; nothing else depends on it.
    """
    try:
        await _set_commands(bot, FOR_ALL)
        await _describe(bot)
        for user_id in sorted(await admins_of(settings, store)):
            await show_admin_menu(bot, user_id)
    except (TelegramError, StoreError) as error:
        _log.warning("menus_not_shown", error=error)


async def show_admin_menu(bot: Bot, user_id: int) -> None:
    """Show an admin all commands in the private chat, which there is once the admin has written.

    It is tried until Telegram takes it; what it refuses is logged.
    """
    try:
        await _set_commands(bot, FOR_ADMINS + FOR_ALL, BotCommandScopeChat(user_id))
    except TelegramError as error:
        if is_nobody_there(error):
            _log.info("admin_has_not_written", user_id=user_id)
        else:
            _log.warning("menu_not_shown", user_id=user_id, error=error)


async def _set_commands(bot: Bot, names: tuple[str, ...], scope: BotCommandScope | None = None) -> None:
    for code, phrases in _languages():
        commands = [BotCommand(name, getattr(phrases, f"command_{name}")) for name in names]
        await _taken(partial(bot.set_my_commands, commands, scope, code))


async def _describe(bot: Bot) -> None:
    """Say what people read on the bot's profile and before they write for the first time.

    What the bot's owner has said stays, in each language.
    """
    # The one for all other languages last: where it is set, nothing is done next time.
    if not (await _taken(bot.get_my_short_description)).short_description:
        for code, phrases in reversed(_languages()):
            if not (await _taken(partial(bot.get_my_short_description, code))).short_description:
                await _taken(partial(bot.set_my_short_description, phrases.about, code))
    if not (await _taken(bot.get_my_description)).description:
        for code, phrases in reversed(_languages()):
            if not (await _taken(partial(bot.get_my_description, code))).description:
                await _taken(partial(bot.set_my_description, phrases.welcome, code))


def _languages() -> list[tuple[str | None, Phrases]]:
    """Return the languages with their codes, None for the one that is for everybody else, which is first."""
    first, *others = LANGUAGES
    return [(None, phrases_for(first)), *((code, phrases_for(code)) for code in others)]


async def _taken(call: Callable[[], Awaitable[_Result]]) -> _Result:
    """Return what a call that may be repeated comes to; wait for Telegram where it cannot be reached.

    Raises:
        TelegramError: Telegram refused it.
    """
    backoff = Backoff()
    while True:
        seconds = backoff.next_seconds()
        try:
            return await call()
        except TelegramError as error:
            if certainty_after(error) is Certainty.REFUSED:
                raise
            if isinstance(error, RetryAfter):
                seconds = retry_after_seconds(error)
            _log.info("menus_wait", seconds=round(seconds, 1), error=type(error).__name__)
        await asyncio.sleep(seconds)
