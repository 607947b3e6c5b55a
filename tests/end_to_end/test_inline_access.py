"""A running bot that answers only some people, while others type after its name or call it as a guest."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.stand_in.control import StandIn
from tests.stand_in.people import Person

BUILT = "Who built the lighthouse of Hornby Head?"

pytestmark = pytest.mark.usefixtures("bot")


@pytest.fixture(scope="module")
def friend(stand_in: StandIn) -> Person:
    return stand_in.person("Fay")


@pytest.fixture(scope="module")
def admin(stand_in: StandIn) -> Person:
    return stand_in.person("Ada")


@pytest.fixture(scope="module")
def bot_settings(friend: Person, admin: Person) -> Mapping[str, str]:
    return {"FOOTNOTE_ALLOWED_CHATS": str(friend.user.id), "FOOTNOTE_ADMINS": str(admin.user.id)}


def test_those_who_are_named_see_passages(stand_in: StandIn, friend: Person, admin: Person) -> None:
    for person in (friend, admin):
        assert "1858" in stand_in.answered(person.types_inline(BUILT)).results[0].title


def test_others_see_nothing_whoever_asked_before(stand_in: StandIn, friend: Person) -> None:
    """Telegram repeats an answer to whoever types the same, unless it is personal."""
    assert stand_in.answered(friend.types_inline(BUILT)).results
    stranger = stand_in.person("Stan")
    for typed in (BUILT, ""):
        query = stand_in.answered(stranger.types_inline(typed))
        assert query.results == ()
        assert not (query.answer or {}).get("button")


def test_a_guest_answers_those_who_are_named_alone(stand_in: StandIn, friend: Person) -> None:
    refused = stand_in.person("Stan").calls_guest(f"@footnote_bot {BUILT}")
    called = friend.calls_guest(f"@footnote_bot {BUILT}")
    answer = stand_in.wait_for(lambda: called.posted)
    assert answer is not None
    assert "1858" in answer.text
    later = friend.calls_guest(f"@footnote_bot {BUILT}")
    stand_in.wait_for(lambda: later.posted)
    assert refused.posted is None
