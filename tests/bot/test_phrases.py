"""Every language says everything, and small talk is told from questions."""

from __future__ import annotations

from dataclasses import fields
from string import Formatter

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot import phrases as module
from bot.phrases import LANGUAGES, Phrases, phrases_for
from bot.small_talk import asks_for_help, is_greeting, is_reaction, is_thanks, reply_without_search
from tests.bot.card_texts import any_text

TEXTS = [
    field.name
    for field in fields(Phrases)
    if isinstance(getattr(phrases_for("en"), field.name), str)
    and field.name not in ("code", "thousands", "decimal")
]
SPOKEN = [phrases_for(code) for code in LANGUAGES]
by_language = pytest.mark.parametrize("phrases", SPOKEN, ids=LANGUAGES)


def placeholders(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in Formatter().parse(text) if name is not None)


@by_language
def test_a_language_has_every_phrase_and_fills_in_the_same(phrases: Phrases) -> None:
    for name in TEXTS:
        said = getattr(phrases, name)
        assert isinstance(said, str), name
        assert said.strip() == said != "", name
        assert placeholders(said) == placeholders(getattr(SPOKEN[0], name)), name


@by_language
def test_a_list_of_words_is_of_words(phrases: Phrases) -> None:
    # In YAML an unquoted "no" is none, but false.
    for field in fields(phrases):
        words = getattr(phrases, field.name)
        if isinstance(words, tuple):
            assert all(isinstance(word, str) and word == word.strip() != "" for word in words), field.name


@by_language
def test_a_language_says_nothing_in_the_words_of_another(phrases: Phrases) -> None:
    same = {"days", "hours", "minutes", "seconds", "percent", "quotation", "rebuild_progress"}
    for other in SPOKEN:
        if other is phrases:
            continue
        for name in set(TEXTS) - same:
            assert getattr(phrases, name) != getattr(other, name), (name, other.code)


@by_language
def test_phrases_fit_where_they_are_shown(phrases: Phrases) -> None:
    toasts = ("passage_gone", "button_unknown", "voted_up", "voted_down", "vote_changed", "vote_kept")
    for name in (
        *toasts,
        "rebuild_over",
        "busy",
        "too_slow",
        "admins_only",
        "group_admins_only",
        "language_set",
    ):
        assert len(getattr(phrases, name)) <= 200, name
    assert len(phrases.failed.format(reference="a1b2c3")) <= 200
    assert len(phrases.about) <= 120
    for name in ("in_context", "only_passage", "copy_citation", "cancel", "roll_back", "switch_anyway"):
        assert len(getattr(phrases, name)) <= 24, name
    for name in ("inline_ask", "inline_nothing_found", "inline_busy"):
        assert len(getattr(phrases, name)) <= 50, name
    for name in TEXTS:
        if name.startswith("command_"):
            assert len(getattr(phrases, name)) <= 40, name


@by_language
def test_help_names_the_buttons_as_they_are_called(phrases: Phrases) -> None:
    for label in (phrases.in_context, phrases.copy_citation, "◀", "▶", "👍", "👎", "/ask", "/sources"):
        assert label in phrases.help


@by_language
def test_a_file_has_no_key_twice(phrases: Phrases) -> None:
    text = (module.files("bot") / "languages" / f"{phrases.code}.yaml").read_text(encoding="utf-8")
    keys = [line.split(":")[0] for line in text.splitlines() if line and line[0].isalpha()]
    assert len(keys) == len(set(keys)) == len(yaml.safe_load(text))


@pytest.mark.parametrize(
    ("code", "expected"),
    [("de", "de"), ("de-AT", "de"), ("zh_Hans", "zh"), ("RU", "ru"), ("pt", "en"), ("", "en"), (None, "en")],
)
def test_a_language_is_found_by_what_telegram_tells(code: str | None, expected: str) -> None:
    assert phrases_for(code).code == expected


@given(st.one_of(st.none(), any_text(2)))
def test_any_code_gives_phrases(code: str | None) -> None:
    assert phrases_for(code) in SPOKEN


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("en", ["0 articles", "1 article", "2 articles", "1,021 articles"]),
        ("de", ["0 Artikel", "1 Artikel", "2 Artikel", "1.021 Artikel"]),
        ("es", ["0 artículos", "1 artículo", "2 artículos", "1.021 artículos"]),
        ("ru", ["0 статей", "1 статья", "2 статьи", "1\u00a0021 статья"]),
        ("zh", ["0 篇文章", "1 篇文章", "2 篇文章", "1,021 篇文章"]),
    ],
)
def test_articles_are_counted_by_the_rules_of_the_language(code: str, expected: list[str]) -> None:
    assert [phrases_for(code).counted_articles(count) for count in (0, 1, 2, 1021)] == expected


