"""A language is told by a tag or recognised from the text, always as a code."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from py3langid.langid import LanguageIdentifier

from index import languages
from index.languages import SAMPLE_CHARACTERS, UNDETERMINED, detect_language, language_code


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The steam engine turns heat into work, and it changed the way people lived.", "en"),
        ("Die Dampfmaschine wandelt Wärme in Arbeit um und veränderte das Leben der Menschen.", "de"),
        ("La machine à vapeur transforme la chaleur en travail et a changé la vie des gens.", "fr"),
        ("Паровая машина превращает тепло в работу, и она изменила жизнь людей.", "ru"),
        ("蒸汽机把热能转化为机械能，改变了人们的生活方式。", "zh"),
        ("蒸気機関は熱を仕事に変え、人々の暮らしを変えました。", "ja"),
    ],
)
def test_the_language_of_a_sentence_is_recognised(text: str, language: str) -> None:
    """One sentence of a common language is enough."""
    assert detect_language(text) == language


@pytest.mark.parametrize("text", ["", " \r\n", "1914-1918", "?!", "\ufeff", "___", "½ ²"])
def test_a_text_without_letters_is_undetermined(text: str) -> None:
    """There is nothing to recognise, and no language is made up."""
    assert detect_language(text) == UNDETERMINED


def test_detection_begins_at_the_first_letter() -> None:
    """Numbers at the top, however many, do not use up the sample."""
    numbers = "1 234 567,89 | " * SAMPLE_CHARACTERS
    assert detect_language(numbers + "Паровая машина превращает тепло в работу.") == "ru"


def test_only_a_sample_is_looked_at() -> None:
    """What stands beyond the sample does not change the answer."""
    english = "The steam engine turns heat into work, and it changed the way people lived. "
    sample = english * (SAMPLE_CHARACTERS // len(english) + 1)
    assert detect_language(sample + "Паровая машина превращает тепло в работу. " * 2_000) == "en"


def test_those_who_ask_at_once_wait_for_one_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes a second to load, and each further copy a second more."""
    loaded: list[object] = []
    load = LanguageIdentifier.from_model_file

    def counting(file: str) -> object:
        loaded.append(identifier := load(file))
        return identifier

    monkeypatch.setattr(LanguageIdentifier, "from_model_file", counting)
    languages._classifier.cache_clear()
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(detect_language, ["What does the reactor cost?"] * 4)) == {"en"}
    assert len(loaded) == 1


@settings(deadline=None)
@given(st.text())
def test_any_text_gives_a_code(text: str) -> None:
    """Two lower-case letters, or the code for not knowing."""
    code = detect_language(text)
    assert code == UNDETERMINED or (len(code) == 2 and code.isascii() and code.islower())


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("en", "en"),
        ("en-GB", "en"),
        ("zh_Hans-CN", "zh"),
        ("NO", "no"),
        (" de ", "de"),
        ("deu", "de"),
        ("ger", "de"),
        ("fra", "fr"),
        ("fre", "fr"),
        ("haw", "haw"),
    ],
)
def test_a_tag_gives_its_language(tag: str, code: str) -> None:
    """Region and script are left out, and three letters become two where two exist."""
    assert language_code(tag) == code


@pytest.mark.parametrize("tag", ["", "English", "e", "12", "en GB", "en-", "ру", "e\u0301n"])
def test_what_is_no_tag_gives_nothing(tag: str) -> None:
    """Names of languages and other words are not guessed at."""
    assert language_code(tag) is None
