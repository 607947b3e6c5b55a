"""What the bot does with an update: the handlers, in the order in which they are asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from telegram.ext import BaseHandler

from bot.good_examples import GoodExamples
from bot.handlers import admin, gate, groups, guest, inline, navigation, questions, start
from bot.handlers.replies import Replies
from bot.parts import Parts

_GATE: Final = -1
_AFTER_IT: Final = 0


def handlers(parts: Parts) -> dict[int, Sequence[BaseHandler[Any, Any, Any]]]:
    """Return the handlers by group, in order; in each group the first that takes an update has it."""
    replies = Replies(parts)
    examples = GoodExamples(parts.answering, parts.place)
    return {
        _GATE: gate.handlers(parts),
        _AFTER_IT: [
            *start.handlers(parts, replies, examples),
            *admin.handlers(parts),
            *navigation.handlers(parts),
            *groups.handlers(parts),
            *inline.handlers(parts, examples),
            *guest.handlers(parts),
            # Last, since it takes every message.
            *questions.handlers(parts, replies),
        ],
    }
