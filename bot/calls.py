"""How calls go over the wire to Telegram: python-telegram-bot's request, made by aiohttp.

A call costs aiohttp a fifth of the time that it costs httpx, which python-telegram-bot speaks through
by itself, and with sixteen calls at once a seventh: the time of the thread that everything waits for.
"""

from __future__ import annotations

import json
import ssl
import urllib.request
from functools import cache
from typing import Final
from urllib.parse import urlsplit

import aiohttp
import httpx
from telegram.error import NetworkError, TimedOut
from telegram.request import BaseRequest, RequestData

_NOT_BEGUN: Final = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.InvalidURL,
    aiohttp.NonHttpUrlClientError,
)
"""What aiohttp raises before a byte of the request is on its way."""

_JSON: Final = {"Content-Type": "application/json"}

_SENT: Final = b'{"ok":true,"result":{"message_id":'
"""How the answer begins to whoever sent a message or edited it."""

_NAMES_IT: Final = ("message_id", "date", "chat")
"""What a message must have, and all that is passed on of one that was sent."""


class NotBegunError(NetworkError):
    """No byte of the call is on its way: it did not happen, and can be made again."""


class Calls(BaseRequest):
    """Connections to Telegram that are kept open between calls.

    Proxies and certificates are those that the environment names: http_proxy, https_proxy and no_proxy, as
    curl knows them, SSL_CERT_FILE and SSL_CERT_DIR. Names and passwords in ~/.netrc are not looked for.
    It belongs to the event loop that it was initialised on, and may be initialised again after its end.
    """

    __slots__ = ("_answer_seconds", "_at_once", "_connect_seconds", "_proxies", "_session")

    def __init__(self, *, at_once: int, connect_seconds: float, answer_seconds: float) -> None:
        """Say how long things may take.

        Args:
            at_once: How many calls may be on their way; the others wait for one of them to end.
            connect_seconds: To wait for that, and to connect where no connection is open.
            answer_seconds: To wait for Telegram from then on, each time that it says nothing.
        """
        self._at_once = at_once
        self._connect_seconds = connect_seconds
        self._answer_seconds = answer_seconds
        self._session: aiohttp.ClientSession | None = None
        self._proxies: dict[str, str | None] = {}

    @property
    def read_timeout(self) -> float:
        """Seconds to wait for an answer where a call does not say."""
        return self._answer_seconds

    async def initialize(self) -> None:
        """Make calls possible; connections are opened by the calls."""
        if self._session is None:
            self._proxies.clear()
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._at_once, ssl=_certificates()),
                headers={"User-Agent": self.USER_AGENT},
                cookie_jar=aiohttp.DummyCookieJar(),
            )

    async def shutdown(self) -> None:
        """Close the connections; calls that are on their way fail."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: object = BaseRequest.DEFAULT_NONE,
        write_timeout: object = BaseRequest.DEFAULT_NONE,
        connect_timeout: object = BaseRequest.DEFAULT_NONE,
        pool_timeout: object = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Make a call and return the status and the body of its answer, as python-telegram-bot asks for it.

        Files cannot be sent. Of the timeouts a `read_timeout` in seconds counts; the others are those of the
        connections.

        Raises:
            NotBegunError: It did not happen.
            TimedOut: There was no answer in time; Telegram may have done it.
            NetworkError: The connection broke; Telegram may have done it.
            RuntimeError: `initialize` was not called.
        """
        if self._session is None:
            raise RuntimeError("The connections are closed; initialize them first.")
        seconds = read_timeout if isinstance(read_timeout, int | float) else self._answer_seconds
        timeout = aiohttp.ClientTimeout(connect=self._connect_seconds, sock_read=seconds)
        parameters = request_data.json_payload if request_data else b"{}"
        # Messages name the error's kind alone: aiohttp's hold the address, and that the token.
        try:
            async with self._session.request(
                method,
                url,
                data=parameters,
                headers=_JSON,
                timeout=timeout,
                allow_redirects=False,
                proxy=self._proxy(url),
            ) as answer:
                return answer.status, _without_contents(await answer.read())
        except _NOT_BEGUN as error:
            raise NotBegunError(type(error).__name__) from error
        except TimeoutError as error:
            raise TimedOut(type(error).__name__) from error
        except aiohttp.ClientError as error:
            raise NetworkError(type(error).__name__) from error

    def _proxy(self, url: str) -> str | None:
        # aiohttp's own way, `trust_env`, reads the environment and ~/.netrc on two threads for each call:
        # a twelfth of all the time of a crowd.
        server = "/".join(url.split("/", 3)[:3])
        if server not in self._proxies:
            self._proxies[server] = proxy_for(server)
        return self._proxies[server]


def proxy_for(url: str) -> str | None:
    """Return the proxy that the environment names for a server, None where it is reached without."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    # Those that need none are named with their port or without it.
    names = (host,) if parts.port is None else (host, f"{host}:{parts.port}")
    if any(map(urllib.request.proxy_bypass, names)):
        return None
    return urllib.request.getproxies().get(parts.scheme)


def _without_contents(answer: bytes) -> bytes:
    """Return an answer in which a message that was sent holds no more than what names it.

    Telegram repeats all of it, with sender and buttons. Making objects of that takes as long as all the rest
    of a call, and nobody here looks at them.
    """
    if not answer.startswith(_SENT):
        return answer
    told = json.loads(answer)
    told["result"] = {name: value for name, value in told["result"].items() if name in _NAMES_IT}
    return json.dumps(told).encode()


@cache
def _certificates() -> ssl.SSLContext:
    """Return the authorities that httpx trusts: SSL_CERT_FILE or SSL_CERT_DIR, else those of certifi.

    A slim container has none of its own, which aiohttp would look for.
    """
    return httpx.create_ssl_context()
