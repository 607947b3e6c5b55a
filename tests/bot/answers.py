"""Makes answers for the tests from a text, without an index."""

from __future__ import annotations

from index.types import Answer, Passage, RankedPassage, Source, Span

TEXT = (
    "Iván Espinosa took over this year. He began with an aggressive plan to cut costs. "
    "Nothing formal has been signed."
)
MARKED = "He began with an aggressive plan to cut costs."


def ranked(
    text: str = TEXT,
    marked: str | None = MARKED,
    *,
    title: str = "Nissan looks for partners",
    url: str | None = None,
    published: str | None = None,
    probability: float = 0.973,
    start: int = 40,
) -> RankedPassage:
    """Return a passage that begins at `start` of its article, with the sentence `marked` in it."""
    at = start + text.index(marked) if marked is not None else 0
    span = Span(start, start + len(text))
    return RankedPassage(
        passage=Passage("0" * 16, "nissan", span, (span,), ("Partners", "Espinosa's plan"), 5, 8),
        source=Source("nissan", title, "en", url=url, published=published),
        text=text,
        highlight=None if marked is None else Span(at, at + len(marked)),
        probability=probability,
    )


def answer_of(*passages: RankedPassage, question: str = "Who?", answered: bool = True) -> Answer:
    """Return an answer that has these passages."""
    confidence = passages[0].probability if passages else 0.0
    return Answer(question, answered, confidence, passages, False, 12.5, "20260101T000000Z-abcdef")
