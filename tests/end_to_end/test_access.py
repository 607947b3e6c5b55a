"""A running bot that answers only those whom the settings name."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from bot.phrases import phrases_for
from tests.end_to_end.bot_process import BotProcess
from tests.end_to_end.pressing import post_inline
from tests.stand_in.control import StandIn
from tests.stand_in.people import Person
from tests.stand_in.records import Chat

ENGLISH = phrases_for("en")
BUILT = "Who built the lighthouse of Hornby Head?"

pytestmark = pytest.mark.usefixtures("bot")


@pytest.fixture(scope="module")
def admin(stand_in: StandIn) -> Person:
    return stand_in.person("Ada")


@pytest.fixture(scope="module")
def guest(stand_in: StandIn) -> Person:
    return stand_in.person("Gus")


@pytest.fixture(scope="module")
def group(stand_in: StandIn, guest: Person) -> Chat:
    return stand_in.group("Let in", guest)


@pytest.fixture(scope="module")
def bot_settings(admin: Person, guest: Person, group: Chat) -> Mapping[str, str]:
    return {
        "FOOTNOTE_ADMINS": str(admin.user.id),
        "FOOTNOTE_ALLOWED_CHATS": f"{guest.user.id}, {group.id}",
    }


def test_those_who_are_named_are_answered(
    stand_in: StandIn, admin: Person, guest: Person, group: Chat
) -> None:
    stranger = stand_in.person("Stan")
    for asked in (
        *(admin.asks(BUILT), guest.asks(BUILT)),
        stranger.writes(group, f"/ask@footnote_bot {BUILT}"),
    ):
        assert "1858" in stand_in.answer_to(asked).text


def test_others_are_refused_once_in_private(stand_in: StandIn, bot: BotProcess) -> None:
    stranger = stand_in.person("Stan", language="de")
    first = stranger.asks(BUILT)
    assert stand_in.answer_to(first).text == phrases_for("de").chat_refused
    stranger.asks("/start")
    stranger.asks(f"{BUILT}!", edits=first)
    stranger.asks("And now, perhaps?")
    bot.wait_until_idle()
    assert len(stranger.chat.from_bot) == 1


def test_other_groups_meet_silence(stand_in: StandIn, bot: BotProcess, guest: Person) -> None:
    stand_in.answer_to(guest.asks("/start"))
    other = stand_in.group("Not let in", guest, bot=None)
    guest.adds_bot(other)
    guest.writes(other, f"/ask@footnote_bot {BUILT}")
    channel = stand_in.channel("Neither", guest)
    guest.writes(channel, f"/ask {BUILT}")
    said = len(guest.chat.from_bot)
    bot.wait_until_idle()
    assert other.from_bot == channel.from_bot == ()
    assert len(guest.chat.from_bot) == said


def test_buttons_show_nothing_to_others(stand_in: StandIn, guest: Person) -> None:
    stranger = stand_in.person("Stan")
    answer = stand_in.answer_to(guest.asks(BUILT))
    posted = post_inline(stand_in, guest, answer)
    shown = posted.content
    assert stand_in.toast(stranger.presses(posted, "2/5")) == ENGLISH.chat_refused
    assert posted.content == shown
    assert stand_in.toast(guest.presses(posted, "2/5")) == ""


@pytest.mark.parametrize(
    "text", [f"/claim/ {BUILT}", f"/claims {BUILT}", f"/claim@other_bot {BUILT}", f"x /claim {BUILT}"]
)
def test_what_only_looks_like_a_claim_is_refused(stand_in: StandIn, text: str) -> None:
    assert stand_in.answer_to(stand_in.person("Stan").asks(text)).text == ENGLISH.chat_refused


def test_a_claim_is_heard(stand_in: StandIn) -> None:
    assert stand_in.answer_to(stand_in.person("Stan").asks("/claim ABCD-EFGH")).text == ENGLISH.claim_closed


def test_a_refusal_that_fails_lets_nobody_in(stand_in: StandIn, bot: BotProcess) -> None:
    stranger = stand_in.person("Stan")
    stand_in.faults.fail("sendMessage", code=404)
    stranger.asks(BUILT)
    bot.wait_until_idle()
    assert not [message for message in stranger.chat.from_bot if "1858" in message.text]
