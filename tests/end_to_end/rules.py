"""What holds for everything that the bot does in any test."""

from __future__ import annotations

from typing import Final

from tests.stand_in.control import StandIn

_CIRCUMSTANCES: Final = (
    "chat not found",
    "message can't be edited",
    "message is not modified",
    "message to edit not found",
    "not enough rights",
    "query is too old",
)
"""How refusals begin, or what is in them, that are no fault of what was sent."""


def assert_nothing_was_refused(stand_in: StandIn) -> None:
    """Assert that Telegram would have taken every call: its parameters, its HTML, its lengths."""
    assert stand_in.log.violations == []
    refused = [
        f"{call.method} {dict(call.values)!r:.400} -> {call.description}"
        for call in stand_in.log.every
        if call.code == 400 and not any(each in call.description for each in _CIRCUMSTANCES)
    ]
    assert refused == []
