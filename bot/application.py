"""The Telegram application: its connections, and the ordered list of its handlers."""

from __future__ import annotations

from typing import Any, TypeAlias

from telegram.ext import Application, ApplicationBuilder
from telegram.request import BaseRequest

from bot.connections import call_request, file_address, method_address, token_of
from bot.handlers import handlers
from bot.handlers.errors import error_handler
from bot.parts import Parts

BotApplication: TypeAlias = Application[Any, Any, Any, Any, Any, Any]


def build_application(parts: Parts, polling: BaseRequest) -> BotApplication:
    """Return the application with every handler, neither initialised nor started.

    It fetches no updates itself: whoever receives them puts them in its queue.

    Args:
        parts: What the handlers work with.
        polling: The connections that updates are polled through, which the bot opens and closes.
    """
    application = (
        ApplicationBuilder()
        .token(token_of(parts.settings))
        .base_url(method_address(parts.settings))
        .base_file_url(file_address(parts.settings))
        .request(call_request())
        .get_updates_request(polling)
        .updater(None)
        .job_queue(None)
        .concurrent_updates(parts.processor)
        .build()
    )
    application.add_handlers(handlers(parts))
    application.add_error_handler(error_handler(parts))
    return application
