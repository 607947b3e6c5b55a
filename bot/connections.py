"""How Telegram is reached: the token, the address, and the pools of connections."""

from __future__ import annotations

from typing import Final

from bot.calls import Calls
from bot.settings import SettingError, Settings

POLL_SECONDS: Final = 30
"""How long Telegram waits for an update before it answers with none."""

POLL_MARGIN_SECONDS: Final = 15.0
"""How much longer its answer may take."""

_CALLS_AT_ONCE: Final = 16
"""The others wait. At a tenth of a second a call that is five times what Telegram lets a bot send."""


def token_of(settings: Settings) -> str:
    """Return the bot's token.

    Raises:
        SettingError: It is not set.
    """
    if settings.token is None:
        raise SettingError(
            "The setting FOOTNOTE_TOKEN is not set; expected the token of a bot; send /newbot to @BotFather "
            "in Telegram and set what it gives you, in the environment or in a file .env."
        )
    return settings.token.reveal()


def method_address(settings: Settings) -> str:
    """Return the address that the token and a method's name follow."""
    return f"{settings.bot_api_url}/bot"


def file_address(settings: Settings) -> str:
    """Return the address that the token and a file's path follow."""
    return f"{settings.bot_api_url}/file/bot"


def call_request() -> Calls:
    """Return the connections that everything but polling goes through."""
    return Calls(at_once=_CALLS_AT_ONCE, connect_seconds=10.0, answer_seconds=10.0)


def polling_request() -> Calls:
    """Return the connections for polling, of its own, so that no answer waits for a poll."""
    return Calls(at_once=4, connect_seconds=10.0, answer_seconds=POLL_SECONDS + POLL_MARGIN_SECONDS)