def test_russian_counts_the_teens_like_many() -> None:
    assert [phrases_for("ru").counted_articles(count)[-6:] for count in (11, 12, 14, 25)] == ["статей"] * 4


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0 s"),
        (0.4, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3_599.6, "1 h"),
        (3_725, "1 h 2 min"),
        (86_400 * 3 + 60, "3 d"),
        (86_400 + 7_200, "1 d 2 h"),
        (-5, "0 s"),
    ],
)
def test_a_duration_is_told_in_its_two_largest_units(seconds: float, expected: str) -> None:
    assert phrases_for("en").duration(seconds) == expected


def test_numbers_and_shares_are_written_as_the_language_does() -> None:
    assert [phrases.number(1234.5, 1) for phrases in SPOKEN] == [
        "1,234.5", "1.234,5", "1.234,5", "1\u00a0234,5", "1,234.5",
    ]  # fmt: skip
    assert [phrases.share(0.9125) for phrases in SPOKEN[:2]] == ["91.2%", "91,2 %"]


@pytest.mark.parametrize(
    "text",
    [
        *("hi", "Hello!", "HEY 👋", "good morning everyone", "hi there, bot :)", "Hallo zusammen!", "moin"),
        *(
            "¡Hola!",
            "Hola, ¿qué tal?",
            "Buenos días",
            "Привет!",
            "всем привет",
            "Здравствуйте",
            "你好",
            "您好！",
        ),
        *("大家早上好", "hi, 你好"),
    ],
)
def test_a_greeting_is_told_from_a_question(text: str) -> None:
    assert is_greeting(text)
    assert not is_thanks(text)


@pytest.mark.parametrize(
    "text",
    [
        *("thanks a lot 🙏", "Thank you!", "thx", "great, thanks", "Vielen Dank für die Hilfe!", "danke dir"),
        *(
            "¡Muchas gracias!",
            "Спасибо большое",
            "谢谢",
            "谢谢你的帮助",
            "太感谢了！",
            "hello, thanks!",
        ),
    ],
)
def test_thanks_are_told_from_a_question(text: str) -> None:
    assert is_thanks(text)
    assert not is_greeting(text)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "hello, who leads Nissan?",
            "hi Nissan",
            "hit here",
            "who says hello",
            "hello?? anyone",
            "thanksgiving",
        ),
        *(
            "",
            " ",
            "?",
            "👋",
            "ok",
            "all",
            "thank you note",
            "what is tea",
            "谢谢用英语怎么说",
            "你好是什么意思",
        ),
        *("danke für nichts tun", "hi " * 40, "good", "morning"),
    ],
)
def test_anything_more_than_small_talk_is_a_question(text: str) -> None:
    assert not is_greeting(text)
    assert not is_thanks(text)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "ok",
            "OK!",
            "lol",
            "haha, nice",
            "Yes",
            "no",
            "I see.",
            "alles klar",
            "genau!",
            "vale",
            "¡Sí!",
            "да",
        ),
        *("понятно", "嗯", "好的", "great 👍"),
    ],
)
def test_a_reaction_is_told_from_a_question(text: str) -> None:
    assert is_reaction(text)
    assert reply_without_search(text, phrases_for("en"), "footnote_bot") == phrases_for("en").reaction


@pytest.mark.parametrize(
    "text", ["ok, who leads Nissan", "is it nice?", "no sugar", "Hello!", "thanks, great"]
)
def test_more_than_a_reaction_is_none(text: str) -> None:
    assert not is_reaction(text)


@pytest.mark.parametrize(
    "text", ["help", "Help!", "what can you do?", "Wer bist du?", "ayuda", "помощь", "帮助"]
)
def test_a_call_for_help_gets_it(text: str) -> None:
    assert asks_for_help(text)
    said = reply_without_search(text, phrases_for("en"), "footnote_bot")
    assert said is not None
    assert "@footnote_bot and your question" in said


@pytest.mark.parametrize(
    "text", ["who can help me with tea", "helpless", "what can you do about stale bread?"]
)
def test_a_question_about_help_is_a_question(text: str) -> None:
    assert not asks_for_help(text)
    assert reply_without_search(text, phrases_for("en"), "footnote_bot") is None


@given(any_text(6))
def test_no_text_is_too_strange_to_tell(text: str) -> None:
    assert not (is_greeting(text) and is_thanks(text))
    assert not is_greeting(f"{text} Nissan")
