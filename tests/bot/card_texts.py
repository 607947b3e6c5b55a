"""Texts, passages and answers for the tests of cards: some to be read, and any that there could be."""

from __future__ import annotations

from hypothesis import strategies as st

from bot.shown import ShownPassage
from index.segment import segment
from index.types import Answer, Article, Passage, RankedPassage, Source, Span

AWKWARD = (
    *(
        "<b>",
        "</blockquote>",
        "&amp;",
        "&",
        '"',
        "'",
        "\0",
        "\r\n",
        "\r",
        "\t",
        "\n\n",
        " ",
        ". ",
        "! ",
        "? ",
    ),
    *("\ud800", "\udfff", "\u2028", "\u202e", "\u202c", "\u2067", "\u2069", "\u200f", "a\u030a", "x\u030a"),
    *(
        "\u0333",
        "\ufeff",
        "\u200b",
        "\ufffe",
        "😀",
        "👩‍👩‍👧",
        "👍🏽",
        "e\u0301",
        "الكتاب",
        "שלום",
        "漢字。",
        "@name",
    ),
    *(
        "/start",
        "#tag",
        "https://example.org/?a=1&b=2",
        "- item\n",
        "# Heading\n",
        "| a | b |\n",
        "word " * 40,
    ),
    *("Sentence one ends here. ", "長" * 300, "x" * 700, "Who? "),
)


def any_text(most_pieces: int = 40) -> st.SearchStrategy[str]:
    """Return texts made of anything, with what is awkward in Telegram more often than chance has it."""
    characters = st.text(st.characters(exclude_categories=()), max_size=30)
    pieces = st.lists(st.one_of(st.sampled_from(AWKWARD), characters), max_size=most_pieces)
    return pieces.map("".join)


@st.composite
def any_sources(draw: st.DrawFn) -> Source:
    optional = st.one_of(st.none(), any_text(4))
    url = st.one_of(
        st.none(), any_text(4), any_text(6).map("https://example.org/".__add__), st.just("http://a.org")
    )
    return Source("article", draw(any_text(6)), "en", draw(url), draw(optional), draw(optional))


@st.composite
def any_ranked(draw: st.DrawFn) -> RankedPassage:
    """Draw passages as the index makes them, and ones that it would not: far too long, or one sentence."""
    text = draw(any_text())
    made = segment(Article("article", text, 0, "Title", "en"))
    passage = draw(st.sampled_from(made) if made and draw(st.booleans()) else _any_passage(text))
    highlight = draw(st.one_of(st.none(), st.sampled_from(passage.sentences)))
    return RankedPassage(passage, draw(any_sources()), passage.span.of(text), highlight, 0.5)


@st.composite
def _any_passage(draw: st.DrawFn, text: str) -> Passage:
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=12)) | {0, len(text)})
    # No sentence ends inside a line's end, or between a letter and its ring.
    cuts = [cut for cut in cuts if text[cut : cut + 1] != "\u030a" and text[cut - 1 : cut + 1] != "\r\n"]
    cuts = sorted({0, *cuts})
    sentences = tuple(map(Span, cuts, cuts[1:])) or (Span(0, 0),)
    passage_id = draw(st.text("0123456789abcdef", min_size=16, max_size=16))
    headings = tuple(draw(st.lists(any_text(3), max_size=4)))
    number = draw(st.integers(1, 99_999))
    return Passage(passage_id, "article", Span(0, len(text)), sentences, headings, number, number)


def any_answers() -> st.SearchStrategy[Answer]:
    """Return answers with one to seven passages."""
    return st.lists(any_ranked(), min_size=1, max_size=7).map(
        lambda passages: Answer("Who?", True, 0.5, tuple(passages), False, 1.0, "generation")
    )


def passage_of(
    *sentences: str,
    marked: int | None = None,
    number: int = 1,
    start: int = 0,
    title: str = "Nissan looks for hybrid partners",
    url: str | None = "https://example.org/nissan",
    published: str | None = "2025-06-12",
    author: str | None = "A. Writer",
    probability: float = 0.9,
) -> RankedPassage:
    """Return a passage that consists of sentences, spaces and all, which begins at `start` of its article."""
    spans = []
    at = start
    for sentence in sentences:
        spans.append(Span(at, at + len(sentence.rstrip())))
        at += len(sentence)
    span = Span(start, spans[-1].end)
    passage = Passage(f"{number:016x}", "nissan", span, tuple(spans), ("Partners", "Espinosa's plan"), 5, 8)
    source = Source("nissan", title, "en", url, author, published)
    highlight = None if marked is None else spans[marked]
    return RankedPassage(passage, source, "".join(sentences).rstrip(), highlight, probability)


def answer_of(*passages: RankedPassage, answered: bool = True) -> Answer:
    """Return an answer that has these passages."""
    return Answer("Who?", answered, 0.9, passages, False, 1.0, "generation")


def as_shown(ranked: RankedPassage) -> ShownPassage:
    """Return a passage as it is shown outside an answer."""
    return ShownPassage(ranked.passage, ranked.source, ranked.text)


def sentence_of(ranked: RankedPassage) -> str:
    """Return what the marked sentence says; there is one."""
    assert ranked.highlight is not None
    start = ranked.passage.span.start
    return ranked.text[ranked.highlight.start - start : ranked.highlight.end - start]
