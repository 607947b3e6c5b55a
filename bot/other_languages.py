"""Tells whoever asks in a language that no article is in which one to ask in.

The only module that imports Babel.
"""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Final

from bot.phrases import Phrases
from index.languages import UNDETERMINED, detect_language, language_code

if TYPE_CHECKING:
    from bot.parts import Parts

MOST_NAMED: Final = 5
"""Languages that are named; of more, the first ones."""
LEAST_LETTERS: Final = 3
"""Letters by which a language is told: a "β" is as much a sign as a letter."""
_LATIN: Final = "Latn"
# Who reads one of them reads the others. ISO 639-3 has each line as one macrolanguage.
_NEAR_TO = {
    **dict.fromkeys(("nb", "nn"), "no"),
    **dict.fromkeys(("id", "ms"), "ms"),
    **dict.fromkeys(("bs", "hr", "sr", "cnr"), "sh"),
}


async def language_hint(
    parts: Parts, question: str, language_of_asker: str | None, phrases: Phrases
) -> str | None:
    """Return what to say below a declined question where `languages_to_ask_in` names some; else None.

    Args:
        parts: Know the articles' languages.
        question: What was declined.
        language_of_asker: That of the person's Telegram, as a tag, where it is known.
        phrases: The reader's language.
    """
    known = parts.answering.generation.manifest.languages
    # Off the event loop: the first time, what recognises languages is loaded.
    return await asyncio.to_thread(_hint, question, known, language_of_asker, phrases)


def languages_to_ask_in(question: str, known: Collection[str], own: str | None) -> tuple[str, ...]:
    """Return the articles' languages where a question is in none of them; none where it may be in one.

    A few words tell their language but roughly. It is believed where it is the person's own, or where
    there is no Latin letter in them while all articles' languages are written with Latin letters.

    Args:
        question: Any text.
        known: The articles' languages, as codes.
        own: The language of the person's Telegram, as a code, where it is known.
    """
    told = tuple(sorted(code for code in known if code != UNDETERMINED))
    # Compatible forms as what they are: wide Latin letters are Latin.
    letters = [*filter(str.isalpha, unicodedata.normalize("NFKC", question))]
    if not told or len(letters) < LEAST_LETTERS:
        return ()
    is_latin = any(_script(letter) == "LATIN" for letter in letters)
    in_other_letters = not is_latin and all(map(_is_in_latin_letters, told))
    return told if in_other_letters or _is_foreign(question, told, own) else ()


def language_names(codes: Sequence[str], reader: str) -> tuple[str, ...]:
    """Return the languages' names in a reader's language; a code that has none stands for itself.

    The names are those of Unicode's Common Locale Data Repository.
    """
    from babel import Locale

    names = Locale(reader).languages
    return tuple(names.get(code, code) for code in codes)


def _hint(
    question: str, known: Collection[str], language_of_asker: str | None, phrases: Phrases
) -> str | None:
    found = languages_to_ask_in(question, known, language_code(language_of_asker or ""))
    if not found:
        return None
    named = language_names(found[:MOST_NAMED], phrases.code)
    return phrases.other_language.format(languages=", ".join(named))


def _is_foreign(question: str, told: Collection[str], own: str | None) -> bool:
    """Return whether a question is in the person's own language, and no article in one that reads alike."""
    if own is None or _NEAR_TO.get(own, own) in {_NEAR_TO.get(code, code) for code in told}:
        return False
    guess = detect_language(question)
    return _NEAR_TO.get(guess, guess) == _NEAR_TO.get(own, own)


def _script(letter: str) -> str:
    """Return the script of a letter, as the first word of its name in Unicode."""
    return unicodedata.name(letter, "").partition(" ")[0]


def _is_in_latin_letters(code: str) -> bool:
    """Return whether a language is written with Latin letters where it is spoken most."""
    from babel.core import get_global

    likely = get_global("likely_subtags").get(code, "")
    return _LATIN in likely.split("_")
