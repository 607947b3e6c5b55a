"""What a button or a link opens: a passage, the text around it, the list of the articles."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from bot.shown import ShownPassage, SourceEntry
from index.texts import StoredPassage, Texts

_HEADING: Final = re.compile(r"^ {0,3}#{1,6}(?:[ \t]|$)", re.MULTILINE)


def shown_passage(texts: Texts, passage_id: str) -> ShownPassage | None:
    """Return the passage of this id, None where there is none any more.

    Raises:
        DamagedGenerationError: The texts cannot be read.
    """
    row = texts.find_passage(passage_id)
    return None if row is None else _shown(_stored(texts, row))


def in_context(texts: Texts, passage_id: str) -> tuple[ShownPassage, ...]:
    """Return a passage with the one before and the one after it, in order.

    A neighbour is left out where a heading stands between, so all are read under the same
    headings. Empty where the passage does not exist any more.

    Raises:
        DamagedGenerationError: The texts cannot be read.
    """
    row = texts.find_passage(passage_id)
    if row is None:
        return ()
    return tuple(_shown(stored) for stored in _around(texts, row))


def source_entries(texts: Texts) -> tuple[SourceEntry, ...]:
    """Return an entry for every article that has a passage, in the order of their ids.

    Raises:
        DamagedGenerationError: The texts cannot be read.
    """
    return tuple(
        SourceEntry(listed.source, listed.first_passage_id, listed.passages)
        for listed in texts.listed_articles()
    )


def _around(texts: Texts, row: int) -> Iterator[StoredPassage]:
    own = _stored(texts, row)
    row_before, row_after = texts.neighbours(row)
    before = None if row_before is None else _stored(texts, row_before)
    after = None if row_after is None else _stored(texts, row_after)
    if before is not None and _read_on(texts, before, own):
        yield before
    yield own
    if after is not None and _read_on(texts, own, after):
        yield after


def _read_on(texts: Texts, first: StoredPassage, second: StoredPassage) -> bool:
    """Return whether no heading stands between two passages of an article."""
    if first.passage.headings != second.passage.headings:
        return False
    # One heading may follow another of the same words.
    article = texts.article(first.source.article_id)
    between = "" if article is None else article.text[first.passage.span.end : second.passage.span.start]
    return _HEADING.search("\n".join(between.splitlines())) is None


def _stored(texts: Texts, row: int) -> StoredPassage:
    (stored,) = texts.passages([row])
    return stored


def _shown(stored: StoredPassage) -> ShownPassage:
    return ShownPassage(stored.passage, stored.source, stored.text)
