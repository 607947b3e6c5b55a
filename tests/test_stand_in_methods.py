"""The stand-in does what a right call asks for, and refuses a wrong one in Telegram's words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.stand_in.control import StandIn
from tests.stand_in.people import Person
from tests.stand_in.raw_bot import RawBot, RefusedError
from tests.stand_in.specification import is_here, wrong_in_object


@pytest.fixture
def alice(stand_in: StandIn) -> Person:
    person = stand_in.person("Alice")
    person.asks("/start")
    return person


def keyboard(*buttons: dict[str, Any], a_row: int = 1) -> dict[str, Any]:
    rows = [list(buttons[i : i + a_row]) for i in range(0, len(buttons), a_row)]
    return {"inline_keyboard": rows}


def test_the_bot_learns_who_it_is_and_what_is_switched_on(stand_in: StandIn, bot: RawBot) -> None:
    stand_in.switches.supports_inline_queries = False
    me = bot.call("getMe")
    assert (me["is_bot"], me["username"]) == (True, "footnote_bot")
    assert (me["supports_inline_queries"], me["can_read_all_group_messages"]) == (False, False)


def test_an_unknown_method_is_404_and_a_wrong_token_401(stand_in: StandIn, bot: RawBot) -> None:
    with pytest.raises(RefusedError, match="404 Not Found"):
        bot.call("sendGreetings")
    with (
        RawBot(stand_in, token="4242:wrong") as other,
        pytest.raises(RefusedError, match="401 Unauthorized"),
    ):
        other.call("getMe")


def test_a_message_is_kept_with_its_plain_text_marks_and_buttons(bot: RawBot, alice: Person) -> None:
    button = {"text": "More", "callback_data": "m"}
    sent = bot.call(
        "sendMessage",
        chat_id=alice.user.id,
        text="<b>Hi</b> &amp; bye",
        parse_mode="HTML",
        reply_markup=keyboard(button),
    )
    (message,) = alice.chat.from_bot
    assert (message.text, message.marked("bold")) == ("Hi & bye", ["Hi"])
    assert (message.button("More").kind, message.button("More").value) == ("callback_data", "m")
    assert sent["entities"] == [{"type": "bold", "offset": 0, "length": 2}]
    assert sent["reply_markup"] == keyboard(button)


def test_forms_parts_and_json_say_the_same(bot: RawBot, alice: Person) -> None:
    chat_id = alice.user.id
    markup = keyboard({"text": "b", "callback_data": "é"})
    bot.call("sendMessage", chat_id=chat_id, text="é", reply_markup=markup)
    bot.call_with_json("sendMessage", {"chat_id": chat_id, "text": "é", "reply_markup": markup})
    parts = {"chat_id": str(chat_id), "text": "é", "reply_markup": json.dumps(markup)}
    bot.call_in_parts("sendMessage", parts)
    first, second, third = alice.chat.from_bot
    assert first.content == second.content == third.content
    assert first.text == "é"


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"text": ""}, "message text is empty"),
        ({"text": " \n"}, "text must be non-empty"),
        ({"text": "😀" * 2049}, "message is too long"),
        (
            {"text": "<b>x", "parse_mode": "HTML"},
            "can't parse entities: Can't find end tag corresponding to start",
        ),
        ({"text": "x", "parse_mode": "XML"}, "unsupported parse_mode"),
        ({"text": "x", "chat_id": 12}, "chat not found"),
        ({"text": "x", "chat_id": ""}, "chat_id is empty"),
        ({"text": "x", "message_thread_id": 1}, "message thread not found"),
        ({"text": "x", "reply_parameters": {"message_id": 99}}, "message to be replied not found"),
        ({"text": "x", "reply_parameters": {"message_id": 1, "quote": "Start"}}, "QUOTE_TEXT_INVALID"),
        (
            {"text": "x", "reply_markup": keyboard({"text": "b", "callback_data": "é" * 33})},
            "BUTTON_DATA_INVALID",
        ),
        ({"text": "x", "reply_markup": keyboard({"text": "b"})}, "text buttons are unallowed"),
        (
            {
                "text": "x",
                "reply_markup": keyboard({"text": "b", "callback_data": "1", "url": "https://a.b"}),
            },
            "exactly one kind of button",
        ),
        (
            {"text": "x", "reply_markup": keyboard({"text": "b", "copy_text": {"text": "c" * 257}})},
            "BUTTON_COPY_TEXT_INVALID",
        ),
        (
            {"text": "x", "reply_markup": keyboard({"text": "b", "url": "nowhere"})},
            "inline keyboard button URL",
        ),
        (
            {"text": "x", "reply_markup": keyboard(*[{"text": "b", "callback_data": "1"}] * 101)},
            "reply markup is too long",
        ),
        (
            {"text": "x", "reply_markup": keyboard(*[{"text": "b", "callback_data": "1"}] * 9, a_row=9)},
            "reply markup is too long",
        ),
    ],
)
def test_a_wrong_message_is_refused_and_nothing_is_sent(
    bot: RawBot, alice: Person, values: dict[str, Any], reason: str
) -> None:
    said = bot.refusal("sendMessage", **{"chat_id": alice.user.id} | values)
    assert said.startswith(f"Bad Request: {reason}")
    assert alice.chat.from_bot == ()


def test_a_text_may_have_just_4096_units_after_parsing(bot: RawBot, alice: Person) -> None:
    bot.call("sendMessage", chat_id=alice.user.id, text="<b>" + "&lt;" * 4096 + "</b>", parse_mode="HTML")
    assert len(alice.chat.from_bot[0].text) == 4096


def test_a_missing_message_is_replied_to_only_where_that_is_allowed(bot: RawBot, alice: Person) -> None:
    missing = {"message_id": 99, "allow_sending_without_reply": True}
    bot.call("sendMessage", chat_id=alice.user.id, text="x", reply_parameters=missing)
    quoting = {"message_id": 1, "quote": "start"}
    sent = bot.call("sendMessage", chat_id=alice.user.id, text="y", reply_parameters=quoting)
    assert sent["quote"] == {"text": "start", "position": 1, "is_manual": True}
    assert [message.reply_to for message in alice.chat.from_bot] == [None, alice.chat.messages[1]]


def test_who_has_not_begun_or_has_blocked_the_bot_gets_nothing(
    stand_in: StandIn, bot: RawBot, alice: Person
) -> None:
    stranger = stand_in.person("Stranger")
    said = bot.refusal("sendMessage", chat_id=stranger.user.id, text="x")
    assert said == "Forbidden: bot can't initiate conversation with a user"
    alice.blocks_bot()
    said = bot.refusal("sendMessage", chat_id=alice.user.id, text="x")
    assert said == "Forbidden: bot was blocked by the user"


def test_a_group_refuses_a_bot_that_is_not_in_it_or_may_not_write(
    stand_in: StandIn, bot: RawBot, alice: Person
) -> None:
    group = stand_in.group("Readers", alice, bot="kicked")
    assert bot.refusal("sendMessage", chat_id=group.id, text="x").startswith(
        "Forbidden: bot was kicked from the"
    )
    group = stand_in.group("Readers", alice)
    group.bot_may_write = False
    said = bot.refusal("sendMessage", chat_id=group.id, text="x")
    assert said == "Bad Request: not enough rights to send text messages to the chat"
    bot.call("leaveChat", chat_id=group.id)
    assert bot.refusal("getChat", chat_id=group.id) == "Forbidden: bot is not a member of the supergroup chat"


def test_an_edit_changes_the_message_and_keeps_what_it_was(bot: RawBot, alice: Person) -> None:
    place = {"chat_id": alice.user.id}
    place["message_id"] = bot.call("sendMessage", **place, text="one")["message_id"]
    markup = keyboard({"text": "b", "callback_data": "1"})
    bot.call("editMessageText", **place, text="two", reply_markup=markup)
    same = (
        "Bad Request: message is not modified: specified new message content and reply markup are exactly the"
    )
    assert bot.refusal("editMessageText", **place, text="two", reply_markup=markup).startswith(same)
    assert bot.refusal("editMessageReplyMarkup", **place, reply_markup=markup).startswith(same)
    bot.call("editMessageReplyMarkup", **place)
    (message,) = alice.chat.from_bot
    assert (message.text, message.keyboard) == ("two", ())
    assert [content.text for content in message.history] == ["one", "two"]


def test_only_an_own_message_that_is_there_can_be_edited(bot: RawBot, alice: Person) -> None:
    edit = {"chat_id": alice.user.id, "text": "x"}
    assert bot.refusal("editMessageText", **edit, message_id=1) == "Bad Request: message can't be edited"
    assert bot.refusal("editMessageText", **edit, message_id=7) == "Bad Request: message to edit not found"
    sent = bot.call("sendMessage", chat_id=alice.user.id, text="x")
    bot.call("deleteMessage", chat_id=alice.user.id, message_id=sent["message_id"])
    assert bot.refusal("editMessageText", **edit, message_id=sent["message_id"]).endswith("to edit not found")
    assert bot.refusal("deleteMessage", chat_id=alice.user.id, message_id=9).endswith("delete not found")


def test_a_forum_takes_messages_into_its_topics_and_refuses_general_by_number(
    stand_in: StandIn, bot: RawBot, alice: Person
) -> None:
    forum = stand_in.group("Forum", alice, forum=True)
    topic = stand_in.topic(forum, "News", alice)
    sent = bot.call("sendMessage", chat_id=forum.id, text="x", message_thread_id=topic)
    assert (sent["message_thread_id"], sent["is_topic_message"]) == (topic, True)
    said = bot.refusal("sendMessage", chat_id=forum.id, text="x", message_thread_id=1)
    assert said == "Bad Request: message thread not found"


def test_chats_and_their_members_are_told(stand_in: StandIn, bot: RawBot, alice: Person) -> None:
    group = stand_in.group("Readers", alice, stand_in.person("Bob"), bot="administrator", username="readers")
    assert bot.call("getChat", chat_id="@readers")["title"] == "Readers"
    assert bot.call("getChatMemberCount", chat_id=group.id) == 3
    assert bot.call("getChatMember", chat_id=group.id, user_id=alice.user.id)["status"] == "creator"
    admins = bot.call("getChatAdministrators", chat_id=group.id)
    assert {admin["status"] for admin in admins} == {"creator", "administrator"}
    stranger = stand_in.person("Stranger")
    assert bot.call("getChatMember", chat_id=group.id, user_id=stranger.user.id)["status"] == "left"


@pytest.mark.skipif(not is_here(), reason="the Bot API reference is not beside the project")
def test_results_are_as_in_the_reference(stand_in: StandIn, bot: RawBot, alice: Person) -> None:
    group = stand_in.group("Readers", alice, bot="administrator")
    for method, kind, values in [
        ("getMe", "User", {}),
        ("getChat", "ChatFullInfo", {"chat_id": group.id}),
        ("getChatAdministrators", "Array of ChatMember", {"chat_id": group.id}),
        (
            "sendMessage",
            "Message",
            {"chat_id": alice.user.id, "text": "x", "reply_parameters": {"message_id": 1}},
        ),
        ("getWebhookInfo", "WebhookInfo", {}),
    ]:
        assert wrong_in_object(kind, bot.call(method, **values)) == []


@pytest.mark.skipif(not is_here(), reason="the Bot API reference is not beside the project")
def test_what_the_reference_does_not_know_is_refused_and_noted(
    stand_in: StandIn, bot: RawBot, alice: Person
) -> None:
    said = bot.refusal("sendMessage", chat_id=alice.user.id, text="x", reply_to=1)
    assert said.startswith("Bad Request: not as in the Bot API reference: sendmessage has no field reply_to")
    colourful = keyboard({"text": "b", "callback_data": "1", "colour": "red"})
    bot.refusal("sendMessage", chat_id=alice.user.id, text="x", reply_markup=colourful)
    assert len(stand_in.log.violations) == 2
    assert alice.chat.from_bot == ()


def test_a_chat_action_is_checked_and_logged_with_its_time(
    stand_in: StandIn, bot: RawBot, alice: Person
) -> None:
    bot.call("sendChatAction", chat_id=alice.user.id, action="typing")
    bot.refusal("sendChatAction", chat_id=alice.user.id, action="thinking")
    first, second = stand_in.calls("sendChatAction")
    assert (first.ok, second.code, second.values["action"]) == (True, 400, "thinking")
    assert first.ended_seconds is not None
    assert first.started_seconds <= first.ended_seconds <= second.started_seconds
