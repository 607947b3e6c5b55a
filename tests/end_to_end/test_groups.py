"""Groups, topics and channels that the running bot is in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from bot.phrases import phrases_for
from tests.end_to_end.bot_process import BotProcess
from tests.end_to_end.transcripts import Transcript
from tests.stand_in.control import StandIn
from tests.stand_in.people import Person
from tests.stand_in.records import Chat, Message

ENGLISH = phrases_for("en")
BUILT = "Who built the lighthouse of Hornby Head?"
BREWED = "How long is black tea brewed?"
UNANSWERED = "How do I repair a bicycle tyre?"

pytestmark = pytest.mark.usefixtures("bot")


@pytest.fixture(scope="module")
def admin(stand_in: StandIn) -> Person:
    return stand_in.person("Ada")


@pytest.fixture(scope="module")
def bot_settings(admin: Person) -> Mapping[str, str]:
    return {"FOOTNOTE_ADMINS": str(admin.user.id)}


@pytest.fixture(autouse=True)
def privacy(stand_in: StandIn) -> Iterator[None]:
    yield
    stand_in.switches.can_read_all_group_messages = False
    stand_in.switches.delivers_mentions = False


def until_now(stand_in: StandIn, person: Person, chat: Chat) -> list[str]:
    """Return what the bot has said in a chat, after all that came before was handled."""
    asked = person.writes(chat, "/ask@footnote_bot")
    answers = stand_in.wait_for(lambda: [message for message in chat.from_bot if message.reply_to is asked])
    assert [answer.text for answer in answers] == [ENGLISH.ask_usage]
    return [message.text for message in chat.from_bot if message not in answers]


def answers_in(stand_in: StandIn, chat: Chat, asked: Message) -> Message:
    answer = stand_in.answer_to(asked)
    assert answer.chat is chat
    return answer


def test_a_group_looks_as_it_did(stand_in: StandIn) -> None:
    transcript = Transcript()
    ann, bob = stand_in.person("Ann"), stand_in.person("Bob")
    stand_in.answer_to(ann.asks("/start"))
    group = stand_in.group("Tea and light", ann, bob, bot=None)
    ann.adds_bot(group)
    stand_in.wait_for(lambda: len(ann.chat.from_bot) == 2)
    transcript.note("Ann adds the bot", *group.from_bot)
    transcript.note("and is told in private", ann.chat.from_bot[1])
    asked = bob.writes(group, BUILT)
    answer = stand_in.answer_to(ann.writes(group, "/ask@footnote_bot", reply_to=asked))
    transcript.note(f"Bob: {BUILT} Ann replies: /ask@footnote_bot", answer)
    follow_up = bob.writes(group, "When?", reply_to=answer)
    transcript.note("Bob replies to the bot: When?", stand_in.answer_to(follow_up))
    usage = bob.writes(group, "/ask@footnote_bot")
    transcript.note("Bob: /ask@footnote_bot", stand_in.answer_to(usage))
    declined = bob.writes(group, f"/ask@footnote_bot {UNANSWERED}")
    transcript.note(f"Bob: /ask@footnote_bot {UNANSWERED}", stand_in.answer_to(declined))
    transcript.assert_as_in("groups")


def test_added_it_says_how_to_be_asked_and_tells_what_privacy_mode_hides(
    stand_in: StandIn, admin: Person
) -> None:
    stand_in.answer_to(admin.asks("/start"))
    ann = stand_in.person("Ann")
    group = stand_in.group("Reading room", ann, bot=None)
    ann.adds_bot(group)
    told = ENGLISH.group_privacy.format(chat="Reading room", bot="footnote_bot")
    stand_in.wait_for(lambda: told in [message.text for message in admin.chat.from_bot])
    assert until_now(stand_in, ann, group) == [ENGLISH.group_welcome]
    # Ann never wrote to the bot, which therefore cannot write to her.
    assert ann.chat.from_bot == ()


def test_nothing_is_in_the_way_of_an_administrator(stand_in: StandIn) -> None:
    ann = stand_in.person("Ann")
    stand_in.answer_to(ann.asks("/start"))
    group = stand_in.group("Open", ann, bot=None)
    ann.adds_bot(group, status="administrator")
    assert until_now(stand_in, ann, group) == [ENGLISH.group_welcome]
    assert len(ann.chat.from_bot) == 1


def test_being_promoted_is_not_being_added(stand_in: StandIn) -> None:
    ann = stand_in.person("Ann")
    group = stand_in.group("Open", ann, bot=None)
    ann.adds_bot(group)
    stand_in.wait_for(lambda: group.from_bot)
    ann.adds_bot(group, status="administrator")
    assert until_now(stand_in, ann, group) == [ENGLISH.group_welcome]


def test_without_privacy_mode_nothing_is_told(stand_in: StandIn) -> None:
    stand_in.switches.can_read_all_group_messages = True
    ann = stand_in.person("Ann")
    stand_in.answer_to(ann.asks("/start"))
    group = stand_in.group("Open", ann, bot=None)
    ann.adds_bot(group)
    assert until_now(stand_in, ann, group) == [ENGLISH.group_welcome]
    assert len(ann.chat.from_bot) == 1


def test_where_nobody_may_write_an_admin_is_told(stand_in: StandIn, bot: BotProcess) -> None:
    ann = stand_in.person("Ann")
    stand_in.answer_to(ann.asks("/start"))
    group = stand_in.group("Quiet", ann, bot=None)
    group.bot_may_write = False
    ann.adds_bot(group)
    told = ENGLISH.group_silenced.format(chat="Quiet")
    stand_in.wait_for(lambda: told in [message.text for message in ann.chat.from_bot])
    assert group.from_bot == ()
    assert bot.lines("handler_failed") == []


def test_removed_and_added_again_it_introduces_itself_again(stand_in: StandIn) -> None:
    ann = stand_in.person("Ann")
    group = stand_in.group("Back and forth", ann, bot=None)
    ann.adds_bot(group)
    stand_in.wait_for(lambda: len(group.from_bot) == 1)
    ann.removes_bot(group)
    ann.adds_bot(group)
    stand_in.wait_for(lambda: len(group.from_bot) == 2)


@pytest.mark.parametrize("kind", ["group", "supergroup"])
def test_ask_is_answered_in_reply(stand_in: StandIn, kind: str) -> None:
    ann = stand_in.person("Ann")
    group = stand_in.group("Tea", ann, kind=kind)
    asked = ann.writes(group, f"/ask@footnote_bot {BREWED}")
    answer = stand_in.answer_to(asked)
    assert answer.reply_to is asked
    assert "four minutes" in answer.text
    bare = ann.writes(group, f"/ask {BUILT}")
    assert "1858" in stand_in.answer_to(bare).text


def test_ask_in_reply_answers_the_message_that_was_replied_to(stand_in: StandIn) -> None:
    ann, bob = stand_in.person("Ann"), stand_in.person("Bob")
    group = stand_in.group("Light", ann, bob)
    question = bob.writes(group, f"Does anybody know? {BUILT}")
    answer = stand_in.answer_to(ann.writes(group, "/ask@footnote_bot", reply_to=question))
    assert answer.reply_to is question
    assert "1858" in answer.text
    quoted = ann.writes(group, "/ask@footnote_bot", reply_to=question, quote=BUILT)
    assert "1858" in stand_in.answer_to(quoted).text


def test_ask_with_a_question_in_reply_answers_that_question(stand_in: StandIn) -> None:
    ann, bob = stand_in.person("Ann"), stand_in.person("Bob")
    group = stand_in.group("Light", ann, bob)
    asked = ann.writes(group, f"/ask@footnote_bot {BREWED}", reply_to=bob.writes(group, BUILT))
    answer = stand_in.answer_to(asked)
    assert answer.reply_to is asked
    assert "four minutes" in answer.text


def test_a_reply_to_the_bot_is_a_question(stand_in: StandIn) -> None:
    ann, bob = stand_in.person("Ann"), stand_in.person("Bob")
    group = stand_in.group("Light", ann, bob)
    first = stand_in.answer_to(ann.writes(group, f"/ask@footnote_bot {BUILT}"))
    asked = bob.writes(group, "And what colour?", reply_to=first)
    answer = stand_in.answer_to(asked)
    assert answer.text.startswith(f"Question: {BUILT} And what colour?\n")
    assert answer.reply_to is asked


def test_a_mention_is_a_question_where_it_is_delivered(stand_in: StandIn) -> None:
    ann, bob = stand_in.person("Ann"), stand_in.person("Bob")
    group = stand_in.group("Light", ann, bob)
    stand_in.switches.delivers_mentions = True
    assert "1858" in stand_in.answer_to(ann.writes(group, f"@Footnote_Bot, {BUILT}")).text
    assert "four minutes" in stand_in.answer_to(ann.writes(group, f"{BREWED} @footnote_bot")).text
    question = bob.writes(group, BUILT)
    answer = stand_in.answer_to(ann.writes(group, "@footnote_bot?", reply_to=question))
    assert answer.reply_to is question


def test_it_is_silent_where_it_hears_what_is_not_for_it(stand_in: StandIn, bot: BotProcess) -> None:
    ann, bob = stand_in.person("Ann"), stand_in.person("Bob")
    robot = stand_in.person("Robot", is_bot=True)
    group = stand_in.group("Tea", ann, bob, robot)
    stand_in.switches.can_read_all_group_messages = True
    said = ann.writes(group, BREWED)
    bob.writes(group, "Four minutes, I think", reply_to=said)
    bob.writes(group, f"/ask@other_bot {BREWED}")
    bob.writes(group, "/frobnicate")
    bob.writes(group, f"footnote_bot {BREWED}")
    bob.writes(group, "write to a@footnote_bot.example")
    robot.writes(group, f"/ask@footnote_bot {BREWED}")
    ann.writes(group, "How long is white tea brewed?", edits=said)
    bot.wait_until_idle()
    assert group.from_bot == ()
    assert bot.lines("handler_failed") == []


def test_an_edited_question_edits_its_answer(stand_in: StandIn) -> None:
    ann = stand_in.person("Ann")
    group = stand_in.group("Tea", ann)
    asked = ann.writes(group, f"/ask@footnote_bot {UNANSWERED}")
    answer = stand_in.answer_to(asked)
    ann.writes(group, f"/ask@footnote_bot {BREWED}", edits=asked)
    stand_in.wait_for(lambda: "four minutes" in answer.text)
    assert len(group.from_bot) == 1


def test_a_question_that_somebody_else_passed_on_edits_its_answer_too(stand_in: StandIn) -> None:
    ann, bob = stand_in.person("Ann"), stand_in.person("Bob")
    group = stand_in.group("Tea", ann, bob)
    stand_in.switches.can_read_all_group_messages = True
    question = bob.writes(group, UNANSWERED)
    answer = stand_in.answer_to(ann.writes(group, "/ask@footnote_bot", reply_to=question))
    bob.writes(group, BREWED, edits=question)
    stand_in.wait_for(lambda: "four minutes" in answer.text)
    assert len(group.from_bot) == 1


def test_a_topic_keeps_its_answers(stand_in: StandIn) -> None:
    ann, bob = stand_in.person("Ann"), stand_in.person("Bob")
    forum = stand_in.group("Forum", ann, bob, forum=True)
    topic = stand_in.topic(forum, "Tea", ann)
    answer = stand_in.answer_to(ann.writes(forum, f"/ask@footnote_bot {BREWED}", thread_id=topic))
    assert answer.thread_id == topic
    # Its reply_to_message is the opening of the topic, which is no question.
    usage = stand_in.answer_to(ann.writes(forum, "/ask@footnote_bot", thread_id=topic))
    assert usage.text == ENGLISH.ask_usage
    follow_up = stand_in.answer_to(bob.writes(forum, "And white tea?", thread_id=topic, reply_to=answer))
    assert follow_up.thread_id == topic
    general = stand_in.answer_to(ann.writes(forum, f"/ask@footnote_bot {BREWED}"))
    assert general.thread_id is None


def test_an_anonymous_admin_is_answered_and_nobody_in_particular(stand_in: StandIn) -> None:
    ann = stand_in.person("Ann")
    group = stand_in.group("Light", ann)
    first = stand_in.answer_to(ann.writes(group, f"/ask@footnote_bot {BUILT}", as_chat=group))
    assert "1858" in first.text
    # It may be another admin, so the question before may be somebody else's.
    alone = stand_in.answer_to(ann.writes(group, "/ask@footnote_bot When?", as_chat=group))
    assert alone.text in (ENGLISH.declining, ENGLISH.declining_with_nearest)
    reply = stand_in.answer_to(ann.writes(group, "When?", as_chat=group, reply_to=first))
    assert reply.marked("italic") == [f"{BUILT} When?"]


def test_a_reply_that_asks_nothing_is_passed_over(stand_in: StandIn) -> None:
    ann, bob = stand_in.person("Ann"), stand_in.person("Bob")
    group = stand_in.group("Light", ann, bob)
    answer = stand_in.answer_to(ann.writes(group, f"/ask@footnote_bot {BUILT}"))
    before = until_now(stand_in, ann, group)
    for text in ("ok", "haha, nice", "Nice one, I did not know that about them at all"):
        bob.writes(group, text, reply_to=answer)
    assert until_now(stand_in, ann, group) == [*before, ENGLISH.ask_usage]


def test_who_writes_for_a_channel_is_answered(stand_in: StandIn) -> None:
    ann = stand_in.person("Ann")
    channel = stand_in.channel("News", ann, bot=None)
    group = stand_in.group("Light", ann)
    asked = ann.writes(group, f"/ask@footnote_bot {BUILT}", as_chat=channel)
    assert "1858" in stand_in.answer_to(asked).text


def test_a_channel_post_is_answered_where_it_asks(stand_in: StandIn) -> None:
    ann = stand_in.person("Ann")
    channel = stand_in.channel("News", ann)
    ann.writes(channel, BUILT)
    asked = ann.writes(channel, f"/ask {BUILT}")
    answer = stand_in.answer_to(asked)
    assert answer.reply_to is asked
    ann.writes(channel, f"/ask {BREWED}", edits=asked)
    stand_in.wait_for(lambda: "four minutes" in answer.text)
    follow_up = stand_in.answer_to(ann.writes(channel, BUILT, reply_to=answer))
    assert "1858" in follow_up.text
    assert len(channel.from_bot) == 2


def test_a_supergroups_thread_of_replies_is_no_topic(stand_in: StandIn) -> None:
    ann, bob = stand_in.person("Ann"), stand_in.person("Bob")
    group = stand_in.group("Light", ann, bob)
    asked = ann.writes(group, "/ask@footnote_bot", reply_to=bob.writes(group, BUILT))
    assert asked.thread_id is not None
    assert "1858" in stand_in.answer_to(asked).text


def test_start_in_a_group_says_how_to_be_asked(stand_in: StandIn) -> None:
    ann = stand_in.person("Ann")
    group = stand_in.group("Tea", ann)
    answer = answers_in(stand_in, group, ann.writes(group, "/start@footnote_bot"))
    assert answer.text == ENGLISH.group_welcome
