"""Whoever asks in a language that no article is in is told in which to ask."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cards import declining_card
from bot.other_languages import MOST_NAMED, language_hint, language_names, languages_to_ask_in
from bot.phrases import LANGUAGES, phrases_for
from bot.store import Store
from tests.bot.answers import answer_of
from tests.bot.card_texts import any_text
from tests.bot.parts import parts_with
from tests.bot.stores import address_of

GERMAN = "Welcher Schlüssel passt auf die Schrauben eines Beiwagens?"
RUSSIAN = "Какой ключ подходит к болтам коляски?"
NORWEGIAN = "Hvilken nøkkel passer til boltene på en sidevogn?"
ENGLISH = "Which spanner fits the bolts of a sidecar?"


@pytest.mark.parametrize(
    ("question", "known", "own"),
    [
        (GERMAN, ("en",), "de"),
        (RUSSIAN, ("en",), "ru"),
        (RUSSIAN, ("de", "en"), "en"),
        (RUSSIAN, ("en",), None),
        ("谁建了灯塔？", ("en",), "en"),
        (ENGLISH, ("ru",), "en"),
        (ENGLISH, ("de", "ru", "zh"), "en"),
        # What is guessed is Norwegian of one kind or another.
        (NORWEGIAN, ("en",), "nb"),
        (NORWEGIAN, ("en",), "no"),
        (NORWEGIAN, ("en",), "nn"),
    ],
)
def test_who_asks_in_another_language_learns_the_articles_languages(
    question: str, known: tuple[str, ...], own: str | None
) -> None:
    assert languages_to_ask_in(question, known, own) == known


@pytest.mark.parametrize(
    ("question", "known", "own"),
    [
        (ENGLISH, ("en",), "en"),
        (ENGLISH, ("en",), "de"),
        (ENGLISH, ("en",), None),
        (GERMAN, ("de", "en"), "de"),
        # No script tells it, and it is not the person's own: a few words are guessed at wrongly too often.
        (GERMAN, ("en",), "en"),
        (GERMAN, ("en",), None),
        (RUSSIAN, ("ru",), "en"),
        (RUSSIAN, ("en", "ru"), "ru"),
        # It may be Russian, which is guessed to be something near it.
        ("Болты?", ("ru",), "en"),
        ("Wem gehört Стеллантис?", ("en",), "en"),
        ("ｗｈｏ ｌｅａｄｓ ｎｉｓｓａｎ", ("en",), "en"),
        ("12 + 3?", ("en",), "ru"),
        ("β?", ("en",), "el"),
        ("μ, π", ("en",), None),
        (NORWEGIAN, ("nb",), "no"),
        (NORWEGIAN, ("nn",), "nb"),
        ("Koji ključ odgovara vijcima prikolice?", ("sr",), "hr"),
        ("Kunci mana yang cocok untuk baut kereta samping?", ("ms",), "id"),
        ("", ("en",), "de"),
        (GERMAN, (), "de"),
        (GERMAN, ("und",), "de"),
        # A language of which it is not known how it is written.
        (RUSSIAN, ("qqq",), "en"),
    ],
)
def test_nobody_else_is_told(question: str, known: tuple[str, ...], own: str | None) -> None:
    assert languages_to_ask_in(question, known, own) == ()


@given(any_text(), st.sets(st.sampled_from(["en", "de", "ru", "und"])), st.sampled_from(["en", "de", None]))
def test_of_any_text_none_but_the_articles_languages_are_told(
    text: str, known: set[str], own: str | None
) -> None:
    assert set(languages_to_ask_in(text, known, own)) <= known - {"und"}


@pytest.mark.parametrize(
    ("reader", "names"),
    [
        ("en", ("German", "Chinese", "qqq")),
        ("de", ("Deutsch", "Chinesisch", "qqq")),
        ("es", ("alemán", "chino", "qqq")),
        ("ru", ("немецкий", "китайский", "qqq")),
        ("zh", ("德语", "中文", "qqq")),
    ],
)
def test_languages_have_the_readers_names(reader: str, names: tuple[str, ...]) -> None:
    assert language_names(["de", "zh", "qqq"], reader) == names


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_declining_card_says_it_on_a_line_of_its_own(code: str) -> None:
    phrases = phrases_for(code)
    hint = phrases.other_language.format(languages=", ".join(language_names(["en", "de"], code)))
    card = declining_card(answer_of(answered=False), phrases, hint=hint)
    assert card.html == f"{phrases.declining}\n{hint}"


@pytest.mark.parametrize(
    ("known", "told"),
    [(("en",), "английский"), (("de", "en"), "немецкий, английский"), (("en", "ru"), None)],
)
def test_the_hint_names_them_in_the_readers_language(
    tmp_path: Path, known: tuple[str, ...], told: str | None
) -> None:
    phrases = phrases_for("ru")
    expected = None if told is None else phrases.other_language.format(languages=told)
    assert hint_for(tmp_path, known) == expected


def test_of_many_languages_a_few_are_named(tmp_path: Path) -> None:
    many = ("cs", "da", "de", "en", "es", "fi", "fr")
    hint = hint_for(tmp_path, many) or ""
    assert hint.count(", ") == MOST_NAMED - 1 < len(many) - 1


def hint_for(folder: Path, known: tuple[str, ...]) -> str | None:
    """Return what a Russian reads below a question that articles in some languages do not answer."""
    manifest = SimpleNamespace(languages=known)
    answering = SimpleNamespace(generation=SimpleNamespace(manifest=manifest))

    async def run() -> str | None:
        store = await Store.open(address_of(folder))
        hint = await language_hint(parts_with(store, answering=answering), RUSSIAN, "ru", phrases_for("ru"))
        await store.aclose()
        return hint

    return asyncio.run(run())
