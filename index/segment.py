"""Articles into passages: whole sentences under one heading, short enough to read and to encode.

The text's own structure decides, in this order: headings, paragraphs, sentences. Lengths only
choose how many paragraphs make a passage, or how many passages a long paragraph makes.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from itertools import pairwise

from index.analysis import count_words
from index.blocks import Block, read_blocks
from index.cutting import cut_points
from index.packing import Limits, Paragraph, Sentence, group, sentences_of, size, windows
from index.sentences import is_cased, sentence_spans, trim
from index.types import Article, Passage, Span

__all__ = ["Limits", "passage_id", "segment"]

_SURROGATE = re.compile("[\ud800-\udfff]")
_LINE_ENDS = dict.fromkeys(map(ord, "\r\v\f\x85\u2028\u2029"), "\n")


def segment(article: Article, limits: Limits = Limits()) -> list[Passage]:  # noqa: B008 - frozen
    """Return the passages of `article`, in order; none where its body has no letter or digit.

    Each letter and digit of the body is in a sentence of a passage, except those of headings
    (carried by the passages below them), of HTML comments, and of the line that opens a piece of
    code. A passage reads from its first sentence to its last, so what stands between them, such as
    a blank line, is part of it. No passage is larger than `limits.max_words`, but one character that is.

    A paragraph that fits is in one passage. A longer one is in several that overlap, each beginning
    after the one before; sentences where they overlap are in both.

    `Passage.paragraph` counts paragraphs, lists, quotes, tables and pieces of code alike, without
    those that have no letter or digit; a blank line in a list begins another.
    """
    return _Segmenter(article, limits).passages()


def passage_id(article_id: str, text: str, occurrence: int) -> str:
    """Return the id of a passage: 16 hexadecimal digits, of these three and of nothing else.

    They are blake2b, 8 bytes long, of the three in UTF-8 with a NUL between them.

    Args:
        article_id: The article that the passage is of.
        text: The passage's own text.
        occurrence: Which one it is, from 1, of the article's passages with this very text.
    """
    content = f"{article_id}\0{text}\0{occurrence}"
    return blake2b(content.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


class _Segmenter:
    """One article on its way to passages, in the offsets of a text that has line feeds for line ends."""

    def __init__(self, article: Article, limits: Limits) -> None:
        self._article = article
        self._limits = limits
        pairs = [match.start() for match in re.finditer("\r\n", article.text)]
        # Where each "\r\n" stands once those before it are one character instead of two.
        self._pairs = [start - number for number, start in enumerate(pairs)]
        # The libraries take no lone surrogates; a stand-in for each keeps the offsets.
        readable = _SURROGATE.sub("\ufffd", article.text)
        self._text = readable.replace("\r\n", "\n").translate(_LINE_ENDS)
        structure = read_blocks(self._text, article.body_start - bisect_left(pairs, article.body_start))
        self._blocks = structure.blocks
        self._visible = structure.visible

    def passages(self) -> list[Passage]:
        paragraphs = self._paragraphs()
        bodies = [
            body
            for run in group(paragraphs, self._limits)
            for body in windows(sentences_of(run), self._limits)
        ]
        starts = [paragraph.sentences[0].span.start for paragraph in paragraphs]
        occurrences: Counter[str] = Counter()
        passages = []
        for body in bodies:
            number = bisect_right(starts, body[0].span.start)
            span = self._in_article(Span(body[0].span.start, body[-1].span.end))
            text = span.of(self._article.text)
            occurrences[text] += 1
            passages.append(
                Passage(
                    passage_id=passage_id(self._article.article_id, text, occurrences[text]),
                    article_id=self._article.article_id,
                    span=span,
                    sentences=tuple(self._in_article(sentence.span) for sentence in body),
                    headings=paragraphs[number - 1].headings,
                    paragraph=number,
                    paragraph_count=len(paragraphs),
                )
            )
        return passages

    def _paragraphs(self) -> list[Paragraph]:
        cased = is_cased(self._visible[self._blocks[0].pieces[0].start :]) if self._blocks else True
        spans = [span for block in self._blocks for span in self._spans(block, cased)]
        sentences = self._sized(spans)
        paragraphs = []
        first = 0
        for block in self._blocks:
            last = first
            while last < len(sentences) and sentences[last].span.end <= block.pieces[-1].end:
                last += 1
            own = tuple(sentences[first:last])
            paragraphs.append(
                Paragraph(
                    sentences=own,
                    headings=block.headings,
                    section=block.section,
                    introduces=self._text[own[-1].span.end - 1] in ":：",
                )
            )
            first = last
        return paragraphs

    def _spans(self, block: Block, cased: bool) -> Iterator[Span]:
        for piece in block.pieces:
            if block.prose:
                yield from sentence_spans(self._visible, piece, self._article.language, cased=cased)
            else:
                yield trim(self._visible, piece)

    def _sized(self, spans: Sequence[Span]) -> list[Sentence]:
        """Return a sentence for each of `spans`, or several for one that is too long."""
        sized: list[Sentence] = []
        waiting = list(reversed(spans))
        while waiting:
            span = waiting.pop()
            sentence = Sentence(span, count_words(span.of(self._text)))
            parts = self._cut(sentence) if self._is_too_long(sentence) else []
            # One character with marks upon marks cannot be cut.
            if parts and parts != [span]:
                waiting += reversed(parts)
            else:
                sized.append(sentence)
        return sized

    def _is_too_long(self, sentence: Sentence) -> bool:
        length = sentence.span.end - sentence.span.start
        return size([sentence], self._limits) > self._limits.max_sentence_words and length > 1

    def _cut(self, sentence: Sentence) -> list[Span]:
        # Parts of four fifths of the limit: few of them are then too long once they are counted.
        parts = max(2, -(-size([sentence], self._limits) * 5 // (self._limits.max_sentence_words * 4)))
        start, end = sentence.span.start, sentence.span.end
        points = cut_points(self._visible[start:end], parts, self._article.language)
        bounds = [start, *(start + point for point in points), end]
        pieces = (trim(self._visible, Span(*pair)) for pair in pairwise(bounds))
        return [piece for piece in pieces if piece.start < piece.end]

    def _in_article(self, span: Span) -> Span:
        """Return `span` in the offsets of the article's text as written."""
        if not self._pairs:
            return span
        return Span(
            span.start + bisect_left(self._pairs, span.start),
            span.end + bisect_left(self._pairs, span.end),
        )
