"""The methods that answer what people press, type after the bot's name, or ask a guest."""

from __future__ import annotations

import time
from typing import Any, Final

from tests.stand_in.limits import (
    MOST_CALLBACK_ANSWER,
    MOST_OFFSET_BYTES,
    check_results_button,
    result_of,
    results_of,
)
from tests.stand_in.message_text import utf16_length
from tests.stand_in.methods_messages import Act
from tests.stand_in.parameters import Parameters
from tests.stand_in.refusals import bad_request
from tests.stand_in.wire import user_json
from tests.stand_in.world import World

_TOO_OLD: Final = "query is too old and response timeout expired or query ID is invalid"
_CACHE_SECONDS: Final = 300
"""How long Telegram keeps an answer whose bot does not say."""


def answer_callback_query(world: World, values: Parameters) -> Act:
    """Check and prepare an answerCallbackQuery."""
    press = world.presses.get(values.text("callback_query_id"))
    if press is None or time.monotonic() - press.at_seconds > world.switches.callback_seconds:
        raise bad_request(_TOO_OLD)
    if utf16_length(values.text("text")) > MOST_CALLBACK_ANSWER:
        raise bad_request("MESSAGE_TOO_LONG")

    def act() -> bool:
        press.answers.append(values.decoded())
        return True

    return act


def answer_inline_query(world: World, values: Parameters) -> Act:
    """Check and prepare an answerInlineQuery; the server keeps the answer for whoever types the same."""
    query = world.inline_queries.get(values.text("inline_query_id"))
    results = results_of(query.text if query else "", values.structure("results"))
    if len(values.text("next_offset").encode()) > MOST_OFFSET_BYTES:
        raise bad_request("NEXT_OFFSET_INVALID")
    check_results_button(values.structure("button"))
    now = time.monotonic()
    if query is None or query.answered or now - query.at_seconds > world.switches.inline_seconds:
        raise bad_request(_TOO_OLD)
    asked = values.integer("cache_time")
    cache_seconds = _CACHE_SECONDS if asked is None else asked

    def act() -> bool:
        query.results = results
        query.answer = values.decoded()
        query.answered_at_seconds = now
        if cache_seconds > 0 and world.switches.caches_inline_answers:
            asker = query.person.id if values.flag("is_personal") else None
            world.inline_cache[query.text, query.offset, asker] = (now + cache_seconds, query)
        return True

    return act


def answer_guest_query(world: World, values: Parameters) -> Act:
    """Check and prepare an answerGuestQuery, which posts one result where the bot was called."""
    query = world.guest_queries.get(values.text("guest_query_id"))
    result = result_of(query.message.text if query else "", values.structure("result"))
    expired = query is None or time.monotonic() - query.at_seconds > world.switches.inline_seconds
    if query is None or query.posted is not None or expired:
        raise bad_request(_TOO_OLD)

    def act() -> dict[str, Any]:
        asker = query.message.sender
        query.posted = world.post(
            query.message.chat,
            result.content,
            sender=world.bot,
            reply_to=query.message,
            inline_message_id=f"guest-{world.new_id()}",
            by_bot=True,
            service={"guest_bot_caller_user": user_json(asker)} if asker else {},
        )
        inline_id = query.posted.inline_message_id
        assert inline_id is not None
        world.inline_messages[inline_id] = query.posted
        return {"inline_message_id": inline_id}

    return act
