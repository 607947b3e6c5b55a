"""What is spoken to the bot, and which question is in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.speaking import Said, Spoken, is_other_command, spoken, without_address

NAME = "footnote_bot"


def in_private(text: str, replied: str | None = None) -> Spoken | None:
    return spoken(Said(text, is_private=True, answers_bot=False, replied_text=replied), NAME)


def in_group(text: str, replied: str | None = None) -> Spoken | None:
    return spoken(Said(text, is_private=False, answers_bot=False, replied_text=replied), NAME)


@pytest.mark.parametrize("text", ["Who?", "@footnote_bot Who?", "/ask Who?", "/ask@footnote_bot Who?"])
def test_every_text_in_private_is_a_question(text: str) -> None:
    assert in_private(text) == Spoken("Who?")


@pytest.mark.parametrize(
    "text",
    [
        "/ask Who?",
        "/ask@footnote_bot Who?",
        "/ASK@Footnote_Bot Who?",
        "/ask\nWho?",
        "/ask@footnote_bot @footnote_bot Who?",
        "@footnote_bot Who?",
        "@FOOTNOTE_BOT, Who?",
        "@footnote_bot: Who?",
        "Who? @footnote_bot",
        " /ask  Who? ",
    ],
)
def test_in_a_group_the_command_and_the_mention_are(text: str) -> None:
    assert in_group(text) == Spoken("Who?")


@pytest.mark.parametrize(
    "text",
    [
        "Who?",
        "footnote_bot Who?",
        "/ask@other_bot Who?",
        "/asking Who?",
        "/help@footnote_bot",
        "/help",
        "see /ask",
        "ask@footnote_bot",
        "mail me@footnote_bot",
        "@footnote_bots Who?",
        "@footnote Who?",
        "https://example.org/@footnote_bot",
        "/ask.me Who?",
    ],
)
def test_other_texts_in_a_group_are_not(text: str) -> None:
    assert in_group(text) is None


def test_a_reply_to_the_bot_is_a_question() -> None:
    assert spoken(Said("Who?", is_private=False, answers_bot=True), NAME) == Spoken("Who?", is_called=False)


def test_a_command_to_another_bot_is_none_even_as_a_reply_to_this_one() -> None:
    assert spoken(Said("/ask@other_bot Who?", is_private=False, answers_bot=True), NAME) is None


@pytest.mark.parametrize("text", ["/ask", "/ask@footnote_bot", "@footnote_bot", "/ask ?", "@footnote_bot!"])
@pytest.mark.parametrize("replied", ["Who?", "/ask@other_bot Who?", "@other_bot Who?", " Who? "])
def test_called_without_a_question_it_takes_the_one_replied_to(text: str, replied: str) -> None:
    assert in_group(text, replied) == Spoken("Who?", is_replied_text=True)


@pytest.mark.parametrize("text", ["/ask", "/ask@footnote_bot ", "@footnote_bot"])
@pytest.mark.parametrize("replied", [None, "", "/ask@other_bot"])
def test_called_without_any_question_it_has_none(text: str, replied: str | None) -> None:
    assert in_group(text, replied) == Spoken("")


def test_a_question_of_ones_own_goes_before_the_one_replied_to() -> None:
    assert in_group("/ask Who?", "Where?") == Spoken("Who?")


@pytest.mark.parametrize("text", ["/help", "/help@footnote_bot now", " /frobnicate"])
def test_other_commands_are_told(text: str) -> None:
    assert is_other_command(text, NAME)


@pytest.mark.parametrize("text", ["/ask", "/ask@footnote_bot", "/help@other_bot", "help", "/", "1/2", ""])
def test_what_is_none_is_not(text: str) -> None:
    assert not is_other_command(text, NAME)


@pytest.mark.parametrize("text", ["Who?", "/ask Who?", "@footnote_bot Who?", "/ask@footnote_bot, Who?"])
def test_the_address_is_taken_off(text: str) -> None:
    assert without_address(text, NAME) == "Who?"


@given(st.text(), st.booleans(), st.booleans(), st.none() | st.text())
def test_any_text_is_understood_or_not(
    text: str, private: bool, answers_bot: bool, replied: str | None
) -> None:
    found = spoken(Said(text, private, answers_bot, replied), NAME)
    if found is not None and not found.is_replied_text:
        assert len(found.question) <= len(text)
    if private and not text.strip().startswith("/"):
        assert found is not None


def test_what_people_say_is_in_no_record_that_is_printed() -> None:
    secret = "Who leaves the company?"
    said = Said(secret, is_private=True, answers_bot=False, replied_text=secret)
    assert secret not in repr([said, Spoken(secret)])
