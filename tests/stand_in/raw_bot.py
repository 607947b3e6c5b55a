"""A bot without a library: calls the methods of the stand-in by hand."""

from __future__ import annotations

import json
from types import TracebackType
from typing import Any, Self

import httpx

from tests.stand_in.control import StandIn


class RefusedError(Exception):
    """The server answered `ok: false`."""

    def __init__(self, code: int, description: str) -> None:
        super().__init__(f"{code} {description}")
        self.code = code
        self.description = description


class RawBot:
    """Sends each call as a form, the way most libraries do."""

    def __init__(self, stand_in: StandIn, *, token: str | None = None) -> None:
        self._base = f"{stand_in.url}/bot{token or stand_in.token}/"
        self._client = httpx.Client(trust_env=False, verify=False, timeout=30)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def call(self, method: str, **values: Any) -> Any:
        """Return the result of a call.

        Raises:
            RefusedError: The server refuses it.
            httpx.TransportError: There is no answer.
        """
        form = {
            name: value if isinstance(value, str) else json.dumps(value) for name, value in values.items()
        }
        return self._result(self._client.post(self._base + method, data=form))

    def refusal(self, method: str, **values: Any) -> str:
        """Return why a call is refused.

        Raises:
            AssertionError: It is not.
        """
        try:
            result = self.call(method, **values)
        except RefusedError as refused:
            return refused.description
        raise AssertionError(f"{method} was not refused but returned {result!r}")

    def call_with_json(self, method: str, values: dict[str, Any]) -> Any:
        """Return the result of a call whose parameters are one JSON object."""
        return self._result(self._client.post(self._base + method, json=values))

    def call_in_parts(self, method: str, values: dict[str, str]) -> Any:
        """Return the result of a call whose parameters are the parts of a multipart body."""
        parts = {name: (None, value) for name, value in values.items()}
        return self._result(self._client.post(self._base + method, files=parts))

    def updates(self, **values: Any) -> list[dict[str, Any]]:
        """Return what waits, and confirm it."""
        found: list[dict[str, Any]] = self.call("getUpdates", **values)
        if found:
            self.call("getUpdates", offset=found[-1]["update_id"] + 1, limit=1)
        return found

    def _result(self, response: httpx.Response) -> Any:
        body = response.json()
        if not body["ok"]:
            raise RefusedError(body["error_code"], body["description"])
        return body["result"]
