"""The records that cross the boundaries of `index`: frozen, slotted, and nothing but data.

Every offset in this module counts code points of `Article.text`, which is the file as written
(front matter and line ends included), so that `article.text[start:end]` is what is shown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open range of characters of an article's text: `text[start:end]`."""

    start: int
    end: int

    def of(self, text: str) -> str:
        """Return the characters of `text` that this span bounds."""
        return text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Article:
    """One file of the collection, decoded and otherwise as written."""

    article_id: str
    """The path inside the articles folder, `/` between folders, without the file's ending."""
    text: str
    """The whole file, front matter included; offsets point into it."""
    body_start: int
    """Where the text to be searched begins, after a byte order mark and front matter."""
    title: str
    """From the front matter, else the first heading, else the file's name made readable."""
    language: str
    """ISO 639-1 code, from the front matter or detected."""
    url: str | None = None
    author: str | None = None
    published: str | None = None
    """ISO 8601 date, as far as it is known."""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """Consecutive whole sentences of one article, under one heading: what an answer shows."""

    passage_id: str
    """16 hexadecimal digits, from the article's id and the passage's own text."""
    article_id: str
    span: Span
    sentences: tuple[Span, ...]
    """In order, not overlapping, inside `span`; never empty."""
    headings: tuple[str, ...]
    """The headings above the passage, outermost first."""
    paragraph: int
    """Which paragraph of the article the passage begins in, from 1."""
    paragraph_count: int
    """How many paragraphs the article has."""


@dataclass(frozen=True, slots=True)
class Source:
    """What is told about the article that a passage comes from."""

    article_id: str
    title: str
    language: str
    url: str | None = None
    author: str | None = None
    published: str | None = None


@dataclass(frozen=True, slots=True)
class RankedPassage:
    """One passage of an answer, with its source and the sentence to mark."""

    passage: Passage
    source: Source
    text: str
    """`article.text[passage.span.start : passage.span.end]`, to the character."""
    highlight: Span | None
    """The sentence that answers, in the article's offsets; None where no sentence stands out."""
    probability: float
    """In [0, 1]: that this passage answers the question."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one question got: the best passages, and whether they are good enough to show."""

    question: str
    """As it was understood: cleaned, bounded, typing errors mended, names as the articles write them."""
    answered: bool
    """Whether the best passage's probability reaches the threshold for answering."""
    confidence: float
    """The best passage's probability; 0 where there is no passage."""
    passages: tuple[RankedPassage, ...]
    """Best first, near-duplicates left out; given also where `answered` is false."""
    looked_twice: bool
    """Whether the cross-encoder was asked."""
    elapsed_ms: float
    """From when the question was taken up, or the work on it elsewhere, to this record."""
    generation: str
    """The name of the generation that answered."""


@dataclass(frozen=True, slots=True)
class SkippedFile:
    """A file of the articles folder that did not become an article."""

    path: str
    """Relative to the articles folder."""
    reason: str
    """What is wrong and what to do about it, in one sentence."""


@dataclass(frozen=True, slots=True)
class Collection:
    """The articles of a folder, and what was noticed on the way."""

    articles: tuple[Article, ...]
    """In the order of their ids."""
    skipped: tuple[SkippedFile, ...]
    notices: tuple[SkippedFile, ...]
    """Files that were read, with something assumed: an encoding, a title."""


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What one build did."""

    generation: str
    switched: bool
    """False where the generation in use stays: nothing had changed, or this one is a candidate."""
    articles: int
    passages: int
    sentences: int
    articles_added: int
    articles_changed: int
    articles_removed: int
    passages_reused: int
    """Passages whose vectors were taken from the generation before."""
    skipped: tuple[SkippedFile, ...]
    notices: tuple[SkippedFile, ...]
    elapsed_seconds: float
    vectors_resumed: int = 0
    """Vectors that an interrupted build, or the shares of a divided one, had made."""


@dataclass(frozen=True, slots=True)
class BuildProgress:
    """How far a build is; each phase counts something of its own: files, texts, steps.

    "exporting" comes only where the encoder has to be exported. How many texts there are to encode is
    an estimate until the last of them.
    """

    phase: Literal["reading", "exporting", "embedding", "writing"]
    done: int
    total: int


OnProgress = Callable[[BuildProgress], None]


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a dataset, with where its answer stands."""

    question_id: str
    text: str
    spans: tuple[AnswerSpan, ...]
    """Empty where the articles do not answer it; None of them is preferred."""
    answerable: bool | None
    """None where the file does not say (a file of bare questions)."""


@dataclass(frozen=True, slots=True)
class AnswerSpan:
    """Where an answer stands in an article."""

    article_id: str
    span: Span
    text: str
