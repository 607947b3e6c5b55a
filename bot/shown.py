"""What is shown outside an answer: a passage that a button names, and a line of the list of articles."""

from __future__ import annotations

from dataclasses import dataclass

from index.types import Passage, Source


@dataclass(frozen=True, slots=True)
class ShownPassage:
    """A passage with all that is needed to show it."""

    passage: Passage
    source: Source
    text: str
    """`article.text[passage.span.start : passage.span.end]`, to the character."""


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """An article of the collection, with where reading it begins."""

    source: Source
    first_passage_id: str
    passages: int
    """How many passages the article has."""
