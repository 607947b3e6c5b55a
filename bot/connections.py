"""How Telegram is reached: the token, the address, and the pools of connections."""

from __future__ import annotations

from typing import Final

from telegram.request import HTTPXRequest

from bot.settings import SettingError, Settings

POLL_SECONDS: Final = 30
"""How long Telegram waits for an update before it answers with none."""

POLL_MARGIN_SECONDS: Final = 15.0
"""How much longer its answer may take."""

_CALLS_AT_ONCE: Final = 16
"""The others wait for a connection. At a tenth of a second a call that is five times what Telegram lets a bot
send; and httpcore looks through all connections at each call."""


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
    return settings.token.get_secret_value()


def method_address(settings: Settings) -> str:
    """Return the address that the token and a method's name follow."""
    return f"{settings.bot_api_url}/bot"


def file_address(settings: Settings) -> str:
    """Return the address that the token and a file's path follow."""
    return f"{settings.bot_api_url}/file/bot"


def call_request() -> HTTPXRequest:
    """Return the connections that everything but polling goes through."""
    return HTTPXRequest(
        connection_pool_size=_CALLS_AT_ONCE,
        connect_timeout=5.0,
        read_timeout=10.0,
        write_timeout=10.0,
        pool_timeout=10.0,
    )


def polling_request() -> HTTPXRequest:
    """Return the connections for polling, of its own, so that no answer waits for a poll."""
    return HTTPXRequest(
        connection_pool_size=4,
        connect_timeout=10.0,
        read_timeout=POLL_SECONDS + POLL_MARGIN_SECONDS,
        write_timeout=10.0,
        pool_timeout=5.0,
    )
