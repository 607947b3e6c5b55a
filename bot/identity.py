"""Who the bot is, as Telegram sees it, and whether it can be started: asked before anything is loaded."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from telegram import Bot, User
from telegram.error import BadRequest, InvalidToken, NetworkError, RetryAfter

from bot.backoff import Backoff, retry_after_seconds
from bot.logs import EventLog
from index.errors import FootnoteError

_log: Final = EventLog(__name__)

_Result = TypeVar("_Result")


class TokenRefusedError(FootnoteError):
    """Telegram does not know the token."""

    def __init__(self) -> None:
        super().__init__(
            "Telegram refuses the token in FOOTNOTE_TOKEN (not shown here); expected one that @BotFather "
            "gave and has not revoked; copy it anew with /token there."
        )


class WebhookSetError(FootnoteError):
    """Updates of this bot go to a webhook, which polling would take them from."""


class BotRefusedError(FootnoteError):
    """Telegram knows the token and does not answer the bot."""


@dataclass(frozen=True, slots=True)
class BotIdentity:
    """What Telegram says of the bot."""

    bot_id: int
    username: str
    """Without the @."""
    hints: tuple[str, ...]
    """What to switch at @BotFather for everything to work, a sentence each."""


async def identify(
    bot: Bot,
    *,
    take_over: bool = False,
    webhook_url: str | None = None,
    backoff: Backoff | None = None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> BotIdentity:
    """Return who the bot is; wait for Telegram where it cannot be reached.

    Args:
        bot: An initialised or uninitialised bot; nothing but its methods is used.
        take_over: Whether a webhook that is set is taken away. Nothing else ever does that.
        webhook_url: The webhook that is going to be set; None for polling.
        backoff: How long to wait after a failure.
        sleep: How waiting is done.

    Raises:
        TokenRefusedError: Telegram does not know the token.
        BotRefusedError: It knows the token and refuses the bot.
        WebhookSetError: Another webhook is set, and it was not said that it may be taken away.
    """
    waits = backoff or Backoff()
    user = await answered(bot.get_me, waits, sleep)
    webhook = await answered(bot.get_webhook_info, waits, sleep)
    if webhook.url and webhook.url != webhook_url:
        if not take_over:
            expected = "none for polling" if webhook_url is None else "none, or the one that is to be set"
            raise WebhookSetError(
                f"A webhook is set for @{user.username}, so that another program may be serving it; expected "
                f"{expected}; start with --take-over to take the webhook away and answer from here."
            )
        if webhook_url is None:
            await answered(bot.delete_webhook, waits, sleep)
        _log.warning("webhook_taken_over", bot=f"@{user.username}")
    return BotIdentity(user.id, user.username or "", _hints(user))


async def answered(
    call: Callable[[], Awaitable[_Result]],
    backoff: Backoff,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> _Result:
    """Return what a call at the start comes to; wait for Telegram where it cannot be reached.

    Raises:
        TokenRefusedError: Telegram does not know the token.
        BotRefusedError: It refuses the call.
    """
    while True:
        seconds = backoff.next_seconds()
        try:
            return await call()
        except InvalidToken as error:
            raise TokenRefusedError from error
        except BadRequest as error:
            raise BotRefusedError(
                f"Telegram refuses the bot: {error.message}; expected one that is logged in at "
                "FOOTNOTE_BOT_API_URL; see there, or set it to the server that the bot is logged in at."
            ) from error
        except RetryAfter as error:
            seconds = retry_after_seconds(error)
            _log.warning("start_asked_to_wait", seconds=seconds)
        except NetworkError as error:
            _log.warning("telegram_unreachable", error=error, retry_in_seconds=round(seconds, 1))
        await sleep(seconds)


def _hints(user: User) -> tuple[str, ...]:
    hints = []
    if not user.supports_inline_queries:
        hints.append("Inline mode is off; send /setinline to @BotFather, and /setinlinefeedback after it.")
    if user.can_join_groups is False:
        hints.append("The bot cannot be added to groups; send /setjoingroups to @BotFather to allow it.")
    if not user.can_read_all_group_messages:
        hints.append(
            "Privacy mode is on: in groups the bot hears /ask and replies to it, which is enough; for "
            "plain mentions too, send /setprivacy to @BotFather and add it to the group anew."
        )
    return tuple(hints)
