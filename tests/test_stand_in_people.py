"""What people do reaches the bot as Telegram would pass it on, and not otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stand_in.control import StandIn
from tests.stand_in.people import Person
from tests.stand_in.raw_bot import RawBot
from tests.stand_in.rendering import show, show_results
from tests.stand_in.specification import is_here, wrong_in_object


@pytest.fixture
def alice(stand_in: StandIn) -> Person:
    return stand_in.person("Alice", username="alice", language="de")


def messages(bot: RawBot) -> list[dict[str, Any]]:
    return [update["message"] for update in bot.updates() if "message" in update]


def texts(bot: RawBot) -> list[str]:
    return [message.get("text", "") for message in messages(bot)]


def article(text: str, **fields: Any) -> dict[str, Any]:
    content = {"message_text": text, "parse_mode": "HTML"}
    return {"type": "article", "id": "1", "title": "Title", "input_message_content": content, **fields}


ONE_BUTTON = {"inline_keyboard": [[{"text": "More", "callback_data": "more"}]]}


def test_a_private_message_comes_with_its_writer_language_and_commands(bot: RawBot, alice: Person) -> None:
    alice.asks("/start s_1")
    (message,) = messages(bot)
    assert message["from"]["language_code"] == "de"
    assert message["chat"] == {
        "id": alice.user.id,
        "type": "private",
        "first_name": "Alice",
        "username": "alice",
    }
    assert message["entities"] == [{"type": "bot_command", "offset": 0, "length": 6}]


def test_an_edited_question_comes_as_an_edit_of_the_same_message(bot: RawBot, alice: Person) -> None:
    asked = alice.asks("Who?")
    alice.asks("Who is it?", edits=asked)
    first, second = bot.updates()
    assert first["message"]["message_id"] == second["edited_message"]["message_id"]
    assert second["edited_message"]["text"] == "Who is it?"
    assert asked.history[0].text == "Who?"


def test_privacy_mode_passes_on_what_is_meant_for_the_bot_alone(
    stand_in: StandIn, bot: RawBot, alice: Person
) -> None:
    group = stand_in.group("Readers", alice)
    alice.writes(group, "hello")
    alice.writes(group, "/ask nobody has spoken yet")
    alice.writes(group, "/ask@footnote_bot named")
    alice.writes(group, "/ask@other_bot not ours")
    alice.writes(group, "@footnote_bot mentioned")
    assert texts(bot) == ["/ask@footnote_bot named"]
    bot.call("sendMessage", chat_id=group.id, text="x")
    alice.writes(group, "/ask bare")
    alice.writes(group, "a reply", reply_to=group.from_bot[0])
    stand_in.switches.delivers_mentions = True
    alice.writes(group, "and @Footnote_Bot mentioned")
    assert texts(bot) == ["/ask bare", "a reply", "and @Footnote_Bot mentioned"]


def test_a_bare_command_is_lost_after_another_bot_has_spoken(
    stand_in: StandIn, bot: RawBot, alice: Person
) -> None:
    group = stand_in.group("Readers", alice)
    bot.call("sendMessage", chat_id=group.id, text="x")
    other = stand_in.person("Other", username="other_bot", is_bot=True)
    other.writes(group, "I am a bot")
    alice.writes(group, "/ask bare")
    assert texts(bot) == []


def test_without_privacy_or_as_administrator_the_bot_hears_all_people_and_no_bots(
    stand_in: StandIn, bot: RawBot, alice: Person
) -> None:
    group = stand_in.group("Readers", alice, bot="administrator")
    alice.writes(group, "hello")
    stand_in.person("Other", is_bot=True).writes(group, "I am a bot")
    stand_in.switches.can_read_all_group_messages = True
    alice.writes(stand_in.group("Others", alice), "hi")
    alice.writes(stand_in.elsewhere, "never")
    assert texts(bot) == ["hello", "hi"]


def test_messages_in_a_topic_carry_it_and_reply_to_its_beginning(
    stand_in: StandIn, bot: RawBot, alice: Person
) -> None:
    forum = stand_in.group("Forum", alice, forum=True)
    topic = stand_in.topic(forum, "News", alice)
    bot.call("sendMessage", chat_id=forum.id, text="x", message_thread_id=topic)
    alice.writes(forum, "/ask in the topic", thread_id=topic)
    alice.writes(forum, "/ask in general")
    _, inside, general = messages(bot)
    assert (inside["message_thread_id"], inside["is_topic_message"]) == (topic, True)
    assert inside["reply_to_message"]["forum_topic_created"]["name"] == "News"
    assert "message_thread_id" not in general


def test_replies_in_a_plain_supergroup_have_a_thread_that_is_no_topic(
    stand_in: StandIn, bot: RawBot, alice: Person
) -> None:
    group = stand_in.group("Readers", alice)
    question = alice.writes(group, "What is it?")
    alice.writes(group, "/ask@footnote_bot", reply_to=question)
    (message,) = messages(bot)
    assert message["message_thread_id"] == question.id
    assert "is_topic_message" not in message
    assert message["reply_to_message"]["text"] == "What is it?"


def test_an_anonymous_administrator_is_the_group_itself(
    stand_in: StandIn, bot: RawBot, alice: Person
) -> None:
    group = stand_in.group("Readers", alice, bot="administrator")
    alice.writes(group, "/rebuild", as_chat=group)
    (message,) = messages(bot)
    assert (message["from"]["id"], message["sender_chat"]["id"]) == (1087968824, group.id)


def test_a_channel_post_has_no_person(stand_in: StandIn, bot: RawBot, alice: Person) -> None:
    channel = stand_in.channel("News", alice)
    alice.writes(channel, "/ask what")
    (update,) = bot.updates()
    assert "from" not in update["channel_post"]
    assert update["channel_post"]["sender_chat"]["id"] == channel.id


def test_joining_and_leaving_a_group_is_told(stand_in: StandIn, bot: RawBot, alice: Person) -> None:
    group = stand_in.group("Readers", alice, bot=None)
    alice.adds_bot(group)
    joined, service = bot.updates()
    assert joined["my_chat_member"]["old_chat_member"]["status"] == "left"
    assert joined["my_chat_member"]["new_chat_member"]["status"] == "member"
    assert service["message"]["new_chat_members"][0]["username"] == "footnote_bot"
    alice.removes_bot(group)
    assert bot.updates()[0]["my_chat_member"]["new_chat_member"]["status"] == "kicked"


def test_a_press_brings_the_buttons_data_and_its_message(
    stand_in: StandIn, bot: RawBot, alice: Person
) -> None:
    alice.asks("/start")
    bot.call("sendMessage", chat_id=alice.user.id, text="x", reply_markup=ONE_BUTTON)
    press = alice.presses(alice.chat.from_bot[0], "More")
    query = bot.updates()[-1]["callback_query"]
    assert (query["id"], query["data"]) == (press.id, "more")
    assert query["message"]["reply_markup"] == ONE_BUTTON
    assert press.update_id is not None
    again = stand_in.redeliver(press.update_id, new_id=True)
    (update,) = bot.updates()
    assert (update["update_id"], update["callback_query"]["id"]) == (again, press.id)


def test_a_chosen_result_is_posted_reported_and_can_be_edited(
    stand_in: StandIn, bot: RawBot, alice: Person
) -> None:
    group = stand_in.group("Readers", alice)
    query = alice.types_inline("q")
    results = [article("<b>a</b>", reply_markup=ONE_BUTTON)]
    bot.call("answerInlineQuery", inline_query_id=query.id, results=results)
    posted = alice.chooses(query.results[0], group)
    _, chosen, seen = bot.updates()
    assert chosen["chosen_inline_result"]["inline_message_id"] == posted.inline_message_id
    assert seen["message"]["via_bot"]["username"] == "footnote_bot"
    press = alice.presses(posted, "More")
    assert "message" not in bot.updates()[0]["callback_query"]
    edited = bot.call("editMessageText", inline_message_id=posted.inline_message_id, text="b")
    assert (edited, posted.text, press.message) == (True, "b", posted)


def test_without_feedback_or_a_keyboard_less_is_told_of_a_choice(
    stand_in: StandIn, bot: RawBot, alice: Person
) -> None:
    query = alice.types_inline("q")
    bot.call("answerInlineQuery", inline_query_id=query.id, results=[article("a")])
    bot.updates()
    alice.chooses(query.results[0])
    assert "inline_message_id" not in bot.updates()[0]["chosen_inline_result"]
    stand_in.switches.inline_feedback = False
    alice.chooses(query.results[0])
    assert bot.updates() == []


def test_a_guest_is_called_and_answers_once(stand_in: StandIn, bot: RawBot, alice: Person) -> None:
    question = alice.writes(stand_in.elsewhere, "What is it?")
    query = alice.calls_guest("@footnote_bot answer this", reply_to=question)
    (update,) = bot.updates()
    assert update["guest_message"]["guest_query_id"] == query.id
    assert update["guest_message"]["reply_to_message"]["text"] == "What is it?"
    sent = bot.call("answerGuestQuery", guest_query_id=query.id, result=article("<i>a</i>"))
    assert query.posted is not None
    assert (query.posted.text, query.posted.inline_message_id) == ("a", sent["inline_message_id"])
    assert stand_in.elsewhere.from_bot == (query.posted,)


@pytest.mark.skipif(not is_here(), reason="the Bot API reference is not beside the project")
def test_every_update_is_as_in_the_reference(stand_in: StandIn, bot: RawBot, alice: Person) -> None:
    forum = stand_in.group("Forum", alice, forum=True, bot="administrator")
    topic = stand_in.topic(forum, "News", alice)
    asked = alice.asks("/start https://example.org @somebody #tag")
    alice.asks("again", edits=asked, reply_to=None)
    bot.call(
        "sendMessage", chat_id=alice.user.id, text="<b>x</b>", parse_mode="HTML", reply_markup=ONE_BUTTON
    )
    alice.asks("reply", reply_to=alice.chat.from_bot[0], quote="x")
    alice.presses(alice.chat.from_bot[0], "More")
    alice.writes(forum, "x", thread_id=topic, as_chat=forum)
    alice.writes(stand_in.channel("News", alice), "post")
    alice.removes_bot(forum)
    alice.blocks_bot()
    query = alice.types_inline("q")
    bot.call("answerInlineQuery", inline_query_id=query.id, results=[article("a", reply_markup=ONE_BUTTON)])
    alice.chooses(query.results[0])
    alice.calls_guest("@footnote_bot?")
    updates = bot.updates()
    assert len({next(kind for kind in update if kind != "update_id") for update in updates}) == 8
    for update in updates:
        assert wrong_in_object("Update", update) == []


def test_a_message_is_shown_as_a_client_shows_it(bot: RawBot, alice: Person) -> None:
    alice.asks("/start")
    text = (
        "Before\n<blockquote expandable>one <b>two😀</b>\nthree</blockquote>\n"
        '<a href="https://example.org/a">Title</a> · <i>date</i>'
    )
    row = [{"text": "◀", "callback_data": "1"}, {"text": "Copy", "copy_text": {"text": "c"}}]
    bot.call(
        "sendMessage",
        chat_id=alice.user.id,
        text=text,
        parse_mode="HTML",
        reply_parameters={"message_id": 1},
        reply_markup={"inline_keyboard": [row]},
    )
    assert show(alice.chat.from_bot[0]).split("\n") == [
        "> /start",
        "Before",
        "│ (expandable) one **two😀**",
        "│ three",
        "[Title](https://example.org/a) · __date__",
        "[ ◀ ] [ Copy ]",
        "  Copy copies: c",
    ]


def test_inline_results_are_shown_as_a_list(bot: RawBot, alice: Person) -> None:
    query = alice.types_inline("q")
    button = {"text": "Ask in private", "start_parameter": "q_1"}
    results = [article("a", description="Article · 2025")]
    bot.call("answerInlineQuery", inline_query_id=query.id, results=results, button=button, next_offset="1")
    assert show_results(query).split("\n") == [
        "@footnote_bot q",
        "[ Ask in private ] (start q_1)",
        " 1. Title",
        "    Article · 2025",
        "(more below)",
    ]
