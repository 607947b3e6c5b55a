"""An update says whose it is, whatever it is, and what people wrote in it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram import Update

from bot.update_contents import chat_key_of, texts_of
from tests.bot.recording import RecordedTelegram, bot_on, inline_question, question


@pytest.mark.parametrize(
    ("update", "key"),
    [
        (question(1, -100), "chat:-100"),
        (inline_question(1, user_id=9), "user:9"),
        ({"update_id": 1, "callback_query": {"from": {"id": 9}, "inline_message_id": "x"}}, "user:9"),
        ({"update_id": 1, "callback_query": {"from": {"id": 9}, "message": {"chat": {"id": 5}}}}, "chat:5"),
        ({"update_id": 1, "guest_message": {"chat": {"id": 5}, "from": {"id": 9}}}, "chat:5"),
        ({"update_id": 1, "poll": {"id": "3"}}, "update:1"),
        ({"update_id": 1, "message": "broken"}, "update:1"),
    ],
)
def test_an_update_is_in_order_with_its_chat_else_its_person(update: dict[str, Any], key: str) -> None:
    assert chat_key_of(update) == key


@given(
    st.dictionaries(
        st.text(),
        st.recursive(
            st.none() | st.integers() | st.text(),
            lambda inner: (
                st.lists(inner) | st.dictionaries(st.sampled_from(["chat", "from", "id", "x"]), inner)
            ),
        ),
    )
)
def test_any_update_has_a_key(update: dict[str, Any]) -> None:
    assert chat_key_of(update).startswith(("chat:", "user:", "update:"))


def test_what_people_wrote_is_found_in_updates() -> None:
    bot = bot_on(RecordedTelegram())
    raw = question(1, text="Is it?")
    raw["message"]["reply_to_message"] = question(2, text="Are they?")["message"]
    update = Update.de_json(raw, bot)
    assert set(texts_of(update)) == {"Is it?", "Are they?"}
    inline = Update.de_json(inline_question(1, text="Will he?"), bot)
    assert list(texts_of(inline)) == ["Will he?"]
