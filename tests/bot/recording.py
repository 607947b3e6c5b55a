"""python-telegram-bot's request that never touches the network: answers by script, and remembers."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from telegram import Bot
from telegram.request import BaseRequest, RequestData

TOKEN = "123456789:AAF-made-up-secret_0123456789abcdef"
ME = {"id": 123456789, "is_bot": True, "first_name": "Footnote", "username": "footnote_bot"}


@dataclass(frozen=True, slots=True)
class Call:
    """One call that the bot made."""

    method: str
    parameters: dict[str, str]


class RecordedTelegram(BaseRequest):
    """Gives each method its next scripted answer; getMe and what has no script is answered well.

    An answer is a JSON value, a pair of status and JSON value, an exception to raise, or a function
    of the call that returns a pair.
    """

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.scripts: dict[str, list[Any]] = {}
        self.times_opened = 0
        self._message_id = 100

    @property
    def read_timeout(self) -> float | None:
        return 5.0

    def of(self, method: str) -> list[Call]:
        """Return the calls of one method, in order."""
        return [call for call in self.calls if call.method == method]

    async def initialize(self) -> None:
        self.times_opened += 1

    async def shutdown(self) -> None:
        """There is nothing to close."""

    async def do_request(
        self, url: str, method: str, request_data: RequestData | None = None, *_: Any, **__: Any
    ) -> tuple[int, bytes]:
        parts = urlsplit(url)
        parameters = dict(parse_qsl(parts.query))
        if request_data is not None:
            parameters |= request_data.json_parameters
        call = Call(parts.path.rpartition("/")[2], parameters)
        self.calls.append(call)
        script = self.scripts.get(call.method)
        answer = script.pop(0) if script else self._usual(call)
        if callable(answer):
            answer = answer(call)
            if asyncio.iscoroutine(answer):
                answer = await answer
        if isinstance(answer, BaseException):
            raise answer
        status, body = answer if isinstance(answer, tuple) else (200, {"ok": True, "result": answer})
        return status, json.dumps(body).encode()

    def _usual(self, call: Call) -> Any:
        if call.method == "getMe":
            return ME
        if call.method == "sendMessage":
            self._message_id += 1
            return message(self._message_id, int(call.parameters["chat_id"]), call.parameters["text"])
        if call.method == "getUpdates":
            return []
        return True


def refusal(status: int, description: str, **parameters: Any) -> tuple[int, dict[str, Any]]:
    """Return an answer by which Telegram refuses."""
    body: dict[str, Any] = {"ok": False, "error_code": status, "description": description}
    return status, body | ({"parameters": parameters} if parameters else {})


def message(message_id: int, chat_id: int, text: str) -> dict[str, Any]:
    """Return a message as Telegram gives it."""
    return {
        "message_id": message_id,
        "date": 1_700_000_000,
        "chat": {"id": chat_id, "type": "private" if chat_id > 0 else "supergroup"},
        "from": {"id": abs(chat_id), "is_bot": False, "first_name": "Ann"},
        "text": text,
    }


def question(update_id: int, chat_id: int = 7, text: str = "Who?") -> dict[str, Any]:
    """Return an update with a question in a chat."""
    return {"update_id": update_id, "message": message(update_id, chat_id, text)}


def inline_question(update_id: int, user_id: int = 7, text: str = "Who?") -> dict[str, Any]:
    """Return an update with an inline query."""
    user = {"id": user_id, "is_bot": False, "first_name": "Ann"}
    return {
        "update_id": update_id,
        "inline_query": {"id": str(update_id), "from": user, "query": text, "offset": ""},
    }


def bot_on(telegram: RecordedTelegram) -> Bot:
    """Return a bot whose every call is recorded."""
    return Bot(TOKEN, request=telegram, get_updates_request=telegram)
