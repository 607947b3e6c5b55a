"""Text to terms: the one place that decides what counts as the same word.

Each word of a spaced script gives one stem and its character 4-grams; a run of a script written
without spaces gives character bigrams as both. Grams let compounds and inflections meet that no
stemmer brings together ("Brennstoffzelle", "Zellen"), as character n-gram tokenisation does in
McNamee and Mayfield, "Character N-Gram Tokenization for European Language Text Retrieval" (2004).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from icu4py.breakers import WordBreaker

from index.lexical import Stemmer

GRAM_LENGTH = 4
"""Best of 3 to 5 for English, German, Dutch and Finnish in the paper above."""

LONGEST_WORD = 64
"""Characters of one word that are looked at; longer ones are cut (hashes, base64, URLs)."""

_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\U00020000-\U0003ffff]+"
)
"""Thai, Lao, Burmese, Khmer, kana and Han: scripts written without spaces between words."""

_ACRONYM = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]")
_POSSESSIVE = re.compile("['\u2019]s?$")


@dataclass(frozen=True, slots=True)
class Terms:
    """What a text is searched by. Order and repetitions are kept: they carry term frequencies."""

    stems: tuple[str, ...]
    grams: tuple[str, ...]


class Analyzer:
    """Turns text of one language into terms. Cheap to make, safe to share between threads."""

    def __init__(self, language: str) -> None:
        """Choose the stemmer of `language` (ISO 639-1); without one, words stay as they are."""
        self.language = language
        self._stemmer = Stemmer(language)

    def terms(self, text: str) -> Terms:
        """Return the terms of `text`: any Unicode, lone surrogates and controls included."""
        return self._terms_of(words(text))

    def question_terms(self, text: str) -> Terms:
        """Return the terms of a question: without stop words, unless it consists of nothing else."""
        found = words(text)
        return self._terms_of(self._stemmer.content_words(found) or found)

    def is_content(self, word: str) -> bool:
        """Return whether a word is none of the language's stop words."""
        return bool(self._stemmer.content_words(words(word)))

    def _terms_of(self, found: list[str]) -> Terms:
        stems: list[str] = []
        grams: list[str] = []
        spaced: list[str] = []
        for word in found:
            if not is_unspaced(word):
                spaced.append(word)
                continue
            for run, unspaced in _runs(word):
                if unspaced:
                    stems += _ngrams(run, 2)
                    grams += _ngrams(run, 2)
                else:
                    spaced.append(run)
        stems += self._stemmer.stems(spaced)
        for word in spaced:
            grams += _ngrams(f"_{word}_", GRAM_LENGTH)
        return Terms(tuple(stems), tuple(grams))


@cache
def analyzer(language: str) -> Analyzer:
    """Return the analyzer of `language`, always the same one."""
    return Analyzer(language)


def words(text: str) -> list[str]:
    """Return the words of `text` in order: NFKC, case-folded, cut at Unicode's word boundaries.

    A run of a script without spaces is one word here. Acronyms lose their points ("U.S." is "us")
    and words their possessive ending. No word holds white space.
    """
    clean = unicodedata.normalize("NFKC", text).encode("utf-8", "replace").decode("utf-8").casefold()
    found: list[str] = []
    run = ""
    for piece in WordBreaker(clean, "en"):
        if _UNSPACED.match(piece):
            run += piece
            continue
        if run:
            found.append(run)
            run = ""
        if any(map(str.isalnum, piece)):
            found.append(_word(piece))
    if run:
        found.append(run)
    return found


def is_unspaced(word: str) -> bool:
    """Return whether a word has characters of a script that is written without spaces."""
    return _UNSPACED.search(word) is not None


def count_words(text: str) -> int:
    """Return how many words of letters or digits `text` has, by Unicode's word boundaries.

    Scripts without spaces are divided by a dictionary where ICU has one. Lone surrogates must have
    been replaced.
    """
    return sum(any(map(str.isalnum, piece)) for piece in WordBreaker(text, "en"))


def _word(piece: str) -> str:
    word = _POSSESSIVE.sub("", piece)
    if _ACRONYM.fullmatch(word):
        word = word.replace(".", "")
    return "".join(word.split())[:LONGEST_WORD]


def _runs(word: str) -> list[tuple[str, bool]]:
    """Return the parts of `word`, each with whether it is of a script without spaces."""
    parts: list[tuple[str, bool]] = []
    position = 0
    for match in _UNSPACED.finditer(word):
        if match.start() > position:
            parts.append((word[position : match.start()], False))
        parts.append((match.group(), True))
        position = match.end()
    if position < len(word):
        parts.append((word[position:], False))
    return parts


def _ngrams(text: str, length: int) -> list[str]:
    return [text[start : start + length] for start in range(len(text) - length + 1)] or [text]
