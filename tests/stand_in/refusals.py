"""What the server answers instead of a result, in the words of the real one."""

from __future__ import annotations

from typing import Any


class Refusal(Exception):
    """An answer with `ok: false`."""

    def __init__(self, code: int, description: str, **parameters: Any) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters
        """ResponseParameters, such as `retry_after`."""

    def as_json(self) -> dict[str, Any]:
        """Return the body of the answer."""
        body: dict[str, Any] = {"ok": False, "error_code": self.code, "description": self.description}
        if self.parameters:
            body["parameters"] = self.parameters
        return body


def bad_request(reason: str) -> Refusal:
    """Return the refusal of a call that is wrong in itself."""
    return Refusal(400, f"Bad Request: {reason}")


def forbidden(reason: str) -> Refusal:
    """Return the refusal of a call that the bot has no right to."""
    return Refusal(403, f"Forbidden: {reason}")


def conflict(reason: str) -> Refusal:
    """Return the refusal of one of two ways to get updates."""
    return Refusal(409, f"Conflict: {reason}")


def too_many_requests(retry_after_seconds: int) -> Refusal:
    """Return the refusal of a bot that calls too often."""
    reason = f"Too Many Requests: retry after {retry_after_seconds}"
    return Refusal(429, reason, retry_after=retry_after_seconds)
