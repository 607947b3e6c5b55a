"""The articles and golden questions in `corpus/` are well formed and agree with each other."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from index.types import AnswerSpan, Span

CORPUS = Path(__file__).parents[1] / "corpus"
ARTICLE_ENDINGS = {".md", ".txt"}
FRONT_MATTER = re.compile(r"---\n(?P<block>.*?\n)---\n", re.DOTALL)

LEAST_OF_A_KIND = {
    "direct": 20,
    "reworded": 15,
    "keywords": 10,
    "misspelt": 10,
    "unanswered-near": 15,
    "unanswered-far": 15,
}


@dataclass(frozen=True, slots=True)
class GoldenQuestion:
    """One line of `questions.jsonl`."""

    question_id: str
    text: str
    kind: str
    spans: tuple[AnswerSpan, ...]


def read_as_written(path: Path) -> str:
    """Decode without translating line ends: offsets count the file's own characters."""
    return path.read_bytes().decode("utf-8")


def read_articles() -> dict[str, str]:
    """Map each article's id to its whole text."""
    return {
        path.relative_to(CORPUS).with_suffix("").as_posix(): read_as_written(path)
        for path in sorted(CORPUS.rglob("*"))
        if path.suffix in ARTICLE_ENDINGS
    }


def read_questions() -> tuple[GoldenQuestion, ...]:
    """Read every golden question; a missing or unknown field is an error here."""
    questions = []
    for line in read_as_written(CORPUS / "questions.jsonl").removesuffix("\n").split("\n"):
        record = json.loads(line)
        assert set(record) == {"id", "question", "kind", "spans"}, line
        spans = []
        for span in record["spans"]:
            assert set(span) == {"article", "start", "end", "text"}, line
            spans.append(AnswerSpan(span["article"], Span(span["start"], span["end"]), span["text"]))
        questions.append(GoldenQuestion(record["id"], record["question"], record["kind"], tuple(spans)))
    return tuple(questions)


ARTICLES = read_articles()
QUESTIONS = read_questions()
ANSWERED = [question for question in QUESTIONS if question.spans]

every_article = pytest.mark.parametrize("article_id", ARTICLES)
every_answered_question = pytest.mark.parametrize(
    "question", ANSWERED, ids=[question.question_id for question in ANSWERED]
)


def body_start(text: str) -> int:
    """Return where the front matter ends."""
    front_matter = FRONT_MATTER.match(text)
    assert front_matter is not None, "the article does not begin with front matter between two lines of ---"
    return front_matter.end()


def test_the_corpus_holds_articles_and_questions_only() -> None:
    """Data only: no code, no index, nothing left over from an editor."""
    files = [path for path in CORPUS.rglob("*") if path.is_file()]
    strangers = [path.name for path in files if path.suffix not in {*ARTICLE_ENDINGS, ".jsonl"}]
    assert files
    assert strangers == []


def test_two_articles_do_not_share_an_id() -> None:
    """`a.md` beside `a.txt` would leave a span's article open."""
    assert len(ARTICLES) == sum(path.suffix in ARTICLE_ENDINGS for path in CORPUS.rglob("*"))


@every_article
def test_front_matter_parses_and_gives_a_title(article_id: str) -> None:
    """Title, author and language are told by the article, not guessed."""
    text = ARTICLES[article_id]
    fields = yaml.safe_load(text[4 : body_start(text) - 4])
    assert isinstance(fields, dict)
    for name in ("title", "author", "language"):
        assert isinstance(fields.get(name), str), name
        assert fields[name].strip(), name


@every_article
def test_an_article_is_divided_by_headings(article_id: str) -> None:
    """The articles exercise what is told about headings and paragraphs."""
    text = ARTICLES[article_id]
    headings = re.findall(r"^## \S", text[body_start(text) :], re.MULTILINE)
    assert len(headings) >= 2


@every_article
def test_every_article_is_asked_about(article_id: str) -> None:
    """An article without golden questions would be measured by none."""
    assert any(span.article_id == article_id for question in ANSWERED for span in question.spans)


def test_question_ids_are_unique() -> None:
    """Results are kept and compared by id."""
    repeated = [name for name, count in Counter(q.question_id for q in QUESTIONS).items() if count > 1]
    assert repeated == []


def test_no_question_is_asked_twice() -> None:
    """The same words twice would count twice in every measure."""
    repeated = [text for text, count in Counter(q.text.casefold() for q in QUESTIONS).items() if count > 1]
    assert repeated == []


def test_there_are_enough_questions_of_each_kind() -> None:
    """At least 60 in all and 20 without an answer, and a share of every way of asking."""
    counts = Counter(question.kind for question in QUESTIONS)
    too_few = {kind: counts[kind] for kind, least in LEAST_OF_A_KIND.items() if counts[kind] < least}
    assert set(counts) == set(LEAST_OF_A_KIND)
    assert too_few == {}
    assert len(QUESTIONS) >= 60
    assert len(QUESTIONS) - len(ANSWERED) >= 20


def test_kind_says_whether_the_articles_answer() -> None:
    """A question has spans exactly where its kind is not an unanswered one."""
    contradicting = [q.question_id for q in QUESTIONS if bool(q.spans) == q.kind.startswith("unanswered")]
    assert contradicting == []


def test_questions_are_single_lines_of_text() -> None:
    """Questions are kept as typed: not blank, and without space at either end."""
    untidy = [q.question_id for q in QUESTIONS if not q.text or q.text != " ".join(q.text.split())]
    assert untidy == []


@every_answered_question
def test_a_span_is_exactly_what_stands_in_the_article(question: GoldenQuestion) -> None:
    """`text` is `article.text[start:end]`, and begins and ends on a visible character."""
    for answer in question.spans:
        assert answer.span.of(ARTICLES[answer.article_id]) == answer.text
        assert answer.text
        assert answer.text == answer.text.strip()


@every_answered_question
def test_a_span_lies_in_one_line_of_the_body(question: GoldenQuestion) -> None:
    """Never in the front matter or a heading, and never across two paragraphs."""
    for answer in question.spans:
        article = ARTICLES[answer.article_id]
        line_start = article.rfind("\n", 0, answer.span.start) + 1
        assert "\n" not in answer.text
        assert answer.span.start >= body_start(article)
        assert not article.startswith("#", line_start)


@every_answered_question
def test_a_span_begins_and_ends_at_the_bounds_of_words(question: GoldenQuestion) -> None:
    """An offset that slipped by a character into a word shows."""
    for answer in question.spans:
        article, span = ARTICLES[answer.article_id], answer.span
        before, after = article[span.start - 1 : span.start], article[span.end : span.end + 1]
        assert not (before.isalnum() and answer.text[0].isalnum())
        assert not (after.isalnum() and answer.text[-1].isalnum())


@every_answered_question
def test_the_spans_of_a_question_do_not_overlap(question: GoldenQuestion) -> None:
    """Each place that answers is counted once, in the order of the text."""
    places = [(answer.article_id, answer.span) for answer in question.spans]
    assert places == sorted(places)
    for (article, left), (other_article, right) in pairwise(places):
        assert article != other_article or left.end <= right.start
