"""Where Telegram is told to send updates, and where this process listens for them."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from bot.connections import token_of
from bot.settings import SettingError, Settings
from bot.wrapping import one_line

HEALTH_PATH: Final = "/healthz"
READINESS_PATH: Final = "/readyz"

_TELEGRAM: Final = "api.telegram.org"
_PORTS: Final = (None, 80, 88, 443, 8443)
"""Those that Telegram's own server sends to; https://core.telegram.org/bots/api#setwebhook."""

_LONGEST_URL: Final = 1_024


@dataclass(frozen=True, slots=True)
class WebhookAddress:
    """An address on the net, and the one of this process that a proxy passes it on to."""

    url: str
    """What Telegram is told."""
    path: str
    """What is served of it."""
    host: str
    """Where to listen."""
    port: int
    """Where to listen; 0 for any that is free."""


def webhook_address(settings: Settings) -> WebhookAddress | None:
    """Return where updates come in, None where they are polled for.

    Raises:
        SettingError: The url is none that updates can be sent to, or there is no such place to listen at.
    """
    url = settings.webhook
    if url is None:
        return None
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError as error:
        raise _unusable(url, "an address") from error
    if not host or any(sign.isspace() for sign in url) or len(url) > _LONGEST_URL:
        raise _unusable(url, "an address")
    if parts.query or parts.fragment or parts.username is not None:
        raise _unusable(url, "an address without a query, a fragment and a name")
    at_telegram = urlsplit(settings.bot_api_url).hostname == _TELEGRAM
    if parts.scheme != "https" and (at_telegram or parts.scheme != "http"):
        raise _unusable(url, "an address that begins with https://")
    if at_telegram and port not in _PORTS:
        raise _unusable(url, "one of the ports 443, 80, 88 and 8443, the only ones that Telegram sends to")
    path = parts.path or "/"
    if path in (HEALTH_PATH, READINESS_PATH):
        raise _unusable(url, f"another path than {HEALTH_PATH} and {READINESS_PATH}")
    listen_host, listen_port = _listening(settings.webhook_listen)
    return WebhookAddress(url, path, listen_host, listen_port)


def webhook_secret(settings: Settings) -> str:
    """Return what Telegram says with each update, by which it is known that it is Telegram who sends.

    It is made of the token: every process has the same, nobody has to set it, the token cannot be found
    from it, and a new token makes a new one.

    Raises:
        SettingError: The token is not set.
    """
    return hmac.new(token_of(settings).encode(), b"Footnote's webhook", hashlib.sha256).hexdigest()


def _listening(text: str) -> tuple[str, int]:
    host, colon, port = text.strip().rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not (port.isascii() and port.isdecimal()) or not 0 <= int(port[:6]) <= 65_535:
        raise SettingError(
            f"The setting FOOTNOTE_WEBHOOK_LISTEN is {one_line(text)[:60]!r}; expected a host and a port, "
            "such as 127.0.0.1:8080 or 0.0.0.0:8080; set it right or leave it out."
        )
    return host, int(port)


def _unusable(url: str, expected: str) -> SettingError:
    return SettingError(
        f"The webhook is to be {one_line(url)[:120]!r}; expected {expected}, such as "
        "https://bot.example.org/telegram; set it right with --webhook or FOOTNOTE_WEBHOOK."
    )
