"""What the bot does with an update: the handlers, in the order in which they are asked."""

from __future__ import annotations

from typing import Any

from telegram.ext import BaseHandler

from bot.handlers import questions
from bot.parts import Parts


def handlers(parts: Parts) -> list[BaseHandler[Any, Any, Any]]:
    """Return the handlers of every kind of update; the first that takes an update has it."""
    return [*questions.handlers(parts)]
