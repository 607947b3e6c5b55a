"""The log of what the bot called, when, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(eq=False, slots=True)
class Call:
    """One call of a method."""

    method: str
    """As the bot wrote it."""
    values: Mapping[str, Any]
    """The parameters; objects and lists are decoded, the rest is as it came."""
    started_seconds: float
    """By the monotonic clock."""
    ended_seconds: float | None = None
    """None while it goes on."""
    code: int | None = None
    """200, the code of the refusal, or None where the connection was broken or the caller hung up."""
    result: Any = None
    description: str = ""
    """Why it was refused."""

    @property
    def ok(self) -> bool:
        """Whether it was done and answered."""
        return self.code == 200


@dataclass(slots=True)
class CallLog:
    """All calls, in the order in which they came."""

    every: list[Call] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    """What calls held that the Bot API reference does not know."""

    def of(self, method: str) -> list[Call]:
        """Return the calls of one method."""
        return [call for call in list(self.every) if call.method.lower() == method.lower()]

    def told(self, count: int = 12) -> str:
        """Return the last calls as lines, for the message of a failed test."""
        lines = [
            f"{call.method} {dict(call.values)!r:.200} -> {call.code} {call.description}"
            for call in self.every[-count:]
        ]
        return "\n".join(lines) or "no calls at all"
