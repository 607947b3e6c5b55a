"""Which words of a question can be found as they were typed, and which are names to the articles."""

from __future__ import annotations

from collections.abc import Sequence

from index.analysis import analyzer
from index.encoding import TextEncoder
from index.term_store import TermStore


class KnownWords:
    """The words of one generation, and those of its encoder. Safe to share between threads."""

    def __init__(self, terms: TermStore, encoder: TextEncoder, languages: Sequence[str]) -> None:
        """Take the words of the articles, the encoder's, and the languages of the articles."""
        self._terms = terms
        self._encoder = encoder
        self._analyzers = [analyzer(language) for language in languages]

    def as_typed(self, word: str) -> bool:
        """Return whether the articles have a case-folded word in some form, or the encoder has it whole."""
        stems = [each.terms(word).stems for each in self._analyzers]
        forms = {word}.union(*stems)
        return any(map(self._terms.knows, stems)) or any(
            self._encoder.familiarity([form]) == 1 for form in forms
        )

    def as_name(self, word: str) -> bool:
        """Return whether the articles have a word, in one of their languages where it is no stop word."""
        return any(
            each.is_content(word) and self._terms.knows(each.terms(word).stems) for each in self._analyzers
        )
